from odoo import api, fields, models
from odoo.fields import Domain

from ...const import PRACTITIONER


class ResPartner(models.Model):
    """What a client was invoiced, and what a payer owes."""

    _inherit = 'res.partner'

    billing_invoice_count = fields.Integer(
        string="Client Invoices",
        compute='_compute_billing_invoices',
        groups=PRACTITIONER,
    )
    billing_due = fields.Monetary(
        string="Balance Due",
        compute='_compute_billing_invoices',
        currency_field='billing_currency_id',
        groups=PRACTITIONER,
    )
    billing_overdue = fields.Monetary(
        string="Overdue",
        compute='_compute_billing_invoices',
        currency_field='billing_currency_id',
        groups=PRACTITIONER,
        help="What should have been paid before today.",
    )
    billing_currency_id = fields.Many2one(
        'res.currency',
        compute='_compute_billing_invoices',
        groups=PRACTITIONER,
    )

    # === COMPUTE METHODS === #

    @api.depends_context('uid', 'allowed_company_ids')
    def _compute_billing_invoices(self):
        """Count whom the invoices are for, add up what is to be paid by whom."""
        Move = self.env['account.move']
        counts, due, overdue = {}, {}, {}
        issued = Domain(self._get_billing_invoices_domain())
        for client, payer, count in Move._read_group(
            issued, ['billing_client_id', 'partner_id'], ['__count']
        ):
            for partner in client | payer:
                counts[partner.id] = counts.get(partner.id, 0) + count
        open_moves = issued & Domain('partner_id', 'in', self.ids)
        # Credit is told apart from it.
        for partner, total in Move._read_group(
            open_moves & Domain('move_type', '=', 'out_invoice'),
            ['partner_id'],
            ['amount_residual_signed:sum'],
        ):
            due[partner.id] = total
        late = Domain.OR(
            Domain('company_id', '=', company.id)
            & Domain('invoice_date_due', '<', company._billing_today())
            for company in self.env.companies
        )
        for partner, total in Move._read_group(
            open_moves & late & Domain('move_type', '=', 'out_invoice'),
            ['partner_id'],
            ['amount_residual_signed:sum'],
        ):
            overdue[partner.id] = total
        for partner in self:
            partner_id = partner._origin.id
            partner.billing_invoice_count = counts.get(partner_id, 0)
            partner.billing_due = due.get(partner_id, 0.0)
            partner.billing_overdue = overdue.get(partner_id, 0.0)
            partner.billing_currency_id = self.env.company.currency_id

    # === ACTION METHODS === #

    def action_billing_invoices(self):
        """Show the invoices that the client pays."""
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id(
            'carepatron_billing.account_move_billing_action'
        )
        return {
            **action,
            'domain': self._get_billing_invoices_domain(),
            'context': {'default_move_type': 'out_invoice', 'default_billing_client_id': self.id},
        }

    def action_billing_overdue(self):
        """Show the invoices that the client should have paid before today."""
        action = self.action_billing_invoices()
        return {
            **action,
            'domain': [
                ('partner_id', 'in', self.ids),
                ('billing_status', 'in', ('overdue',)),
            ],
        }

    def action_billing_new_invoice(self) -> dict:
        """Begin an invoice for this client; the form offers what is not invoiced yet."""
        self.ensure_one()
        return self.env['account.move'].action_billing_new(self)

    # === BUSINESS METHODS === #

    def _get_billing_invoices_domain(self):
        return [
            ('move_type', 'in', ('out_invoice', 'out_refund')),
            ('state', '=', 'posted'),
            ('company_id', 'in', self.env.companies.ids),
            '|',
            ('billing_client_id', 'in', self.ids),
            ('partner_id', 'in', self.ids),
        ]
