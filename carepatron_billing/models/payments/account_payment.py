from odoo import fields, models

from ...const import PROVIDER_CODE


class AccountPayment(models.Model):
    _inherit = 'account.payment'

    billing_credit_kept_at = fields.Datetime(
        string="Kept as Credit",
        help="Since when an overpayment is credit to use, and no longer a notice on the invoice.",
        readonly=True,
        copy=False,
    )

    # What clients paid this month or today, among the payments of all years.
    _billing_takings_idx = models.Index("(company_id, date) WHERE partner_type = 'customer'")

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
                payment.payment_transaction_id.sudo()._stripe_payment_link_refundable()
            )
        return result

    def _billing_receivable_lines(self):
        """Return the items that these payments left on their payers' accounts."""
        return self.move_id.line_ids.filtered(
            lambda line: line.account_id.account_type == 'asset_receivable'
        )

    def _billing_open_debit(self):
        """Return how much of this refund is matched with no credit yet.

        :rtype: float
        """
        self.ensure_one()
        lines = self._billing_receivable_lines()
        return max(self.currency_id.round(sum(lines.mapped('amount_residual_currency'))), 0.0)

    def _billing_match_refund(self, source, invoices):
        """Match this refund with what it gives back.

        First what was paid too much by the same payment, then credit notes that were made before
        it, then what was paid too much by another.

        :param account.payment source: the payment that is given back
        :param account.move invoices: what that payment was for
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

    def _billing_match_with(self, credits):
        """Match this refund with what is open of credits.

        :param account.move.line credits: lines, among them those of the payer's account
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

    def _billing_overpaid(self):
        """Return how much of this payment found nothing to pay and is not being given back.

        :rtype: float
        """
        self.ensure_one()
        credit = -sum(self._billing_receivable_lines().mapped('amount_residual_currency'))
        refunds_sudo = self.payment_transaction_id.sudo()._stripe_payment_link_refunds()
        under_way = -sum(
            refunds_sudo.filtered(lambda tx: not tx.payment_id and tx.state != 'done').mapped(
                'amount'
            )
        )
        return max(self.currency_id.round(credit - under_way), 0.0)
