from odoo import api, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

FRONT_DESK = 'carepatron_billing.group_front_desk'


class MailMail(models.Model):
    _inherit = 'mail.mail'

    # The few that failed, among the mails of all years.
    _billing_failed_idx = models.Index("(mail_message_id) WHERE state = 'exception'")


class AccountPayment(models.Model):
    """Receipts that could not be sent, and sending them again."""

    _inherit = 'account.payment'

    # === ACTION METHODS === #

    def action_billing_send_receipts(self):
        """Send the receipts of these payments again.

        :rtype: dict
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
        return {
            'type': 'ir.actions.client',
            'tag': 'display_notification',
            'params': {
                'type': 'success',
                'message': message,
                'next': {'type': 'ir.actions.client', 'tag': 'soft_reload'},
            },
        }

    # === BUSINESS METHODS === #

    def _billing_filter_receipt_failed(self):
        """Return those (sudo) whose last receipt could not be sent."""
        return self._billing_receipts_failed(SQL("message.res_id IN %s", tuple(self.ids or [0])))

    @api.model
    def _billing_receipts_failed(self, condition):
        """Return the payments (sudo) whose last receipt could not be sent.

        :param SQL condition: which mails `message` count
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
