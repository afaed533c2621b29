from datetime import date

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError

from ...const import FRONT_DESK, PROVIDER_CODE

BRANDS = {
    'amex': "American Express",
    'diners': "Diners Club",
    'discover': "Discover",
    'eftpos_au': "Eftpos Australia",
    'jcb': "JCB",
    'mastercard': "Mastercard",
    'unionpay': "UnionPay",
    'visa': "Visa",
}
CRON = 'carepatron_billing.ir_cron_tidy_cards'


class PaymentToken(models.Model):
    """A saved card: what the desk may know of it, and what its owner agreed to."""

    _inherit = 'payment.token'

    billing_brand = fields.Char(string="Brand", readonly=True)
    billing_expires_on = fields.Date(
        string="Expires", readonly=True, help="The last day on which the card can be used."
    )
    billing_is_expired = fields.Boolean(compute='_compute_billing_is_expired')
    billing_consent = fields.Text(string="Agreed To", readonly=True)
    billing_consent_at = fields.Datetime(string="Agreed On", readonly=True)
    billing_expiry_told_at = fields.Datetime(
        string="Told of Expiry", readonly=True, groups=FRONT_DESK
    )
    billing_preferred_at = fields.Datetime(
        help="Of a payer's cards, the one that was preferred last is charged.",
        readonly=True,
    )
    billing_is_default = fields.Boolean(string="Default", compute='_compute_billing_is_default')
    billing_note = fields.Char(string="Use", compute='_compute_billing_is_default')
    stripe_payment_link_customer = fields.Char(
        string="Stripe Customer", readonly=True, copy=False, groups='base.group_system'
    )
    stripe_payment_link_to_detach = fields.Boolean(
        help="Removed here, and not yet at Stripe.",
        readonly=True,
        copy=False,
        groups='base.group_system',
    )

    # === COMPUTE METHODS === #

    @api.depends('billing_expires_on')
    def _compute_billing_is_expired(self):
        for token in self:
            today = token.company_id._billing_today() if token.billing_expires_on else None
            token.billing_is_expired = bool(today) and token.billing_expires_on < today

    @api.depends('billing_preferred_at', 'partner_id', 'active', 'billing_is_expired')
    def _compute_billing_is_default(self):
        for token in self:
            card = token.partner_id._billing_card(token.company_id)
            token.billing_is_default = token._origin == card
            token.billing_note = (
                (token.billing_is_expired and self.env._("Expired"))
                or (token.billing_is_default and self.env._("In use"))
                or False
            )

    # === CRUD METHODS === #

    def _handle_archiving(self):
        """Override of `payment` to have what is removed here removed at Stripe as well."""
        result = super()._handle_archiving()
        own = self.filtered(lambda token: token.provider_code == PROVIDER_CODE)
        if own:
            own.stripe_payment_link_to_detach = True
            self.env.ref(CRON).sudo()._trigger()
        return result

    # === ACTION METHODS === #

    def action_billing_remove(self):
        """Remove these cards, here and at Stripe."""
        self._billing_check_desk()
        self.sudo()._billing_remove(self.env.user.name)
        return {'type': 'ir.actions.client', 'tag': 'soft_reload'}

    def action_billing_prefer(self):
        """Charge this card before the payer's others from now on."""
        self.ensure_one()
        self._billing_check_desk()
        self.sudo().billing_preferred_at = fields.Datetime.now()
        return {'type': 'ir.actions.client', 'tag': 'soft_reload'}

    def _billing_check_desk(self):
        self.check_access('read')
        if not self.env.user.has_group(FRONT_DESK):
            raise AccessError(self.env._("Only the front desk looks after saved cards."))

    # === BUSINESS METHODS === #

    def _billing_remove(self, who: str):
        """Remove cards (sudo) that are still there, and leave a note of who did so.

        :param who: in words, for the note
        """
        for token in self.filtered('active'):
            token.active = False
            token.partner_id.message_post(
                body=self.env._(
                    "Saved card removed: %(card)s (%(who)s)", card=token.display_name, who=who
                )
            )

    def _get_available_tokens(self, providers_ids, partner_id, is_validation=False, **kwargs):
        """Override of `payment`: who merely holds an invoice's link is shown no saved card."""
        if self.env.user._is_public():
            return self.browse()
        return super()._get_available_tokens(
            providers_ids, partner_id, is_validation=is_validation, **kwargs
        )

    def _build_display_name(self, *args, max_length=34, should_pad=True, **kwargs):
        """Override of `payment` to name the card as its owner does: *Visa •••• 4242*."""
        name = super()._build_display_name(
            *args, max_length=max_length, should_pad=should_pad, **kwargs
        )
        brand = self.billing_brand and BRANDS.get(self.billing_brand, self.billing_brand.title())
        return f'{brand} {name}' if brand and should_pad else name

    @api.model
    def _billing_card_values(self, card: dict) -> dict:
        """Return what is kept of a card at Stripe, nothing of it secret.

        :param card: the `card` of a PaymentMethod
        """
        first = date(card['exp_year'], card['exp_month'], 1)
        return {
            'payment_details': card['last4'],
            'billing_brand': card.get('display_brand') or card['brand'],
            'billing_expires_on': first + relativedelta(months=1, days=-1),
        }

    def _tidy_at_stripe(self):
        self.provider_id._billing_gateway().detach_payment_method(self.provider_ref)
        self.stripe_payment_link_to_detach = False

    def _billing_refresh(self, method: dict):
        """Bring a card (sudo) up to what Stripe has of it now.

        :param method: the PaymentMethod; None if Stripe does not know it any more
        """
        for token in self:
            if not method or method['customer'] != token.stripe_payment_link_customer:
                token._billing_remove(self.env._("removed at Stripe"))
                token.stripe_payment_link_to_detach = False
            elif method.get('card'):
                token.write(self._billing_card_values(method['card']))
