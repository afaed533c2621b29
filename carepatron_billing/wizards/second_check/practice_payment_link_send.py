from odoo import fields, models


class PracticePaymentLinkSend(models.TransientModel):
    _inherit = 'practice.payment.link.send'

    second_check = fields.Boolean(related='company_id.billing_second_check')
