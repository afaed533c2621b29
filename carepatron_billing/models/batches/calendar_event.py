from odoo import models


class CalendarEvent(models.Model):
    _inherit = 'calendar.event'

    def action_billing_preview(self) -> dict:
        """Show what invoices these sessions give, before anything is posted.

        What is no session is left out; where all is invoiced already, the invoices are shown.

        :raise UserError: if there is nothing to bill, saying why
        """
        self.check_access('read')
        sessions = self.filtered('billing_state') or self
        items = sessions._billing_make_items()
        if 'unbilled' in items.mapped('state') or 'to_confirm' in items.mapped('state'):
            return items.action_billing_preview()
        return sessions.action_billing_open_invoices()
