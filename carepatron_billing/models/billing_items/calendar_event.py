from odoo import api, fields, models
from odoo.exceptions import UserError

from ...const import PRACTITIONER


class CalendarEvent(models.Model):
    """What is billed for sessions, and whether the clients came."""

    _inherit = 'calendar.event'

    billing_item_ids = fields.One2many('practice.billing.item', 'event_id', groups=PRACTITIONER)

    # What the desk may know of a session, also where its title and notes are private.
    billing_service_name = fields.Char(
        string="Session's Service",
        compute='_compute_billing',
        groups=PRACTITIONER,
    )
    billing_clients = fields.Char(
        string="Client",
        compute='_compute_billing',
        groups=PRACTITIONER,
    )
    billing_amount = fields.Monetary(
        string="Price",
        currency_field='billing_currency_id',
        compute='_compute_billing',
        groups=PRACTITIONER,
        help="With tax, for all clients of the session.",
    )
    billing_currency_id = fields.Many2one(
        'res.currency',
        compute='_compute_billing',
        groups=PRACTITIONER,
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
        groups=PRACTITIONER,
    )
    billing_is_group = fields.Boolean(
        string="Several Clients", compute='_compute_billing', groups=PRACTITIONER
    )
    billing_notice = fields.Char(
        compute='_compute_billing',
        groups=PRACTITIONER,
        help="What somebody who bills this session should know.",
    )

    # === COMPUTE METHODS === #

    @api.depends('billing_service_id', 'attendee_ids.state', 'user_id')
    @api.depends_context('uid', 'allowed_company_ids')
    def _compute_billing(self):
        saved = self._origin
        items_sudo = saved._billing_items_sudo()
        items_by_event = items_sudo.grouped('event_id')
        facts = {
            event: fact
            for event, fact in saved._billing_facts().items()
            if (fact.service or event in items_by_event) and event._billing_may_see(fact)
        }
        waiting_by_event = {}
        for values in items_sudo._prepare_for_events(facts):
            event = saved.browse(values['event_id'])
            share = items_sudo.new({**values, 'event_id': False})
            waiting_by_event.setdefault(event, []).append(share)
        for event in self:
            fact = facts.get(event._origin)
            if not fact:
                event.billing_service_name = False
                event.billing_clients = False
                event.billing_amount = 0.0
                event.billing_currency_id = False
                event.billing_notice = False
                event.billing_attendance = False
                event.billing_is_group = False
                continue
            items = items_by_event.get(event._origin, items_sudo.browse())
            waiting = waiting_by_event.get(event._origin, [])
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

    # === ACTION METHODS === #

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

    def action_billing_clients(self) -> dict:
        """Show the clients of a session, to mark or bill each of them."""
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

    # === BUSINESS METHODS === #

    def _billing_items_sudo(self):
        """Return all items (sudo) of these sessions; of a private one, its own field is masked."""
        return self.env['practice.billing.item'].sudo().search([('event_id', 'in', self.ids)])

    def _billing_make_items(self):
        """Make the missing items of these sessions for the current user.

        :return: all items of these sessions
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
