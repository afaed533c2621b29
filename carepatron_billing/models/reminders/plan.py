"""When which reminder is right, from rules and dates alone: no database, no clock."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple


class Timing(NamedTuple):
    """When one rule reminds.

    :param rule: the rule's id
    :param offset: days from the due date to the first reminder; negative is before it
    :param every: days from one repetition to the next
    :param times: repetitions after the first reminder
    :param start: what was planned for a day before this one is not sent any more
    """

    rule: int
    offset: int
    every: int = 0
    times: int = 0
    start: date = date.min


class Step(NamedTuple):
    """One reminder of one instalment. The later one is the one that counts.

    :param day: the day that it is planned for
    :param rule: the rule's id
    :param number: 0 for the first reminder, 1 for its first repetition, …
    """

    day: date
    rule: int
    number: int


@lru_cache(maxsize=4096)
def steps(timings: tuple[Timing, ...], due: date) -> tuple[Step, ...]:
    """Return all reminders that rules plan for something due on a day, in their order."""
    planned = (
        Step(due + timedelta(timing.offset + number * timing.every), timing.rule, number)
        for timing in timings
        for number in range(timing.times + 1)
    )
    starts = {timing.rule: timing.start for timing in timings}
    return tuple(sorted(step for step in planned if step.day >= starts[step.rule]))


def current(timings: tuple[Timing, ...], due: date, today: date) -> Step | None:
    """Return the one reminder that is right today, whether it was sent or not.

    That is the latest one planned so far: whatever kept earlier ones from being sent (a pause, a
    weekend, a server that was off), they are never sent late beside it. What was to be said before
    the due date is not said after it.
    """
    planned = steps(timings, due)
    past = bisect_right(planned, today, key=lambda step: step.day)
    if not past:
        return None
    step = planned[past - 1]
    return None if step.day < due <= today else step


def upcoming(timings: tuple[Timing, ...], due: date, today: date) -> Step | None:
    """Return the next reminder that is planned for a day after today."""
    planned = steps(timings, due)
    future = bisect_right(planned, today, key=lambda step: step.day)
    return planned[future] if future < len(planned) else None


class Instalment(NamedTuple):
    """What is open on one invoice for one due date, and all that decides about reminders of it.

    :param invoice: the invoice's id
    :param payer: the payer's id
    :param amount: what is open of it, in the invoice's currency
    :param residual: what is open on the whole invoice
    :param timings: of the rules that are on and meant for it
    :param handled: rule and number of reminders that were sent or skipped
    :param last: the day on which the last one was sent
    :param free_on: the first day on which nothing holds reminders back
    :param hold: what does until then; '' if nothing
    """

    invoice: int
    payer: int
    due: date
    amount: float
    residual: float
    timings: tuple[Timing, ...]
    handled: frozenset[tuple[int, int]] = frozenset()
    last: date = date.min
    free_on: date = date.min
    hold: str = ''

    def wanted(self, day: date) -> Step | None:
        """Return the reminder that is right on a day and was not sent yet.

        One that was planned for before the last one that was sent has had its day: it comes to
        light where a rule is switched off or changed.
        """
        step = current(self.timings, self.due, day)
        if step is None or step.day <= self.last or (step.rule, step.number) in self.handled:
            return None
        return step

    def after(self, step: Step, day: date) -> 'Instalment':
        """Return it as it stands once a reminder was sent on a day."""
        handled = self.handled | {(step.rule, step.number)}
        return self._replace(handled=handled, last=day)


def agenda(instalment: Instalment, days: Iterable[date]) -> Iterator[tuple[date, Step]]:
    """Return what will be sent on days on which reminders go out, if nothing else happens.

    :param days: in their order, without the days on which nothing is sent
    """
    for day in days:
        step = instalment.wanted(day) if day >= instalment.free_on else None
        if step:
            instalment = instalment.after(step, day)
            yield day, step
