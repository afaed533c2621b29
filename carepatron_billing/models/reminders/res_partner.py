from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ...const import FRONT_DESK


class ResPartner(models.Model):
    _inherit = 'res.partner'

    billing_reminder_pause_id = fields.Many2one(
        'practice.reminder.pause',
        string="Reminders Paused",
        compute='_compute_billing_reminders',
        groups=FRONT_DESK,
    )
    billing_reminder_next = fields.Char(
        string="Next Reminder", compute='_compute_billing_reminders', groups=FRONT_DESK
    )
    billing_reminder_hold = fields.Char(
        string="Held Back", compute='_compute_billing_reminders', groups=FRONT_DESK
    )
    billing_reminder_count = fields.Integer(
        string="Reminders", compute='_compute_billing_reminders', groups=FRONT_DESK
    )

    # === COMPUTE METHODS === #

    @api.depends_context('uid', 'allowed_company_ids')
    def _compute_billing_reminders(self):
        company = self.env.company
        pauses = self.env['practice.reminder.pause'].search(
            [
                ('partner_id', 'in', self.ids),
                ('company_id', '=', company.id),
                ('ended_at', '=', False),
                ('until', '>=', company._billing_today()),
            ]
        )
        counts = dict(
            self.env['practice.reminder']._read_group(
                [('payer_id', 'in', self.ids), ('company_id', '=', company.id)],
                ['payer_id'],
                ['__count'],
            )
        )
        nexts = self._billing_reminder_nexts()
        for partner in self:
            partner.billing_reminder_pause_id = pauses.filtered(
                lambda pause, partner=partner: pause.partner_id == partner._origin
            )[:1]
            partner.billing_reminder_count = counts.get(partner._origin, 0)
            partner.billing_reminder_next = nexts.get(partner._origin.id, (False, False))[0]
            partner.billing_reminder_hold = nexts.get(partner._origin.id, (False, False))[1]

    # === ACTION METHODS === #

    def action_billing_remind(self) -> dict:
        """Remind this payer at once of everything that is due.

        :raise UserError: if nothing is due
        """
        self.ensure_one()
        self._billing_check_desk()
        moves = self._billing_open_moves()
        due = moves.filtered(
            lambda move: (move.invoice_date_due or move.invoice_date) <= self._billing_now()
        )
        if not due:
            raise UserError(self.env._("Nothing is due from %s.", self.name))
        return due.action_billing_remind()

    def action_billing_pause_reminders(self) -> dict:
        """Ask until when and why reminders pause: of what this payer owes, or this client's
        sessions cost.
        """
        self.ensure_one()
        self._billing_check_desk()
        return {
            'type': 'ir.actions.act_window',
            'name': self.env._("Pause reminders of %s", self.name),
            'res_model': 'practice.reminder.pause',
            'view_mode': 'form',
            'target': 'new',
            'context': {
                'default_partner_id': self.id,
                'default_company_id': self.env.company.id,
            },
        }

    def action_billing_resume_reminders(self) -> dict:
        """End the pause."""
        self.ensure_one()
        self._billing_check_desk()
        return self.billing_reminder_pause_id.action_resume()

    def action_billing_reminders(self) -> dict:
        """Show what was sent to this payer."""
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id(
            'carepatron_billing.practice_reminder_action'
        )
        return {**action, 'domain': [('payer_id', '=', self.id)], 'context': {}}

    # === HELPERS === #

    def _billing_check_desk(self):
        self.check_access('read')
        if not self.env.user.has_group(FRONT_DESK):
            raise AccessError(self.env._("This is for the front desk."))

    def _billing_now(self):
        return self.env.company._billing_today()

    def _billing_open_moves(self):
        domain = Domain.OR(
            self.env['practice.payment.link']._get_open_domain(partner, self.env.company)
            for partner in self
        )
        return self.env['account.move'].search(domain)

    def _billing_reminder_nexts(self):
        """Return the earliest next reminder of each payer, and what holds it back, in words."""
        nexts = {}
        partners = self._origin
        if not partners:
            return nexts
        for move in partners._billing_open_moves():
            known = nexts.get(move.partner_id.id)
            if not known or not known[0]:
                nexts[move.partner_id.id] = (
                    move.billing_reminder_next,
                    move.billing_reminder_hold,
                )
        return nexts
