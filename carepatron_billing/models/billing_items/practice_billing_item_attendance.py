from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from .practice_billing_item import MISSED

# What a fee replaces, and undoing it brings back.
OF_THE_SESSION = (
    'service_id',
    'payer_id',
    'name',
    'code',
    'quantity',
    'price_unit',
    'tax_ids',
    'extra_tax_data',
)


class PracticeBillingItem(models.Model):
    """Attendance, and what a missed session costs."""

    _inherit = 'practice.billing.item'

    is_fee = fields.Boolean(
        string="Fee",
        readonly=True,
        help="Billed for a session that was missed, to the client alone.",
    )
    session_values = fields.Json(help="What was to be billed if the session had taken place.")

    # === ACTION METHODS === #

    def action_billing_attended(self):
        """Mark these sessions as attended."""
        return self._mark('attended')

    def action_billing_no_show(self):
        """Mark these sessions as missed without notice."""
        return self._mark('no_show')

    def action_billing_late_cancelled(self):
        """Mark these sessions as cancelled too late."""
        return self._mark('late_cancelled')

    def action_billing_cancelled(self):
        """Mark these sessions as cancelled; where that was too late, as cancelled late."""
        late = self.filtered(lambda item: item._is_short_notice())
        late._mark('late_cancelled')
        return (self - late)._mark('cancelled')

    def action_billing_unmark(self):
        """Take the attendance back: nobody has said yet whether the session took place."""
        return self._mark(False)

    # === BUSINESS METHODS === #

    def _mark(self, attendance: str | bool):
        """Record whether the clients of these items came, for all who pay for them.

        :param attendance: a value of `attendance`; False for not known
        :raise UserError: if the session is invoiced as attended and was missed
        """
        self.check_access('write')
        for item in self._of_whole_clients():
            if item.attendance == attendance:
                continue
            own_sudo = item.sudo()._with_shares()
            if attendance in MISSED and 'invoiced' in own_sudo.mapped('state'):
                raise UserError(
                    self.env._(
                        "%s is invoiced already. Correct the invoice first, then mark the session.",
                        item._get_label(),
                    )
                )
            own_sudo._restore_session()
            own_sudo.attendance = attendance
            own_sudo.filtered(lambda one: one.confirm_reason == 'attendance').confirm_reason = False
            if attendance in ('no_show', 'late_cancelled'):
                own_sudo._charge_fee(attendance)
        return True

    def _of_whole_clients(self):
        """Return one item of each client of a session, whoever pays for it."""
        groups = self.grouped(lambda item: (item.event_id or item, item.client_id))
        return self.browse([items[0].id for items in groups.values()])

    def _with_shares(self):
        """Return this item and those of others who pay for the same client's session."""
        if not self.event_id:
            return self
        return self.search(
            [('event_id', '=', self.event_id.id), ('client_id', '=', self.client_id.id)]
        )

    def _charge_fee(self, attendance):
        """Turn one of the items of a client's missed session into its fee, if there is one."""
        bearer = self.filtered(lambda item: item.payer_id == item.client_id)[:1] or self[:1]
        rule = self.env['practice.fee.rule']._find(bearer.company_id, attendance, bearer.service_id)
        price = sum(item.price_unit * item.quantity for item in self)
        fee = rule._get_fee(price, bearer.currency_id, bearer.date)
        if bearer.currency_id.is_zero(fee):
            return
        bearer.session_values = bearer._copy_session_values()
        bearer.write(
            {
                'is_fee': True,
                'service_id': rule.fee_service_id.id,
                'payer_id': bearer.client_id.id,
                'quantity': 1.0,
                'extra_tax_data': False,
            }
        )
        bearer.price_unit = fee

    def _copy_session_values(self):
        values = {name: self[name] for name in OF_THE_SESSION}
        return {
            **values,
            'service_id': self.service_id.id,
            'payer_id': self.payer_id.id,
            'tax_ids': self.tax_ids.ids,
        }

    def _restore_session(self):
        """Undo a fee."""
        for item in self.filtered(lambda item: item.is_fee and item.state != 'invoiced'):
            item.write({'is_fee': False, **item.session_values, 'session_values': False})

    def _is_short_notice(self) -> bool:
        """Return whether it is too late now to cancel this session for nothing."""
        return self._is_late(self.company_id, self._get_session_service(), self.date)

    @api.model
    def _is_late(self, company: models.Model, service: models.Model, date) -> bool:
        """Return whether it is too late now to cancel a session for nothing.

        :param company: the practice
        :param service: of the session
        :param datetime.datetime date: when the session begins; naive, in UTC
        """
        rule = self.env['practice.fee.rule'].sudo()._find(company, 'late_cancelled', service)
        return bool(rule) and fields.Datetime.now() > date - timedelta(hours=rule.notice_hours)

    def _get_session_service(self):
        values = self.session_values or {}
        return self.service_id.browse(values.get('service_id')) or self.service_id

    # === BUSINESS METHODS: INVITATIONS === #

    @api.model
    def _decline(self, attendees):
        """Mark the sessions of clients who decline later than the notice asks for.

        Their fee waits for somebody's word, unless the practice charges it by itself. To be called
        while they still count as clients of their sessions.

        :param attendees: recordset of `calendar.attendee`
        """
        now = fields.Datetime.now()
        facts = attendees.event_id._billing_facts()
        for attendee in attendees:
            fact, client_sudo = facts[attendee.event_id], attendee.sudo().partner_id
            if (
                not fact.active
                or not fact.service
                or client_sudo not in fact.clients
                or fact.begins <= now
                or not self._is_late(fact.company, fact.service, fact.date)
            ):
                continue
            items_sudo = self.sudo()._make_for_events(attendee.event_id, client_sudo)
            items_sudo = items_sudo.filtered(
                lambda item, client=client_sudo: item.client_id == client and not item.attendance
            )
            if set(items_sudo.mapped('state')) - {'unbilled', 'to_confirm'}:
                continue  # settled between people already
            items_sudo._mark('late_cancelled')
            if fact.company.billing_late_decline == 'asked':
                fees_sudo = items_sudo.filtered(
                    lambda item: item.is_fee and not item.confirm_reason
                )
                fees_sudo.confirm_reason = 'late_decline'

    @api.model
    def _accept_again(self, attendees):
        """Take back that clients cancelled late, who come after all.

        :param attendees: recordset of `calendar.attendee`
        """
        now = fields.Datetime.now()
        facts = attendees.event_id._billing_facts()
        for attendee in attendees:
            if facts[attendee.event_id].begins <= now:
                continue
            items_sudo = self.sudo().search(
                [
                    ('event_id', '=', attendee.event_id.id),
                    ('client_id', '=', attendee.sudo().partner_id.id),
                    ('attendance', '=', 'late_cancelled'),
                ]
            )
            if set(items_sudo.mapped('state')) & {'invoiced', 'waived'}:
                continue
            items_sudo._mark(False)
            items_sudo.filtered(
                lambda item: item.confirm_reason == 'late_decline'
            ).confirm_reason = False

    def _filter_declined(self):
        """Return those of these items whose client declined the session."""
        attendees_sudo = (
            self.env['calendar.attendee']
            .sudo()
            .search([('event_id', 'in', self.event_id.ids), ('state', '=', 'declined')])
        )
        declined = {(one.event_id.id, one.partner_id.id) for one in attendees_sudo}
        return self.filtered(lambda item: (item.event_id.id, item.client_id.id) in declined)
