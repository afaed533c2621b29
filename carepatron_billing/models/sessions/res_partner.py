from odoo import fields, models

from ...const import PRACTITIONER


class ResPartner(models.Model):
    _inherit = 'res.partner'

    billing_service_id = fields.Many2one(
        'product.product',
        string="Usual Service",
        company_dependent=True,
        domain=[('type', '=', 'service'), ('sale_ok', '=', True)],
        groups=PRACTITIONER,
        help="Offered for new sessions with this client or practitioner.",
    )
