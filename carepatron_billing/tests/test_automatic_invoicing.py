from datetime import date, datetime, timedelta

from freezegun import freeze_time

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged

from ..models.automatic_invoicing.schedule import LAST_DAY, Schedule
from .sessions_common import SessionsCommon

# Thursday, 10:00 in New York.
NOW = datetime(2026, 3, 19, 14)
DAY = timedelta(days=1)
FRIDAY_EVENING = datetime(2026, 3, 20, 22)


@tagged('post_install', '-at_install')
class TestAutomaticInvoicing(SessionsCommon):
    """Sessions are invoiced by themselves when the rules say so, once, and never unasked."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        clock = freeze_time(NOW)
        cls.clock = clock.start()
        cls.addClassCleanup(clock.stop)
        cls.manager = cls.make_user('manager')

    def setUp(self):
        super().setUp()
        self.clock.move_to(NOW)

    def switch_on(self, cycle='weekly', **vals):
        self.company.with_user(self.manager).write(
            {'billing_auto': cycle, 'billing_auto_from': NOW.date() - 30 * DAY, **vals}
        )

    def session(self, clients=None, hours=-2, **vals):
        """A session that has ended, and was booked long before."""
        return self.make_session(clients, hours=hours, booked=hours - 240, **vals)

    def run_at(self, moment):
        """Run the crons as they would run at a moment."""
        self.clock.move_to(moment)
        with self.enter_registry_test_mode():
            for name in ('ir_cron_automatic_invoices', 'ir_cron_invoice_batches'):
                self.env.ref(f'carepatron_billing.{name}').method_direct_trigger()
        self.env.invalidate_all()

    def records(self):
        return self.env['practice.billing.batch'].search([('is_automatic', '=', True)])

    # === WHEN === #

    def test_week_is_invoiced_and_sent_on_its_day_and_hour_once(self):
        self.switch_on(billing_auto_send=True)
        events = self.session() | self.session(hours=-26)
        self.run_at(FRIDAY_EVENING - timedelta(minutes=1))
        self.assertEqual(self.items(events).mapped('state'), ['unbilled'] * 2)
        self.run_at(FRIDAY_EVENING)
        [invoice] = self.items(events).invoice_id
        self.assertEqual(invoice.amount_total, 230)
        self.assertEqual(invoice.invoice_date, date(2026, 3, 20))
        self.assertTrue(invoice.billing_link_sent_at)
        sent = invoice.message_ids
        for later in (timedelta(minutes=15), DAY, 8 * DAY):
            self.run_at(FRIDAY_EVENING + later)
        self.assertEqual(self.items(events).invoice_line_ids.move_id, invoice)
        self.assertEqual(invoice.message_ids, sent)
        self.assertRecordValues(
            self.records(),
            [{'invoice_count': 1, 'sent_count': 1, 'note_count': 0, 'is_open': False}],
        )

    def test_session_is_invoiced_some_hours_after_its_end(self):
        self.switch_on('session', billing_auto_hours=3, billing_auto_mode='session')
        event = self.session()  # ended an hour ago
        self.run_at(NOW + timedelta(minutes=119))
        self.assertEqual(self.items(event).state, 'unbilled')
        self.run_at(NOW + timedelta(hours=2))
        self.assertEqual(self.items(event).state, 'invoiced')
        self.assertFalse(self.items(event).invoice_id.billing_link_sent_at)

    def test_practice_that_did_not_ask_for_it_is_left_alone(self):
        event = self.session()
        self.run_at(NOW + 40 * DAY)
        self.assertEqual(self.items(event).state, 'unbilled')
        self.assertFalse(self.records())

    def test_days_without_service_are_made_up_for_once(self):
        self.switch_on('daily')
        events = self.session() | self.session(hours=22) | self.session(hours=46)
        self.run_at(NOW + 30 * DAY)
        [invoice] = self.items(events).invoice_id
        self.assertEqual(len(invoice.invoice_line_ids), 3)
        self.assertEqual(len(self.records()), 1)

    def test_monthly_falls_on_the_last_day_of_each_month(self):
        schedule = Schedule('monthly', 0, int(LAST_DAY))
        days = [date(2028, 1, 31)]
        while len(days) < 4:
            days.append(schedule.next_day(days[-1] + DAY))
        self.assertEqual(days[1:], [date(2028, 2, 29), date(2028, 3, 31), date(2028, 4, 30)])
        self.switch_on('monthly')
        event = self.session()
        self.run_at(datetime(2026, 3, 31, 21, 59))
        self.assertEqual(self.items(event).state, 'unbilled')
        self.run_at(datetime(2026, 3, 31, 22))
        self.assertEqual(self.items(event).invoice_id.invoice_date, date(2026, 3, 31))

    def test_each_day_has_one_moment_also_when_clocks_change(self):
        # 2:30 comes not at all on 8 March 2026, and twice on 1 November.
        for hour in (2.5, 18.0):
            self.company.billing_auto_hour = hour
            for first in (datetime(2026, 3, 6), datetime(2026, 10, 30)):
                after, days = first, []
                for _day in range(5):
                    after = self.company._billing_next_moment(Schedule('daily', 0, 1), after)
                    days.append(self.company._billing_day(after))
                    after += timedelta(seconds=1)
                self.assertEqual(days, [days[0] + n * DAY for n in range(5)])
        self.company.billing_auto_hour = 18
        moment = self.company._billing_next_moment(Schedule('weekly', 6, 1), datetime(2026, 3, 7))
        self.assertEqual(moment, datetime(2026, 3, 8, 22))

    def test_new_rule_is_not_applied_to_moments_that_are_over(self):
        event = self.session(hours=-50)  # Tuesday
        self.run_at(NOW)
        self.switch_on(billing_auto_weekday='2')  # Wednesday is over
        self.run_at(NOW + DAY)
        self.assertEqual(self.items(event).state, 'unbilled')
        self.run_at(NOW + 7 * DAY)
        self.assertEqual(self.items(event).state, 'invoiced')

    def test_switched_on_it_leaves_older_sessions_to_people(self):
        old = self.session(hours=-26)
        self.company.with_user(self.manager).billing_auto = 'daily'
        new = self.session()
        self.run_at(NOW + DAY)
        self.assertEqual(self.items(old).state, 'unbilled')
        self.assertEqual(self.items(new).state, 'invoiced')

    def test_impossible_hour_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "time of day"):
            self.company.billing_auto_hour = 24

    # === WHOSE === #

    def test_own_rule_of_a_contact_comes_before_the_practice_s(self):
        self.switch_on('daily')
        self.client.billing_auto = 'off'
        self.other_client.write(
            {'billing_auto': 'weekly', 'billing_auto_weekday': '4', 'billing_auto_send': 'yes'}
        )
        third = self.client.copy({'name': "Cleo", 'email': "cleo@example.com"})
        never, friday, daily = (
            self.session(one) for one in (self.client, self.other_client, third)
        )
        self.run_at(NOW + timedelta(hours=9))
        self.assertEqual(
            [self.items(one).state for one in (never, friday, daily)],
            ['unbilled', 'unbilled', 'invoiced'],
        )
        self.run_at(FRIDAY_EVENING + 9 * DAY)
        self.assertEqual(self.items(never).state, 'unbilled')
        self.assertTrue(self.items(friday).invoice_id.billing_link_sent_at)

    def test_payer_of_several_clients_gets_one_invoice(self):
        self.switch_on()
        insurer = self.env['res.partner'].create({'name': "Insurer", 'is_company': True})
        for client in (self.client, self.other_client):
            client.billing_share_ids = [
                (0, 0, {'payer_id': insurer.id, 'kind': 'percent', 'percent': 80})
            ]
        insurer.write({'billing_auto': 'monthly', 'billing_auto_month_day': LAST_DAY})
        events = self.session() | self.session(self.other_client)
        self.run_at(FRIDAY_EVENING)
        self.assertEqual(self.items(events).invoice_id.partner_id, self.client | self.other_client)
        self.run_at(datetime(2026, 3, 31, 22))
        [invoice] = self.items(events).invoice_id.filtered(lambda one: one.partner_id == insurer)
        self.assertEqual(invoice.amount_total, 184)

    def test_paused_client_waits_with_a_reason_until_the_pause_is_over(self):
        self.switch_on('daily')
        self.client.write(
            {
                'billing_auto_paused': True,
                'billing_auto_paused_until': date(2026, 3, 22),
                'billing_auto_pause_reason': "Insurer decides",
            }
        )
        event = self.session()
        self.run_at(NOW + timedelta(hours=9))
        self.run_at(FRIDAY_EVENING + timedelta(hours=1))
        self.assertEqual(self.items(event).state, 'unbilled')
        notes = self.records().note_ids
        self.assertEqual(len(notes), 2)
        self.assertIn("Insurer decides", notes[0].reason)
        self.run_at(datetime(2026, 3, 21, 22))
        self.assertEqual(self.items(event).state, 'unbilled')
        self.run_at(datetime(2026, 3, 22, 21, 59))
        self.assertEqual(self.items(event).state, 'unbilled')
        self.run_at(datetime(2026, 3, 22, 22))
        self.assertEqual(self.items(event).state, 'invoiced')

    # === WHAT NOT === #

    def test_what_is_to_be_confirmed_never_goes_by_itself(self):
        self.switch_on('daily')
        event = self.make_session(booked=0)
        for day in range(3):
            self.run_at(NOW + timedelta(hours=9) + day * DAY)
        self.assertEqual(self.items(event).state, 'to_confirm')
        self.assertEqual(self.records().mapped('note_count'), [1, 1, 1])
        self.items(event).with_user(self.front_desk).action_billing_confirm()
        self.run_at(NOW + timedelta(hours=9) + 3 * DAY)
        self.assertEqual(self.items(event).state, 'invoiced')

    def test_credited_session_is_left_to_people(self):
        self.switch_on('session')
        event = self.session()
        self.run_at(NOW + timedelta(hours=1))
        self.credit(self.items(event).invoice_id)
        for day in range(3):
            self.run_at(NOW + timedelta(hours=9) + day * DAY)
        self.assertEqual(self.items(event).state, 'unbilled')
        self.assertIn("credited", self.records().note_ids[0].reason)

    def test_what_is_credited_before_its_turn_came_is_left_to_people(self):
        self.switch_on('session', billing_auto_hours=0)
        event = self.session()
        with self.enter_registry_test_mode():
            self.env.ref('carepatron_billing.ir_cron_automatic_invoices').method_direct_trigger()
        self.env.invalidate_all()
        self.assertTrue(self.items(event).batch_id.is_open)
        self.credit(self.invoice(event))
        self.run_at(NOW)
        self.assertEqual(self.items(event).state, 'unbilled')
        self.assertIn("credited", self.records().note_ids.reason)

    def test_what_is_missing_is_named_and_the_rest_goes_on(self):
        self.switch_on('daily', billing_auto_send=True)
        free = self.env['product.product'].create({'name': "Without price", 'type': 'service'})
        free.list_price = 0
        broken = self.session(billing_service_id=free.id)
        fine = self.session(self.other_client)
        self.other_client.email = False
        self.run_at(NOW + timedelta(hours=9))
        item = self.items(broken)
        self.assertRecordValues(item, [{'state': 'unbilled', 'batch_error': "Without a price"}])
        self.assertEqual(self.items(fine).state, 'invoiced')
        notes = {note.item_id: note.reason for note in self.records().note_ids}
        self.assertEqual(notes[item], "Without a price")
        self.assertIn("no e-mail", notes[self.items(fine)])
        self.assertEqual(self.records().sent_count, 0)
        # Mended, it goes the next time; not before, and what was not sent is not sent unasked.
        item.price_unit = 50
        self.other_client.email = 'bo@example.com'
        self.run_at(NOW + timedelta(hours=10))
        self.assertEqual(item.state, 'unbilled')
        self.run_at(NOW + timedelta(hours=9) + DAY)
        self.assertRecordValues(item, [{'state': 'invoiced', 'batch_error': False}])
        self.assertFalse(self.items(fine).invoice_id.billing_link_sent_at)

    def test_record_of_the_day_is_the_manager_s_and_the_desk_s(self):
        self.switch_on('daily')
        self.session()
        self.make_session(self.other_client, booked=0)
        self.run_at(NOW + timedelta(hours=9))
        record = self.records()
        for user in (self.manager, self.front_desk):
            seen = record.with_user(user)
            self.assertEqual((seen.invoice_count, seen.amounts), (1, "$\N{NO-BREAK SPACE}115.00"))
            self.assertIn("Bo", seen.note_ids.name)
        with self.assertRaises(AccessError):
            record.with_user(self.practitioner).read(['amounts'])
        with self.assertRaises(AccessError):
            record.note_ids.with_user(self.practitioner).read(['name'])
