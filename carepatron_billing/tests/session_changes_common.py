from datetime import datetime

from freezegun import freeze_time

from .sessions_common import SessionsCommon

# A Wednesday; the series below has sessions before and after it.
NOW = datetime(2026, 3, 18, 12)


class SessionChangesCommon(SessionsCommon):
    """On a certain day, a series of sessions, some of which are over."""

    def setUp(self):
        super().setUp()
        clock = freeze_time(NOW)
        clock.start()
        self.addCleanup(clock.stop)

    def make_items(self, events):
        return self.env['practice.billing.item']._make_for_events(events)

    def make_series(self, **vals):
        """Ten weekly sessions on Tuesdays at 15:00 in New York, four of which are over; the clock
        there changes before the second one."""
        return self.make_session(
            booked=-24 * 60,
            recurrency=True,
            rrule_type='weekly',
            tue=True,
            interval=1,
            end_type='count',
            count=10,
            event_tz='America/New_York',
            start=datetime(2026, 2, 24, 20),
            stop=datetime(2026, 2, 24, 21),
            **vals,
        ).recurrence_id.calendar_event_ids.sorted('start')

    def deliver(self, series, invoiced=0):
        """Make the items of what is over, and invoice the first few."""
        items = self.make_items(series.filtered(lambda event: event.stop < NOW))
        items = items.sorted('date')
        for item in items[:invoiced]:
            item._invoice()
        return items

    def edit(self, event, which, **vals):
        event.with_user(self.practitioner).write({'recurrence_update': which, **vals})
        self.env.flush_all()
        self.env.invalidate_all()

    def run_cron(self):
        with self.enter_registry_test_mode():
            self.env.ref('carepatron_billing.ir_cron_make_items').method_direct_trigger()

    def all_items(self):
        return self.env['practice.billing.item'].search([('client_id', '=', self.client.id)])
