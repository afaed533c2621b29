from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ...const import FRONT_DESK, PRACTITIONER
from ...tools.concurrency import claim
from ..invoices.account_move_timeline import happened
from .plan import agenda

# How far ahead the next reminder is looked for.
YEAR = 366


class AccountMove(models.Model):
    _inherit = 'account.move'

    billing_reminder_ids = fields.One2many(
        'practice.reminder', 'move_id', string="Reminders", readonly=True, groups=PRACTITIONER
    )
    billing_reminder_next = fields.Char(
        string="Next Reminder", compute='_compute_billing_reminder_next', groups=PRACTITIONER
    )
    billing_reminder_hold = fields.Char(
        string="Held Back", compute='_compute_billing_reminder_next', groups=PRACTITIONER
    )
    billing_reminder_is_paused = fields.Boolean(
        compute='_compute_billing_reminder_next', groups=PRACTITIONER
    )

    # === COMPUTE METHODS === #

    @api.depends('amount_residual', 'billing_reminder_ids.state', 'payment_state', 'state')
    def _compute_billing_reminder_next(self):
        self.billing_reminder_next = False
        self.billing_reminder_hold = False
        self.billing_reminder_is_paused = False
        paused = self._billing_reminder_pauses()
        for move in self:
            move.billing_reminder_is_paused = move in paused
        for move, day, step, instalment in self._billing_reminder_steps():
            rule = self.env['practice.reminder.rule'].sudo().browse(step.rule if step else [])
            if step:
                move.billing_reminder_next = self.env._(
                    "%(day)s (%(rule)s)", day=format_date(self.env, day), rule=rule.sentence
                )
            if instalment.hold:
                move.billing_reminder_hold = rule._hold_words(instalment.hold, instalment.free_on)

    # === ACTION METHODS === #

    def action_billing_remind(self) -> dict:
        """Remind the payers of these invoices at once, each by one mail.

        :return: an action
        """
        for move in self:
            move._billing_check_group(FRONT_DESK)
        sent = self._billing_remind()
        if not sent:
            return self._billing_notify(
                'danger', self.env._("Nothing was sent: the mail server cannot be reached.")
            )
        failed = sent.filtered(lambda mail: mail.state != 'sent')
        if failed:
            reasons = (f"{mail.payer_id.name}: {mail._describe()}" for mail in failed)
            return self._billing_notify('warning', "\n".join(reasons))
        return self._billing_notify(
            'success',
            self.env._("The reminder was sent to %s.", ", ".join(sent.mapped('email'))),
        )

    def action_billing_skip_reminder(self) -> dict:
        """Leave out the next reminder of these invoices; the ones after it go on."""
        skipped = 0
        for move, day, step, instalment in self._billing_reminder_steps():
            move._billing_check_group(FRONT_DESK)
            if not step:
                continue
            skipped += 1
            self.env['practice.reminder'].sudo().create(
                {
                    'move_id': move.id,
                    'company_id': move.company_id.id,
                    'payer_id': move.partner_id.id,
                    'rule_id': step.rule,
                    'number': step.number,
                    'due_date': instalment.due,
                    'day': day,
                    'state': 'skipped',
                    'reason': self.env._("Skipped by %s.", self.env.user.name),
                    'user_id': self.env.uid,
                }
            )
        if not skipped:
            raise UserError(self.env._("No reminder is planned that could be skipped."))
        return self._billing_notify('success', self.env._("The next reminder is left out."))

    def action_billing_pause_reminders(self) -> dict:
        """Ask until when and why reminders of this invoice pause."""
        self.ensure_one()
        self._billing_check_group(FRONT_DESK)
        return {
            'type': 'ir.actions.act_window',
            'name': self.env._("Pause reminders of %s", self.name),
            'res_model': 'practice.reminder.pause',
            'view_mode': 'form',
            'target': 'new',
            'context': {'default_move_id': self.id, 'default_company_id': self.company_id.id},
        }

    def action_billing_resume_reminders(self) -> dict:
        """End the pauses that hold back reminders of this invoice, of its client and payer too."""
        for move in self:
            move._billing_check_group(FRONT_DESK)
            pauses = move._billing_reminder_pauses()
            if move in pauses:
                pauses[move].action_resume()
        return {'type': 'ir.actions.client', 'tag': 'soft_reload'}

    # === BUSINESS METHODS === #

    def _billing_remind(self) -> models.Model:
        """Send reminders of these invoices now.

        :return: what was tried
        :raise UserError: if nothing can be sent
        """
        Rule = self.env['practice.reminder.rule'].sudo()
        Mail = self.env['practice.reminder.mail'].sudo()
        # Asked for by two at once, or by the scheduler too: the second one is replayed, and finds
        # the first one's mail.
        claim(Rule.search([('company_id', 'in', self.company_id.ids)]) or self)
        tried = Mail
        for company in self.company_id:
            moves = self.filtered(lambda move, company=company: move.company_id == company)
            today = company._billing_today()
            instalments = Rule._load(company, moves=moves)
            if not instalments:
                raise UserError(self.env._("Nothing is due that could be reminded of."))
            for one in instalments:
                if one.hold in ('processing', 'no_address'):
                    raise UserError(Rule._hold_words(one.hold, one.free_on))
            letters = Rule.with_company(company)._letters(instalments, today, by_hand=True)
            if Mail._payers_done(company, today, ignore_failed=True) & {
                letter.payer for letter in letters
            }:
                raise UserError(
                    self.env._("This payer was reminded today already; that is enough for a day.")
                )
            worker = Mail.with_company(company).with_context(allowed_company_ids=company.ids)
            mails = worker._create_from(company, letters, today, user=self.env.user)
            mails._deliver()
            tried |= mails.exists()
        return tried

    def _billing_reminder_steps(self):
        """Return for each open invoice the next reminder: invoice, day, step, instalment.

        Day and step are None where none is planned.
        """
        Rule = self.env['practice.reminder.rule'].sudo()
        found = []
        for company in self.company_id:
            moves = self.filtered(
                lambda move, company=company: (
                    move.company_id == company
                    and move.move_type == 'out_invoice'
                    and move.state == 'posted'
                    and isinstance(move.id, int)
                )
            )
            if not moves:
                continue
            company_sudo = company.sudo()
            days = list(
                company_sudo._billing_reminder_days(company_sudo._billing_next_reminder_day(), YEAR)
            )
            nexts = {}
            for one in Rule._load(company_sudo, moves=moves, ahead=YEAR):
                day, step = next(agenda(one, days), (None, None))
                known = nexts.get(one.invoice)
                if not known or (day and (not known[0] or day < known[0])):
                    nexts[one.invoice] = day, step, one
            found += [(self.browse(move), *values) for move, values in nexts.items()]
        return found

    def _billing_reminder_pauses(self) -> dict[models.Model, models.Model]:
        """Return the pauses that hold for each paused invoice."""
        pauses = (
            self.env['practice.reminder.pause']
            .sudo()
            .search(
                [
                    ('company_id', 'in', self.company_id.ids),
                    ('ended_at', '=', False),
                    '|',
                    ('move_id', 'in', self.ids),
                    ('partner_id', 'in', (self.partner_id | self._billing_clients()).ids),
                ]
            )
        )
        found = {}
        for move in self:
            people = move.partner_id | move._billing_clients()
            mine = pauses.filtered(
                lambda pause, move=move, people=people: (
                    (pause.move_id == move or pause.partner_id in people)
                    and pause.company_id == move.company_id
                    and pause.until >= pause.company_id._billing_today()
                )
            )
            if mine:
                found[move] = mine
        return found

    def _billing_stored_documents(self) -> dict[int, list[tuple[str, bytes, str]]]:
        """Return the documents of invoices as they were sent, making those that never were.

        One that cannot be made is left out: the payer finds the invoice at the link.

        :return: by invoice, name, content and MIME type of each file
        """
        moves_sudo = self.sudo()
        send_sudo = self.env['account.move.send'].with_company(self.company_id[:1]).sudo()
        new_sudo = moves_sudo.filtered(lambda move: not move.invoice_pdf_report_id)
        if new_sudo:
            try:
                with self.env.cr.savepoint():
                    send_sudo._generate_and_send_invoices(new_sudo, sending_methods=[])
            except UserError:
                self.env.invalidate_all()
                for move_sudo in new_sudo:
                    move_sudo._billing_try_document(send_sudo)
        return {
            move_sudo.id: [
                (file.name, file.raw, file.mimetype)
                for file in send_sudo._get_invoice_extra_attachments(move_sudo)
            ]
            for move_sudo in moves_sudo
        }

    def _billing_try_document(self, send_sudo):
        try:
            with self.env.cr.savepoint():
                send_sudo._generate_and_send_invoices(self, sending_methods=[])
        except UserError as error:
            self.env.invalidate_all()
            self.message_post(
                body=self.env._("The invoice could not be attached to a reminder: %s", error)
            )

    def _billing_timeline_entries(self) -> list[dict]:
        """Override to tell of reminders, and of those that did not arrive."""
        entries = super()._billing_timeline_entries()
        trouble = self.env._("A reminder did not arrive")
        texts = {
            'sent': self.env._("Reminder sent"),
            'uncertain': self.env._("It is not known whether a reminder arrived"),
            **dict.fromkeys(('failed', 'refused', 'bounced'), trouble),
        }
        for reminder in self.billing_reminder_ids.filtered(lambda one: one.state in texts):
            text, is_problem = texts[reminder.state], reminder.state != 'sent'
            entries.append(
                happened('reminded', reminder.create_date, text, reminder.reason or "", is_problem)
            )
        return entries

    def _billing_next_charge(self, holder):
        """Override: what is not reminded of is not charged either."""
        charge = super()._billing_next_charge(holder)
        if charge.day and self._billing_reminder_pauses():
            return charge._replace(day=None)
        return charge

    def _billing_evidence_of_mails(self, at) -> list[str]:
        return super()._billing_evidence_of_mails(at) + [
            self.env._("Reminder sent on %s", at(reminder.create_date))
            for reminder in self.billing_reminder_ids.sorted('id')
            if reminder.state == 'sent'
        ]

    def _billing_why_final(self):
        """Override: an invoice that was reminded of has been seen."""
        reason = super()._billing_why_final()
        if not reason and self.sudo().billing_reminder_ids.filtered(
            lambda reminder: reminder.state in ('sending', 'sent', 'uncertain')
        ):
            return self.env._("The payer was reminded of %s.", self.name)
        return reason

    def _message_receive_bounce(self, email, partner):
        """Override of `mail`: stop mailing reminders to an address that they come back from."""
        result = super()._message_receive_bounce(email, partner)
        mails_sudo = self.sudo().billing_reminder_ids.mail_id.filtered(
            lambda mail: mail.email == email and mail.state in ('sent', 'uncertain')
        )
        last = mails_sudo.sorted('id')[-1:]
        if last:
            last._mark('bounced', self.env._("The mail came back."))
            last._notify_of_failure()
        return result
