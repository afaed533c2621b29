from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from ...const import FRONT_DESK
from ..invoices.account_move_status import UNPAID

# Cards that last no longer are told about, see `_autopay_notify_expiring`.
EXPIRES_WITHIN = timedelta(30)


class ResPartner(models.Model):
    """How autopay goes for a payer, to find those whom somebody should call."""

    _inherit = 'res.partner'

    billing_autopay = fields.Selection(
        [
            ('on', "On"),
            ('expiring', "Card expires"),
            ('declined', "Declined, tried again"),
            ('stopped', "Ended by itself"),
            ('off', "Off"),
        ],
        string="Autopay",
        compute='_compute_billing_autopay',
        search='_search_billing_autopay',
        groups=FRONT_DESK,
    )

    @api.depends_context('company', 'uid')
    def _compute_billing_autopay(self):
        states = self._billing_autopay_states(Domain('partner_id', 'in', self.ids))
        for partner in self:
            partner.billing_autopay = states.get(partner._origin.id, 'off')

    @api.model
    def _search_billing_autopay(self, operator, value):
        if operator != 'in':
            return NotImplemented
        states = self._billing_autopay_states(Domain.TRUE)
        found = [payer for payer, state in states.items() if state in value]
        if 'off' in value:
            others = [payer for payer, state in states.items() if state not in value]
            return Domain('id', 'not in', others)
        return Domain('id', 'in', found)

    # === CRUD METHODS === #

    def write(self, vals):
        """Override of `base`: autopay of an archived contact ends."""
        result = super().write(vals)
        if vals.get('active') is False:
            holders_sudo = self.env['practice.card.holder'].sudo()
            for holder in holders_sudo.search([('partner_id', 'in', self.ids)]):
                holder._autopay_stop(self.env._("the contact was archived"))
        return result

    # === BUSINESS METHODS === #

    def _billing_autopay(self, company) -> models.Model:
        """Return the holder (sudo) by whom a payer's invoices are charged, or none."""
        holders_sudo = self.env['practice.card.holder'].sudo()
        if not self.ids or not company:
            return holders_sudo
        return holders_sudo.search(
            [
                ('partner_id', '=', self.id),
                ('company_id', '=', company.id),
                ('autopay', '!=', 'off'),
            ],
            limit=1,
        )

    @api.model
    def _billing_autopay_states(self, payers: Domain) -> dict[int, str]:
        """Return how autopay goes for each payer who has it, or had it until it ended by itself.

        :param payers: whose; of records with a `partner_id`
        """
        company = self.env.company
        holders_sudo = self.env['practice.card.holder'].sudo()
        # One that was merged has two holders: autopay of either is on.
        domain = payers & Domain('company_id', '=', company.id) & Domain('partner_id', '!=', False)
        stopped = holders_sudo.search(domain & Domain('autopay_stopped', '!=', False))
        on = holders_sudo.search(domain & Domain('autopay', '!=', 'off')).partner_id
        states = dict.fromkeys(stopped.partner_id.ids, 'stopped') | dict.fromkeys(on.ids, 'on')
        if not on:
            return states
        provider_sudo = company._billing_provider_sudo()
        of_payers = Domain('partner_id', 'in', on.ids) & Domain(
            'provider_id', '=', provider_sudo.id
        )
        tokens_sudo = self.env['payment.token'].sudo()
        cards = {}
        for token in tokens_sudo.search(
            of_payers, order='billing_preferred_at DESC NULLS LAST, id DESC'
        ):
            cards.setdefault(token.partner_id.id, token)
        last = company._billing_today() + EXPIRES_WITHIN
        for payer, card in cards.items():
            if card.billing_expires_on and card.billing_expires_on <= last:
                states[payer] = 'expiring'
        declined = (
            self.env['payment.transaction']
            .sudo()
            .search(
                of_payers
                & Domain('billing_autopay', '=', True)
                & Domain('state', '=', 'error')
                & Domain('invoice_ids', 'any', UNPAID)
            )
        )
        return states | dict.fromkeys(declined.partner_id.ids, 'declined')
