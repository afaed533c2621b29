import operator
from collections import namedtuple
from datetime import time, timedelta

from odoo import api, fields, models
from odoo.fields import Command
from odoo.tools import SQL

from ...const import FRONT_DESK, PRACTITIONER

# What billing needs to know of a session, also of a private one.
# `date` is the moment that stands for the session; an all-day session has none of its own.
Fact = namedtuple(
    'Fact',
    'service clients company practitioner date begins ends created active',
)


class CalendarEvent(models.Model):
    _inherit = 'calendar.event'

    # Without groups, but masked: see `calendar_event_private`. Read on their own, so that others
    # pay nothing for it.
    billing_service_id = fields.Many2one(
        'product.product',
        string="Service",
        index='btree_not_null',
        prefetch='billing',
        domain=[('type', '=', 'service'), ('sale_ok', '=', True)],
    )
    billing_excluded_client_ids = fields.Many2many(
        'res.partner',
        'calendar_event_billing_excluded_rel',
        'event_id',
        'partner_id',
        string="Attendees Not Billed",
    )
    billing_added_client_ids = fields.Many2many(
        'res.partner',
        'calendar_event_billing_added_rel',
        'event_id',
        'partner_id',
        string="Clients Billed Besides",
    )
    billing_client_ids = fields.Many2many(
        'res.partner',
        string="Clients to Bill",
        compute='_compute_billing_client_ids',
        inverse='_inverse_billing_client_ids',
        groups=PRACTITIONER,
        help="The clients among the attendees. Remove who is not billed, add who is.",
    )

    # === COMPUTE METHODS === #

    @api.depends(
        'attendee_ids.state',
        'partner_ids',
        'user_id',
        'billing_excluded_client_ids',
        'billing_added_client_ids',
    )
    @api.depends_context('uid', 'allowed_company_ids')
    def _compute_billing_client_ids(self):
        facts = self._origin._billing_facts()
        for event in self:
            fact = facts.get(event._origin)
            if fact and not event._billing_may_see(fact):
                event.billing_client_ids = False
            elif event == event._origin:
                event.billing_client_ids = fact.clients.sudo(False)
            else:  # being edited
                event.billing_client_ids = (
                    event._billing_attending_clients() - event.billing_excluded_client_ids
                ) | event.billing_added_client_ids

    def _inverse_billing_client_ids(self):
        for event in self:
            attending = event._billing_attending_clients()
            chosen = event.billing_client_ids._origin
            event.write(
                {
                    'billing_excluded_client_ids': [Command.set((attending - chosen).ids)],
                    'billing_added_client_ids': [Command.set((chosen - attending).ids)],
                }
            )

    def _billing_attending_clients(self):
        """Return the clients among the attendees, as far as the user sees them."""
        declined = self.attendee_ids.filtered(lambda attendee: attendee.state == 'declined')
        return (
            self.partner_ids._origin.filtered('partner_share')
            - declined.partner_id
            - self.user_id.partner_id
        )

    # === ONCHANGE METHODS === #

    @api.onchange('billing_service_id')
    def _onchange_billing_service_id(self):
        length = self.billing_service_id.billing_duration
        if length and self.start and not self.allday:
            self.stop = self.start + timedelta(minutes=round(length * 60))

    @api.onchange('partner_ids', 'user_id')
    def _onchange_billing_partners(self):
        known = self._origin._billing_filter_known() == self._origin
        if known and not self.billing_service_id:
            self.billing_service_id = self._billing_usual_service()

    def _billing_usual_service(self):
        """Return the service that a session with these attendees usually is: the client's, else
        the practitioner's, else the only one of this length, else the practice's."""
        clients = self._billing_attending_clients()
        Product = self.env['product.product']
        if not clients or not self.env.user.has_group(PRACTITIONER):
            return Product
        usual = clients[0].billing_service_id or self.user_id.partner_id.billing_service_id
        if not usual and self.duration:
            services = Product.search(
                [
                    *Product._check_company_domain(self.env.company),
                    ('type', '=', 'service'),
                    ('sale_ok', '=', True),
                    ('billing_duration', '=', self.duration),
                ],
                limit=2,
            )
            usual = services if len(services) == 1 else Product
        return usual or self.env.company.billing_service_id

    # === BUSINESS METHODS === #

    def _billing_may_see(self, fact: Fact) -> bool:
        """Return whether the user may know what is billed for a session."""
        return fact.company in self.env.companies and (
            fact.practitioner == self.env.user or self.env.user.has_group(FRONT_DESK)
        )

    def _billing_facts(self) -> dict[models.BaseModel, Fact]:
        """Return what is to be billed for each of these sessions.

        The private sessions of other users are masked in the cache, for superusers too once it
        happened. Aggregates and other models' records are read past the mask; the caller answers
        for the right to know.
        """
        if not self.ids:
            return {}
        self.flush_recordset(['billing_service_id', 'user_id', 'start', 'stop', 'allday', 'active'])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id, billing_service_id, user_id, start, stop, allday, active, create_date
                  FROM calendar_event
                 WHERE id IN %s
                """,
                tuple(self.ids),
            )
        )
        env = self.sudo().env
        clients = self._billing_read_clients()
        facts = {}
        for event_id, service_id, user_id, start, stop, allday, active, created in rows:
            service = env['product.product'].browse(service_id)
            practitioner = env['res.users'].browse(user_id)
            company = service.company_id or practitioner.company_id or self.env.company
            date, begins, ends = start, start, stop
            if allday:
                # Stored as hours of no time zone at all: its days are those of the practice.
                date, begins, ends = (
                    company._billing_moment(start, time(12)),
                    company._billing_moment(start, time()),
                    company._billing_moment(stop + timedelta(days=1), time()),
                )
            facts[self.browse(event_id)] = Fact(
                service=service,
                # Attendees of one moment have no order of their own.
                clients=(clients[event_id] - practitioner.partner_id).sorted(
                    lambda client: (client.name or '', client.id)
                ),
                company=company,
                practitioner=practitioner,
                date=date,
                begins=begins,
                ends=ends,
                created=created,
                active=active,
            )
        return facts

    def _billing_read_clients(self) -> dict[int, models.BaseModel]:
        """Return the clients (sudo) to bill for each session, by its id: clients among the
        attendees, less those who were taken out, and those who were added."""
        Partner = self.env['res.partner'].sudo()
        attendees_sudo = (
            self.env['calendar.attendee']
            .sudo()
            .search(
                [
                    ('event_id', 'in', self.ids),
                    ('state', '!=', 'declined'),
                    ('partner_id.partner_share', '=', True),
                ]
            )
        )
        clients = dict.fromkeys(self.ids, Partner.browse())
        for event, attendees in attendees_sudo.grouped('event_id').items():
            clients[event.id] = attendees.partner_id
        for table, change in (
            ('calendar_event_billing_excluded_rel', operator.sub),
            ('calendar_event_billing_added_rel', operator.or_),
        ):
            for event_id, partner_id in self.env.execute_query(
                SQL(
                    "SELECT event_id, partner_id FROM %s WHERE event_id IN %s",
                    SQL.identifier(table),
                    tuple(self.ids),
                )
            ):
                clients[event_id] = change(clients[event_id], Partner.browse(partner_id))
        return clients
