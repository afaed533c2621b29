from odoo import models

from ...const import PROVIDER_CODE


class AccountPayment(models.Model):
    """What is refunded of payments, and what refunds are matched with."""

    _inherit = 'account.payment'

    # === COMPUTE METHODS === #

    def _compute_amount_available_for_refund(self):
        """Override of `account_payment`: failed refunds took nothing, those under way do."""
        own = self.filtered(
            lambda payment: (
                payment.payment_transaction_id.sudo().provider_code == PROVIDER_CODE
                and payment.payment_type == 'inbound'
            )
        )
        result = super(AccountPayment, self - own)._compute_amount_available_for_refund()
        for payment in own:
            payment.amount_available_for_refund = (
                payment.payment_transaction_id.sudo()._billing_refundable_amount()
            )
        return result

    # === BUSINESS METHODS - OF PAYMENTS === #

    def _billing_overpaid(self) -> float:
        """Override: what is being refunded is not there any more."""
        refunds_sudo = self.payment_transaction_id.sudo()._billing_refunds()
        under_way = refunds_sudo.filtered(lambda tx: not tx.payment_id and tx.state != 'done')
        left = super()._billing_overpaid() + sum(under_way.mapped('amount'))
        return max(self.currency_id.round(left), 0.0)

    def _billing_refunded(self) -> float:
        """Return how much of this payment (sudo) was refunded, online or by hand."""
        refunds = self.payment_transaction_id._billing_refunds()
        online = -sum(refunds.filtered(lambda tx: tx.state == 'done').mapped('amount'))
        invoices = self.reconciled_invoice_ids.filtered(
            lambda move: move.move_type == 'out_invoice'
        )
        by_hand = sum(move._billing_refunded_by_hand().get(self, 0.0) for move in invoices)
        return min(online + by_hand, self.amount)

    # === BUSINESS METHODS - OF REFUNDS === #

    def _billing_open_debit(self) -> float:
        """Return how much of this refund is matched with no credit yet."""
        self.ensure_one()
        lines = self._billing_receivable_lines()
        return max(self.currency_id.round(sum(lines.mapped('amount_residual_currency'))), 0.0)

    def _billing_match_refund(self, source: models.Model, invoices: models.Model):
        """Match this refund with what it refunds.

        First what was paid too much by the same payment, then credit notes that were made before
        it, then what was paid too much by another.

        :param source: the payment that is refunded
        :param invoices: what that payment was for
        """
        self.ensure_one()
        notes = invoices.reversal_move_ids.filtered(lambda note: note.state == 'posted')
        for credits in (
            source._billing_receivable_lines(),
            notes.line_ids,
            invoices._billing_overpayments()._billing_receivable_lines(),
        ):
            if self._billing_open_debit():
                self._billing_match_with(credits)

    def _billing_match_with(self, credits: models.Model):
        """Match this refund with what is open of credits.

        :param credits: lines, among them those of the payer's account
        """
        lines = (self._billing_receivable_lines() | credits).filtered(
            lambda line: (
                line.account_id == self.destination_account_id
                and line.currency_id == self.currency_id
                and not line.reconciled
            )
        )
        if len(lines) > 1:
            lines.reconcile()
