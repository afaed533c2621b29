from collections import defaultdict

from odoo import api, fields, models
from odoo.tools import format_datetime


class AccountMove(models.Model):
    """What happened to an invoice, in the order in which it happened."""

    _inherit = 'account.move'

    billing_sending_ids = fields.Many2many(
        'practice.payment.link.sending',
        'practice_payment_link_sending_move_rel',
        'move_id',
        'sending_id',
        string="Payment Links Sent",
        readonly=True,
        copy=False,
        groups='carepatron_billing.group_front_desk',
    )
    billing_timeline = fields.Json(compute='_compute_billing_timeline', groups='base.group_user')

    @api.depends_context('lang', 'uid')
    def _compute_billing_timeline(self):
        """From the facts at the moment of reading; the first thing that happened comes last."""
        entries = self._billing_timeline_entries() if self.ids else {}
        for move in self:
            told = sorted(entries.get(move.id, ()), key=lambda entry: entry['at'], reverse=True)
            move.billing_timeline = [
                {**entry, 'at': fields.Datetime.to_string(entry['at'])} for entry in told
            ]

    def _billing_timeline_entries(self):
        """Return what is told of each invoice; another part of the addon may add to it.

        :return: for each id a list of `kind`, `at` (a datetime in UTC), `text`, `note` and
            `is_problem`
        :rtype: dict[int, list[dict]]
        """
        entries = defaultdict(list)

        def tell(move, kind, at, text, note="", is_problem=False):
            if at:
                entries[move.id].append(
                    {
                        'kind': kind,
                        'at': at,
                        'text': text,
                        'note': note,
                        'is_problem': is_problem,
                    }
                )

        for move_sudo in self.sudo().filtered(lambda move: isinstance(move.id, int)):
            who = move_sudo.create_uid.name or ""
            tell(move_sudo, 'created', move_sudo.create_date, self.env._("Created by %s", who))
            move_sudo._billing_tell_sendings(tell)
            for link in move_sudo.billing_link_ids:
                tell(move_sudo, 'viewed', link.viewed_at, self.env._("Viewed by the client"))
                tell(move_sudo, 'revoked', link.revoked_at, self.env._("Payment link revoked"))
            move_sudo._billing_tell_reminders(tell)
            move_sudo._billing_tell_autopay(tell)
            move_sudo._billing_tell_money(tell)
            move_sudo._billing_tell_changes(tell)
            move_sudo._billing_tell_disputes(tell)
        return entries

    def _billing_tell_sendings(self, tell):
        for sending in self.billing_sending_ids:
            is_problem = sending.outcome in ('failed', 'bounced')
            text = self.env._("Payment link sent to %s", sending.emails)
            if sending.outcome == 'bounced':
                text = self.env._("Mail to %s came back", sending.emails)
            elif sending.outcome == 'failed':
                text = self.env._("Mail to %s was not sent", sending.emails)
            elif sending.outcome == 'waiting':
                text = self.env._("Mail to %s is on its way", sending.emails)
            tell(self, 'sent', sending.create_date, text, sending._explain(), is_problem)

    def _billing_tell_reminders(self, tell):
        for reminder in self.billing_reminder_ids:
            why = reminder.reason or ""
            if reminder.state == 'sent':
                tell(self, 'reminded', reminder.create_date, self.env._("Reminder sent"), why)
            elif reminder.state == 'uncertain':
                text = self.env._("It is not known whether a reminder arrived")
                tell(self, 'reminded', reminder.create_date, text, why, True)
            elif reminder.state in ('failed', 'refused', 'bounced'):
                text = self.env._("A reminder did not arrive")
                tell(self, 'reminded', reminder.create_date, text, why, True)

    def _billing_tell_money(self, tell):
        receivable = self._billing_receivable_lines()
        partials = receivable.matched_credit_ids
        failed = partials.credit_move_id.payment_id._billing_filter_receipt_failed()
        for payment, parts in partials.grouped('credit_move_id').items():
            amount = self.currency_id.format(sum(parts.mapped('debit_amount_currency')))
            source = payment.payment_id
            if source:
                how = source.payment_transaction_id and self.env._("online")
                text = self.env._("%(amount)s paid", amount=amount)
                tell(self, 'paid', source.create_date, text, how or source.journal_id.name)
                if source.billing_receipt_at:
                    email, sent_at = source._billing_receipt_email(), source.billing_receipt_at
                    text = self.env._("Receipt sent to %s", email)
                    if source in failed:
                        text = self.env._("The receipt to %s was not sent", email)
                    tell(self, 'receipt', sent_at, text, is_problem=source in failed)
            elif payment.move_id.move_type == 'out_refund' and (
                payment.move_id.reversed_entry_id != self
            ):
                text = self.env._("%s paid by credit", amount)
                tell(self, 'paid', max(parts.mapped('create_date')), text, payment.move_id.name)
        self._billing_tell_credits(tell)
        transactions = self.transaction_ids
        for tx in transactions:
            amount = tx.currency_id.format(abs(tx.amount))
            if tx.operation == 'refund':
                continue
            if tx.state == 'error':
                text = self.env._("A payment of %s failed", amount)
                tell(self, 'failed', tx.last_state_change, text, tx.state_message or "", True)
            elif tx.state in ('pending', 'authorized'):
                text = self.env._("%s is on its way", amount)
                tell(self, 'processing', tx.last_state_change, text)
        for refund in self._billing_told_refunds():
            amount = refund.currency_id.format(abs(refund.amount))
            online = self.env._("online")
            if refund.state == 'done':
                text = self.env._("%s given back", amount)
                tell(self, 'refunded', refund.last_state_change, text, online)
            elif refund.state in ('draft', 'pending'):
                text = self.env._("%s is on its way back", amount)
                tell(self, 'processing', refund.last_state_change, text, online)
            elif refund.state in ('error', 'cancel'):
                text = self.env._("Giving back %s failed", amount)
                why = refund.state_message or ""
                tell(self, 'failed', refund.last_state_change, text, why, True)

    def _billing_told_refunds(self):
        """Return the refunds (sudo) that were asked for here, or made at Stripe of payments of
        this invoice."""
        asked = self.env['payment.transaction'].sudo()
        asked = asked.search([('billing_refunded_move_id', '=', self.id)])
        others = self.transaction_ids.child_transaction_ids.filtered(
            lambda tx: tx.operation == 'refund' and not tx.billing_refunded_move_id
        )
        return asked | others

    def _billing_tell_credits(self, tell):
        for note in self._billing_credits():
            text = self.env._(
                "%(amount)s credited by %(name)s",
                amount=note.currency_id.format(note.amount_total),
                name=note.name,
            )
            tell(self, 'credited', note.create_date, text, note.ref or "")
            receivable = note._billing_receivable_lines()
            for line in receivable.matched_debit_ids.debit_move_id:
                payment = line.payment_id
                if payment.payment_type == 'outbound' and not payment.payment_transaction_id:
                    text = self.env._("%s given back", payment.currency_id.format(payment.amount))
                    name = payment.journal_id.name
                    tell(self, 'refunded', payment.create_date, text, name)

    def _billing_tell_changes(self, tell):
        zone = self.company_id._billing_zone().key
        for item in self.billing_item_ids.filtered('session_moved_to'):
            now_at = format_datetime(self.env, item.session_moved_to, tz=zone, dt_format='short')
            text = self.env._("A session was moved to %s after it was invoiced", now_at)
            tell(self, 'moved', item.event_id.write_date, text)
        if self.state == 'cancel':
            # Nothing of a cancelled invoice changes any more.
            tell(self, 'cancelled', self.write_date, self.env._("Cancelled"))
