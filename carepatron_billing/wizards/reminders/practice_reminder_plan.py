from datetime import timedelta

from odoo import api, fields, models

from ...models.reminders.plan import agenda

WEEK = 7


class PracticeReminderPlan(models.TransientModel):
    """What would go out today, tomorrow and in the days after: made anew whenever it is asked for
    or something in it was done, never acted upon."""

    _name = 'practice.reminder.plan'
    _inherit = 'practice.dialog'
    _description = "Reminders of the Next Days"
    _order = 'when, day, payer_id, id'

    user_id = fields.Many2one('res.users', required=True, index=True, ondelete='cascade')
    company_id = fields.Many2one('res.company', required=True)
    day = fields.Date(string="Planned For")
    when = fields.Selection(
        # Their order on the screen is that of the keys.
        [('1', "Today"), ('2', "Tomorrow"), ('3', "This week"), ('4', "Held back")],
        string="Goes Out",
    )
    move_id = fields.Many2one('account.move', string="Invoice", ondelete='cascade')
    payer_id = fields.Many2one('res.partner', string="To", ondelete='cascade')
    rule_id = fields.Many2one('practice.reminder.rule', ondelete='cascade')
    due_date = fields.Date(string="Due")
    amount = fields.Monetary()
    currency_id = fields.Many2one(related='move_id.currency_id')
    hold = fields.Char(string="Held Back")
    is_paused = fields.Boolean()

    # === ACTION METHODS === #

    @api.model
    def action_open(self) -> dict:
        """Show what would go out in the next days."""
        self.check_access('read')
        company = self.env.company
        self._make(company)
        action = self.env['ir.actions.act_window']._for_xml_id(
            'carepatron_billing.practice_reminder_plan_action'
        )
        return {**action, 'domain': [('user_id', '=', self.env.uid)]}

    def action_remind(self):
        """Send these reminders now."""
        return self._made_anew(self.move_id.action_billing_remind)

    def action_skip(self):
        """Leave these reminders out."""
        return self._made_anew(self.move_id.action_billing_skip_reminder)

    def action_pause(self):
        """Ask until when reminders of the invoice pause."""
        action = self.move_id.action_billing_pause_reminders()
        return {**action, 'context': {**action['context'], 'billing_reminder_plan': True}}

    def action_resume(self):
        """End the pauses of these invoices, of their clients and payers."""
        return self._made_anew(self.move_id.action_billing_resume_reminders)

    def action_open_invoice(self):
        """Open the invoice."""
        return self.move_id._billing_action_open()

    # === HELPERS === #

    def _made_anew(self, act) -> dict:
        """Do something to these invoices, after which the list is worked out anew.

        :param act: what is done; returns an action
        """
        company = self.company_id
        action = act()
        self._make(company)
        return action

    @api.model
    def _make(self, company):
        """Work the list out anew for the user."""
        own = [('user_id', '=', self.env.uid)]
        self.sudo().search(own).unlink()
        Rule = self.env['practice.reminder.rule'].sudo()
        company_sudo = company.sudo()
        first = company_sudo._billing_next_reminder_day()
        days = list(company_sudo._billing_reminder_days(first, WEEK))
        done = (
            self.env['practice.reminder.mail']
            .sudo()
            ._payers_done(company, company._billing_today())
        )
        today = company._billing_today()
        # Seen are the invoices that the user may see.
        instalments = Rule._load(company)
        invoices = [('id', 'in', [one.invoice for one in instalments])]
        visible = set(self.env['account.move'].search(invoices).ids)
        values = []
        for one in instalments:
            if one.invoice not in visible:
                continue
            held = one._replace(free_on=first) if one.free_on > first else one
            open_days = [day for day in days if day != today or one.payer not in done]
            for day, step in agenda(held, open_days):
                free = day >= one.free_on
                values.append(
                    {
                        'user_id': self.env.uid,
                        'company_id': company.id,
                        'day': day,
                        'when': self._when(day, today) if free else '4',
                        'move_id': one.invoice,
                        'payer_id': one.payer,
                        'rule_id': step.rule,
                        'due_date': one.due,
                        'amount': one.amount,
                        'hold': False if free else Rule._hold_words(one.hold, one.free_on),
                        'is_paused': not free and one.hold.startswith('paused_'),
                    }
                )
                if not free:
                    break
        self.sudo().create(values)

    def _when(self, day, today):
        return {today: '1', today + timedelta(1): '2'}.get(day, '3')
