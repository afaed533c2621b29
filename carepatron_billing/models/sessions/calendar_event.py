import operator
from collections import namedtuple
from datetime import time, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import SQL

# What billing needs to know of a session, also of a private one.
# `date` is the moment that stands for the session; an all-day session has none of its own.
Fact = namedtuple(
    'Fact',
    'service clients company practitioner date begins ends created active',
)

GROUP = 'carepatron_billing.group_practitioner'


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
        groups=GROUP,
        help="The clients among the attendees. Remove who is not billed, add who is.",
    )
    billing_item_ids = fields.One2many('practice.billing.item', 'event_id', groups=GROUP)

    # What the desk may know of a session, also where its title and notes are private.
    billing_service_name = fields.Char(
        string="Session's Service",
        compute='_compute_billing',
        groups=GROUP,
    )
    billing_clients = fields.Char(
        string="Client",
        compute='_compute_billing',
        groups=GROUP,
    )
    billing_amount = fields.Monetary(
        string="Price",
        currency_field='billing_currency_id',
        compute='_compute_billing',
        groups=GROUP,
        help="With tax, for all clients of the session.",
    )
    billing_currency_id = fields.Many2one(
        'res.currency',
        compute='_compute_billing',
        groups=GROUP,
    )
    billing_attendance = fields.Selection(
        [
            ('attended', "Attended"),
            ('no_show', "No-show"),
            ('late_cancelled', "Late cancellation"),
            ('cancelled', "Cancelled"),
        ],
        string="Attendance",
        compute='_compute_billing',
        groups=GROUP,
    )
    billing_is_group = fields.Boolean(
        string="Several Clients", compute='_compute_billing', groups=GROUP
    )
    billing_notice = fields.Char(
        compute='_compute_billing',
        groups=GROUP,
        help="What somebody who bills this session should know.",
    )

    # === COMPUTE METHODS === #

    @api.depends('billing_service_id', 'attendee_ids.state', 'user_id')
    @api.depends_context('uid', 'allowed_company_ids')
    def _compute_billing(self):
        saved = self.filtered(lambda event: event._origin.id)
        facts = saved._origin._billing_facts()
        items_sudo = (
            self.env['practice.billing.item']
            .sudo()
            .search(
                [
                    ('event_id', 'in', saved._origin.ids),
                ]
            )
        )
        for event in self:
            fact = facts.get(event._origin)
            items = items_sudo.filtered(lambda item, event=event: item.event_id == event._origin)
            if not fact or not (fact.service or items) or not event._billing_may_see(fact):
                event.billing_service_name = False
                event.billing_clients = False
                event.billing_amount = 0.0
                event.billing_currency_id = False
                event.billing_notice = False
                event.billing_attendance = False
                event.billing_is_group = False
                continue
            waiting = [
                items_sudo.new({**values, 'event_id': False})
                for values in items._split_among_payers(
                    items._prepare_for_event(event._origin, fact)
                )
            ]
            event.billing_service_name = (fact.service or items[0].service_id).name
            clients = items.client_id.union(*(item.client_id._origin for item in waiting))
            event.billing_clients = ", ".join(clients.mapped('name'))
            marks = set(items.mapped('attendance')) | ({False} if waiting else set())
            event.billing_attendance = marks.pop() if len(marks) == 1 else False
            event.billing_is_group = len(clients) > 1
            shares = [*items, *waiting]
            event.billing_currency_id = shares[0].currency_id if shares else False
            event.billing_amount = sum(item.amount_total for item in shares)
            event.billing_notice = items._get_session_notice()

    def _billing_may_see(self, fact):
        """Return whether the user may know what is billed for a session."""
        return fact.company in self.env.companies and (
            fact.practitioner == self.env.user
            or self.env.user.has_group('carepatron_billing.group_front_desk')
        )

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
        the practitioner's, else the only one of this length, else the practice's.

        :rtype: recordset of `product.product`
        """
        clients = self._billing_attending_clients()
        Product = self.env['product.product']
        if not clients or not self.env.user.has_group(GROUP):
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

    # === ACTION METHODS === #

    def action_billing_invoice(self):
        """Invoice the clients of these sessions, or show the invoices that they have already.

        :rtype: dict
        :raise UserError: if something is missing for an invoice; it says what
        """
        self.check_access('read')
        items = self._billing_make_items()
        if len(self) == 1:
            # The click of somebody who looks at this very session confirms it.
            items.filtered(lambda item: item.state == 'to_confirm').action_billing_confirm()
        waiting = items.filtered(lambda item: item.state in ('to_confirm', 'unbilled'))
        if not waiting and not items.invoice_id:
            items._check_invoiceable()
        waiting._invoice()
        return items.invoice_id._billing_action_open()

    def action_billing_preview(self):
        """Show what invoices these sessions give, before anything is posted.

        What is no session is left out; where all is invoiced already, the invoices are shown.

        :rtype: dict
        :raise UserError: if there is nothing to bill, saying why
        """
        self.check_access('read')
        sessions = self.filtered('billing_state') or self
        items = sessions._billing_make_items()
        if 'unbilled' in items.mapped('state') or 'to_confirm' in items.mapped('state'):
            return items.action_billing_preview()
        return sessions.action_billing_open_invoices()

    def action_billing_attended(self):
        """Mark these sessions as attended."""
        return self._billing_make_items().action_billing_attended()

    def action_billing_no_show(self):
        """Mark these sessions as missed without notice."""
        return self._billing_make_items().action_billing_no_show()

    def action_billing_late_cancelled(self):
        """Mark these sessions as cancelled too late."""
        return self._billing_make_items().action_billing_late_cancelled()

    def action_billing_cancelled(self):
        """Mark these sessions as cancelled; where that was too late, as cancelled late."""
        return self._billing_make_items().action_billing_cancelled()

    def action_billing_clients(self):
        """Show the clients of a session, to mark or bill each of them.

        :rtype: dict
        """
        items = self._billing_make_items()
        action = self.env['ir.actions.act_window']._for_xml_id(
            'carepatron_billing.practice_billing_item_action'
        )
        return {
            **action,
            'name': self.env._("Clients of the session"),
            'domain': [('id', 'in', items.ids)],
            'context': {'group_by': []},
        }

    def action_billing_open_invoices(self):
        """Show the invoices of these sessions, those that the user may see.

        :rtype: dict
        """
        items = self.env['practice.billing.item'].search([('event_id', 'in', self.ids)])
        return items.invoice_id._billing_action_open()

    # === BUSINESS METHODS === #

    def _billing_make_items(self):
        """Make the missing items of these sessions for the current user.

        :return: all items of these sessions
        :rtype: recordset of `practice.billing.item`
        :raise AccessError: if the user may not bill one of them
        :raise UserError: if there is nothing to bill, saying why
        """
        facts = self._billing_facts()
        for fact in facts.values():
            if not fact.service:
                raise UserError(
                    self.env._(
                        "Choose a service for this session first; its price goes on the invoice."
                    )
                )
            if not fact.clients:
                raise UserError(
                    self.env._(
                        "Add the client to the session's attendees first. A colleague, or somebody "
                        "who has declined, is not billed."
                    )
                )
        items = self.env['practice.billing.item']._make_for_events(self)
        items.check_access('write')
        return items

    def _billing_facts(self):
        """Return what is to be billed for these sessions.

        The private sessions of other users are masked in the cache, for superusers too once it
        happened. Aggregates and other models' records are read past the mask; the caller answers
        for the right to know.

        :rtype: dict[calendar.event, Fact]
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

    def _billing_read_clients(self):
        """Return the clients (sudo) to bill for each session: clients among the attendees, less
        those who were taken out, and those who were added.

        :rtype: dict[int, res.partner]
        """
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
