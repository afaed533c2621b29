import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL, format_datetime, split_every

from ...tools.concurrency import claim
from ...tools.crons import together_or_apart
from ..sessions.calendar_event import Fact

_logger = logging.getLogger(__name__)

# Sessions that ended longer ago are history: somebody who wants one billed clicks *Invoice*.
DAYS_LOOKED_BACK = 90
# An all-day session is stored as if its day ended at 18:00 UTC; where the day ends first, it is
# 10:00 UTC then.
ALL_DAY_LEAD = timedelta(hours=8)
# A calendar that is synchronized deletes and creates anew within one run.
RECREATED_WITHIN = timedelta(days=1)


class PracticeBillingItem(models.Model):
    """How items come from sessions, and follow them."""

    _inherit = 'practice.billing.item'

    # === MAKING ITEMS === #

    @api.model
    def _make_for_events(self, events, clients=None):
        """Make the missing items of sessions, one for each client and payer.

        The caller answers for the right to do so, by looking at the items that it gets.

        :param events: recordset of `calendar.event`
        :param clients: recordset of `res.partner`; items are made of these alone, if given
        :return: all items of these events
        """
        claim(events)
        facts = events._billing_facts()
        if clients:
            facts = {
                event: fact._replace(clients=fact.clients & clients)
                for event, fact in facts.items()
            }
        items_sudo = self.sudo().search([('event_id', 'in', events.ids)])
        gone_sudo = self._search_gone(facts)
        vals_list = items_sudo._prepare_for_events(facts)
        for values in vals_list:
            fact = facts[events.browse(values['event_id'])]
            values['confirm_reason'] = self._get_confirm_reason(values, fact, gone_sudo)
        new_items_sudo = items_sudo.create(vals_list)
        # Who is billed is a customer, and so among the clients.
        new_items_sudo.client_id.filtered(lambda client: not client.customer_rank)._increase_rank(
            'customer_rank'
        )
        return (items_sudo | new_items_sudo).sudo(self.env.su)

    def _prepare_for_events(self, facts: dict[models.BaseModel, Fact]) -> list[dict]:
        """Return the values of the items that sessions lack besides these ones.

        :param facts: what is to be billed, by session
        """
        billed = {event: items.client_id for event, items in self.grouped('event_id').items()}
        return [
            {
                'company_id': fact.company.id,
                'client_id': client.id,
                'event_id': event.id,
                'date': fact.date,
                'practitioner_id': fact.practitioner.id,
                'service_id': fact.service.id,
            }
            for event, fact in facts.items()
            if fact.service
            for client in fact.clients - billed.get(event, fact.clients.browse())
        ]

    @api.model
    def _search_gone(self, facts):
        """Return the items (sudo) whose sessions are gone, of the clients of these sessions."""
        clients = self.env['res.partner'].union(*(fact.clients for fact in facts.values()))
        return self.sudo().search(
            [('client_id', 'in', clients.ids), ('session_gone_at', '!=', False)]
        )

    def _get_confirm_reason(self, values, fact, gone_sudo):
        """Return why somebody has to look at a new item before it is invoiced, or False."""
        if fact.created > fact.begins:
            return 'entered_late'
        day = fact.company._billing_day(fact.date)
        copied = gone_sudo.filtered(
            lambda item: (
                item.client_id.id == values['client_id']
                and item.state in ('invoiced', 'waived', 'to_confirm')
                and (
                    item.service_date == day
                    or abs(item.session_gone_at - fact.created) < RECREATED_WITHIN
                )
            )
        )
        if copied:
            return 'possible_copy'
        waits = fact.company.billing_attendance == 'asked' and fact.ends <= fields.Datetime.now()
        return 'attendance' if waits else False

    def _get_session_notice(self) -> str | bool:
        """Return in a sentence what is amiss between a session and its items, or False."""
        moved = self.filtered('session_moved_to')[:1]
        if moved:
            tz = moved.company_id._billing_zone().key
            return self.env._(
                "Invoiced for %s, moved since.",
                format_datetime(self.env, moved.date, tz=tz, dt_format='short'),
            )
        asked = self.filtered(lambda item: item.state == 'to_confirm')[:1]
        if asked:
            reasons = dict(self._fields['confirm_reason']._description_selection(self.env))
            return reasons[asked.confirm_reason]
        return False

    @api.model
    def _cron_make_items(self):
        """Make the items of sessions that have ended."""
        event_ids = self._get_ended_event_ids()
        events = self.env['calendar.event']
        commit_progress = self.env['ir.cron']._commit_progress
        commit_progress(remaining=len(event_ids))
        for chunk in split_every(50, event_ids):
            together_or_apart(
                self.env,
                list(events.browse(chunk).try_lock_for_update()),
                lambda some: self._make_for_events(events.union(*some)),
                _warn_of_session,
            )
            if not commit_progress(len(chunk)):
                break

    @api.model
    def _get_ended_event_ids(self):
        """Return the ids of ended sessions with a client who has no item yet, oldest first."""
        now = fields.Datetime.now()
        self.env.flush_all()
        event_ids = [
            event_id
            for (event_id,) in self.env.execute_query(
                SQL(
                    """
            SELECT event.id
              FROM calendar_event event
             WHERE event.billing_service_id IS NOT NULL
               AND event.active
               AND event.stop > %(since)s
               AND event.stop <= CASE WHEN event.allday THEN %(until)s ELSE %(now)s END
               AND EXISTS (%(client_without_item)s)
          ORDER BY event.stop, event.id
            """,
                    client_without_item=self.env[
                        'calendar.event'
                    ]._billing_clients_without_item_sql(SQL("= event.id")),
                    since=fields.Date.subtract(now, days=DAYS_LOOKED_BACK),
                    now=now,
                    until=now + ALL_DAY_LEAD,
                )
            )
        ]
        facts = self.env['calendar.event'].browse(event_ids)._billing_facts()
        return [event.id for event, fact in facts.items() if fact.ends <= now]

    # === FOLLOWING SESSIONS === #

    @api.model
    def _follow_events(self, events, changed: set[str]):
        """Bring the items of changed sessions up to date, as far as they are not invoiced.

        An invoiced item keeps its facts; that its session was moved is said on both sides.

        :param events: recordset of `calendar.event`
        :param changed: names of the fields that were written on the sessions
        """
        items_sudo = self.sudo().search([('event_id', 'in', events.ids)])
        if not items_sudo:
            return
        facts = items_sudo.event_id._billing_facts()
        late_sudo = items_sudo.filtered(lambda item: item.attendance == 'late_cancelled')
        late_sudo = late_sudo and late_sudo._filter_declined()
        follows_service = 'billing_service_id' in changed
        shared = items_sudo.browse()
        for item in items_sudo:
            fact = facts[item.event_id]
            if not fact.active:
                continue  # gone, which is seen to by itself
            if item.session_gone_at:
                item._session_is_back()
            if item.state == 'invoiced':
                if item.date != fact.date and changed & set(events._get_time_fields()):
                    item._log_session_moved(fact.date)
                continue
            if not fact.service or not (item.client_id in fact.clients or item in late_sudo):
                item._drop()
                continue
            values = {'date': fact.date, 'practitioner_id': fact.practitioner.id}
            if follows_service and item.extra_tax_data:
                shared |= item
                continue
            if follows_service and not item.is_fee:
                values['service_id'] = fact.service.id
            values = {
                name: value
                for name, value in values.items()
                if item._fields[name].convert_to_write(item[name], item) != value
            }
            if values:
                item.write(values)
        if shared:
            events = shared.event_id
            shared.unlink()
            self._make_for_events(events)

    @api.model
    def _sessions_gone(self, items_sudo):
        """Look after items whose sessions were archived or deleted.

        What took place is not lost: somebody is asked. What was still to come is not billed.

        :param items_sudo: recordset of `practice.billing.item` (sudo)
        """
        now = fields.Datetime.now()
        items_sudo = items_sudo.filtered(lambda item: not item.session_gone_at)
        ahead = items_sudo.filtered(
            lambda item: (
                item.state in ('unbilled', 'to_confirm')
                and item.date > now
                and item.attendance != 'late_cancelled'
            )
        )
        kept = items_sudo - ahead
        kept.session_gone_at = now
        kept.filtered(lambda item: item.state == 'unbilled').confirm_reason = 'session_gone'
        bodies = {
            item.id: self.env._("The session of this item is no longer in the calendar.")
            for item in kept
        }
        kept._message_log_batch(bodies=bodies)
        ahead._drop()

    def _session_is_back(self):
        self.session_gone_at = False
        if self.confirm_reason == 'session_gone':
            self.confirm_reason = False

    def _drop(self):
        """Bill these items no more: their clients do not belong to the session, or it is off."""
        self.unlink()

    def _log_session_moved(self, moved_to):
        """Say on the item and on its invoice that the session was moved.

        :param datetime moved_to: naive, in UTC
        """
        tz = self.company_id._billing_zone().key
        body = self.env._(
            "The session invoiced for %(old)s was moved to %(new)s in the calendar.",
            old=format_datetime(self.env, self.date, tz=tz),
            new=format_datetime(self.env, moved_to, tz=tz),
        )
        self._message_log(body=body)
        self.invoice_id._message_log(body=body)

    # === SERIES === #

    @api.model
    def _repoint(self, moves: list[tuple]):
        """Give items to the sessions that take the place of those which they had.

        :param moves: pairs of an item (sudo) and its new session, or no session
        """
        taken = {
            (item.event_id, item.client_id, item.payer_id)
            for item in self.sudo().search(
                [('event_id', 'in', [event.id for _item, event in moves if event])]
            )
        }
        gone_sudo = self.sudo().browse()
        followed = self.env['calendar.event']
        for item, event in moves:
            key = (event, item.client_id, item.payer_id)
            if not event or key in taken:
                gone_sudo |= item
                continue
            taken.add(key)
            item.write({'event_id': event.id, 'session_gone_at': False})
            followed |= event
        self._follow_events(followed, {'start', 'stop'})
        self._sessions_gone(gone_sudo.exists())

    # === MERGED CONTACTS === #

    @api.model
    def _merge_contacts(self, sources, destination):
        """Make sure that no session is billed twice to what becomes one client and payer.

        An invoiced item stays; a second invoiced one stays too, without its session, and says so.

        :param sources: recordset of `res.partner`, who become `destination`
        :param destination: record of `res.partner`
        """
        partners = sources | destination
        items = self.search(
            [
                ('event_id', '!=', False),
                '|',
                ('client_id', 'in', partners.ids),
                ('payer_id', 'in', partners.ids),
            ]
        )

        def merged(partner):
            return destination if partner in sources else partner

        groups = items.grouped(
            lambda item: (item.event_id, merged(item.client_id), merged(item.payer_id))
        )
        for same in groups.values():
            rest = same.sorted(lambda item: (item.state != 'invoiced', item.id))[1:]
            for item in rest:
                item.event_id = False
                if item.state == 'invoiced':
                    item._message_log(
                        body=self.env._(
                            "This session is billed to the same contact twice, since two contacts"
                            " were merged. Credit one of the invoices."
                        )
                    )
                else:
                    item._drop()
        self.env.flush_all()


def _warn_of_session(event: models.BaseModel, error: Exception) -> None:
    # The error's words may name the service or the client.
    _logger.warning("Session %s got no billing item (%s)", event.id, type(error).__name__)
