import os
from datetime import datetime, timedelta

from freezegun import freeze_time
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from odoo import SUPERUSER_ID
from odoo.exceptions import UserError
from odoo.tests import tagged

from .sessions_common import SessionsCommon

NOW = datetime(2026, 3, 18, 12)
PRICE = 115
SHIFTS = (timedelta(hours=1), timedelta(hours=-2), timedelta(days=1), timedelta(days=-1))
EXAMPLES = int(os.environ.get('BILLING_EXAMPLES', 8))

place = st.integers(0, 5)
which = st.sampled_from(['all_events', 'future_events'])
shift = st.sampled_from(SHIFTS)
steps = st.one_of(
    st.tuples(st.just('shift'), place, which, shift),
    st.tuples(st.just('drag'), place, shift),
    st.tuples(st.just('rename'), place, which),
    st.tuples(st.just('resize'), place),
    st.tuples(st.just('repeat'), place, which, st.integers(2, 8)),
    st.tuples(st.just('weekday'), place),
    st.tuples(st.just('delete'), place),
    st.tuples(st.just('delete_series'), place, which),
    st.tuples(st.just('archive'), place),
    st.tuples(st.just('recreate'), place),
    st.tuples(st.just('mark'), place, st.sampled_from(['attended', 'no_show', 'cancelled'])),
    st.tuples(st.just('invoice'), place),
    st.tuples(st.just('invoice_all')),
    st.tuples(st.just('credit'), place),
    st.tuples(st.just('waive'), place),
    st.tuples(st.just('unwaive'), place),
    st.tuples(st.just('automatic')),
    st.tuples(st.just('find_due')),
)
people = st.sampled_from(['practitioner', 'front_desk', 'manager'])


@tagged('post_install', '-at_install')
class TestSessionsAtRandom(SessionsCommon):
    """Whatever is done in the calendar and at the desk, what was delivered is billed once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls.make_user('manager')
        clock = freeze_time(NOW)
        clock.start()
        cls.addClassCleanup(clock.stop)
        cls.env['practice.fee.rule'].create(
            {
                'company_id': cls.company.id,
                'attendance': 'no_show',
                'percent': 50,
                'fee_service_id': cls.service.id,
            }
        )

        cls.company.write(
            {'billing_auto': 'session', 'billing_auto_hours': 0, 'billing_auto_from': '2026-01-01'}
        )

    def test_what_was_delivered_is_billed_once_whatever_is_done(self):
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            # To shorten what fails takes many minutes.
            phases=(Phase.generate,),
        )
        @given(st.lists(st.tuples(people, steps), min_size=2, max_size=7))
        def check(sequence):
            savepoint = self.env.cr.savepoint(flush=True)
            try:
                self.begin()
                for person, (step, *arguments) in sequence:
                    self.person = getattr(self, person)
                    try:
                        with self.env.cr.savepoint():
                            getattr(self, f'do_{step}')(*arguments)
                    except UserError:
                        self.env.invalidate_all()  # refused in words
                    self.collect()
                    self.look()
            finally:
                savepoint.close(rollback=True)
                self.env.invalidate_all()

        check()

    # === THE WORLD === #

    def begin(self):
        """A weekly series of which four sessions are over; their items are there."""
        first = datetime(2026, 2, 24, 20)
        self.make_session(
            booked=-24 * 60,
            recurrency=True,
            rrule_type='weekly',
            tue=True,
            interval=1,
            end_type='count',
            count=6,
            event_tz='America/New_York',
            start=first,
            stop=first + timedelta(hours=1),
        )
        self.collect()
        self.delivered = self.all_items()
        self.assertEqual(len(self.delivered), 4)
        self.ahead = self.delivered.browse()

    def all_items(self):
        return self.env['practice.billing.item'].search([('client_id', '=', self.client.id)])

    def collect(self):
        Item = self.env['practice.billing.item']
        events = self.env['calendar.event'].browse(Item._get_ended_event_ids())
        Item._make_for_events(events)
        self.env.flush_all()
        self.env.invalidate_all()

    def look(self):
        items = self.all_items()
        # Nothing of what was delivered is forgotten, and it is worth what it was.
        # What was moved ahead is not delivered any more: deleted then, it leaves nothing.
        gone = self.delivered - self.delivered.exists()
        self.assertFalse(gone - self.ahead)
        self.delivered -= gone
        self.ahead = self.delivered.filtered(
            lambda item: item.event_id and item.event_id.stop > NOW
        )
        for item in self.delivered:
            missed = item.attendance in ('no_show', 'cancelled', 'late_cancelled')
            self.assertIn(
                item.state,
                ('not_billable', 'unbilled', 'invoiced', 'waived', 'to_confirm')
                if missed
                else ('unbilled', 'invoiced', 'waived', 'to_confirm'),
            )
            self.assertAlmostEqual(item.amount_total, PRICE / 2 if item.is_fee else PRICE)
        # Nothing else is billed without being asked, unless it is still to come.
        for item in items - self.delivered:
            if item.state in ('unbilled', 'invoiced', 'waived') and item not in self.prepaid:
                self.assertGreater(item.event_id.stop or item.date, NOW)
        # No item is on two live invoices, and each live invoice is worth its items.
        for item in items:
            self.assertLessEqual(len(item.invoice_line_ids.filtered('billing_is_live')), 1)
        for invoice in items.invoice_id:
            self.assertAlmostEqual(
                invoice.amount_total, sum(invoice.billing_item_ids.mapped('amount_total'))
            )

    @property
    def prepaid(self):
        """What was invoiced before its session took place."""
        return self.all_items().filtered(
            lambda item: item.invoice_line_ids and item.date > NOW - timedelta(days=2)
        )

    def sessions(self):
        return self.env['calendar.event'].search(
            [('user_id', '=', self.practitioner.id)], order='start, id'
        )

    def session(self, number):
        sessions = self.sessions().with_user(self.person)
        return sessions[number % len(sessions)] if sessions else sessions

    @property
    def desk(self):
        """Who does what practitioners may not."""
        return self.manager if self.person == self.manager else self.front_desk

    def item(self, number):
        items = self.all_items().sorted('id')
        return items[number % len(items)]

    # === WHAT PEOPLE DO === #

    def edit(self, number, update, **vals):
        event = self.session(number)
        if event.recurrence_id:
            event.write({'recurrence_update': update, **vals})

    def do_shift(self, number, update, by):
        event = self.session(number)
        if event:
            self.edit(number, update, start=event.start + by, stop=event.stop + by)

    def do_drag(self, number, by):
        for event in self.session(number):
            event.write({'start': event.start + by, 'stop': event.stop + by})

    def do_rename(self, number, update):
        self.edit(number, update, name="Renamed")

    def do_resize(self, number):
        for event in self.session(number):
            event.stop += timedelta(minutes=30)

    def do_repeat(self, number, update, count):
        self.edit(number, update, end_type='count', count=count)

    def do_weekday(self, number):
        self.edit(number, 'all_events', tue=False, mon=True)

    def do_delete(self, number):
        self.session(number).unlink()

    def do_delete_series(self, number, update):
        for event in self.session(number):
            if event.recurrence_id:
                event.action_mass_deletion(update)

    def do_archive(self, number):
        self.session(number).action_archive()

    def do_recreate(self, number):
        """As a synchronized calendar does."""
        for event in self.session(number):
            values = {'start': event.start, 'stop': event.stop}
            event.unlink()
            self.make_session(booked=0, **values)

    def do_mark(self, number, attendance):
        getattr(self.item(number).with_user(self.desk), f'action_billing_{attendance}')()

    def do_invoice(self, number):
        for event in self.session(number).with_user(self.desk):
            if 'to_confirm' not in self.items(event).mapped('state'):
                event.action_billing_invoice()

    def do_invoice_all(self):
        waiting = self.all_items().filtered(lambda item: item.state == 'unbilled')
        waiting.with_user(self.desk).action_billing_invoice()

    def do_credit(self, number):
        invoices = self.all_items().invoice_id.sorted('id')
        if invoices:
            self.credit(invoices[number % len(invoices)])

    def do_waive(self, number):
        self.item(number).with_user(self.desk)._waive("As agreed")

    def do_unwaive(self, number):
        self.item(number).with_user(self.desk).action_billing_unwaive()

    def run_crons(self, *names):
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            batches = self.env(cr=cr, user=SUPERUSER_ID)['practice.billing.batch']
            for name in names:
                getattr(batches, name)()
        self.env.invalidate_all()

    def do_find_due(self):
        """Automatic invoicing finds what is due; it is invoiced later, after other steps."""
        self.run_crons('_cron_automatic')

    def do_automatic(self):
        left = self.all_items().filtered(
            lambda item: item.state == 'to_confirm' or item.invoice_line_ids
        )
        invoices = left.invoice_line_ids.move_id
        self.run_crons('_cron_automatic', '_cron_invoice')
        # Neither what is to be confirmed nor what was credited goes by itself.
        self.assertEqual(left.invoice_line_ids.move_id, invoices)
