from odoo import fields, models


class AccountPayment(models.Model):
    _inherit = 'account.payment'

    billing_receipt_at = fields.Datetime(string="Receipt Sent", readonly=True, copy=False)

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

    def _billing_filter_documents(self):
        """Return the payments that are printed as our receipt: those of clients."""
        return self.filtered(lambda payment: payment.partner_type == 'customer')
