from itertools import repeat

from odoo import api, models
from odoo.fields import Command, Domain
from odoo.tools import SQL

from ...const import FRONT_DESK
from ...tools.privacy import FULL

# What of a session is known to those alone who may know what is billed for it.
HIDDEN = frozenset(
    ('billing_service_id', 'billing_excluded_client_ids', 'billing_added_client_ids')
)
# What a client's login could read by RPC of a session that it attends, beyond the invitation.
HIDDEN_FROM_CLIENTS = frozenset(('name', 'description'))


class CalendarEvent(models.Model):
    """A session that is not private is seen by every login; its service is not.

    The way of Odoo's private events: the fields are empty for others. Groups would not do: Odoo
    copies a series' sessions with the rights of whoever edits it, and a practitioner is none of
    another practice's.
    """

    _inherit = 'calendar.event'

    # === WHAT IS READ === #

    def _fetch_query(self, query, fields):
        """Override of the ORM to leave a service out for those who may not know it."""
        events = super()._fetch_query(query, fields)
        names = self._billing_hidden_names()
        hidden = [field for field in fields if field.name in names]
        if self.env.su or not hidden or not events:
            return events
        masked = events - events._billing_filter_known()
        shown = masked._billing_privacy() if names > HIDDEN else {}
        for field in hidden:
            being_written = self.env._field_dirty.get(field, ())
            clean = masked.filtered(
                lambda event, ids=being_written, field=field: (
                    event.id not in ids and (field.name in HIDDEN or shown[event] != FULL)
                )
            )
            nothing = self.env._("Session") if field.name == 'name' else False
            nothing = field.convert_to_cache(nothing, clean)
            self.env.cache.update(clean, field, repeat(nothing))
        return events

    @api.model
    def _billing_hidden_names(self):
        """Return the names of the fields that are masked for the user."""
        return HIDDEN | HIDDEN_FROM_CLIENTS if self.env.user.share else HIDDEN

    def _billing_filter_known(self) -> models.Model:
        """Return those of these events of whose billing the user may know."""
        if not self.ids:
            return self
        rows = self.env.execute_query(
            self._billing_visible_sessions_sql(SQL("IN %s", tuple(self.ids)))
        )
        return self.browse(event_id for (event_id,) in rows)

    @api.model
    def _billing_visible_sessions_sql(self, which: SQL) -> SQL:
        """Return the query of the sessions of whose billing the user may know.

        See `_billing_may_see`.

        :param which: what is true of the ids of the sessions at hand, e.g. `= 1`
        """
        is_desk = self.env.user.has_group(FRONT_DESK)
        return SQL(
            """
            SELECT session.id
              FROM calendar_event session
         LEFT JOIN res_users practitioner ON practitioner.id = session.user_id
         LEFT JOIN product_product service ON service.id = session.billing_service_id
         LEFT JOIN product_template template ON template.id = service.product_tmpl_id
             WHERE session.id %(which)s
               AND %(own)s
               AND COALESCE(template.company_id, practitioner.company_id, %(company)s)
                   IN %(companies)s
            """,
            which=which,
            own=SQL("TRUE") if is_desk else SQL("session.user_id = %s", self.env.uid),
            company=self.env.company.id,
            companies=tuple(self.env.companies.ids),
        )

    # === WHAT IS FOUND === #

    @api.model
    def _search(self, domain, *args, **kwargs):
        """Override of the ORM: nobody finds by a service what they may not know."""
        domain = Domain(domain)
        if self._billing_names_hidden(one.field_expr for one in domain.iter_conditions()):
            domain &= self._billing_known_domain()
        return super()._search(domain, *args, **kwargs)

    @api.model
    def _read_group(self, domain, groupby=(), aggregates=(), *args, **kwargs):
        """Override of the ORM: nobody counts by a service what they may not know."""
        if self._billing_names_hidden((*groupby, *aggregates)):
            domain = Domain(domain) & self._billing_known_domain()
        return super()._read_group(domain, groupby, aggregates, *args, **kwargs)

    @api.model
    def _read_grouping_sets(self, domain, grouping_sets, aggregates=(), *args, **kwargs):
        """Override of the ORM: see `_read_group`."""
        specs = [spec for groupby in grouping_sets for spec in groupby]
        if self._billing_names_hidden((*specs, *aggregates)):
            domain = Domain(domain) & self._billing_known_domain()
        return super()._read_grouping_sets(domain, grouping_sets, aggregates, *args, **kwargs)

    @api.model
    def _billing_names_hidden(self, specs):
        """Whether a path or a specification of a group begins with a field that is masked."""
        names = {spec.partition(':')[0].partition('.')[0] for spec in specs}
        return not names.isdisjoint(self._billing_hidden_names())

    @api.model
    def _billing_known_domain(self):
        if self.env.su:
            return Domain.TRUE
        self.flush_model(['user_id', 'billing_service_id'])
        return Domain.custom(
            to_sql=lambda model, alias, _query: SQL(
                "%(event)s IN (%(known)s)",
                event=SQL.identifier(alias, 'id'),
                known=model._billing_visible_sessions_sql(SQL("IS NOT NULL")),
            )
        )

    # === WHAT IS COPIED === #

    def copy_data(self, default=None):
        """Override of the ORM: a copy has the service, also if its maker may not know it."""
        vals_list = super().copy_data(default)
        if self.env.su:
            return vals_list
        wanted = HIDDEN - set(default or {})
        masked = self - self._billing_filter_known()
        for event, vals in zip(self, vals_list, strict=True):
            if event in masked and vals:
                kept = event._billing_read_hidden()
                vals.update({name: kept[name] for name in wanted})
        return vals_list

    def _billing_read_hidden(self) -> dict:
        """Return what is hidden of a session, past the mask, as values for a new one."""
        self.ensure_one()
        self.flush_recordset(list(HIDDEN))
        [[service_id]] = self.env.execute_query(
            SQL("SELECT billing_service_id FROM calendar_event WHERE id = %s", self.id)
        )
        values = {'billing_service_id': service_id}
        for name in HIDDEN - values.keys():
            field = self._fields[name]
            rows = self.env.execute_query(
                SQL(
                    "SELECT %s FROM %s WHERE %s = %s",
                    SQL.identifier(field.column2),
                    SQL.identifier(field.relation),
                    SQL.identifier(field.column1),
                    self.id,
                )
            )
            values[name] = [Command.set([partner_id for (partner_id,) in rows])]
        return values
