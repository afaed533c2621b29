from odoo import fields, models


class ProductTemplate(models.Model):
    _inherit = 'product.template'

    billing_duration = fields.Float(
        string="Session Length", help="Usual length of a session of this service, in hours."
    )
