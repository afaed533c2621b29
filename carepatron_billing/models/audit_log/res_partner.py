from odoo import models


class ResPartner(models.Model):
    """Who corrected where bills go."""

    _inherit = 'res.partner'

    def _billing_correct_email(self, email):
        result = super()._billing_correct_email(email)
        self.env['practice.audit.log']._note('email', self)
        return result
