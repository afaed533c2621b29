from odoo import fields, models

from ..const import PROVIDER_CODE


class AccountPayment(models.Model):
    _inherit = 'account.payment'

    billing_receipt_at = fields.Datetime(string="Receipt Sent", readonly=True, copy=False)

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

    def _billing_send_receipt(self):
        """Send the payer a receipt of each payment, once, in the payer's language.

        The mail is created in the transaction that books the payment, so it can neither be
        missing nor be there twice; it leaves the house after the commit.
        """
        due_sudo = self.sudo().filtered(
            lambda payment: (
                payment.payment_type == 'inbound'
                and not payment.billing_receipt_at
                and payment._billing_receipt_email()
            )
        )
        if not due_sudo:
            return
        due_sudo.billing_receipt_at = fields.Datetime.now()
        template_sudo = self.env.ref('carepatron_billing.mail_template_receipt').sudo()
        template_sudo.send_mail_batch(due_sudo.ids)
        self.env.ref('mail.ir_cron_mail_scheduler_action').sudo()._trigger()

    def _billing_receipt_email(self):
        """Return the address that the receipt goes to: the payer's, as it was when paying."""
        self.ensure_one()
        return self.payment_transaction_id.partner_email or self.partner_id.email_normalized

    def _billing_receipt_pdf(self):
        """Return the file name and the PDF of this payment's (sudo) receipt.

        :rtype: tuple[str, bytes]
        :raise UserError: this machine cannot draw documents; it says what is missing
        """
        self.ensure_one()
        content, _type = (
            self.env['ir.actions.report']
            .with_company(self.company_id)
            ._render_qweb_pdf('carepatron_billing.account_payment_receipt_report', self.ids)
        )
        return f'{self.payment_receipt_title} {self.name}.pdf'.replace('/', '_'), content

    def _billing_filter_documents(self):
        """Return the payments that are printed as our receipt: those of clients."""
        return self.filtered(lambda payment: payment.partner_type == 'customer')
