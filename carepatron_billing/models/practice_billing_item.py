from odoo import fields, models


class PracticeBillingItem(models.Model):
    _name = 'practice.billing.item'
    _description = "Billing Item"
    _inherit = ['mail.thread']
    _order = 'date desc, id desc'
    _check_company_auto = True

    company_id = fields.Many2one('res.company', required=True, index=True)
    client_id = fields.Many2one('res.partner', required=True, index=True, ondelete='restrict')
    payer_id = fields.Many2one('res.partner', required=True, index=True, ondelete='restrict')
    event_id = fields.Many2one('calendar.event', index='btree_not_null', ondelete='set null')
