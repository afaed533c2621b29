from odoo import models


class CalendarEvent(models.Model):
    """Billing items follow what is done to their sessions in the calendar."""

    _inherit = 'calendar.event'

    def _billing_attached(self):
        items_sudo = self._billing_items_sudo()
        items = {item: item.event_id.sudo(False) for item in items_sudo}
        return {**super()._billing_attached(), **items}

    def _billing_sessions_changed(self, changed):
        self.env['practice.billing.item']._follow_events(self, changed)
        return super()._billing_sessions_changed(changed)

    def _billing_sessions_gone(self, attached):
        items_sudo = self.env['practice.billing.item'].sudo()
        items_sudo._sessions_gone(items_sudo.union(*attached))
        return super()._billing_sessions_gone(attached)

    def _billing_sessions_replaced(self, moves):
        self.env['practice.billing.item']._repoint(moves)
        return super()._billing_sessions_replaced(moves)
