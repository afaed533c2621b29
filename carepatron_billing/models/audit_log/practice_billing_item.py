from odoo import models
from odoo.tools import format_date


class PracticeBillingItem(models.Model):
    """Who decided that a session is not billed; why, its own history tells."""

    _inherit = 'practice.billing.item'

    def _audit_name(self):
        """Override: its display name would repeat the client's, who stands beside."""
        return self.env._("Session of %s", format_date(self.env, self.service_date) or "–")

    def _waive(self, reason):
        result = super()._waive(reason)
        self.env['practice.audit.log']._note('waive', self)
        return result

    def action_billing_unwaive(self):
        result = super().action_billing_unwaive()
        self.env['practice.audit.log']._note('unwaive', self)
        return result
