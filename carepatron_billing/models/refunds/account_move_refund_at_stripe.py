"""Credit notes for refunds that began at Stripe."""

from odoo import api, fields, models
from odoo.fields import Command

from ...const import MANAGER, MANAGER_ACTIVITY


class AccountMove(models.Model):
    """Money that was given back in Stripe's dashboard leaves an open debit on the payer's account.

    It is no debt: its other half is a credit note, which is drafted here and which a manager
    confirms. Nothing that asks for money looks at payments, so nobody is asked for it meanwhile.
    """

    _inherit = 'account.move'

    billing_refund_id = fields.Many2one(
        'account.payment',
        string="Refund at Stripe",
        help="The refund, made at Stripe, that this credit note was drafted for.",
        readonly=True,
        copy=False,
        index='btree_not_null',
    )
    billing_given_back = fields.Monetary(
        string="Given Back at Stripe",
        compute='_compute_billing_refunded_at_stripe',
        compute_sudo=True,
        help="What was given back at Stripe and waits for its credit note.",
    )
    billing_given_back_on = fields.Date(
        compute='_compute_billing_refunded_at_stripe', compute_sudo=True
    )
    billing_credit_draft_id = fields.Many2one(
        'account.move', compute='_compute_billing_refunded_at_stripe', compute_sudo=True
    )

    # === COMPUTE METHODS === #

    @api.depends('transaction_ids.child_transaction_ids.state', 'reversal_move_ids.state')
    def _compute_billing_refunded_at_stripe(self):
        for move in self:
            refunds = move.transaction_ids._billing_refunds().payment_id
            waiting = refunds.filtered(lambda payment: payment._billing_open_debit() > 0.0)
            move.billing_given_back = sum(payment._billing_open_debit() for payment in waiting)
            move.billing_given_back_on = max(waiting.mapped('date'), default=False)
            move.billing_credit_draft_id = move.reversal_move_ids.filtered(
                lambda note, waiting=waiting: (
                    note.state == 'draft' and note.billing_refund_id in waiting
                )
            )[:1]

    # === ACTION METHODS === #

    def action_billing_open_credit_draft(self) -> dict:
        """Show the credit note that waits to be confirmed."""
        self.ensure_one()
        return self.billing_credit_draft_id._billing_action_open()

    def action_billing_confirm_credit(self):
        """Post a credit note that was drafted for a refund; it takes the refund's debit away."""
        self.ensure_one()
        self._billing_check_group(MANAGER)
        note_sudo = self.sudo()
        if note_sudo.billing_refund_id and note_sudo.state == 'draft':
            note_sudo.invoice_date = note_sudo.company_id._billing_today()
            note_sudo.action_post()
            note_sudo._billing_close_sessions()
        return {'type': 'ir.actions.client', 'tag': 'soft_reload'}

    # === BUSINESS METHODS === #

    def _billing_draft_credit(self, payment: models.Model):
        """Draft the credit note of a refund that was made at Stripe, and call a manager.

        For a payment of several invoices a person has to say which of them is credited.

        :param payment: the refund (sudo), booked and not matched in full
        """
        amount = payment._billing_open_debit()
        if len(self) == 1 and self.currency_id == payment.currency_id:
            creditable = min(amount, self._billing_creditable())
            if self.currency_id.compare_amounts(creditable, 0.0) > 0:
                self._billing_new_credit_draft(payment, creditable)
        for move in self:
            move.company_id._billing_notify_manager(
                move, lambda env: env._("A refund was made at Stripe: it needs a credit note")
            )

    def _billing_creditable(self) -> float:
        """Return how much of this invoice (sudo) no credit note takes back, drafts counted."""
        notes = self.reversal_move_ids.filtered(lambda note: note.state != 'cancel')
        return self.currency_id.round(self.amount_total - sum(notes.mapped('amount_total')))

    def _billing_new_credit_draft(self, payment, amount):
        return self._billing_new_credit(
            {
                'billing_refund_id': payment.id,
                'ref': self.env._("Refund of %s at Stripe", self.name),
            },
            amount,
        )

    def _billing_part_credit_lines(self, amount: float) -> list[dict]:
        """Return the lines that credit a part of this invoice, its taxes in proportion.

        :param amount: what they come to, taxes included
        """
        taxes = self.env['account.tax']
        base_lines, _tax_lines = self._get_rounded_base_and_tax_lines()
        return [
            {
                'name': self.env._("Part of %s", self.name),
                'quantity': 1.0,
                'price_unit': line['price_unit'],
                'tax_ids': [Command.set(line['tax_ids'].ids)],
                'account_id': line['account_id'].id,
                'analytic_distribution': line['analytic_distribution'],
                'extra_tax_data': taxes._export_base_line_extra_tax_data(line),
            }
            for line in taxes._prepare_down_payment_lines(
                base_lines,
                self.company_id,
                'fixed',
                amount,
                computation_key=f'billing_refund,{self.id}',
                grouping_function=lambda line: {'account_id': line['account_id']},
            )
        ]

    def _billing_refund_failed(self, payment: models.Model):
        """Drop the draft of a refund that came back, and call a manager.

        A credit note that was confirmed stays, as credit of the payer's.

        :param payment: the refund (sudo), its booking taken back; none if it was
            never booked
        """
        self.reversal_move_ids.filtered(
            lambda note: payment and note.state == 'draft' and note.billing_refund_id == payment
        ).unlink()
        self.activity_unlink([MANAGER_ACTIVITY])
        for move in self:
            move.company_id._billing_notify_manager(
                move, lambda env: env._("A refund failed: the money is back at Stripe")
            )

    def _reconcile_reversed_moves(self, reverse_moves, move_reverse_cancel):
        """Override of `account`: a refund's credit note is matched with the refund first, and
        only then with what is open on the invoice."""
        for note in reverse_moves.filtered('billing_refund_id'):
            note._billing_settle_refund()
        return super()._reconcile_reversed_moves(reverse_moves, move_reverse_cancel)

    def _billing_settle_refund(self):
        debits = self.billing_refund_id.sudo()._billing_receivable_lines()
        credits = self.line_ids.filtered(lambda line: line.account_id in debits.account_id)
        (debits | credits).filtered(lambda line: not line.reconciled).reconcile()
        self.reversed_entry_id.activity_unlink([MANAGER_ACTIVITY])
