from datetime import datetime, timedelta

from odoo import api, fields, models
from odoo.tools import SQL, format_time

from ...const import FRONT_DESK


class PracticeOverview(models.AbstractModel):
    """Today's sessions on the first screen."""

    _inherit = 'practice.overview'

    @api.model
    def _get_sessions(self):
        """Return today's sessions that the user may see, in their order."""
        company, user = self.env.company, self.env.user
        today = company._billing_today()
        begin = company._billing_moment(today, datetime.min.time())
        end = company._billing_moment(today + timedelta(days=1), datetime.min.time())
        self.env['calendar.event'].flush_model(['start', 'allday', 'active', 'billing_service_id'])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id, start, allday
                  FROM calendar_event
                 WHERE active
                   AND billing_service_id IS NOT NULL
                   AND CASE WHEN allday THEN start::date = %s ELSE start >= %s AND start < %s END
                   AND start >= %s AND start < %s
                   %s
                 ORDER BY allday DESC, start, id
                """,
                today,
                begin,
                end,
                begin - timedelta(days=1),
                end + timedelta(days=1),
                SQL() if user.has_group(FRONT_DESK) else SQL("AND user_id = %s", user.id),
            )
        )
        events = self.env['calendar.event'].browse([event_id for event_id, *_rest in rows])
        facts = events._billing_facts()
        items_sudo = (
            self.env['practice.billing.item'].sudo().search([('event_id', 'in', events.ids)])
        )
        items = items_sudo.grouped('event_id')
        states = events._billing_read_states()
        marks = dict(events._fields['billing_attendance']._description_selection(self.env))
        now = fields.Datetime.now()
        sessions = []
        for event_id, start, allday in rows:
            event = events.browse(event_id)
            fact = facts[event]
            if not event._billing_may_see(fact):
                continue
            event_items = items.get(event, items_sudo.browse())
            attendance = set(event_items.mapped('attendance'))
            mark = attendance.pop() if len(attendance) == 1 else False
            sessions.append(
                {
                    'id': event_id,
                    'time': (
                        self.env._("All day")
                        if allday
                        else format_time(
                            self.env, start, tz=company._billing_zone().key, time_format='short'
                        )
                    ),
                    'clients': ", ".join((fact.clients | event_items.client_id).mapped('name')),
                    'practitioner': fact.practitioner.sudo().name,
                    'service': fact.service.name,
                    'state': states.get(event_id, False),
                    'mark': marks.get(mark, ''),
                    'is_over': fact.ends <= now,
                }
            )
        return sessions
