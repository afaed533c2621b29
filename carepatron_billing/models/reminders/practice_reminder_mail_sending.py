import logging
import math
import time
from datetime import timedelta

from psycopg2.errors import UniqueViolation

from odoo import api, fields, models, tools
from odoo.tools import SQL, email_normalize, formataddr, html2plaintext

from ...tools.concurrency import REPLAYED, claim, commit_now
from ...tools.crons import together_or_apart
from ..invoices.account_move_status import UNPAID_STATES
from .smtp_connection import UNREACHABLE, SmtpConnection

_logger = logging.getLogger(__name__)

# Mails that are written together; what happens to one of them meanwhile is looked up again.
CHUNK = 50
# Minutes after which nobody is sending any more what is marked as being sent.
STALE = timedelta(minutes=15)
# Attempts of one day where the mail server says *not now*, and the pause between two.
ATTEMPTS = 3
PAUSE = timedelta(hours=1)


class PracticeReminderMail(models.Model):
    """How reminders leave the house: never twice, and never without a trace."""

    _inherit = 'practice.reminder.mail'

    @api.model
    def _cron_send(self):
        """Send what is due, practice by practice, in its hours."""
        Rule = self.env['practice.reminder.rule']
        for (company,) in Rule._read_group([('is_on', '=', True)], ['company_id']):
            mails = self.with_company(company).with_context(allowed_company_ids=company.ids)
            mails._settle_interrupted(company)
            if company._billing_reminder_is_open() and not mails._send_due(company):
                return

    @api.model
    def _send_due(self, company) -> bool:
        """Send what is due today.

        :return: whether there is time left
        """
        tried = set()
        cron = self.env['ir.cron']
        while True:
            try:
                mails, left = self._write_letters(company, tried)
            except (*REPLAYED, UniqueViolation):
                # Somebody else is at it; the next run looks again.
                self.env.cr.rollback()
                return True
            if not mails:
                return bool(cron._commit_progress(remaining=0))
            tried |= set(mails.payer_id.ids)
            if not mails._deliver() or not cron._commit_progress(len(mails), remaining=left):
                return False

    @api.model
    def _write_letters(self, company, tried: set[int]):
        """Return the next mails in the outbox, committed, and how many payers are left after.

        :param tried: payers to whom this run has sent, or tried to
        """
        Rule = self.env['practice.reminder.rule']
        rules = Rule._get_active(company)
        # Of two workers the second one waits here, and then sees what the first one wrote.
        claim(rules)
        today = company._billing_today()
        done = tried | self._payers_done(company, today)
        instalments = [one for one in Rule._load(company, rules=rules) if one.payer not in done]
        letters = Rule._letters(instalments, today)
        chunk = letters[:CHUNK]
        mails = together_or_apart(
            self.env,
            chunk,
            lambda some: self._create_from(company, some, today),
            lambda letter, error: self._create_failed(company, letter, today, str(error)),
        )
        return self.union(*mails), max(len(letters) - CHUNK, 0)

    @api.model
    def _create_failed(self, company, letter, today, reason):
        """Note why a letter cannot be written."""
        values = {'state': 'failed', 'reason': reason}
        mail = self.create(
            {
                **values,
                'company_id': company.id,
                'payer_id': letter.payer,
                'day': today,
                'attempted_at': fields.Datetime.now(),
            }
        )
        self.env['practice.reminder'].create(mail._entry_values(letter, **values))
        return mail

    @api.model
    def _create_from(self, company, letters, today, template=None, user=None):
        """Put letters into the outbox.

        :param list[Letter] letters: of payers who have got none today
        """
        Rule = self.env['practice.reminder.rule']
        values = Rule._compose(company, letters, template)
        for mail, letter in zip(values, letters, strict=True):
            mail.update(
                day=today,
                user_id=user and user.id,
                message_ref=tools.mail.generate_tracking_message_id(f'{letter.payer}-reminder'),
            )
        mails = self.create(values)
        self.env['practice.reminder'].create(
            [
                values
                for mail, letter in zip(mails, letters, strict=True)
                for values in mail._entry_values(letter)
            ]
        )
        return mails

    def _entry_values(self, letter, **values):
        """Return the values of a mail's reminders, one for each invoice."""
        return [
            {
                'mail_id': self.id,
                'company_id': self.company_id.id,
                'payer_id': letter.payer,
                'user_id': self.user_id.id,
                'day': self.day,
                'move_id': entry.invoice,
                'due_date': entry.due,
                'rule_id': entry.step and entry.step.rule,
                'number': entry.step.number if entry.step else 0,
                'amount': entry.amount,
                'residual': entry.residual,
                **values,
            }
            for entry in letter.entries
        ]

    @api.model
    def _payers_done(self, company, today, ignore_failed: bool = False):
        """Return the payers who get nothing more today, or not before a while.

        :param ignore_failed: whether those count at once who got nothing so far
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT payer_id FROM practice_reminder_mail
                 WHERE company_id = %s AND day = %s
              GROUP BY payer_id
                HAVING bool_or(state IN ('queued', 'sending', 'sent', 'uncertain'))
                    OR (NOT %s AND (
                        count(*) FILTER (WHERE state = 'failed') >= %s
                        OR max(attempted_at) FILTER (WHERE state = 'failed') > %s
                    ))
                """,
                company.id,
                today,
                ignore_failed,
                ATTEMPTS,
                fields.Datetime.now() - PAUSE,
            )
        )
        return {payer for (payer,) in rows}

    # === DELIVERY === #

    def _deliver(self) -> bool:
        """Send mails of one company, each at most once.

        :return: whether there is time left, and a mail server
        """
        end = self.env.context.get('cron_end_time', math.inf)
        letters = self.filtered(lambda mail: mail.state == 'queued')._build()
        connection = SmtpConnection(self._mail_server())
        has_time = True
        for mail_id, message in letters.items():
            mail = self.browse(mail_id)
            try:
                connection.connect(message['From'])
            except UNREACHABLE as error:
                _logger.warning("Reminders wait: the mail server cannot be reached: %s", error)
                mail.company_id._billing_notify_manager(
                    mail.reminder_ids.move_id[:1],
                    lambda env: env._("Reminders wait: the mail server cannot be reached"),
                )
                has_time = False
                break
            # What the database now knows is what the next one to look sees, whatever happens.
            if mail._mark_sending():
                commit_now(self.env)
                mail._mark(*connection.send(message))
            has_time = time.monotonic() < end
            if not has_time:
                break
        connection.quit()
        # What was not taken is planned again, with the amounts of then.
        commit_now(self.env)
        self._discard_unsent()
        self._record_outcomes()
        commit_now(self.env)
        return has_time

    def _mail_server(self):
        """Return the model that sends, told what it would ask the database for at each mail."""
        server = self.env['ir.mail_server']
        company = self.company_id
        sender = email_normalize(company.email or self.env.user.email or '')
        return server.with_context(
            domain_bounce_address=company.bounce_email
            or server._get_default_bounce_address()
            or sender,
            domain_notifications_email=server._get_default_from_address() or sender,
        )

    def _mark_sending(self) -> bool:
        """Mark a mail as being sent, if it waits and all that it asks for is still due."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE practice_reminder_mail mail
                   SET state = 'sending', attempted_at = %(now)s
                 WHERE mail.id = %(id)s AND mail.state = 'queued' AND NOT EXISTS (
                    SELECT FROM practice_reminder reminder
                      JOIN account_move move ON move.id = reminder.move_id
                     WHERE reminder.mail_id = mail.id
                       AND (move.state <> 'posted'
                            OR move.payment_state NOT IN %(unpaid)s
                            OR move.amount_residual <> reminder.residual
                            OR %(is_processing)s)
                 )
                RETURNING id
                """,
                id=self.id,
                now=fields.Datetime.now(),
                unpaid=UNPAID_STATES,
                is_processing=self.env['account.move']._billing_processing_sql(),
            ),
            log_exceptions=False,
        )
        return bool(self.env.cr.fetchall())

    def _discard_unsent(self):
        """Forget mails that nobody has begun to send."""
        waiting = self.exists().filtered(lambda mail: mail.state == 'queued')
        waiting.reminder_ids.unlink()
        waiting.unlink()

    def _record_outcomes(self):
        """Note on the invoices what became of these mails."""
        sent = self.exists()
        sent._log()
        moves = sent.filtered(lambda mail: mail.state == 'sent').reminder_ids.move_id
        moves.filtered(lambda move: not move.is_move_sent).is_move_sent = True
        for mail in sent.filtered(lambda mail: mail.state in ('refused', 'uncertain')):
            mail._notify_of_failure()

    def _settle_interrupted(self, company):
        """See to what a run left behind that was cut off."""
        limit = fields.Datetime.now() - STALE
        ours = [('company_id', '=', company.id)]
        self.search(
            [*ours, ('state', '=', 'queued'), ('create_date', '<', limit)]
        )._discard_unsent()
        lost = self.search([*ours, ('state', '=', 'sending'), ('attempted_at', '<', limit)])
        if lost:
            lost._mark('uncertain', self.env._("The server stopped while it was being sent."))
        unlogged = self.search([*ours, ('state', '=', 'sent'), ('is_logged', '=', False)])
        (lost | unlogged)._record_outcomes()
        commit_now(self.env)

    def _build(self):
        """Return the messages as they go over the wire, by mail; no record is needed after."""
        if not self:
            return {}
        server = self.env['ir.mail_server']
        company = self.company_id
        attachments = self._attachments()
        sender = company.email_formatted or self.env.user.email_formatted
        lead_moves = {mail: mail.reminder_ids.move_id[:1] for mail in self}
        moves = self.env['account.move'].union(*lead_moves.values())
        replies = moves._notify_get_reply_to(default=sender)
        headers = {'Auto-Submitted': 'auto-generated'}
        if company.bounce_email:
            headers['Return-Path'] = company.bounce_email
        messages = {}
        for mail in self:
            body = mail._wrap()
            messages[mail.id] = server._build_email__(
                email_from=sender,
                email_to=[formataddr((mail.payer_id.name or "", mail.email))],
                subject=mail.subject,
                body=body,
                body_alternative=html2plaintext(body),
                reply_to=replies[lead_moves[mail].id],
                attachments=attachments.get(mail.id, []),
                message_id=mail.message_ref,
                object_id=f'{lead_moves[mail].id}-account.move',
                subtype='html',
                subtype_alternative='plain',
                headers=headers,
            )
        return messages

    def _wrap(self):
        """Return the whole mail: its body in the frame of every mail to a payer."""
        return self.env['mail.render.mixin']._replace_local_links(
            self.env['mail.template']
            .with_context(lang=self.lang)
            ._render_encapsulate(
                'carepatron_billing.mail_layout', self.body, {'company': self.company_id}, self
            )
        )

    def _attachments(self):
        """Return the invoices' documents by mail: those that were sent before, else new ones."""
        wanted = {
            mail: mail.reminder_ids.filtered(
                lambda reminder: not reminder.rule_id or reminder.rule_id.attach_invoice
            ).move_id
            for mail in self
        }
        moves = self.env['account.move'].union(*wanted.values())
        files = moves._billing_stored_documents()
        return {
            mail.id: [file for move in chosen for file in files.get(move.id, ())]
            for mail, chosen in wanted.items()
        }
