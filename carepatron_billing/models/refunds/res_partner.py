from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

from ...const import FRONT_DESK


class ResPartner(models.Model):
    """What a payer paid too much or was credited, and has not used."""

    _inherit = 'res.partner'

    billing_credit = fields.Monetary(
        string="Credit",
        compute='_compute_billing_credit',
        search='_search_billing_credit',
        currency_field='billing_currency_id',
        groups=FRONT_DESK,
        help="What was paid too much or credited, and can pay other invoices.",
    )

    @api.depends_context('uid', 'allowed_company_ids')
    def _compute_billing_credit(self):
        payers = self.commercial_partner_id._origin
        lines_sudo = self.env['account.move.line'].sudo()
        sums = dict(
            lines_sudo._read_group(
                self._billing_credit_domain(payers, self.env.companies),
                ['partner_id'],
                ['amount_residual:sum'],
            )
        )
        for partner in self:
            payer = partner.commercial_partner_id._origin
            # Of an employer and its contacts, only whose the credit is has it.
            mine = payer == partner._origin
            partner.billing_credit = -sums.get(payer.sudo(), 0.0) if mine else 0.0

    @api.model
    def _search_billing_credit(self, operator, value):
        if operator != '>' or value:
            return NotImplemented
        lines_sudo = self.env['account.move.line'].sudo()
        payers = Domain('partner_id', '!=', False)
        found = lines_sudo._read_group(
            self._billing_credit_domain(payers, self.env.companies), ['partner_id']
        )
        return Domain('id', 'in', [payer.id for (payer,) in found])

    def action_billing_credit(self) -> dict:
        """Show the credit notes and payments that make up this payer's credit.

        :raise AccessError: if the user is not of the front desk
        """
        self.ensure_one()
        self.check_access('read')
        if not self.env.user.has_group(FRONT_DESK):
            raise AccessError(self.env._("Only the front desk sees a payer's credit."))
        action = self.env['ir.actions.act_window']._for_xml_id(
            'carepatron_billing.account_move_billing_action'
        )
        lines_sudo = (
            self.env['account.move.line']
            .sudo()
            .search(self._billing_credit_domain(self, self.env.companies))
        )
        invoices = lines_sudo.payment_id.payment_transaction_id.invoice_ids
        return {
            **action,
            'name': self.env._("Where the credit comes from"),
            'domain': [('id', 'in', (lines_sudo.move_id | invoices).ids)],
            'context': {'create': False},
        }

    @api.model
    def _billing_credit_domain(self, payers, companies: models.Model) -> Domain:
        """Return which items on payers' accounts are credit.

        :param payers: commercial partners, or a domain of the items' payers
        :type payers: res.partner | Domain
        :param companies: the practices
        """
        if not isinstance(payers, Domain):
            payers = Domain('partner_id', 'in', payers.ids)
        return (
            payers
            & Domain('company_id', 'in', companies.ids)
            & Domain('account_id.account_type', '=', 'asset_receivable')
            & Domain('parent_state', '=', 'posted')
            & Domain('reconciled', '=', False)
            & Domain('amount_residual', '<', 0.0)
        )
