from odoo import api, fields, models

# The worst of what became of the mails to several addresses is what the desk has to know.
OUTCOMES = {'bounce': 'bounced', 'exception': 'failed', 'ready': 'waiting', 'process': 'waiting'}
ORDER = ('bounced', 'failed', 'waiting', 'sent')


class PracticePaymentLinkSending(models.Model):
    """One mail with a payment link; what became of it, Odoo's notifications know."""

    _name = 'practice.payment.link.sending'
    _description = "Payment Link Sent"
    _order = 'id desc'

    move_ids = fields.Many2many(
        'account.move',
        'practice_payment_link_sending_move_rel',
        'sending_id',
        'move_id',
        string="Invoices",
        readonly=True,
    )
    message_id = fields.Many2one('mail.message', readonly=True, index=True, ondelete='set null')
    emails = fields.Char(string="Sent to", readonly=True)
    outcome = fields.Selection(
        [
            ('sent', "Sent"),
            ('waiting', "Waiting to be sent"),
            ('failed', "Not sent"),
            ('bounced', "Came back"),
        ],
        compute='_compute_outcome',
    )
    failure_type = fields.Char(compute='_compute_outcome')

    @api.depends(
        'message_id.notification_ids.failure_type',
        'message_id.notification_ids.notification_status',
    )
    def _compute_outcome(self):
        for sending in self:
            mails = sending.message_id.notification_ids.filtered('mail_email_address')
            outcomes = {
                OUTCOMES.get(mail.notification_status, 'sent'): mail.failure_type for mail in mails
            }
            sending.outcome = next((one for one in ORDER if one in outcomes), 'sent')
            sending.failure_type = outcomes.get(sending.outcome) or False

    def _explain(self) -> str:
        """Return in words what became of this mail, and what to do if it did not arrive."""
        self.ensure_one()
        if self.outcome == 'bounced':
            return self.env._("The mail came back. Check the address and send the link again.")
        if self.outcome == 'waiting':
            return self.env._("It leaves in a moment.")
        if self.outcome != 'failed':
            return ""
        if self.failure_type in ('mail_email_invalid', 'mail_email_missing'):
            return self.env._("The address was refused. Correct it and send the link again.")
        if self.failure_type in ('mail_from_invalid', 'mail_from_missing'):
            return self.env._("The practice's own e-mail address is missing. Enter it in Settings.")
        return self.env._(
            "The mail server could not be reached. Send the link again later, or ask an"
            " administrator."
        )
