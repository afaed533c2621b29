from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_date


class PracticeReminderPause(models.Model):
    """A time without reminders: of one invoice, or of all that a client or payer is about."""

    _name = 'practice.reminder.pause'
    _description = "Pause of Reminders"
    _order = 'until desc, id desc'
    _check_company_auto = True

    company_id = fields.Many2one(
        'res.company', required=True, index=True, default=lambda self: self.env.company
    )
    move_id = fields.Many2one(
        'account.move',
        string="Invoice",
        index='btree_not_null',
        ondelete='cascade',
        check_company=True,
    )
    partner_id = fields.Many2one(
        'res.partner', string="Client or Payer", index='btree_not_null', ondelete='cascade'
    )
    reason = fields.Selection(
        [
            ('promise', "Promise to pay"),
            ('hardship', "Hardship"),
            ('dispute', "Dispute"),
            ('other', "Other"),
        ],
        required=True,
        default='promise',
    )
    until = fields.Date(
        string="Pause Until",
        required=True,
        default=lambda self: self.env.company._billing_today() + timedelta(14),
        help="The last day without reminders.",
    )
    ended_at = fields.Datetime(string="Resumed", readonly=True)

    _one_check = models.Constraint(
        'CHECK((move_id IS NULL) <> (partner_id IS NULL))',
        "A pause is for an invoice, or for a client or payer.",
    )

    # === COMPUTE METHODS === #

    @api.depends('reason', 'until')
    def _compute_display_name(self):
        reasons = dict(self._fields['reason']._description_selection(self.env))
        for pause in self:
            pause.display_name = self.env._(
                "%(reason)s, until %(day)s",
                reason=reasons.get(pause.reason, ""),
                day=format_date(self.env, pause.until),
            )

    # === CONSTRAINT METHODS === #

    @api.constrains('until')
    def _check_until(self):
        for pause in self:
            if pause.until < pause.company_id._billing_today():
                raise ValidationError(self.env._("Say a day from today on: reminders go on then."))

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Override to leave a note where the pause is seen."""
        pauses = super().create(vals_list)
        for pause in pauses:
            (pause.move_id or pause.partner_id).sudo().message_post(
                body=self.env._("Reminders are paused: %s", pause.display_name),
                author_id=self.env.user.partner_id.id,
            )
        return pauses

    # === ACTION METHODS === #

    def action_done(self):
        """Close the dialog; the pause is saved."""
        if self.env.context.get('billing_reminder_plan'):
            self.env['practice.reminder.plan']._make(self.company_id)
        return {'type': 'ir.actions.client', 'tag': 'soft_reload'}

    def action_resume(self):
        """End the pause: reminders go on."""
        self.check_access('write')
        for pause in self.filtered(lambda pause: not pause.ended_at):
            pause.ended_at = fields.Datetime.now()
            (pause.move_id or pause.partner_id).sudo().message_post(
                body=self.env._("Reminders go on."), author_id=self.env.user.partner_id.id
            )
        return {'type': 'ir.actions.client', 'tag': 'soft_reload'}
