"""On which days invoices are made by themselves: calendar rules alone, without the ORM."""

from calendar import monthrange
from datetime import date, timedelta
from typing import NamedTuple

CYCLES = [
    ('off', "Off"),
    ('session', "After each session"),
    ('daily', "Every day"),
    ('weekly', "Every week"),
    ('monthly', "Every month"),
]
WEEKDAYS = [
    ('0', "Monday"),
    ('1', "Tuesday"),
    ('2', "Wednesday"),
    ('3', "Thursday"),
    ('4', "Friday"),
    ('5', "Saturday"),
    ('6', "Sunday"),
]
LAST_DAY = '31'
MONTH_DAYS = [*((str(day), str(day)) for day in range(1, 29)), (LAST_DAY, "The last day")]


class Schedule(NamedTuple):
    """How often a contact's sessions are invoiced.

    :param cycle: a value of `CYCLES`
    :param weekday: of a weekly cycle; 0 is Monday
    :param month_day: of a monthly cycle; where a month is shorter, its last day
    """

    cycle: str
    weekday: int
    month_day: int

    def falls_on(self, day: date) -> bool:
        """Return whether invoices are made on a day; what is not tied to days, on any.

        :param day: the practice's
        """
        if self.cycle == 'weekly':
            return day.weekday() == self.weekday
        if self.cycle == 'monthly':
            return day.day == min(self.month_day, monthrange(day.year, day.month)[1])
        return True

    def next_day(self, day: date) -> date:
        """Return the first day, from this one on, on which invoices are made.

        :param day: the practice's
        """
        while not self.falls_on(day):
            day += timedelta(days=1)
        return day
