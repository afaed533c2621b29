from odoo import api, fields, models
from odoo.exceptions import AccessError

from ...const import FRONT_DESK
from ...tools.concurrency import claim


class PracticePaymentLinkSend(models.TransientModel):
    """Before money is asked for: the payer's credit, which may pay it."""

    _inherit = 'practice.payment.link.send'

    credit = fields.Monetary(compute='_compute_credit', currency_field='currency_id')
    currency_id = fields.Many2one(related='link_id.currency_id')

    @api.depends('link_id')
    def _compute_credit(self):
        sees_credit = self.env.user.has_group(FRONT_DESK)
        for wizard in self:
            wizard._check_link()
            due_sudo = wizard.link_id.sudo()._due().moves[:1] if sees_credit else ()
            lines_sudo = due_sudo and due_sudo._billing_credit_lines()
            wizard.credit = -sum(line.amount_residual_currency for line in lines_sudo)

    def action_use_credit(self) -> dict:
        """Pay what the link asks for with the payer's credit, as far as it goes.

        :raise AccessError: if the user is not of the front desk
        """
        self.ensure_one()
        self._check_link()
        if not self.env.user.has_group(FRONT_DESK):
            raise AccessError(self.env._("Only the front desk uses a payer's credit."))
        link_sudo = self.link_id.sudo()
        moves_sudo = link_sudo._due().moves.sorted(lambda move: (move.invoice_date_due, move.id))
        claim(moves_sudo)
        used = sum(move_sudo._billing_use_credit() for move_sudo in moves_sudo)
        left = link_sudo._due().total
        message = self.env._(
            "%(used)s of credit was used. Still due: %(left)s.",
            used=link_sudo._format(used),
            left=link_sudo._format(left),
        )
        notification = moves_sudo._billing_notify('success', message)
        notification['params']['next'] = {'type': 'ir.actions.act_window_close'}
        return notification
