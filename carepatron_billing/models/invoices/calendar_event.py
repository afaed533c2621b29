from odoo import models


class CalendarEvent(models.Model):
    _inherit = 'calendar.event'

    def action_billing_invoice(self) -> dict:
        """Invoice the clients of these sessions, or show the invoices that they have already.

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

    def action_billing_open_invoices(self) -> dict:
        """Show the invoices of these sessions, those that the user may see."""
        items = self.env['practice.billing.item'].search([('event_id', 'in', self.ids)])
        return items.invoice_id._billing_action_open()
