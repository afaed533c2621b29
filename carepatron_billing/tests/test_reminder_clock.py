import os
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from odoo.tests import tagged

from .reminders_common import NOW, RemindersCommon

UTC = ZoneInfo('UTC')
YEAR = datetime(2026, 1, 1)
EXAMPLES = int(os.environ.get('BILLING_EXAMPLES', 3))
# North and south, by half an hour, far from UTC on both sides, back and forth around a month.
ZONES = (
    'America/New_York',
    'America/St_Johns',
    'Africa/Casablanca',
    'Asia/Kolkata',
    'Australia/Lord_Howe',
    'Europe/Berlin',
    'Pacific/Chatham',
    'Pacific/Kiritimati',
    'Pacific/Pago_Pago',
)


def clock_changes(zone):
    """Return the days of the year on which a clock changes; its middle where none does."""
    days = [YEAR + timedelta(number) for number in range(366)]
    offsets = [(day, day.replace(tzinfo=UTC).astimezone(zone).utcoffset()) for day in days]
    changes = [day for (day, before), (_next, after) in pairwise(offsets) if before != after]
    return changes or [YEAR + timedelta(180)]


@tagged('post_install', '-at_install')
class TestReminderClock(RemindersCommon):
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        # An example takes seconds; it tells enough as it was found.
        phases=(Phase.generate,),
        suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow],
    )
    @given(st.data())
    def test_wherever_the_practice_is_each_reminder_goes_once_in_its_hours(self, data):
        """Around each clock change, with a run of the scheduler every two hours of UTC."""
        zone = ZoneInfo(data.draw(st.sampled_from(ZONES)))
        opens = data.draw(st.integers(7, 19))
        change = data.draw(st.sampled_from(clock_changes(zone)))
        due = change + timedelta(data.draw(st.integers(-4, 2)))
        self.company.partner_id.tz = zone.key
        self.company.write(
            {
                'billing_reminder_from': opens,
                'billing_reminder_to': opens + 5,
                'billing_reminder_weekends': True,
            }
        )
        self.rule.write({'days': 1, 'every': 1, 'times': 2})
        age = self.company._billing_today() - due.date()
        move = self.make_due(days_ago=age.days, partner=self.client_partner.copy())
        wanted = {}
        for tick in (change + timedelta(hours=hours) for hours in range(-72, 120, 2)):
            self.run_cron(hours=(tick - NOW) / timedelta(hours=1))
            local = tick.replace(tzinfo=UTC).astimezone(zone)
            days = (local.date() - due.date()).days
            if days >= 1 and opens <= local.hour < opens + 5:
                # The last repetition stays the right one.
                wanted.setdefault(min(days, 3) - 1, local.date())
        sent = self.sent(move)
        self.assertEqual([(one.number, one.day) for one in sent], sorted(wanted.items()))
        for one in sent:
            moment = one.mail_id.attempted_at.replace(tzinfo=UTC).astimezone(zone)
            self.assertEqual(moment.date(), one.day)
            self.assertTrue(opens <= moment.hour < opens + 5, moment)
        # Out of the way of the next example.
        self.pay_by_hand(move)

    def test_public_holidays_of_the_practice_are_left_out_unless_it_wants_them(self):
        # The whole of Tuesday in New York.
        self.env['resource.calendar.leaves'].create(
            {
                'name': "Founders' Day",
                'company_id': self.company.id,
                'date_from': datetime(2026, 3, 17, 4),
                'date_to': datetime(2026, 3, 18, 3, 59),
            }
        )
        move = self.make_due(days_ago=6)
        self.run_cron(days=1)
        self.assertFalse(self.sent(move))
        self.run_cron(days=2)
        self.assertEqual(self.sent(move).day.day, 18)
        self.company.billing_reminder_holidays = True
        other = self.make_due(days_ago=6, partner=self.client_partner.copy())
        self.run_cron(days=1)
        self.assertEqual(self.sent(other).day.day, 17)
