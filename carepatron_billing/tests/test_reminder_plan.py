import os
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase

from ..models.reminders.plan import Instalment, Timing, agenda, current, upcoming

BEGIN = date(2026, 1, 1)
YEAR = 365
EXAMPLES = int(os.environ.get('BILLING_EXAMPLES', 60))

days = st.integers(0, YEAR)
rules = st.lists(
    st.tuples(st.integers(-20, 60), st.integers(1, 30), st.integers(0, 4)), min_size=1, max_size=4
)
changes = st.lists(
    st.tuples(days, st.integers(0, 3), st.sampled_from(['off', 'from today', 'include'])),
    max_size=8,
)
spans = st.lists(st.tuples(days, st.integers(1, 40)), max_size=5)


def oracle(rules, due, today, sent):
    """What must go out today, from the rules alone, worked out by going through everything.

    :param rules: offset, every, times and start of those that are on, by number
    :param sent: day, rule and number of each that was sent
    """
    planned = [
        (due + timedelta(offset + number * every), rule, number)
        for rule, (offset, every, times, start) in rules.items()
        for number in range(times + 1)
        if due + timedelta(offset + number * every) >= start
    ]
    latest = max((one for one in planned if one[0] <= today), default=None)
    is_said = latest and any(one[1:] == latest[1:] or one[0] >= latest[0] for one in sent)
    is_stale = latest and latest[0] < due <= today
    return None if is_said or is_stale else latest


class TestReminderPlan(BaseCase):
    def test_three_days_before_on_the_day_and_three_times_after(self):
        due = date(2026, 3, 10)
        timings = (Timing(1, -3), Timing(2, 0), Timing(3, 7, 14, 2))
        instalment = Instalment(1, 1, due, 100.0, 100.0, timings)
        all_days = [BEGIN + timedelta(number) for number in range(YEAR)]
        self.assertEqual(
            [(day, step.rule, step.number) for day, step in agenda(instalment, all_days)],
            [
                (date(2026, 3, 7), 1, 0),
                (date(2026, 3, 10), 2, 0),
                (date(2026, 3, 17), 3, 0),
                (date(2026, 3, 31), 3, 1),
                (date(2026, 4, 14), 3, 2),
            ],
        )
        self.assertEqual(upcoming(timings, due, date(2026, 3, 7)).rule, 2)

    def test_what_was_to_be_said_before_the_due_date_is_not_said_after_it(self):
        timings = (Timing(1, -3),)
        self.assertTrue(current(timings, date(2026, 3, 10), date(2026, 3, 9)))
        self.assertIsNone(current(timings, date(2026, 3, 10), date(2026, 3, 10)))

    def test_after_a_week_off_only_the_right_one_for_today_goes(self):
        timings = (Timing(1, 0), Timing(2, 2), Timing(3, 4))
        instalment = Instalment(1, 1, date(2026, 3, 10), 1.0, 1.0, timings)
        back = [date(2026, 3, 16) + timedelta(number) for number in range(5)]
        self.assertEqual([step.rule for _day, step in agenda(instalment, back)], [3])

    @settings(max_examples=EXAMPLES, deadline=None)
    @given(rules=rules, changes=changes, pauses=spans, outages=spans, due=days)
    def test_a_year_of_changes_pauses_and_outages(self, rules, changes, pauses, outages, due):
        """Whatever happens in a year, each reminder that should go goes once, none else."""
        due = BEGIN + timedelta(due)
        off = {begin + n for begin, length in outages for n in range(length)}
        on = {number: (*rule, date.min) for number, rule in enumerate(rules)}
        ours = Instalment(1, 1, due, 100.0, 100.0, ())
        sent = []
        for number in range(YEAR + 150):
            today = BEGIN + timedelta(number)
            for _day, rule, change in (one for one in changes if one[0] == number):
                if rule >= len(rules):
                    continue
                on.pop(rule, None)
                if change != 'off':
                    on[rule] = (*rules[rule], today if change == 'from today' else date.min)
            free_on = max(
                (begin + length for begin, length in pauses if begin <= number), default=0
            )
            if number in off or number < free_on or today.weekday() > 4:
                continue
            timings = tuple(
                Timing(rule, offset, every, times, start)
                for rule, (offset, every, times, start) in on.items()
            )
            ours = ours._replace(timings=timings, free_on=BEGIN + timedelta(free_on))
            step = ours.wanted(today)
            wanted = oracle(on, due, today, sent)
            self.assertEqual(step and tuple(step), wanted)
            if step:
                self.assertTrue(today >= ours.free_on)
                ours = ours.after(step, today)
                sent.append((today, step.rule, step.number))
        self.assertEqual(len({one[1:] for one in sent}), len(sent))
