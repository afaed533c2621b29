from odoo import models


class CalendarAttendee(models.Model):
    _inherit = 'calendar.attendee'

    def write(self, vals):
        """Override of `calendar`: a client who declines in time is not billed, and one who
        declines late as the practice's rule says."""
        Item = self.env['practice.billing.item']
        declines = vals.get('state') == 'declined'
        if declines:
            Item._decline(self.filtered(lambda attendee: attendee.state != 'declined'))
        again = self.filtered(lambda attendee: attendee.state == 'declined')
        result = super().write(vals)
        if vals.get('state') and not declines and again:
            Item._accept_again(again)
        return result
