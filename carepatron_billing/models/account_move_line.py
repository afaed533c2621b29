from odoo import fields, models


class AccountMoveLine(models.Model):
    _inherit = 'account.move.line'

    billing_item_id = fields.Many2one(
        'practice.billing.item', index='btree_not_null', copy=False, ondelete='restrict'
    )
    billing_service_date = fields.Date(string="Service Date")
