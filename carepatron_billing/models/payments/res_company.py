from odoo import fields, models

from ...const import PROVIDER_CODE


class ResCompany(models.Model):
    _inherit = 'res.company'

    billing_receipts = fields.Selection(
        [
            ('all', "For every payment"),
            ('online', "For online payments only"),
            ('none', "Never by themselves"),
        ],
        string="Receipts",
        required=True,
        default='all',
        help="Sent by e-mail as soon as a payment is booked, in the client's language.",
    )
    billing_use_credit = fields.Boolean(
        string="Use Credit by Itself",
        help="New invoices are paid with the payer's credit as far as it goes.",
    )

    def _get_billing_settings_fields(self):
        return super()._get_billing_settings_fields() | {'billing_receipts', 'billing_use_credit'}

    def _billing_manual_journals(self):
        """Return the tills and bank accounts; what moves at Stripe is entered by itself."""
        self.ensure_one()
        Journal = self.env['account.journal']
        return Journal.search(
            [
                *Journal._check_company_domain(self),
                ('type', 'in', ('cash', 'bank', 'credit')),
            ]
        ).filtered(
            lambda journal: (
                PROVIDER_CODE not in journal.sudo().inbound_payment_method_line_ids.mapped('code')
            )
        )
