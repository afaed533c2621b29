from odoo import fields, models


class AccountPayment(models.Model):
    _inherit = 'account.payment'

    billing_is_autopay = fields.Boolean(
        string="By Autopay",
        related='payment_transaction_id.billing_autopay',
        store=True,
        help="Charged to the saved card by itself.",
    )
