from odoo import fields, models


class CalendarEvent(models.Model):
    _inherit = 'calendar.event'

    billing_service_id = fields.Many2one('product.product')
    billing_item_ids = fields.One2many('practice.billing.item', 'event_id')
