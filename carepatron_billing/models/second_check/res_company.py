from odoo import fields, models


class ResCompany(models.Model):
    _inherit = 'res.company'

    billing_second_check = fields.Boolean(
        string="Ask for a Code",
        help="Whoever opens a payment link, or the link to the saved cards, enters a code first"
        " that is mailed to the payer.",
    )

    def _get_billing_settings_fields(self):
        return super()._get_billing_settings_fields() | {'billing_second_check'}
