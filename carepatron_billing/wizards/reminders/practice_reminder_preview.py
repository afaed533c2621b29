from odoo import api, fields, models
from odoo.exceptions import UserError

from ...models.invoices.account_move_status import UNPAID_STATES
from ...models.reminders.practice_reminder_rule_letter import Entry, Letter
from ...tools.actions import open_dialog


class PracticeReminderPreview(models.TransientModel):
    """The mail of a rule, as the payer of a real invoice would get it."""

    _name = 'practice.reminder.preview'
    _inherit = 'practice.dialog'
    _description = "Preview of a Reminder"

    rule_id = fields.Many2one('practice.reminder.rule', required=True, ondelete='cascade')
    company_id = fields.Many2one(related='rule_id.company_id')
    clinical = fields.Char(related='rule_id.clinical')
    move_id = fields.Many2one(
        'account.move',
        string="With invoice",
        compute='_compute_move_id',
        store=True,
        readonly=False,
        precompute=True,
        domain="[('company_id', '=', company_id), ('move_type', '=', 'out_invoice'),"
        " ('state', '=', 'posted')]",
    )
    recipient = fields.Char(string="To", compute='_compute_mail')
    subject = fields.Char(compute='_compute_mail')
    body = fields.Html(compute='_compute_mail', sanitize=False)

    @api.depends('rule_id')
    def _compute_move_id(self):
        for preview in self:
            invoices = [
                ('company_id', '=', preview.rule_id.company_id.id),
                ('move_type', '=', 'out_invoice'),
                ('state', '=', 'posted'),
            ]
            Move = self.env['account.move']
            open_ones = [*invoices, ('payment_state', 'in', UNPAID_STATES)]
            preview.move_id = Move.search(
                open_ones, order='invoice_date_due, id', limit=1
            ) or Move.search(invoices, limit=1)

    @api.depends('move_id', 'rule_id')
    def _compute_mail(self):
        for preview in self:
            move = preview.move_id
            preview.recipient = preview.subject = preview.body = False
            if not move:
                continue
            move.check_access('read')
            entry = Entry(
                move.id,
                move.invoice_date_due or move.invoice_date,
                None,
                move.amount_residual,
                move.amount_residual or move.amount_total,
            )
            rule_sudo = preview.rule_id.sudo()
            company = rule_sudo.company_id
            [mail] = rule_sudo.with_company(company)._compose(
                company, [Letter(move.partner_id.id, (entry,))], rule_sudo.template_id
            )
            preview.recipient = mail['email'] or self.env._("no e-mail address")
            preview.subject = mail['subject']
            preview.body = mail['body']

    def _action_open(self):
        """Return the action that shows the mail.

        :raise UserError: if the practice has no invoice yet
        """
        self.ensure_one()
        if not self.move_id:
            raise UserError(
                self.env._("There is no invoice yet to show the mail with. Make one first.")
            )
        return open_dialog(self, self.env._("What the payer gets"))
