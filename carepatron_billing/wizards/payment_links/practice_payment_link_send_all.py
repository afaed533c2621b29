from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools.actions import notification

# As many as are written and drawn while somebody waits.
AT_ONCE = 50


class PracticePaymentLinkSendAll(models.TransientModel):
    """Send the payment links of several invoices, and say beforehand who gets none."""

    _name = 'practice.payment.link.send.all'
    _inherit = 'practice.dialog'
    _description = "Send Payment Links"

    move_ids = fields.Many2many('account.move', string="Invoices", required=True)
    ready_ids = fields.Many2many('account.move', compute='_compute_ready_ids')
    ready_count = fields.Integer(compute='_compute_ready_ids')
    unpayable = fields.Char(compute='_compute_ready_ids')
    without_email_ids = fields.Many2many('res.partner', compute='_compute_ready_ids')
    attach_invoice = fields.Boolean(string="Attach the invoice (PDF)", default=True)
    is_sent = fields.Boolean(readonly=True)

    @api.depends('move_ids')
    def _compute_ready_ids(self):
        for wizard in self:
            moves = wizard.move_ids._origin
            payable = moves.filtered(
                lambda move: (
                    move.move_type == 'out_invoice'
                    and move.state == 'posted'
                    and not move.currency_id.is_zero(move.amount_residual)
                )
            )
            ready = payable.filtered(lambda move: move.partner_id.email_normalized)
            wizard.ready_ids = ready
            wizard.ready_count = len(ready)
            wizard.without_email_ids = (payable - ready).partner_id
            wizard.unpayable = ", ".join(move.name or move.display_name for move in moves - payable)

    def action_send(self) -> dict:
        """Send each link to its payer's address, in the payer's language.

        :raise UserError: if there is none to send, or too many for one click
        """
        self.ensure_one()
        if self.is_sent:
            return {'type': 'ir.actions.act_window_close'}
        moves = self.ready_ids
        if not moves:
            raise UserError(self.env._("None of these invoices can be sent. See why above."))
        if len(moves) > AT_ONCE:
            raise UserError(
                self.env._("Select %s invoices at most, and send the others afterwards.", AT_ONCE)
            )
        dialogs = self.env['practice.payment.link.send'].create(
            [{'move_id': move.id, 'attach_invoice': self.attach_invoice} for move in moves]
        )
        return self._send(dialogs)

    def _send(self, dialogs) -> dict:
        """Send the links that these dialogs are about."""
        self.is_sent = True
        for dialog in dialogs:
            dialog._send()
        message = self.env._("%s payment links were sent.", len(dialogs))
        if len(dialogs) == 1:
            message = self.env._("The payment link was sent.")
        return notification(message, next={'type': 'ir.actions.client', 'tag': 'soft_reload'})
