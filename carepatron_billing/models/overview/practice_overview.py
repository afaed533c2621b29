"""The app's first screen: how the practice's money stands today, and what somebody has to do."""

from datetime import datetime, timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_amount, format_date, format_time

from ...const import PROVIDER_CODE
from ..invoices.account_move_status import UNPAID

FRONT_DESK = 'carepatron_billing.group_front_desk'
MANAGER = 'carepatron_billing.group_manager'
MOST_SESSIONS = 60
# A mail that failed longer ago was seen to, or no longer matters.
MAIL_DAYS = 30


class PracticeOverview(models.AbstractModel):
    """Figures by aggregates alone: as many queries for ten invoices as for ten thousand.

    Everything is read with the user's own rights, but for what says so, so that a practitioner
    sees own sessions only.
    """

    _name = 'practice.overview'
    _description = "Overview"

    # === BUSINESS METHODS === #

    @api.model
    def get_overview(self):
        """Return all that the screen shows, for the companies that are switched on.

        :rtype: dict
        :raise AccessError: if the user has no role of Billing & Payments
        """
        self.env['practice.billing.item'].check_access('read')
        company = self.env.company
        is_desk = self.env.user.has_group(FRONT_DESK)
        is_manager = self.env.user.has_group(MANAGER)
        sessions = self._get_sessions()
        uninvoiced, to_confirm = self._read_uninvoiced()
        return {
            'today': format_date(self.env, company._billing_today(), date_format='full'),
            'company': company.name,
            'company_id': company.id,
            'is_desk': is_desk,
            'is_manager': is_manager,
            'figures': self._get_figures(uninvoiced, is_desk),
            'troubles': self._get_troubles(to_confirm, is_desk, is_manager),
            'sessions': sessions[:MOST_SESSIONS],
            'sessions_left_out': max(len(sessions) - MOST_SESSIONS, 0),
            'steps': company._billing_first_steps() if is_manager else False,
            'steps_hidden': is_manager and company.billing_first_steps_hidden,
        }

    @api.model
    def open_trouble(self, kind):
        """Return the action that shows what is amiss.

        :param str kind: of `_get_troubles`
        :rtype: dict
        """
        self.env['practice.billing.item'].check_access('read')
        act_window = self.env['ir.actions.act_window']
        if kind == 'stripe':
            return self.env['res.company']._billing_action_settings()
        if kind == 'events':
            action = act_window._for_xml_id('carepatron_billing.practice_stripe_event_action')
            return {**action, 'context': {'search_default_failed': 1}}
        if kind == 'alarms':
            action = act_window._for_xml_id('carepatron_billing.practice_link_alarm_action')
            return {**action, 'domain': self.env['practice.link.alarm']._recent()}
        if kind in ('failed', 'confirm'):
            action = act_window._for_xml_id('carepatron_billing.practice_billing_item_action')
            if kind == 'confirm':
                return {**action, 'context': {'search_default_to_confirm': 1}}
            return {**action, 'domain': self._failed_items(), 'context': {}}
        if kind == 'reminders':
            action = act_window._for_xml_id('carepatron_billing.practice_reminder_action')
            return {**action, 'domain': self._failed_reminders(), 'context': {}}
        action = act_window._for_xml_id('carepatron_billing.account_move_billing_action')
        domain = self._credit_drafts() if kind == 'credits' else self._unsent_invoices()
        return {**action, 'domain': domain, 'context': {'create': False}}

    # === FIGURES === #

    @api.model
    def _get_figures(self, uninvoiced, is_desk):
        waiting, overdue = self._read_unpaid()
        figures = [
            self._figure(
                'uninvoiced',
                self.env._("Not invoiced yet"),
                uninvoiced,
                (self.env._("session"), self.env._("sessions")),
                self.env._("All that took place is invoiced."),
                'carepatron_billing.practice_billing_item_action',
            ),
            self._figure(
                'waiting',
                self.env._("Waiting for payment"),
                waiting,
                (self.env._("invoice"), self.env._("invoices")),
                self.env._("Nobody owes you anything."),
                'carepatron_billing.account_move_billing_action',
                'search_default_unpaid',
            ),
            self._figure(
                'overdue',
                self.env._("Of these, overdue"),
                overdue,
                (self.env._("invoice"), self.env._("invoices")),
                self.env._("Nothing is overdue."),
                'carepatron_billing.account_move_billing_action',
                'search_default_overdue',
            ),
        ]
        if is_desk:
            figures.append(
                self._figure(
                    'paid',
                    self.env._("Paid this month"),
                    self._read_paid(),
                    (self.env._("payment"), self.env._("payments")),
                    self.env._("No payment yet this month."),
                    'carepatron_billing.account_payment_billing_action',
                    'search_default_month',
                )
            )
        return figures

    @api.model
    def _read_uninvoiced(self):
        """Return what waits to be invoiced, and how many sessions of it are to be confirmed."""
        groups = self.env['practice.billing.item']._read_group(
            [
                ('company_id', 'in', self.env.companies.ids),
                ('state', 'in', ('unbilled', 'to_confirm')),
            ],
            ['company_id', 'currency_id', 'state'],
            ['amount_total:sum', '__count'],
        )
        to_confirm = sum(count for *_key, state, _sum, count in groups if state == 'to_confirm')
        return self._sum_up(groups), to_confirm

    @api.model
    def _read_unpaid(self):
        """Return what is open, and what of it is overdue, in one pass over the invoices."""
        today = self.env.company._billing_today()
        groups = self.env['account.move']._read_group(
            [('company_id', 'in', self.env.companies.ids), *UNPAID],
            ['company_id', 'currency_id', 'invoice_date_due:day'],
            ['amount_residual:sum', '__count'],
        )
        late = [group for group in groups if group[2] and group[2] < today]
        return self._sum_up(groups), self._sum_up(late)

    @api.model
    def _sum_up(self, groups):
        """Return one line for each practice and currency.

        :param list groups: practice, currency, anything else, an amount and a number
        :rtype: list[tuple[res.company, res.currency, float, int]]
        """
        sums = {}
        for company, currency, *_rest, amount, count in groups:
            total, number = sums.get((company, currency), (0.0, 0))
            sums[company, currency] = total + amount, number + count
        return [(*key, *values) for key, values in sums.items()]

    @api.model
    def _read_paid(self):
        """Return what clients paid this month, less what was given back."""
        groups = self.env['account.payment']._read_group(
            [
                ('company_id', 'in', self.env.companies.ids),
                ('partner_type', '=', 'customer'),
                ('state', 'in', ('in_process', 'paid')),
                ('date', '>=', self.env.company._billing_today().replace(day=1)),
            ],
            ['company_id', 'currency_id', 'payment_type'],
            ['amount:sum', '__count'],
        )
        return self._sum_up(
            (company, currency, amount if kind == 'inbound' else -amount, count)
            for company, currency, kind, amount, count in groups
        )

    @api.model
    def _figure(self, key, label, groups, units, empty, action, *filters):
        several = len({company for company, *_rest in groups}) > 1
        number = sum(count for *_rest, count in groups)
        return {
            'key': key,
            'label': label,
            'unit': units[number != 1],
            'empty': empty,
            'count': number,
            'lines': [
                {
                    'amount': format_amount(self.env, amount, currency),
                    'company': company.name if several else '',
                }
                for company, currency, amount, _count in groups
            ],
            'action': action,
            'context': dict.fromkeys(filters, 1),
        }

    # === WHAT NEEDS A LOOK === #

    @api.model
    def _get_troubles(self, to_confirm, is_desk, is_manager):
        """Return what is stuck, each with what to do about it, the worst first."""
        own = [('company_id', 'in', self.env.companies.ids)]
        Item = self.env['practice.billing.item']
        found = []

        def note(kind, count, text, advice, button):
            if count:
                found.append(
                    {
                        'kind': kind,
                        'count': 0 if kind == 'stripe' else count,
                        'text': text,
                        'advice': advice,
                        'button': button,
                    }
                )

        if is_manager:
            problem = self._stripe_problem()
            note('stripe', problem, problem, '', self.env._("Open settings"))
            events = self.env['practice.stripe.event'].search_count(
                [*own, ('state', '=', 'failed')]
            )
            note(
                'events',
                events,
                self.env._("Reports of Stripe that could not be booked"),
                self.env._("Each says why. Mend that, then retry it."),
                self.env._("Look at them"),
            )
            drafts = self.env['account.move'].search_count(self._credit_drafts())
            note(
                'credits',
                drafts,
                self.env._("Credit notes that wait for your check"),
                self.env._("Money was given back at Stripe. Check them, then confirm."),
                self.env._("Check them"),
            )
            alarms = self.env['practice.link.alarm']
            note(
                'alarms',
                len(set(alarms.search(alarms._recent()).mapped('day'))),
                self.env._("Days on which somebody tried out payment links or codes"),
                self.env._("They were shut out. If it goes on, tell whoever runs the server."),
                self.env._("Look at them"),
            )
        failed = Item.search_count(self._failed_items())
        note(
            'failed',
            failed,
            self.env._("Sessions that could not be invoiced, or not sent"),
            self.env._("Each says what is missing."),
            self.env._("Look at them"),
        )
        unsent = self.env['account.move'].search_count(self._unsent_invoices())
        note(
            'mails',
            unsent,
            self.env._("Invoices whose mail did not arrive"),
            self.env._("Correct the address and send the link again."),
            self.env._("Look at them"),
        )
        if is_desk:
            reminders = self.env['practice.reminder'].search_count(self._failed_reminders())
            note(
                'reminders',
                reminders,
                self.env._("Reminders that did not arrive"),
                self.env._("Each says why. Correct the payer's address, or call."),
                self.env._("Look at them"),
            )
        note(
            'confirm',
            to_confirm,
            self.env._("Sessions that wait for a word from you"),
            self.env._("Did they take place? Confirm them, or don't bill them."),
            self.env._("Confirm"),
        )
        return found

    @api.model
    def _stripe_problem(self):
        companies = self.env.companies
        providers_sudo = (
            self.env['payment.provider']
            .sudo()
            .search(
                [
                    ('code', '=', PROVIDER_CODE),
                    ('company_id', 'in', (companies | companies.root_id).ids),
                    ('stripe_payment_link_problem', '!=', False),
                ]
            )
        )
        for provider_sudo in providers_sudo:
            return self.env.company._billing_stripe_problem_text(provider_sudo)
        return False

    @api.model
    def _failed_items(self):
        return Domain('company_id', 'in', self.env.companies.ids) & Domain(
            'batch_error', '!=', False
        )

    @api.model
    def _failed_reminders(self):
        since = self.env.company._billing_today() - timedelta(days=MAIL_DAYS)
        return [
            ('company_id', 'in', self.env.companies.ids),
            ('state', 'in', ('failed', 'refused', 'bounced', 'uncertain')),
            ('day', '>=', since),
            ('move_id', 'any', UNPAID),
        ]

    @api.model
    def _credit_drafts(self):
        return [
            ('company_id', 'in', self.env.companies.ids),
            ('state', '=', 'draft'),
            ('billing_refund_id', '!=', False),
        ]

    @api.model
    def _unsent_invoices(self):
        """Find unpaid invoices whose last mail failed or came back."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT message.res_id
                  FROM mail_notification notification
                  JOIN mail_message message ON message.id = notification.mail_message_id
                 WHERE notification.notification_type = 'email'
                   AND notification.notification_status IN ('bounce', 'exception')
                   AND message.model = 'account.move'
                   AND message.date > %s
                   AND NOT EXISTS (
                        SELECT 1
                          FROM mail_message later
                          JOIN mail_notification told ON told.mail_message_id = later.id
                         WHERE later.model = 'account.move'
                           AND later.res_id = message.res_id
                           AND later.id > message.id
                           AND told.notification_type = 'email'
                           AND told.notification_status NOT IN ('bounce', 'exception')
                   )
                """,
                fields.Datetime.now() - timedelta(days=MAIL_DAYS),
            )
        )
        return [
            *UNPAID,
            ('company_id', 'in', self.env.companies.ids),
            ('id', 'in', [move_id for (move_id,) in rows]),
        ]

    # === SESSIONS === #

    @api.model
    def _get_sessions(self):
        """Return today's sessions that the user may see, in their order."""
        company, user = self.env.company, self.env.user
        today = company._billing_today()
        begin = company._billing_moment(today, datetime.min.time())
        end = company._billing_moment(today + timedelta(days=1), datetime.min.time())
        self.env['calendar.event'].flush_model(['start', 'allday', 'active', 'billing_service_id'])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id, start, allday
                  FROM calendar_event
                 WHERE active
                   AND billing_service_id IS NOT NULL
                   AND CASE WHEN allday THEN start::date = %s ELSE start >= %s AND start < %s END
                   AND start >= %s AND start < %s
                   %s
                 ORDER BY allday DESC, start, id
                """,
                today,
                begin,
                end,
                begin - timedelta(days=1),
                end + timedelta(days=1),
                SQL() if user.has_group(FRONT_DESK) else SQL("AND user_id = %s", user.id),
            )
        )
        events = self.env['calendar.event'].browse([event_id for event_id, *_rest in rows])
        facts = events._billing_facts()
        items_sudo = (
            self.env['practice.billing.item'].sudo().search([('event_id', 'in', events.ids)])
        )
        items = items_sudo.grouped('event_id')
        states = events._billing_read_states()
        marks = dict(events._fields['billing_attendance']._description_selection(self.env))
        now = fields.Datetime.now()
        sessions = []
        for event_id, start, allday in rows:
            event = events.browse(event_id)
            fact = facts[event]
            if not event._billing_may_see(fact):
                continue
            event_items = items.get(event, items_sudo.browse())
            attendance = set(event_items.mapped('attendance'))
            mark = attendance.pop() if len(attendance) == 1 else False
            sessions.append(
                {
                    'id': event_id,
                    'time': (
                        self.env._("All day")
                        if allday
                        else format_time(
                            self.env, start, tz=company._billing_zone().key, time_format='short'
                        )
                    ),
                    'clients': ", ".join((fact.clients | event_items.client_id).mapped('name')),
                    'practitioner': fact.practitioner.sudo().name,
                    'service': fact.service.name,
                    'state': states.get(event_id, False),
                    'mark': marks.get(mark, ''),
                    'is_over': fact.ends <= now,
                }
            )
        return sessions
