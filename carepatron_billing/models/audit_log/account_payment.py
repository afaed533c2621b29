from odoo import models


class AccountPayment(models.Model):
    """Who booked what came in and went out, and sent the receipts."""

    _inherit = 'account.payment'

    def _audit_name(self):
        return self.name or self.memo or ""

    def action_post(self):
        """Override of `account`; a refund that was asked for here is noted when it is."""
        result = super().action_post()
        posted = self.sudo().filtered(
            lambda payment: (
                payment.partner_type == 'customer'
                and payment.state in ('in_process', 'paid')
                and payment.payment_transaction_id.operation != 'refund'
            )
        )
        details = {
            payment: f"{payment.currency_id.format(payment.amount)}, {payment.journal_id.name}"
            for payment in posted
        }
        log = self.env['practice.audit.log']
        inbound = posted.filtered(lambda payment: payment.payment_type == 'inbound')
        log._note('payment', inbound, details)
        log._note('refund', posted - inbound, details)
        return result

    def _billing_send_receipt(self, kinds=('all', 'online')):
        unsent_sudo = self.sudo().filtered(lambda payment: not payment.billing_receipt_at)
        result = super()._billing_send_receipt(kinds=kinds)
        self.env['practice.audit.log']._note('receipt', unsent_sudo.filtered('billing_receipt_at'))
        return result
