from odoo import api, fields, models
from odoo.exceptions import UserError

from ...const import FRONT_DESK, PROVIDER_CODE


class ResPartner(models.Model):
    """A payer's saved cards."""

    _inherit = 'res.partner'

    billing_card_name = fields.Char(
        string="Saved Card", compute='_compute_billing_card_name', groups=FRONT_DESK
    )

    def _compute_billing_card_name(self):
        for partner in self:
            card = partner._billing_card(self.env.company)
            partner.billing_card_name = card.display_name or False

    # === ACTION METHODS === #

    def action_billing_cards(self) -> dict:
        """Show the payer's cards, and how to add one."""
        self.ensure_one()
        holder = self.env['practice.card.holder']._for(self, self.env.company).sudo(False)
        holder._check_desk()
        return holder._action_show()

    # === CRUD METHODS === #

    def write(self, vals):
        """Override of `base`: an archived contact's cards are removed."""
        result = super().write(vals)
        if vals.get('active') is False:
            self._billing_all_cards()._billing_remove(self.env._("the contact was archived"))
        return result

    def unlink(self):
        """Override of `base`: cards go with their owner, here and at Stripe."""
        if not self._billing_has_payments():
            tokens_sudo = self._billing_all_cards(active_test=False)
            tokens_sudo.transaction_ids.unlink()
            tokens_sudo.unlink()
            # Whoever is left without a contact is removed at Stripe, cards and all.
            self.env.ref('carepatron_billing.ir_cron_tidy_cards').sudo()._trigger()
        return super().unlink()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_paid(self):
        if self._billing_has_payments():
            raise UserError(
                self.env._(
                    "There are payments of this contact, so it cannot be deleted. Archive it"
                    " instead: saved cards are removed then, here and at Stripe."
                )
            )

    def _billing_has_payments(self):
        domain = [
            ('partner_id', 'in', self.ids),
            ('provider_code', '=', PROVIDER_CODE),
            ('operation', '!=', 'validation'),
        ]
        return bool(self.env['payment.transaction'].sudo().search_count(domain, limit=1))

    # === BUSINESS METHODS === #

    def _billing_all_cards(self, active_test=True):
        return (
            self.env['payment.token']
            .sudo()
            .with_context(active_test=active_test)
            .search([('partner_id', 'in', self.ids), ('provider_code', '=', PROVIDER_CODE)])
        )

    def _billing_cards(self, company) -> models.Model:
        """Return a payer's cards (sudo) at a company, the one to charge first."""
        tokens_sudo = self.env['payment.token'].sudo()
        if not self.ids or not company:
            return tokens_sudo
        provider = company._billing_provider_sudo()
        return tokens_sudo.search(
            [('partner_id', 'in', self.ids), ('provider_id', '=', provider.id)],
            order='billing_preferred_at DESC NULLS LAST, id DESC',
        )

    def _billing_card(self, company) -> models.Model:
        """Return the card (sudo) that is charged for a payer, or none."""
        return self._billing_cards(company)[:1]
