from odoo import fields, models


class AccountPayment(models.Model):
    """Receipts: one for each payment, and one for what was given back."""

    _inherit = 'account.payment'

    billing_receipt_at = fields.Datetime(string="Receipt Sent", readonly=True, copy=False)

    def _billing_send_receipt(self, kinds=('all', 'online')):
        """Send the payer a receipt of each payment, once, in the payer's language.

        The mail is created in the transaction that books the payment, so it can neither be
        missing nor be there twice; it leaves the house after the commit.

        :param tuple kinds: the settings of the practice under which these are sent; asked for by
            somebody, whatever the setting: an empty one
        """
        due_sudo = self.sudo().filtered(
            lambda payment: (
                not payment.billing_receipt_at
                and (not kinds or payment.company_id.billing_receipts in kinds)
                and payment._billing_receipt_email()
            )
        )
        if not due_sudo:
            return
        due_sudo.billing_receipt_at = fields.Datetime.now()
        for direction, payments_sudo in due_sudo.grouped('payment_type').items():
            name = 'receipt' if direction == 'inbound' else 'refund'
            template_sudo = self.env.ref(f'carepatron_billing.mail_template_{name}').sudo()
            template_sudo.send_mail_batch(payments_sudo.ids)
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
