from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL, split_every

from ...const import FRONT_DESK
from .practice_reminder import STATES


class PracticeReminderMail(models.Model):
    """One mail to one payer on one day: the outbox.

    The row is there, committed, before the mail leaves, and the database knows it once for each
    payer and day. Whoever finds it *being sent* does not send it again.
    """

    _name = 'practice.reminder.mail'
    _description = "Reminder Mail"
    _order = 'id desc'

    company_id = fields.Many2one('res.company', required=True, readonly=True, index=True)
    payer_id = fields.Many2one('res.partner', required=True, readonly=True, ondelete='cascade')
    day = fields.Date(required=True, readonly=True, help="By the practice's clock.")
    email = fields.Char(string="To", readonly=True, index='btree_not_null')
    lang = fields.Char(readonly=True)
    subject = fields.Char(readonly=True)
    body = fields.Html(readonly=True, sanitize=False)
    state = fields.Selection(STATES, required=True, readonly=True, default='queued', index=True)
    reason = fields.Char(string="Why", readonly=True)
    attempted_at = fields.Datetime(string="Sent", readonly=True)
    message_ref = fields.Char(readonly=True, help="Its Message-Id.")
    is_logged = fields.Boolean(readonly=True, help="Whether the invoices' history tells of it.")
    is_dismissed = fields.Boolean(
        readonly=True, help="The address was found right, though the mail came back."
    )
    user_id = fields.Many2one('res.users', string="By", readonly=True)
    reminder_ids = fields.One2many('practice.reminder', 'mail_id', readonly=True)

    _once = models.UniqueIndex(
        "(payer_id, company_id, day) WHERE state IN ('queued', 'sending', 'sent', 'uncertain')",
        "This payer was reminded today already.",
    )

    # === COMPUTE METHODS === #

    @api.depends('payer_id', 'day')
    def _compute_display_name(self):
        for mail in self:
            mail.display_name = f'{mail.payer_id.name}, {mail.day}'

    # === ACTION METHODS === #

    def action_it_arrived(self):
        """Say that a mail of which nobody knew arrived."""
        self._settle('sent')
        return {'type': 'ir.actions.client', 'tag': 'soft_reload'}

    def action_it_did_not_arrive(self):
        """Say that a mail of which nobody knew did not arrive: it is sent at the next occasion."""
        self._settle('failed')
        return {'type': 'ir.actions.client', 'tag': 'soft_reload'}

    def action_dismiss(self):
        """Go on mailing to an address though a mail came back from it."""
        self._check_desk()
        self.sudo().is_dismissed = True
        return {'type': 'ir.actions.client', 'tag': 'soft_reload'}

    # === BUSINESS METHODS === #

    def _check_desk(self):
        self.check_access('read')
        if not self.env.user.has_group(FRONT_DESK):
            raise AccessError(self.env._("This is for the front desk."))

    def _describe(self):
        """Return in words what became of a mail."""
        self.ensure_one()
        state = dict(self._fields['state']._description_selection(self.env))[self.state]
        return f"{state}. {self.reason or ''}".strip()

    def _settle(self, state):
        self._check_desk()
        for mail_sudo in self.sudo().filtered(lambda mail: mail.state == 'uncertain'):
            mail_sudo._mark(state, self.env._("%s said so.", self.env.user.name))
        self.sudo()._log()

    def _mark(self, state, reason=None):
        """Note the outcome, on the mail and its reminders, by one query."""
        self.env.cr.execute(
            SQL(
                """
                WITH mail AS (
                    UPDATE practice_reminder_mail SET state = %(state)s, reason = %(reason)s
                     WHERE id IN %(ids)s RETURNING id
                )
                UPDATE practice_reminder SET state = %(state)s, reason = %(reason)s
                  FROM mail WHERE mail_id = mail.id
                """,
                state=state,
                reason=reason,
                ids=tuple(self.ids),
            )
        )
        self.invalidate_recordset(['state', 'reason'], flush=False)
        self.env['practice.reminder'].invalidate_model(['state', 'reason'], flush=False)

    def _log(self):
        """Let the invoices' history tell of what was sent; again after a crash, but once."""
        new = self.filtered(lambda mail: not mail.is_logged)
        for chunk in split_every(100, new.ids, self.browse):
            sent = chunk.filtered(lambda mail: mail.state == 'sent')
            author = self.company_id.partner_id
            note = self.env['ir.model.data']._xmlid_to_res_id('mail.mt_note')
            values = []
            for mail in sent:
                moves = mail.reminder_ids.move_id
                for move in moves:
                    values.append(
                        {
                            'model': 'account.move',
                            'res_id': move.id,
                            'message_type': 'email_outgoing',
                            'subtype_id': note,
                            'author_id': author.id,
                            'email_from': author.email_formatted,
                            'subject': mail.subject,
                            'body': mail._chatter_body(moves),
                            # A reply, or the mail coming back, finds the invoice by this.
                            'message_id': mail.message_ref,
                            'reply_to': author.email_formatted,
                            'record_name': move.name,
                        }
                    )
            self.env['mail.message'].create(values)
            sent.is_logged = True

    def _merge_contacts(self, sources: models.Model, destination):
        """Keep one mail a day where two contacts turn out to be one person; the invoices' history
        tells of both.

        :param sources: merged into `destination`
        """
        states = ('queued', 'sending', 'sent', 'uncertain')
        payers = sources | destination
        first = {}
        for mail in self.search([('payer_id', 'in', payers.ids), ('state', 'in', states)]):
            kept = first.setdefault((mail.company_id, mail.day), mail)
            if kept != mail:
                mail.reminder_ids.mail_id = kept
                mail.unlink()

    def _chatter_body(self, moves):
        """Return what an invoice's history shows: the mail, unless it tells of others too, which
        not everybody sees who sees this one."""
        if len(moves) == 1:
            return self.body
        return self.env._(
            "Reminder sent to %(email)s, of this invoice and others: %(subject)s",
            email=self.email,
            subject=self.subject,
        )

    def _notify_of_failure(self):
        """Ask a manager to look at an invoice of this mail, which did not arrive for sure."""
        is_uncertain = self.state == 'uncertain'
        self.company_id._billing_notify_manager(
            self.reminder_ids.move_id[:1],
            lambda env: (
                env._("It is not known whether a reminder reached the payer: please ask")
                if is_uncertain
                else env._("Reminders do not reach the payer: please check the e-mail address")
            ),
        )
