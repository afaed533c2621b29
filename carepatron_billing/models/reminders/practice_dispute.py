from datetime import timedelta

from odoo import fields, models

# Banks take up to two months and a half to decide; reminders wait that long, and no longer than
# the dispute. https://docs.stripe.com/disputes/how-disputes-work
LONGEST = timedelta(days=90)
# Pauses that end sooner are made longer.
SOON = timedelta(days=14)


class PracticeDispute(models.Model):
    """Nobody is reminded of what a bank decides about."""

    _inherit = 'practice.dispute'

    pause_ids = fields.Many2many('practice.reminder.pause', readonly=True)

    def _follow_up(self):
        """Override to hold back reminders while the dispute is open, and if it was lost."""
        if self.is_open:
            self._pause_reminders()
        elif self.state != 'lost':
            self.pause_ids.filtered(lambda pause: not pause.ended_at).action_resume()
        return super()._follow_up()

    def _pause_reminders(self):
        today = self.company_id._billing_today()
        until = max(self._day_due() or today, today) + LONGEST
        live = self.pause_ids.filtered(lambda pause: not pause.ended_at)
        live.filtered(lambda pause: pause.until < today + SOON).until = until
        self.pause_ids |= live.create(
            [
                {
                    'company_id': self.company_id.id,
                    'move_id': move.id,
                    'reason': 'dispute',
                    'until': until,
                }
                for move in self.move_ids - self.pause_ids.move_id
            ]
        )
