from odoo import models


class PaymentTransaction(models.Model):
    """Payments that a bank disputes."""

    _inherit = 'payment.transaction'

    def _billing_refundable_amount(self) -> float:
        """Override: what the payer's bank took back cannot be refunded as well."""
        left = super()._billing_refundable_amount()
        if not left:
            return left
        disputes = self.env['practice.dispute'].sudo().search([('transaction_id', '=', self.id)])
        taken = sum(disputes.filtered(lambda dispute: dispute._took_money()).mapped('amount'))
        return max(self.currency_id.round(left - taken), 0.0)

    def _billing_paid_moves(self):
        """Return the invoices that this payment pays; after a correction others than it was for."""
        debts = self.payment_id._billing_receivable_lines().matched_debit_ids.debit_move_id
        moves = debts.move_id.filtered(lambda move: move.move_type == 'out_invoice')
        return moves or self.invoice_ids
