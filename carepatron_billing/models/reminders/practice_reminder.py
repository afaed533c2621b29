from odoo import api, fields, models
from odoo.exceptions import UserError

STATES = [
    ('queued', "Going out"),
    ('sending', "Being sent"),
    ('sent', "Sent"),
    ('uncertain', "Not known whether sent"),
    ('failed', "Not sent"),
    ('refused', "Address refused"),
    ('bounced', "Came back"),
    ('skipped', "Skipped"),
]


class PracticeReminder(models.Model):
    """An attempt to remind of one invoice, with its outcome.

    What comes next is not here: it is computed, because whatever is stored about the future is
    wrong as soon as a payment, a pause or a rule changes.
    """

    _name = 'practice.reminder'
    _description = "Reminder"
    _order = 'id desc'
    _check_company_auto = True

    move_id = fields.Many2one(
        'account.move',
        string="Invoice",
        required=True,
        readonly=True,
        index=True,
        ondelete='cascade',
        check_company=True,
    )
    mail_id = fields.Many2one(
        'practice.reminder.mail', readonly=True, index='btree_not_null', ondelete='cascade'
    )
    company_id = fields.Many2one('res.company', required=True, readonly=True, index=True)
    payer_id = fields.Many2one('res.partner', readonly=True, index='btree_not_null')
    currency_id = fields.Many2one(related='move_id.currency_id')
    rule_id = fields.Many2one(
        'practice.reminder.rule',
        readonly=True,
        index='btree_not_null',
        ondelete='set null',
        help="None: somebody sent it by hand.",
    )
    number = fields.Integer(readonly=True, help="0: the first one of the rule.")
    due_date = fields.Date(readonly=True)
    day = fields.Date(readonly=True, help="By the practice's clock.")
    amount = fields.Monetary(string="Asked For", readonly=True)
    residual = fields.Monetary(string="Open Then", readonly=True)
    state = fields.Selection(STATES, required=True, readonly=True, default='queued', index=True)
    reason = fields.Char(string="Why", readonly=True)
    user_id = fields.Many2one('res.users', string="By", readonly=True)

    _once = models.UniqueIndex(
        '(move_id, rule_id, due_date, number)'
        " WHERE state IN ('queued', 'sending', 'sent', 'uncertain', 'skipped')",
        "This reminder went out already.",
    )

    # === COMPUTE METHODS === #

    @api.depends('move_id', 'day')
    def _compute_display_name(self):
        for reminder in self:
            reminder.display_name = self.env._(
                "%(invoice)s, %(day)s", invoice=reminder.move_id.name, day=reminder.day
            )

    # === ACTION METHODS === #

    def action_open_mail(self) -> dict:
        """Show the mail as it was sent.

        :raise UserError: if there was none
        """
        self.ensure_one()
        if not self.mail_id:
            raise UserError(self.env._("No mail was sent: %s", self.reason or ""))
        return {
            'type': 'ir.actions.act_window',
            'name': self.env._("Reminder"),
            'res_model': 'practice.reminder.mail',
            'res_id': self.mail_id.id,
            'view_mode': 'form',
            'target': 'new',
        }
