import secrets

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Domain

from odoo.addons.payment import utils as payment_utils

from ...const import FRONT_DESK, PROVIDER_CODE
from ...gateways.stripe_gateway import StripeGatewayError
from ...tools.actions import notification
from ...tools.concurrency import claim, commit_now, create_once
from ...tools.crons import work_off
from ..stripe.practice_payment_link import SESSION_MARGIN


class PracticeCardHolder(models.Model):
    """A payer whose cards a practice may keep: who that is at Stripe, and the payer's own page.

    Whoever holds the page's link sees the cards and removes them; nothing is ever charged there.
    A payer who was two contacts once has two of these: both links lead to all of the cards.
    """

    _name = 'practice.card.holder'
    _inherit = 'practice.bearer.link'
    _description = "Cards of a Payer"
    _order = 'id'
    _check_company_auto = True

    # Once the contact is deleted, so is the customer at Stripe, see `_cron_tidy`.
    partner_id = fields.Many2one(
        'res.partner', string="Payer", readonly=True, index='btree_not_null', ondelete='set null'
    )
    company_id = fields.Many2one('res.company', required=True, readonly=True, index=True)
    url = fields.Char(string="Card link")
    customer = fields.Char(string="Stripe Customer", readonly=True, groups='base.group_system')
    account = fields.Char(
        help="The Stripe account and mode that the customer belongs to.",
        readonly=True,
        groups='base.group_system',
    )
    nonce = fields.Char(readonly=True, groups=fields.NO_ACCESS)
    token_ids = fields.Many2many(
        'payment.token', string="Cards", compute='_compute_token_ids', compute_sudo=True
    )
    is_available = fields.Boolean(compute='_compute_is_available', compute_sudo=True)
    is_test_mode = fields.Boolean(compute='_compute_is_available', compute_sudo=True)

    _finder_uniq = models.Constraint('unique(finder)', "Two card links are the same.")

    # === COMPUTE METHODS === #

    @api.depends('partner_id')
    def _compute_display_name(self):
        for holder in self:
            holder.display_name = self.env._("Cards of %s", holder.partner_id.display_name or "")

    @api.depends('partner_id', 'company_id')
    def _compute_token_ids(self):
        for holder in self:
            holder.token_ids = holder.partner_id._billing_cards(holder.company_id)

    @api.depends('company_id')
    def _compute_is_available(self):
        for holder in self:
            state = holder.company_id._billing_provider_sudo().state
            holder.is_available = state in ('enabled', 'test')
            holder.is_test_mode = state == 'test'

    # === ACTION METHODS === #

    def action_add_card(self) -> dict:
        """Open Stripe's page, where the payer who stands at the desk enters a card."""
        self._check_desk()
        try:
            url = self.sudo()._add_card_url()
        except StripeGatewayError as error:
            provider = self.sudo().company_id._billing_provider_sudo()
            raise UserError(provider._billing_explain(error)) from None
        return {'type': 'ir.actions.act_url', 'url': url, 'target': 'new'}

    def action_mail_link(self) -> dict:
        """Mail the payer the link to the own cards.

        :raise UserError: if there is no address
        """
        self._check_desk()
        if not self.partner_id.email_normalized:
            raise UserError(
                self.env._("%s has no e-mail address. Enter it first.", self.partner_id.name)
            )
        template_sudo = self.env.ref('carepatron_billing.mail_template_card_link').sudo()
        template_sudo.send_mail_batch(self.ids)
        self.env.ref('mail.ir_cron_mail_scheduler_action').sudo()._trigger()
        email = self.partner_id.email
        self.partner_id.message_post(
            body=self.env._("The link to add a card was sent to %s.", email)
        )
        return notification(
            self.env._("The link was sent to %s.", email),
            next={'type': 'ir.actions.act_window_close'},
        )

    def action_new_link(self):
        """Give the payer's page another address; the old one opens nothing any more."""
        self._check_desk()
        self.sudo().write(self._new_token())
        return self._action_show()

    def _action_show(self) -> dict:
        """Return the action that shows a payer's cards to the desk."""
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id(
            'carepatron_billing.practice_card_holder_action'
        )
        return {**action, 'res_id': self.id}

    def _check_desk(self):
        self.ensure_one()
        self.check_access('read')
        if not self.env.user.has_group(FRONT_DESK):
            raise AccessError(self.env._("Only the front desk looks after saved cards."))

    # === BUSINESS METHODS === #

    @api.model
    def _for(self, partner, company):
        """Return the holder (sudo) of a payer's cards at a company, made if there is none.

        :raise AccessError: if the user may not read the payer
        """
        partner.check_access('read')
        holders_sudo = self.sudo()
        values = {'partner_id': partner.id, 'company_id': company.id}
        known = [(name, '=', value) for name, value in values.items()]
        return holders_sudo.search(known, limit=1) or create_once(holders_sudo, values, partner)

    def _path(self):
        self.ensure_one()
        return f'/billing/cards/{self.finder}{self.proof}'

    def _add_card_url(self) -> str:
        """Return the address of Stripe's page that saves a card of this payer (as sudo).

        Commits before it calls Stripe.

        :raise StripeGatewayError: if Stripe cannot be reached or refuses
        :raise UserError: if no account has been set up
        """
        self.ensure_one()
        provider = self.company_id._billing_provider_sudo()
        if not self.is_available or not self.partner_id:
            raise UserError(
                self.env._("Online payments are not set up yet. Open Settings › Setup payments.")
            )
        claim(self)
        Transaction = self.env['payment.transaction']
        tx = Transaction.search(
            [
                ('partner_id', '=', self.partner_id.id),
                ('provider_id', '=', provider.id),
                ('operation', '=', 'validation'),
                ('state', '=', 'draft'),
                ('landing_route', '=', self._path()),
                (
                    'stripe_payment_link_session_expires_at',
                    '>',
                    fields.Datetime.now() + SESSION_MARGIN,
                ),
            ],
            limit=1,
        )
        tx = tx or Transaction.create(
            {
                'provider_id': provider.id,
                'payment_method_id': self.env.ref('payment.payment_method_card').id,
                'reference': Transaction._compute_reference(
                    PROVIDER_CODE, prefix=payment_utils.singularize_reference_prefix(prefix='V')
                ),
                'amount': 0.0,
                'currency_id': self.company_id.currency_id.id,
                'partner_id': self.partner_id.id,
                'operation': 'validation',
                'tokenize': True,
                'landing_route': self._path(),
                'invoice_ids': [Command.clear()],
            }
        )
        tx.billing_consent = self._consent()
        commit_now(self.env)
        # One that was completed a moment ago leads nowhere: to the page, which shows the card.
        return tx._billing_session_url() or self.url

    # === CRON === #

    @api.model
    def _cron_tidy(self):
        """Remove at Stripe what was removed here, one a commit: cards, and deleted contacts."""
        removed = (
            Domain('active', '=', False)
            & Domain('stripe_payment_link_to_detach', '=', True)
            & Domain('provider_id.state', '!=', 'disabled')
        )
        tokens = self.env['payment.token'].with_context(active_test=False).search(removed)
        deleted = Domain('partner_id', '=', False)
        orphans = self.search(deleted)

        def tidy(record):
            record._tidy_at_stripe()

        waiting = len(tokens) + len(orphans)
        if work_off(tokens, tidy, removed, remaining=waiting):
            work_off(orphans, tidy, deleted)

    def _tidy_at_stripe(self):
        provider = self.company_id._billing_provider_sudo()
        if self.customer and self.account == self._account_of(provider):
            provider._billing_gateway().delete_customer(self.customer)
        self.unlink()

    def _account_of(self, provider):
        return f'{provider.stripe_payment_link_account}:{provider.state}'

    def _ensure_customer(self) -> str:
        """Return the id of this payer at Stripe, who is known there by an opaque reference alone.

        Commits before it calls Stripe.

        :raise StripeGatewayError: if Stripe cannot be reached or refuses
        """
        self.ensure_one()
        claim(self)
        provider = self.company_id._billing_provider_sudo()
        account = self._account_of(provider)
        if self.account != account:
            self.write({'account': account, 'customer': False, 'nonce': secrets.token_hex(8)})
        if not self.customer:
            uuid = self.env['ir.config_parameter'].sudo().get_param('database.uuid')
            commit_now(self.env)
            customer = provider._billing_gateway().create_customer(
                {'database': uuid, 'payer': self.nonce}, f'{uuid}:payer:{self.nonce}'
            )
            self.customer = customer['id']
        return self.customer
