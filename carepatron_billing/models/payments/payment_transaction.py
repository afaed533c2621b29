from odoo import models


class PaymentTransaction(models.Model):
    _inherit = 'payment.transaction'

    def _billing_follow_up(self):
        """Override to send the receipts of what was booked."""
        for tx in self:
            if tx.state == 'done':
                tx.payment_id._billing_send_receipt()
        return super()._billing_follow_up()
