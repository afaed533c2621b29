from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ...const import FRONT_DESK, MANAGER, PROVIDER_CODE


class AccountMove(models.Model):
    """Refund: what was paid for an invoice is given back, with a credit note."""

    _inherit = 'account.move'

    billing_can_refund = fields.Boolean(compute='_compute_billing_refund')
    billing_refund_under_way = fields.Monetary(
        string="On Its Way Back", compute='_compute_billing_refund'
    )
    billing_credited = fields.Monetary(
        string="Credited",
        compute='_compute_billing_refund',
        help="What credit notes took back of this invoice.",
    )
    billing_closes_sessions = fields.Boolean(
        help="The sessions that this credit note takes back are not billed again.",
        readonly=True,
        copy=False,
    )

    # === COMPUTE METHODS === #

    @api.depends(
        'amount_residual',
        'reversal_move_ids.state',
        'reversal_move_ids.amount_residual',
        'transaction_ids.child_transaction_ids.state',
    )
    @api.depends_context('uid')
    def _compute_billing_refund(self):
        for move, move_sudo in zip(self, self.sudo(), strict=True):
            is_issued = move.move_type == 'out_invoice' and move.state == 'posted'
            under_way = move_sudo._billing_refunds_under_way() if is_issued else ()
            move.billing_refund_under_way = -sum(tx.amount for tx in under_way)
            move.billing_credited = (
                sum(move_sudo._billing_credits().mapped('amount_total')) if is_issued else 0.0
            )
            move.billing_can_refund = (
                is_issued
                and move._billing_may_refund()
                and move.currency_id.compare_amounts(move_sudo._billing_refundable(), 0.0) > 0
            )

    # === ACTION METHODS === #

    def action_billing_refund(self) -> dict:
        """Open the dialog that gives back what was paid for this invoice."""
        self.ensure_one()
        self._billing_check_refund()
        action = self.env['ir.actions.act_window']._for_xml_id(
            'carepatron_billing.practice_refund_action'
        )
        return {**action, 'context': {'default_move_id': self.id}}

    def action_billing_refund_overpayment(self) -> dict:
        """Give back, at Stripe, what was paid beyond what was due.

        :return: an action; done twice, it says so and gives nothing back again
        """
        self.ensure_one()
        self._billing_check_group(MANAGER)
        refunds_sudo = self.env['payment.transaction'].sudo()
        for payment in self._billing_overpayments():
            tx_sudo = payment.payment_transaction_id
            amount = min(payment._billing_overpaid(), tx_sudo._billing_refundable_amount())
            if self.currency_id.compare_amounts(amount, 0.0) > 0:
                refunds_sudo |= tx_sudo._refund(amount)
        failed = refunds_sudo.filtered(lambda tx: tx.state == 'error')
        if failed:
            message = " ".join(tx.state_message or "" for tx in failed)
            return self._billing_notify("danger", message)
        if not refunds_sudo:
            return self._billing_notify(
                'info', self.env._("Nothing is left to give back, or it is under way already.")
            )
        return self._billing_notify('success', self.env._("The overpayment is given back."))

    # === BUSINESS METHODS === #

    def _billing_may_refund(self):
        """Whether the user may give back money: a manager, or the front desk where the practice
        lets it."""
        user = self.env.user
        return user.has_group(MANAGER) or (
            self.company_id.sudo().billing_desk_refunds and user.has_group(FRONT_DESK)
        )

    def _billing_check_refund(self):
        """Raise unless the user may give back money of this invoice."""
        self.check_access('read')
        if not self._billing_may_refund():
            self._billing_check_group(MANAGER)

    def _billing_refunds_under_way(self):
        """Return the refunds (sudo) that were asked for here and are not booked yet."""
        return (
            self.env['payment.transaction']
            .sudo()
            .search(
                [
                    ('billing_refunded_move_id', 'in', self.ids),
                    ('operation', '=', 'refund'),
                    ('state', 'in', ('draft', 'pending')),
                ]
            )
        )

    def _billing_open_credit(self) -> float:
        """Return how much of this invoice's credit notes was neither used nor given back."""
        return sum(self._billing_credits().mapped('amount_residual'))

    def _billing_refundable(self) -> float:
        """Return how much of what was paid for this invoice (sudo) can still be given back, by
        whatever way.
        """
        self.ensure_one()
        paid = self._billing_uncredited() - self.amount_residual
        gone = self.billing_given_back - sum(self._billing_refunds_under_way().mapped('amount'))
        left = paid + self._billing_open_credit() - gone
        return max(self.currency_id.round(left), 0.0)

    def _billing_refund_sources(self) -> models.Model:
        """Return the online payments (sudo) that paid this invoice and can be given back, the
        newest first.
        """
        payments_sudo = self.sudo()._billing_payments()
        return payments_sudo.payment_transaction_id.filtered(
            lambda tx: tx.provider_code == PROVIDER_CODE and tx._billing_refundable_amount() > 0.0
        ).sorted('id', reverse=True)

    def _billing_new_credit(
        self, values: dict, amount: float | None = None, lines: models.Model | None = None
    ) -> models.Model:
        """Draft a credit note of this invoice (sudo).

        :param values: of the credit note
        :param amount: what it comes to with taxes; everything unless given
        :param lines: those that it takes back; all of them unless given
        """
        note = self._reverse_moves(
            [
                {
                    'invoice_date': self.company_id._billing_today(),
                    'invoice_payment_term_id': None,
                    'invoice_user_id': self.invoice_user_id.id,
                    **values,
                }
            ]
        )
        if lines:
            new = lines._billing_prepare_credit()
        elif amount and self.currency_id.compare_amounts(amount, self.amount_total):
            new = self._billing_part_credit_lines(amount)
        else:
            return note
        note.invoice_line_ids = [Command.clear(), *map(Command.create, new)]
        return note

    def _billing_post_credit(self, note: models.Model, payment: models.Model):
        """Confirm the credit note of a refund; what keeps it from that is a manager's to mend.

        The money is gone already: its booking must not depend on the credit note's.

        :param note: the draft (sudo)
        :param payment: the refund, booked
        """
        note.billing_refund_id = payment
        note.invoice_date = self.company_id._billing_today()
        try:
            with self.env.cr.savepoint():
                note._post(soft=False)
                note._billing_close_sessions()
        except UserError as error:
            self.env.invalidate_all()
            self._message_log(
                body=self.env._("The credit note of a refund could not be confirmed: %s", error)
            )
            self.company_id._billing_notify_manager(
                self, lambda env: env._("The credit note of a refund could not be confirmed")
            )

    def _billing_close_sessions(self):
        """Leave what this credit note (sudo) took back unbilled, if that was decided."""
        if not self.billing_closes_sessions:
            return
        self.env.flush_all()
        items = self.invoice_line_ids.billing_item_id
        items.invalidate_recordset(['state', 'invoice_id'])
        items.filtered(lambda item: item.state != 'invoiced')._waive(self.ref)
