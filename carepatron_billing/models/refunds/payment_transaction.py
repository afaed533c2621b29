from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import formatLang


class PaymentTransaction(models.Model):
    """A refund that was asked for on an invoice's page, with the credit note that goes with it.

    The credit note is a draft until the money has left the balance at Stripe, so that it is
    neither there without the refund nor missing beside it.
    """

    _inherit = 'payment.transaction'

    billing_refunded_move_id = fields.Many2one(
        'account.move',
        string="Refunded Invoice",
        help="The invoice that this refund was asked for.",
        readonly=True,
        copy=False,
        index='btree_not_null',
    )
    billing_credit_note_id = fields.Many2one(
        'account.move',
        string="Credit Note",
        readonly=True,
        copy=False,
        index='btree_not_null',
        ondelete='set null',
    )

    # === BUSINESS METHODS === #

    def _stripe_payment_link_check_refundable(self, amount):
        """Raise unless an amount of this payment can still be given back.

        :raise UserError: it says how much can.
        """
        left = self._stripe_payment_link_refundable()
        if (
            self.currency_id.compare_amounts(amount, 0.0) <= 0
            or self.currency_id.compare_amounts(amount, left) > 0
        ):
            raise UserError(
                self.env._(
                    "At most %s of this payment can still be given back.",
                    formatLang(self.env, left, currency_obj=self.currency_id),
                )
            )

    def _stripe_payment_link_begin_refund(self, amount, move, note):
        """Write down a refund of this payment that Stripe is asked for later.

        The caller has claimed this payment.

        :param float amount: how much, in the payment's currency
        :param account.move move: the invoice that it is for
        :param account.move note: the draft credit note that goes with it, if one is needed
        :rtype: recordset of `payment.transaction`
        :raise UserError: if there is not as much left
        """
        self.ensure_one()
        self._ensure_provider_is_not_disabled()
        self._stripe_payment_link_check_refundable(amount)
        refund = self._create_child_transaction(
            amount,
            is_refund=True,
            billing_refunded_move_id=move.id,
            billing_credit_note_id=note.id,
        )
        refund._log_sent_message()
        return refund

    def _stripe_payment_link_refunded_moves(self):
        """Return the invoices that this refund concerns."""
        return self.billing_refunded_move_id or self.source_transaction_id.invoice_ids

    def _stripe_payment_link_match_asked(self, payment):
        """Match a refund, just booked, with the credit that it was asked for.

        :param account.payment payment: the refund
        """
        move = self.billing_refunded_move_id
        if not move:
            return
        if self.billing_credit_note_id.state == 'draft':
            move._billing_post_credit(self.billing_credit_note_id, payment)
        if payment._billing_open_debit():
            payment._billing_match_with(move._billing_credits().line_ids)

    def _stripe_payment_link_drop_credit(self):
        """Throw away the credit note of a refund that did not come about."""
        note = self.billing_credit_note_id
        if note.state == 'draft' and not note.posted_before:
            note.unlink()

    def _stripe_payment_link_paid_moves(self):
        """Return the invoices that this payment pays; after a correction others than it was for."""
        debts = self.payment_id._billing_receivable_lines().matched_debit_ids.debit_move_id
        moves = debts.move_id.filtered(lambda move: move.move_type == 'out_invoice')
        return moves or self.invoice_ids

    def _stripe_payment_link_withdrawn(self):
        """Return how much of this payment the payer's bank took back by disputes.

        :rtype: float
        """
        disputes = self.env['practice.dispute'].sudo().search([('transaction_id', '=', self.id)])
        return sum(disputes.filtered(lambda dispute: dispute._took_money()).mapped('amount'))
