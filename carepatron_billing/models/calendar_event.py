from collections import namedtuple

from odoo import fields, models
from odoo.exceptions import UserError

# What billing needs to know of a session, also of a private one.
Fact = namedtuple('Fact', ['service', 'clients', 'company', 'practitioner', 'created'])

GROUP = 'carepatron_billing.group_practitioner'


class CalendarEvent(models.Model):
    _inherit = 'calendar.event'

    billing_service_id = fields.Many2one(
        'product.product', string="Service", groups=GROUP, index='btree_not_null',
        domain=[('type', '=', 'service'), ('sale_ok', '=', True)],
    )
    billing_item_ids = fields.One2many('practice.billing.item', 'event_id', groups=GROUP)

    # === ACTION METHODS === #

    def action_billing_invoice(self):
        """Invoice the clients of this session, or show the invoices that it has already.

        :rtype: dict
        :raise UserError: if something is missing for an invoice; it says what
        """
        self.check_access('read')
        items = self._billing_make_items()
        # The click of somebody who looks at this very session is its confirmation.
        items.filtered(lambda item: item.state == 'to_confirm').action_billing_confirm()
        items.filtered(lambda item: item.state == 'unbilled')._invoice()
        if not items.invoice_id:
            items._check_invoiceable()
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
                raise UserError(self.env._(
                    "Choose a service for this session first; its price goes on the invoice."
                ))
            if not fact.clients:
                raise UserError(self.env._(
                    "Add the client to the session's attendees first. A colleague, or somebody who "
                    "has declined, is not billed."
                ))
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
        read = self.sudo().with_context(active_test=False)._read_group(
            [('id', 'in', self.ids)], ['id', 'billing_service_id'], ['create_date:min']
        )
        services = {event.id: (service, created) for event, service, created in read}
        attendees_sudo = self.env['calendar.attendee'].sudo().search([
            ('event_id', 'in', self.ids),
            ('state', '!=', 'declined'),
            ('partner_id.partner_share', '=', True),
        ])
        attendees_by_event = attendees_sudo.grouped('event_id')
        facts = {}
        for event in self:
            practitioner = event.sudo().user_id
            service, created = services[event.id]
            attendees = attendees_by_event.get(event, attendees_sudo.browse())
            facts[event] = Fact(
                service=service,
                clients=attendees.partner_id - practitioner.partner_id,
                company=service.company_id or practitioner.company_id or self.env.company,
                practitioner=practitioner,
                created=created,
            )
        return facts
