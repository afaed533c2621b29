from odoo import fields, models


class PracticePaymentLink(models.Model):
    _name = 'practice.payment.link'
    _description = "Payment Link"
    _check_company_auto = True

    company_id = fields.Many2one('res.company', required=True, index=True)
    move_id = fields.Many2one('account.move', index='btree_not_null', ondelete='cascade')
