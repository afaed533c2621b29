from collections import namedtuple
from datetime import date, timedelta

from odoo import fields, models
from odoo.tools import SQL

# Set in the context while a series is edited: its sessions are archived and made anew.
_RECREATING = object()
# Set while a session is written: what becomes of its attendees on the way is not looked at.
_WRITING = object()
# An occurrence that was moved by hand comes back to its place in the series, and one on another
# day of the week replaces that of the same week.
MOVED_BY_HAND = timedelta(days=3)
RULE_DAYS = {'mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun', 'day', 'weekday', 'byday'}

# A series before it is edited: its base event and sessions, the local day of each, what is attached
# to them, those whose place one of the days around may take, and the id of the newest session of
# all.
Before = namedtuple('Before', ['base', 'events', 'days', 'attached', 'movable', 'last_id'])


class CalendarEvent(models.Model):
    """What is done to sessions in the calendar, told to whoever keeps something of them.

    Odoo archives or deletes the sessions of a series that is edited, and makes them anew. Rooms
    that keep something of sessions override the hooks below: they say what they keep, and are told
    what became of the sessions.
    """

    _inherit = 'calendar.event'

    # === HOOKS === #

    def _billing_attached(self) -> dict[models.BaseModel, models.BaseModel]:
        """Return what is kept of these sessions: single records (sudo), each with its session.

        Rooms add theirs, and get them back by the two hooks that follow.
        """
        return {}

    def _billing_sessions_gone(self, attached: dict):
        """Say that sessions were archived or deleted.

        :param attached: what was kept of them, see `_billing_attached`
        """

    def _billing_sessions_replaced(self, moves: list[tuple]):
        """Say which sessions of a series take the place of others that are gone.

        :param moves: pairs of a record that was kept of an old session, see `_billing_attached`,
            and the new session or None; first those whose new session is certain
        """

    def _billing_sessions_changed(self, changed: set[str]):
        """Say that these sessions were changed, or their attendees.

        :param changed: names of the fields that were written
        """

    # === CRUD METHODS === #

    def write(self, vals):
        """Override of `calendar` to tell what became of sessions."""
        changed = set(vals)
        if self._billing_is_recreating():
            return super().write(vals)
        if (
            vals.get('recurrence_update') in ('all_events', 'future_events')
            and len(self) == 1
            and self.recurrence_id
        ):
            before = self._billing_before_series(vals)
            recreating = self.with_context(billing_recreating=_RECREATING)
            result = super(CalendarEvent, recreating).write(vals)
            self._billing_after_series(before, changed)
            return result
        writing = self.with_context(billing_writing=_WRITING)
        result = super(CalendarEvent, writing).write(vals)
        if vals.get('active') is False:
            self._billing_sessions_gone(self._billing_attached())
        elif changed & self._billing_followed_fields():
            self._billing_sessions_changed(changed)
        return result

    def unlink(self):
        """Override of `calendar` to tell that sessions are gone."""
        attached = {} if self._billing_is_recreating() else self._billing_attached()
        result = super().unlink()
        if attached:
            self._billing_sessions_gone(attached)
        return result

    # === BUSINESS METHODS - SERIES === #

    def _billing_is_recreating(self):
        return self.env.context.get('billing_recreating') is _RECREATING

    def _billing_is_writing(self):
        return self._billing_is_recreating() or self.env.context.get('billing_writing') is _WRITING

    def _billing_followed_fields(self) -> set[str]:
        """Return the fields of a session of whose change others are told."""
        return self._get_time_fields() | {
            'active',
            'allday',
            'attendee_ids',
            'billing_added_client_ids',
            'billing_client_ids',
            'billing_excluded_client_ids',
            'billing_service_id',
            'duration',
            'partner_ids',
            'user_id',
        }

    def _billing_before_series(self, vals: dict) -> Before:
        """Return what has to be known of a series before it is edited.

        :param vals: what is going to be written
        """
        series = self.recurrence_id
        events = series.calendar_event_ids | self
        base = self
        if vals['recurrence_update'] == 'all_events' or self == series.base_event_id:
            base = series.base_event_id or series._get_first_event() or self
        # The new series may hold none of the old sessions; nobody else's are seen meanwhile.
        [[last_id]] = self.env.execute_query(SQL("SELECT max(id) FROM calendar_event"))
        movable = events
        if not vals.keys() & RULE_DAYS:
            movable = events.filtered(lambda event: not event.follow_recurrence)
        return Before(
            base=base,
            events=events,
            days=(events | base)._billing_local_days(),
            attached=events._billing_attached(),
            movable=movable,
            last_id=last_id,
        )

    def _billing_after_series(self, before: Before, changed: set[str]):
        """Say what became of a series' old sessions.

        :param before: what the series was
        :param changed: names of the fields that were written
        """
        after = (before.base | self).exists()
        after |= after.recurrence_id.calendar_event_ids
        after |= self.search([('id', '>', before.last_id), ('recurrence_id', '!=', False)])
        after = after.filtered('active')
        if before.attached:
            self._billing_sessions_replaced(after._billing_match(before))
        (before.events.exists() | after)._billing_sessions_changed(changed)

    def _billing_match(self, before: Before) -> list[tuple]:
        """Find the one of these new sessions for each record that was kept of an old one.

        A record goes to the occurrence on its old day, in the time zone of the series, plus the
        shift of the series.

        :param before: what the series was
        :return: see `_billing_sessions_replaced`
        """
        days = self._billing_local_days()
        base = before.base
        shift = days[base] - before.days[base] if base in days else timedelta()
        by_day = {}
        for event, day in days.items():
            by_day.setdefault(day, event)
        exact, near = [], []
        for record, old in before.attached.items():
            if old.exists() and old.active:
                continue
            wanted = before.days[old] + shift
            if wanted in by_day:
                exact.append((record, by_day[wanted]))
                continue
            closest = min(by_day, key=lambda day, wanted=wanted: abs(day - wanted), default=None)
            is_close = closest and old in before.movable and abs(closest - wanted) <= MOVED_BY_HAND
            near.append((record, by_day[closest] if is_close else None))
        return exact + near

    def _billing_local_days(self) -> dict[models.BaseModel, date]:
        """Return the day of each session, where its series is."""
        days = {}
        for event in self:
            if event.allday:
                days[event] = event.start.date()
                continue
            # The session's own zone is computed, and would be kept while its series is rewritten.
            zone = event.recurrence_id.event_tz or 'UTC'
            there = self.with_context(tz=zone)
            days[event] = fields.Datetime.context_timestamp(there, event.start).date()
        return days

    def _update_future_events(self, values, time_values, recurrence_values):
        """Override of `calendar` to write the sessions as they are where neither time nor rule
        changes; made anew, a deleted one would come back and the last one would be missing."""
        if time_values or recurrence_values:
            return super()._update_future_events(values, time_values, recurrence_values)
        events = self.recurrence_id._get_events_from(self.start)
        quiet = events.with_context(no_mail_to_attendees=True, dont_notify=True)
        # Odoo finds out who is new from the attendees that the sessions have in common.
        for _partners, same in quiet.grouped(lambda event: event.partner_ids).items():
            same.write({**values, 'recurrence_update': 'self_only'})
