from odoo import fields, models


class PaymentTransaction(models.Model):
    _inherit = 'payment.transaction'

    billing_autopay = fields.Boolean(
        string="Autopay", help="Charged by itself.", readonly=True, copy=False
    )

    def _billing_follow_up(self):
        """Override to end autopay where its card was declined for good."""
        for tx in self:
            if tx.state == 'error' and tx.billing_autopay:
                tx.invoice_ids._billing_autopay_declined(tx)
        return super()._billing_follow_up()
