from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ...const import FRONT_DESK
from ...tools.actions import notification
from ..invoices.account_move_timeline import happened


class MailMail(models.Model):
    _inherit = 'mail.mail'

    # The few that failed, among the mails of all years.
    _billing_failed_idx = models.Index("(mail_message_id) WHERE state = 'exception'")


class AccountPayment(models.Model):
    """Receipts: one for each payment, and one for what was given back."""

    _inherit = 'account.payment'

    billing_receipt_at = fields.Datetime(string="Receipt Sent", readonly=True, copy=False)

    # === ACTION METHODS === #

    def action_billing_send_receipts(self) -> dict:
        """Send the receipts of these payments again.

        :raise AccessError: if the user is not of the front desk
        :raise UserError: if there is an address for none of them
        """
        self.check_access('read')
        if not self.env.user.has_group(FRONT_DESK):
            raise AccessError(self.env._("Only the front desk sends receipts."))
        due_sudo = self.sudo().filtered(
            lambda payment: (
                payment.state in ('in_process', 'paid') and payment._billing_receipt_email()
            )
        )
        if not due_sudo:
            raise UserError(self.env._("The payer has no e-mail address. Enter it first."))
        due_sudo.billing_receipt_at = False
        due_sudo._billing_send_receipt(kinds=())
        message = self.env._("%s receipts are on their way.", len(due_sudo))
        if len(due_sudo) == 1:
            message = self.env._("The receipt is on its way.")
        return notification(message, next={'type': 'ir.actions.client', 'tag': 'soft_reload'})

    # === BUSINESS METHODS === #

    def _billing_send_receipt(self, kinds: tuple = ('all', 'online')):
        """Send the payer a receipt of each payment, once, in the payer's language.

        The mail is created in the transaction that books the payment, so it can neither be
        missing nor be there twice; it leaves the house after the commit.

        :param kinds: the settings of the practice under which these are sent; asked for by
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

    def _billing_receipt_email(self) -> str | bool:
        """Return the address that the receipt goes to: the payer's, as it was when paying."""
        self.ensure_one()
        return self.payment_transaction_id.partner_email or self.partner_id.email_normalized

    def _billing_receipt_pdf(self) -> tuple[str, bytes]:
        """Return the file name and the PDF of this payment's (sudo) receipt.

        :raise UserError: this machine cannot draw documents; it says what is missing
        """
        self.ensure_one()
        content, _type = (
            self.env['ir.actions.report']
            .with_company(self.company_id)
            ._render_qweb_pdf('carepatron_billing.account_payment_receipt_report', self.ids)
        )
        return f'{self.payment_receipt_title} {self.name}.pdf'.replace('/', '_'), content

    def _billing_receipt_entry(self, is_failed: bool) -> dict:
        """Return what the timeline of an invoice tells of this payment's receipt."""
        email = self._billing_receipt_email()
        text = self.env._("Receipt sent to %s", email)
        if is_failed:
            text = self.env._("The receipt to %s was not sent", email)
        return happened('receipt', self.billing_receipt_at, text, is_problem=is_failed)

    def _billing_filter_documents(self):
        """Return the payments that are printed as our receipt: those of clients."""
        return self.filtered(lambda payment: payment.partner_type == 'customer')

    def _billing_filter_receipt_failed(self):
        """Return those (sudo) whose last receipt could not be sent."""
        return self._billing_receipts_failed(SQL("message.res_id IN %s", tuple(self.ids or [0])))

    @api.model
    def _billing_receipts_failed(self, condition: SQL):
        """Return the payments (sudo) whose last receipt could not be sent.

        :param condition: which mails `message` count
        """
        self.env['mail.mail'].flush_model(['mail_message_id', 'state'])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT message.res_id
                  FROM mail_mail mail
                  JOIN mail_message message ON message.id = mail.mail_message_id
                 WHERE mail.state = 'exception' AND message.model = 'account.payment'
                   AND %s
                   AND NOT EXISTS (
                        SELECT FROM mail_message later
                          JOIN mail_mail sent ON sent.mail_message_id = later.id
                         WHERE later.model = 'account.payment'
                           AND later.res_id = message.res_id AND later.id > message.id
                           AND sent.state != 'exception'
                   )
                """,
                condition,
            )
        )
        return self.browse({payment_id for (payment_id,) in rows})
