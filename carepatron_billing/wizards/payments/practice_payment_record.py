from odoo import api, fields, models
from odoo.exceptions import UserError

from ...const import FRONT_DESK
from ...tools.concurrency import claim


class PracticePaymentRecord(models.TransientModel):
    """Record payment: money that came by another way than a link, entered by Odoo's own wizard."""

    _name = 'practice.payment.record'
    _inherit = 'practice.dialog.money'
    _description = "Record Payment"
    _check_company_auto = True

    move_id = fields.Many2one('account.move', string="Invoice", required=True, readonly=True)
    company_id = fields.Many2one(related='move_id.company_id')
    currency_id = fields.Many2one(related='move_id.currency_id')
    due = fields.Monetary(related='move_id.amount_residual', string="Still due")
    amount = fields.Monetary(
        string="Amount received",
        compute='_compute_amount',
        store=True,
        precompute=True,
        readonly=False,
        required=True,
    )
    date = fields.Date(
        string="Received on",
        compute='_compute_amount',
        store=True,
        precompute=True,
        readonly=False,
        required=True,
    )
    journal_id = fields.Many2one(string="How it was paid", required=True)
    note = fields.Char(help="For example the number of a cheque or of a card receipt.")
    email = fields.Char(compute='_compute_email', compute_sudo=True)
    send_receipt = fields.Boolean(
        compute='_compute_send_receipt', store=True, precompute=True, readonly=False
    )
    is_processing = fields.Boolean(compute='_compute_is_processing')
    is_done = fields.Boolean(readonly=True)

    # === COMPUTE METHODS === #

    @api.depends('move_id')
    def _compute_amount(self):
        for wizard in self:
            wizard.amount = wizard.move_id.amount_residual
            wizard.date = wizard.company_id._billing_today()

    @api.depends('move_id')
    def _compute_email(self):
        for wizard in self:
            wizard.email = wizard.move_id.commercial_partner_id.email_normalized

    @api.depends('company_id')
    def _compute_send_receipt(self):
        for wizard in self:
            wizard.send_receipt = wizard.company_id.billing_receipts == 'all'

    @api.depends('move_id')
    def _compute_is_processing(self):
        for wizard in self:
            wizard.is_processing = wizard.move_id._billing_is_processing()

    # === ACTION METHODS === #

    def action_record(self) -> dict:
        """Enter the payment, once, and match it with the invoice.

        :raise UserError: if the amount or the date cannot be right; it says why
        """
        self.ensure_one()
        move = self.move_id
        move._billing_check_group(FRONT_DESK)
        # Two clicks, or two people: the second is replayed and sees the first one's payment.
        claim(self)
        claim(move)
        if self.is_done:
            return {'type': 'ir.actions.act_window_close'}
        self._check()
        register = (
            self.env['account.payment.register']
            .sudo()
            .with_company(self.company_id)
            .with_context(
                active_model='account.move',
                active_ids=move.ids,
                billing_receipt=self.send_receipt,
            )
            .create(
                {
                    'journal_id': self.journal_id.id,
                    'amount': self.amount,
                    'currency_id': self.currency_id.id,
                    'payment_date': self.date,
                    'payment_difference_handling': 'open',
                    'communication': " ".join(filter(None, [move.name, self.note])),
                }
            )
        )
        register._create_payments()
        self.is_done = True
        return {'type': 'ir.actions.client', 'tag': 'soft_reload'}

    def _check(self):
        move = self.move_id
        if move.move_type != 'out_invoice' or move.state != 'posted':
            raise UserError(self.env._("Create the invoice first. Then a payment can be recorded."))
        residual = move.amount_residual
        if self.currency_id.is_zero(residual):
            raise UserError(self.env._("Nothing is due on %s any more.", move.name))
        if self.currency_id.compare_amounts(self.amount, 0.0) <= 0:
            raise UserError(self.env._("Enter the amount that was received."))
        if self.currency_id.compare_amounts(self.amount, residual) > 0:
            raise UserError(
                self.env._(
                    "Only %(due)s is due on %(name)s. Enter that much, and record the rest on"
                    " another invoice.",
                    due=self.currency_id.format(residual),
                    name=move.name,
                )
            )
        if self.date > self.company_id._billing_today():
            raise UserError(self.env._("A payment cannot be received in the future."))
        if self.journal_id not in self.journal_ids:
            raise UserError(self.env._("Choose how it was paid."))
