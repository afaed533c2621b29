from collections import namedtuple
from datetime import timedelta

import pytz

from odoo import models
from odoo.tools import SQL

# Set in the context while a series is edited: its sessions are archived and made anew.
_RECREATING = object()
# Set while a session is written: what becomes of its attendees on the way is not looked at.
_WRITING = object()
# An occurrence that was moved by hand comes back to its place in the series, and one on another
# day of the week replaces that of the same week.
MOVED_BY_HAND = timedelta(days=3)
RULE_DAYS = {'mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun', 'day', 'weekday', 'byday'}

# A series before it is edited: its base event and sessions, the local day of each, the session of
# each item (sudo) and whether one of the days around may take that one's place, and the id of the
# newest session of all.
Before = namedtuple('Before', ['base', 'events', 'days', 'items', 'last_id'])


class CalendarEvent(models.Model):
    """How billing follows what is done to sessions in the calendar."""

    _inherit = 'calendar.event'

    # === CRUD METHODS === #

    def write(self, vals):
        """Override of `calendar`: let items follow, also to the sessions of a series that Odoo
        archives and makes anew."""
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
            self._billing_sessions_gone(self._billing_items_sudo())
        elif changed & self._billing_followed_fields():
            self.env['practice.billing.item']._follow_events(self, changed)
        return result

    def unlink(self):
        """Override of `calendar`: what was delivered stays to be billed."""
        items_sudo = self._billing_items_sudo()
        result = super().unlink()
        if items_sudo and not self._billing_is_recreating():
            items_sudo.invalidate_recordset(['event_id'])
            self._billing_sessions_gone(items_sudo)
        return result

    # === BUSINESS METHODS - SERIES === #

    def _billing_is_recreating(self):
        return self.env.context.get('billing_recreating') is _RECREATING

    def _billing_is_writing(self):
        return self._billing_is_recreating() or self.env.context.get('billing_writing') is _WRITING

    def _billing_items_sudo(self):
        return self.env['practice.billing.item'].sudo().search([('event_id', 'in', self.ids)])

    def _billing_sessions_gone(self, items_sudo):
        self.env['practice.billing.item']._sessions_gone(items_sudo)

    def _billing_followed_fields(self):
        """Return the fields of a session that its items follow.

        :rtype: set[str]
        """
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

    def _billing_before_series(self, vals):
        """Return what has to be known of a series before it is edited.

        :param dict vals: what is going to be written
        :rtype: Before
        """
        series = self.recurrence_id
        events = series.calendar_event_ids | self
        base = self
        if vals['recurrence_update'] == 'all_events' or self == series.base_event_id:
            base = series.base_event_id or series._get_first_event() or self
        # The new series may hold none of the old sessions; nobody else's are seen meanwhile.
        [[last_id]] = self.env.execute_query(SQL("SELECT max(id) FROM calendar_event"))
        return Before(
            base=base,
            events=events,
            days=(events | base)._billing_local_days(),
            items={
                item: (
                    item.event_id.sudo(False),
                    bool(vals.keys() & RULE_DAYS) or not item.event_id.follow_recurrence,
                )
                for item in events._billing_items_sudo()
            },
            last_id=last_id,
        )

    def _billing_after_series(self, before, changed):
        """Lead the items of a series' old sessions to the new ones.

        An item goes to the occurrence on its old day, in the time zone of the series, plus the
        shift.

        :param Before before: what the series was
        :param set[str] changed: names of the fields that were written
        """
        after = (before.base | self).exists()
        after |= after.recurrence_id.calendar_event_ids
        after |= self.search([('id', '>', before.last_id), ('recurrence_id', '!=', False)])
        after = after.filtered('active')
        if before.items:
            days = after._billing_local_days()
            base = before.base
            shift = days[base] - before.days[base] if base in days else timedelta()
            self.env['practice.billing.item'].invalidate_model(['event_id'])
            self._billing_repoint(before, days, shift)
        self.env['practice.billing.item']._follow_events(before.events.exists() | after, changed)

    def _billing_repoint(self, before, after_days, shift):
        """Find the new session of each item whose old one is archived or deleted.

        :param Before before: what the series was
        :param dict[calendar.event, datetime.date] after_days: of each session that there is now
        :param timedelta shift: by which the series was moved
        """
        by_day = {}
        for event, day in after_days.items():
            by_day.setdefault(day, event)
        exact, near = [], []
        for item, (old, may_be_near) in before.items.items():
            if old.exists() and old.active:
                continue
            wanted = before.days[old] + shift
            if wanted in by_day:
                exact.append((item, by_day[wanted]))
                continue
            days = sorted(by_day, key=lambda day, wanted=wanted: abs(day - wanted))
            close = may_be_near and days and abs(days[0] - wanted) <= MOVED_BY_HAND
            near.append((item, by_day[days[0]] if close else None))
        self.env['practice.billing.item']._repoint(exact + near)

    def _billing_local_days(self):
        """Return the day of each session, where its series is.

        :rtype: dict[calendar.event, datetime.date]
        """
        days = {}
        for event in self:
            # The session's own is computed, and would be kept while its series is rewritten.
            zone = pytz.timezone(event.recurrence_id.event_tz or 'UTC')
            start = event.start if not event.allday else event.start.replace(hour=12)
            moment = pytz.utc.localize(start)
            days[event] = start.date() if event.allday else moment.astimezone(zone).date()
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
