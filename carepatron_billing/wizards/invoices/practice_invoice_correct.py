from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command


class PracticeInvoiceCorrect(models.TransientModel):
    """Correct an issued invoice: a credit note, and what takes its place."""

    _name = 'practice.invoice.correct'
    _inherit = 'practice.dialog'
    _description = "Correct Invoice"

    move_id = fields.Many2one('account.move', string="Invoice", required=True, readonly=True)
    currency_id = fields.Many2one(related='move_id.currency_id')
    is_partly_credited = fields.Boolean(compute='_compute_is_partly_credited')
    reason = fields.Char(required=True)
    outcome = fields.Selection(
        [
            ('replace', "A new invoice with the lines below"),
            ('unbilled', "Nothing yet: its sessions wait to be invoiced again"),
            ('closed', "Nothing: its sessions are not billed"),
        ],
        string="In its place comes",
        required=True,
        default='replace',
    )
    line_ids = fields.One2many(
        'practice.invoice.correct.line',
        'wizard_id',
        compute='_compute_line_ids',
        store=True,
        readonly=False,
        precompute=True,
    )

    @api.depends('move_id')
    def _compute_is_partly_credited(self):
        for wizard in self:
            wizard.is_partly_credited = bool(wizard.move_id.sudo()._billing_credits())

    @api.depends('move_id')
    def _compute_line_ids(self):
        for wizard in self:
            wizard.move_id.with_user(self.env.uid).check_access('read')
            lines_sudo = wizard.move_id.sudo().invoice_line_ids.filtered(
                lambda line: line.display_type == 'product'
            )
            wizard.line_ids = [Command.clear()] + [
                Command.create(
                    {
                        'line_id': line.id,
                        'name': line.name,
                        'quantity': line.quantity,
                        'price_unit': line.price_unit,
                    }
                )
                for line in lines_sudo
            ]

    def action_correct(self) -> dict:
        """Credit the invoice and, if wanted, issue the new one; all of it or nothing.

        :return: the new invoice, else the credited one
        :raise UserError: if it cannot be corrected now, saying why
        """
        self.ensure_one()
        lines = [
            (line.line_id, {name: line[name] for name in ('name', 'quantity', 'price_unit')})
            for line in self.line_ids
        ]
        if self.outcome == 'replace' and not lines:
            raise UserError(self.env._("The new invoice has no line. Choose that nothing comes."))
        new = self.move_id._billing_correct(
            self.reason,
            lines if self.outcome == 'replace' else [],
            close=self.outcome == 'closed',
        )
        return (new or self.move_id)._billing_action_open()


class PracticeInvoiceCorrectLine(models.TransientModel):
    _name = 'practice.invoice.correct.line'
    _inherit = 'practice.dialog'
    _description = "Line of the New Invoice"

    wizard_id = fields.Many2one('practice.invoice.correct', ondelete='cascade')
    currency_id = fields.Many2one(related='wizard_id.currency_id')
    line_id = fields.Many2one('account.move.line', required=True, ondelete='cascade')
    name = fields.Text(string="Description", required=True)
    quantity = fields.Float(digits='Product Unit', required=True)
    price_unit = fields.Float(string="Price", digits='Product Price', required=True)
