from odoo import fields, models


class ResCompany(models.Model):
    _inherit = 'res.company'

    billing_desk_refunds = fields.Boolean(
        string="The Front Desk May Give Back Money",
        help="Otherwise only managers refund what was paid.",
    )

    def _get_billing_settings_fields(self):
        return super()._get_billing_settings_fields() | {'billing_desk_refunds'}
