from collections import defaultdict
from datetime import date, timedelta

from odoo import api, models
from odoo.tools import SQL, email_normalize, format_date

from ..invoices.account_move_status import UNPAID_STATES
from .plan import Instalment

# Attempts of these states count: the same reminder is not sent again.
HANDLED = ('queued', 'sending', 'sent', 'uncertain', 'skipped')
# Mails of these states came back, or were not taken: the address is of no use.
RETURNED = ('bounced', 'refused')
# Days that the plan looks ahead.
AHEAD = 7
NEVER = date.max


class PracticeReminderRule(models.Model):
    """What is due by the rules: set by set, in a number of queries that never grows."""

    _inherit = 'practice.reminder.rule'

    @api.model
    def _get_active(self, company):
        """Return the rules of a company that are on."""
        return self.search([('company_id', '=', company.id), ('is_on', '=', True)])

    @api.model
    def _load(
        self, company, moves: models.Model | None = None, rules=None, ahead: int = AHEAD
    ) -> list[Instalment]:
        """Return all open instalments of a company, and what decides about reminding of them.

        :param moves: only these invoices
        :param rules: instead of those that are on
        :param ahead: how many days the caller looks ahead
        """
        self.env.flush_all()
        rules = self._get_active(company) if rules is None else rules
        timings = {rule: rule._timing() for rule in rules}
        today = company._billing_today()
        lead = max((0, *(-timing.offset for timing in timings.values())))
        rows = self._open_rows(company, today + timedelta(lead + ahead), moves)
        if not rows:
            return []
        ids = tuple({row['move_id'] for row in rows})
        handled = self._handled(ids)
        clients = self._clients(ids)
        holds = self._holds(company, today, rows, clients)
        choices = self._choices(rules, ids, clients)
        chosen = {}
        instalments = []
        for row in rows:
            matching = tuple(
                rule.id for rule in rules if choices[rule](row['move_id'], row['partner_id'], row)
            )
            if matching not in chosen:
                chosen[matching] = tuple(timings[rule] for rule in self.browse(matching))
            free_on, hold = holds(row)
            instalments.append(
                Instalment(
                    row['move_id'],
                    row['partner_id'],
                    row['due'],
                    float(row['amount']),
                    float(row['residual']),
                    chosen[matching],
                    free_on=free_on,
                    hold=hold,
                    **handled.get((row['move_id'], row['due']), {}),
                )
            )
        return instalments

    # === HELPERS === #

    def _open_rows(self, company, until, moves):
        """Return the open instalments that are due until a day, one row for each."""
        conditions = [SQL('line.date_maturity <= %s', until)]
        if moves is not None:
            conditions.append(SQL('move.id IN %s', tuple(moves.ids or [0])))
        return self.env.execute_query_dict(
            SQL(
                """
                SELECT line.move_id, move.partner_id, line.date_maturity AS due,
                       SUM(line.amount_residual_currency) AS amount,
                       move.amount_residual AS residual,
                       move.amount_residual_signed AS residual_company,
                       partner.email,
                       GREATEST(own.sent_at, everything.sent_at) AS sent_at,
                       %s AS is_processing
                  FROM account_move_line line
                  JOIN account_move move ON move.id = line.move_id
                  JOIN res_partner partner ON partner.id = move.partner_id
             LEFT JOIN practice_payment_link own
                    ON own.move_id = move.id AND own.revoked_at IS NULL
             LEFT JOIN practice_payment_link everything
                    ON everything.move_id IS NULL AND everything.revoked_at IS NULL
                   AND everything.payer_id = move.partner_id
                   AND everything.company_id = move.company_id
                   AND everything.currency_id = move.currency_id
                 WHERE move.company_id = %s
                   AND move.move_type = 'out_invoice'
                   AND move.state = 'posted'
                   AND move.payment_state IN %s
                   AND line.display_type = 'payment_term'
                   AND NOT line.reconciled
                   AND line.amount_residual_currency > 0
                   AND %s
              GROUP BY line.move_id, line.date_maturity, move.id, partner.id,
                       own.sent_at, everything.sent_at
              ORDER BY line.date_maturity, line.move_id
                """,
                self.env['account.move']._billing_processing_sql(),
                company.id,
                UNPAID_STATES,
                SQL(' AND ').join(conditions),
            )
        )

    def _handled(self, ids):
        """Return what was sent or skipped already, by invoice and due date."""
        handled, last = defaultdict(set), {}
        for move, due, rule, number, day, state in self.env.execute_query(
            SQL(
                """
                SELECT move_id, due_date, rule_id, number, day, state FROM practice_reminder
                 WHERE move_id IN %s AND state IN %s
                """,
                ids,
                HANDLED,
            )
        ):
            handled[move, due].add((rule, number))
            if state != 'skipped':
                last[move, due] = max(day, last.get((move, due), day))
        return {
            key: {'handled': frozenset(steps), **({'last': last[key]} if key in last else {})}
            for key, steps in handled.items()
        }

    def _clients(self, ids):
        """Return whose sessions the invoices bill, by invoice; the payer may be somebody else."""
        clients = defaultdict(set)
        for move, client in self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT line.move_id, item.client_id
                  FROM account_move_line line
                  JOIN practice_billing_item item ON item.id = line.billing_item_id
                 WHERE line.move_id IN %s
                """,
                ids,
            )
        ):
            clients[move].add(client)
        return clients

    def _holds(self, company, today, rows, clients):
        """Return a function that gives the day from which an instalment is free, and what holds
        it back until then."""
        paused_moves, paused_partners = self._pauses(company, today)
        returned = self._returned(company)
        quiet = company.billing_reminder_quiet_days
        sent_days = {}

        def hold(row):
            if row['is_processing']:
                return NEVER, 'processing'
            address = email_normalize(row['email'] or '')
            if not address:
                return NEVER, 'no_address'
            if address in returned:
                return NEVER, 'address'
            reasons = [(date.min, '')]
            reasons.append(paused_moves.get(row['move_id'], reasons[0]))
            for partner in (row['partner_id'], *clients.get(row['move_id'], ())):
                reasons.append(paused_partners.get(partner, reasons[0]))
            sent_at = row['sent_at']
            if sent_at:
                if sent_at not in sent_days:
                    sent_days[sent_at] = company._billing_day(sent_at)
                reasons.append((sent_days[sent_at] + timedelta(quiet), 'sent'))
            free_on, reason = max(reasons)
            return (free_on, reason) if free_on > today else (date.min, '')

        return hold

    def _pauses(self, company, today):
        """Return for paused invoices, and for paused payers and clients, when they are free."""
        moves, partners = {}, {}
        for pause in (
            self.env['practice.reminder.pause']
            .sudo()
            .search_fetch(
                [
                    ('company_id', '=', company.id),
                    ('until', '>=', today),
                    ('ended_at', '=', False),
                ],
                ['move_id', 'partner_id', 'reason', 'until'],
            )
        ):
            places, key = (
                (moves, pause.move_id.id) if pause.move_id else (partners, pause.partner_id.id)
            )
            held = pause.until + timedelta(1), f'paused_{pause.reason}'
            places[key] = max(places.get(key, held), held)
        return moves, partners

    def _returned(self, company):
        """Return the addresses that mails came back from."""
        return {
            address
            for (address,) in self.env.execute_query(
                SQL(
                    """
                    SELECT DISTINCT email FROM practice_reminder_mail
                     WHERE company_id = %s AND state IN %s AND is_dismissed IS NOT TRUE
                    """,
                    company.id,
                    RETURNED,
                )
            )
        }

    def _choices(self, rules, ids, clients):
        """Return for each rule a function that tells whether it is meant for an invoice."""
        templates = {}
        if 'template' in rules.mapped('audience'):
            moves = self.env['account.move'].sudo().browse(ids)
            templates = {move.id: move._billing_template().id for move in moves}
        tagged = {}
        for tag in rules.filtered(lambda rule: rule.audience == 'tag').tag_id:
            found = self.env['res.partner'].sudo()._search([('category_id', 'child_of', tag.ids)])
            tagged[tag.id] = set(found.get_result_ids())

        def make(rule):
            if rule.audience == 'amount':
                return lambda move, payer, row: row['residual_company'] >= rule.minimum
            if rule.audience == 'template':
                wanted = rule.invoice_template_id.id
                return lambda move, payer, row: templates[move] == wanted
            if rule.audience == 'tag':
                people = tagged[rule.tag_id.id]
                return lambda move, payer, row: (
                    payer in people or not people.isdisjoint(clients.get(move, ()))
                )
            return lambda move, payer, row: True

        return {rule: make(rule) for rule in rules}

    @api.model
    def _hold_words(self, hold: str, free_on):
        """Return in words for the desk what holds a reminder back.

        :param hold: as in `Instalment`
        :param datetime.date free_on: the first free day
        """
        words = {
            'processing': self.env._("A payment is under way."),
            'no_address': self.env._("The payer has no e-mail address."),
            'address': self.env._("Mails to this address come back. Correct it to go on."),
        }
        if hold in words:
            return words[hold]
        until = format_date(self.env, free_on - timedelta(1))
        if hold == 'sent':
            return self.env._("The link was sent by hand; reminders wait until %s.", until)
        reason = hold.removeprefix('paused_')
        reasons = self.env['practice.reminder.pause']._fields['reason']
        return self.env._(
            "Paused until %(day)s (%(reason)s).",
            day=until,
            reason=dict(reasons._description_selection(self.env))[reason].lower(),
        )
