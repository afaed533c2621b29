from collections import namedtuple
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

# What billing needs to know of a session, also of a private one.
Fact = namedtuple('Fact', ['service', 'clients', 'company', 'practitioner', 'created'])

GROUP = 'carepatron_billing.group_practitioner'


class CalendarEvent(models.Model):
    _inherit = 'calendar.event'

    # Without groups: Odoo copies a series' sessions with the rights of whoever edits it.
    billing_service_id = fields.Many2one(
        'product.product',
        string="Service",
        index='btree_not_null',
        domain=[('type', '=', 'service'), ('sale_ok', '=', True)],
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
        compute='_compute_billing',
        groups=GROUP,
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
        sees_all = self.env.user.has_group('carepatron_billing.group_front_desk')
        for event in self:
            fact = facts.get(event._origin)
            may_see = (
                fact
                and fact.company in self.env.companies
                and (sees_all or fact.practitioner == self.env.user)
            )
            if not may_see or not fact.service:
                event.billing_service_name = False
                event.billing_clients = False
                event.billing_amount = 0.0
                event.billing_currency_id = False
                event.billing_state = False
                continue
            items = items_sudo.filtered(lambda item, event=event: item.event_id == event._origin)
            waiting = [
                items_sudo.new({**values, 'event_id': False})
                for values in items._prepare_for_event(event._origin, fact)
            ]
            event.billing_service_name = fact.service.name
            event.billing_clients = ", ".join(
                [*items.client_id.mapped('name'), *(item.client_id.name for item in waiting)]
            )
            shares = [*items, *waiting]
            event.billing_currency_id = shares[0].currency_id if shares else False
            event.billing_amount = sum(item.amount_total for item in shares)
            event.billing_state = items._get_session_state(len(waiting))

    # === ONCHANGE METHODS === #

    @api.onchange('billing_service_id')
    def _onchange_billing_service_id(self):
        length = self.billing_service_id.billing_duration
        if length and self.start and not self.allday:
            self.stop = self.start + timedelta(minutes=round(length * 60))

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
        read = (
            self.sudo()
            .with_context(active_test=False)
            ._read_group(
                [('id', 'in', self.ids)], ['id', 'billing_service_id'], ['create_date:min']
            )
        )
        services = {event.id: (service, created) for event, service, created in read}
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
        attendees_by_event = attendees_sudo.grouped('event_id')
        facts = {}
        for event in self:
            practitioner = event.sudo().user_id
            service, created = services[event.id]
            attendees = attendees_by_event.get(event, attendees_sudo.browse())
            facts[event] = Fact(
                service=service,
                # Attendees of one moment have no order of their own.
                clients=(attendees.partner_id - practitioner.partner_id).sorted(
                    lambda client: (client.name or '', client.id)
                ),
                company=service.company_id or practitioner.company_id or self.env.company,
                practitioner=practitioner,
                created=created,
            )
        return facts
