from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...const import PRACTITIONER


class CalendarEvent(models.Model):
    """How far sessions are billed: for all sessions of a week in one query."""

    _inherit = 'calendar.event'

    billing_state = fields.Selection(
        [
            ('to_confirm', "To confirm"),
            ('unbilled', "Not invoiced"),
            ('partial', "Partly invoiced"),
            ('invoiced', "Invoiced"),
            ('paid', "Paid"),
            ('waived', "Not billed"),
        ],
        string="Billing",
        compute='_compute_billing_state',
        groups=PRACTITIONER,
    )
    billing_is_uninvoiced = fields.Boolean(
        string="Uninvoiced",
        compute='_compute_billing_is_uninvoiced',
        search='_search_billing_is_uninvoiced',
        groups=PRACTITIONER,
    )

    # === COMPUTE METHODS === #

    @api.depends('billing_service_id', 'attendee_ids.state', 'user_id')
    @api.depends_context('uid', 'allowed_company_ids')
    def _compute_billing_state(self):
        states = self._origin._billing_read_states()
        for state, events in self.grouped(lambda event: states.get(event._origin.id)).items():
            events.billing_state = state

    @api.depends('billing_state')
    @api.depends_context('uid', 'allowed_company_ids')
    def _compute_billing_is_uninvoiced(self):
        for event in self:
            event.billing_is_uninvoiced = event.billing_state in (
                'to_confirm',
                'unbilled',
                'partial',
            )

    def _search_billing_is_uninvoiced(self, operator, value):
        if operator != 'in':
            return NotImplemented
        self._billing_flush_state()
        found = Domain.custom(
            to_sql=lambda model, alias, _query: SQL(
                """(
                    %(event)s IN (%(visible)s) AND (
                        EXISTS (
                            SELECT 1
                              FROM practice_billing_item item
                             WHERE item.event_id = %(event)s
                               AND item.state IN ('to_confirm', 'unbilled')
                        )
                        OR EXISTS (%(without_item)s)
                    )
                )""",
                event=SQL.identifier(alias, 'id'),
                visible=model._billing_visible_sessions_sql(SQL("IS NOT NULL")),
                without_item=model._billing_clients_without_item_sql(
                    SQL("= %s", SQL.identifier(alias, 'id'))
                ),
            )
        )
        return found if True in value else ~found

    # === BUSINESS METHODS === #

    def _billing_read_states(self) -> dict[int, str]:
        """Return how far these sessions are billed, those of which the user may know.

        Read past the mask of private sessions and without their other facts, so that a calendar
        with its hundreds of sessions can show it.

        :return: values of `billing_state` by the sessions' ids
        """
        if not self.ids:
            return {}
        self._billing_flush_state()
        which = SQL("IN %s", tuple(self.ids))
        return dict(
            self.env.execute_query(
                SQL(
                    """
            SELECT share.event_id,
                   CASE
                       WHEN bool_or(invoiced) AND bool_or(waits) THEN 'partial'
                       WHEN bool_or(invoiced) AND bool_and(paid OR NOT invoiced) THEN 'paid'
                       WHEN bool_or(invoiced) THEN 'invoiced'
                       WHEN bool_or(asks) THEN 'to_confirm'
                       WHEN bool_or(waits) THEN 'unbilled'
                       ELSE 'waived'
                   END
              FROM (
                    SELECT item.event_id,
                           item.state = 'invoiced' AS invoiced,
                           item.state = 'to_confirm' AS asks,
                           item.state IN ('to_confirm', 'unbilled') AS waits,
                           invoice.payment_state IN ('paid', 'in_payment') AS paid
                      FROM practice_billing_item item
                 LEFT JOIN account_move invoice ON invoice.id = item.invoice_id
                     WHERE item.event_id %(which)s
                 UNION ALL
                    SELECT event_id, FALSE, FALSE, TRUE, FALSE
                      FROM (%(without_item)s) client
                   ) share
             WHERE share.event_id IN (%(visible)s)
          GROUP BY share.event_id
                    """,
                    which=which,
                    without_item=self._billing_clients_without_item_sql(which),
                    visible=self._billing_visible_sessions_sql(which),
                )
            )
        )

    @api.model
    def _billing_flush_state(self):
        for model, names in {
            'calendar.event': ['billing_service_id', 'user_id'],
            'calendar.attendee': ['event_id', 'partner_id', 'state'],
            'practice.billing.item': ['event_id', 'client_id', 'invoice_id', 'state'],
            'account.move': ['payment_state'],
        }.items():
            self.env[model].flush_model(names)

    @api.model
    def _billing_clients_without_item_sql(self, which: SQL) -> SQL:
        """Return the query of the clients of sessions with a service, who have no item for it.

        See `_billing_read_clients` for who is a client.

        :param which: what is true of the ids of the sessions at hand, e.g. `= 1`
        :return: a query with the columns `event_id` and `partner_id`
        """
        return SQL(
            """
            SELECT client.event_id, client.partner_id
              FROM (
                    SELECT attendee.event_id, attendee.partner_id
                      FROM calendar_attendee attendee
                      JOIN res_partner partner
                        ON partner.id = attendee.partner_id AND partner.partner_share
                     WHERE attendee.event_id %(which)s
                       AND attendee.state != 'declined'
                       AND NOT EXISTS (
                            SELECT 1
                              FROM calendar_event_billing_excluded_rel excluded
                             WHERE excluded.event_id = attendee.event_id
                               AND excluded.partner_id = attendee.partner_id
                       )
                     UNION ALL
                    SELECT added.event_id, added.partner_id
                      FROM calendar_event_billing_added_rel added
                     WHERE added.event_id %(which)s
                   ) client
              JOIN calendar_event session
                ON session.id = client.event_id AND session.billing_service_id IS NOT NULL
         LEFT JOIN res_users practitioner ON practitioner.id = session.user_id
             WHERE client.partner_id IS DISTINCT FROM practitioner.partner_id
               AND NOT EXISTS (
                    SELECT 1
                      FROM practice_billing_item item
                     WHERE item.event_id = client.event_id
                       AND item.client_id = client.partner_id
               )
            """,
            which=which,
        )
