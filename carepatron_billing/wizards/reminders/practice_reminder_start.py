from datetime import date

from odoo import api, fields, models


class PracticeReminderStart(models.TransientModel):
    """Switch a rule on: what about that which is overdue already?"""

    _name = 'practice.reminder.start'
    _inherit = 'practice.dialog'
    _description = "Switch on Reminders"

    rule_id = fields.Many2one('practice.reminder.rule', required=True, ondelete='cascade')
    overdue_count = fields.Integer(compute='_compute_overdue_count')
    clinical = fields.Char(related='rule_id.clinical')
    choice = fields.Selection(
        [
            ('today', "Start from today: leave them alone until their next reminder"),
            ('include', "Include them: they are reminded the next time mails go out"),
        ],
        string="What Is Overdue Already",
        required=True,
        default='today',
    )

    @api.depends('rule_id')
    def _compute_overdue_count(self):
        for dialog in self:
            rule = dialog.rule_id
            today = rule.company_id._billing_today()
            # As the rule will be if they are included.
            timing = rule._timing()._replace(start=date.min)
            found = rule.sudo()._load(rule.company_id, rules=rule)
            dialog.overdue_count = len(
                {
                    one.invoice
                    for one in found
                    if one.timings and one._replace(timings=(timing,)).wanted(today)
                }
            )

    def action_start(self) -> dict:
        """Switch the rule on."""
        self.ensure_one()
        rule = self.rule_id
        rule.check_access('write')
        rule.write(
            {
                'is_on': True,
                'start_date': (
                    rule.company_id._billing_today() if self.choice == 'today' else False
                ),
            }
        )
        return {'type': 'ir.actions.client', 'tag': 'soft_reload'}
