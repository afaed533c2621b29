from typing import NamedTuple

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..invoices.account_move_timeline import happened


class Refunded(NamedTuple):
    """What went back of what was paid for an invoice, in its currency.

    :param amount: what was paid out
    :param is_all: whether nothing of what was paid is left
    """

    amount: float
    is_all: bool


class AccountMove(models.Model):
    """What was given back of paid invoices: read from what is matched, kept nowhere."""

    _inherit = 'account.move'

    billing_status = fields.Selection(
        selection_add=[
            ('paid',),
            ('part_refunded', "Partly refunded"),
            ('refunded', "Refunded"),
            ('credited',),
            ('open_credit', "Credit to use"),
            ('cancelled',),
        ]
    )

    # === STATUS AND TIMELINE === #

    @api.depends('amount_residual', 'reversal_move_ids.amount_residual')
    def _compute_billing_status(self):
        """Override to tell of what was paid whether it was given back, and of a credit note whether
        it can be used."""
        result = super()._compute_billing_status()
        for move in self.filtered(lambda move: move.billing_status == 'credited'):
            is_credit = move.move_type == 'out_refund'
            if is_credit and not move.currency_id.is_zero(move.amount_residual):
                move.billing_status = 'open_credit'
        paid = self.filtered(lambda move: move.billing_status == 'paid')
        given_back = paid._billing_refunded_by_id()
        for move in paid.filtered(lambda move: move.id in given_back):
            is_all = given_back[move.id].is_all
            move.billing_status = 'refunded' if is_all else 'part_refunded'
        return result

    @api.model
    def _billing_status_domain(self, status: str) -> Domain:
        """Override to find the paid invoices of which nothing, a part, or all was given back, and
        the credit notes that can be used."""
        open_credit = Domain('move_type', '=', 'out_refund') & Domain('amount_residual', '!=', 0)
        if status == 'open_credit':
            return Domain('state', '=', 'posted') & open_credit
        if status == 'credited':
            return super()._billing_status_domain(status) & ~open_credit
        if status not in ('paid', 'part_refunded', 'refunded'):
            return super()._billing_status_domain(status)
        paid = super()._billing_status_domain('paid')
        found = SQL("SELECT move_id FROM (%s) given_back", self._billing_refunded_query())
        if status == 'paid':
            return paid & Domain('id', 'not in', SQL("(%s)", found))
        return paid & Domain('id', 'in', SQL("(%s WHERE is_all = %s)", found, status == 'refunded'))

    def _billing_timeline_entries(self) -> list[dict]:
        """Override to tell of what was given back, by hand or online."""
        entries = super()._billing_timeline_entries()
        receivable = self._billing_credits()._billing_receivable_lines()
        for line in receivable.matched_debit_ids.debit_move_id:
            payment = line.payment_id
            if payment.payment_type == 'outbound' and not payment.payment_transaction_id:
                text = self.env._("%s given back", payment.currency_id.format(payment.amount))
                name = payment.journal_id.name
                entries.append(happened('refunded', payment.create_date, text, name))
        for refund in self._billing_own_refunds():
            amount = refund.currency_id.format(abs(refund.amount))
            at, online = refund.last_state_change, self.env._("online")
            if refund.state == 'done':
                text = self.env._("%s given back", amount)
                entries.append(happened('refunded', at, text, online))
            elif refund.state in ('draft', 'pending'):
                text = self.env._("%s is on its way back", amount)
                entries.append(happened('processing', at, text, online))
            elif refund.state in ('error', 'cancel'):
                text = self.env._("Giving back %s failed", amount)
                entries.append(happened('failed', at, text, refund.state_message or "", True))
        return entries

    def _billing_own_refunds(self):
        """Return the refunds (sudo) that were asked for here, or made at Stripe of payments of
        this invoice."""
        asked = self.env['payment.transaction'].sudo()
        asked = asked.search([('billing_refunded_move_id', '=', self.id)])
        others = self.transaction_ids.child_transaction_ids.filtered(
            lambda tx: tx.operation == 'refund' and not tx.billing_refunded_move_id
        )
        return asked | others

    # === BUSINESS METHODS === #

    def _billing_refunded_by_id(self) -> dict[int, Refunded]:
        """Return what went back of these invoices, in one query; none for those without."""
        if not self.ids:
            return {}
        rows = self.env.execute_query(
            SQL(
                "SELECT move_id, amount, is_all FROM (%s) given_back",
                self._billing_refunded_query(SQL("note.reversed_entry_id IN %s", tuple(self.ids))),
            )
        )
        return {move_id: Refunded(float(amount), is_all) for move_id, amount, is_all in rows}

    def _billing_refunded_by_hand(self) -> dict[models.Model, float]:
        """Return how much of each payment of this invoice (sudo) was given back by hand.

        Money that was paid out at the desk belongs to no payment in particular: it counts against
        those that were taken there first, the newest before the others.
        """
        self.ensure_one()
        paid_out = (
            self._billing_credits()
            ._billing_receivable_lines()
            .matched_debit_ids.filtered(
                lambda partial: (
                    partial.debit_move_id.payment_id
                    and not partial.debit_move_id.payment_id.payment_transaction_id
                )
            )
        )
        left = sum(paid_out.mapped('credit_amount_currency'))
        paid = self._billing_receivable_lines().matched_credit_ids.filtered(
            lambda partial: partial.credit_move_id.payment_id
        )
        shares = {}
        for payment, partials in sorted(
            paid.grouped(lambda partial: partial.credit_move_id.payment_id).items(),
            key=lambda pair: (bool(pair[0].payment_transaction_id), -pair[0].id),
        ):
            share = min(left, sum(partials.mapped('debit_amount_currency')))
            shares[payment] = share
            left -= share
        return shares

    @api.model
    def _billing_refunded_query(self, condition: SQL | None = None) -> SQL:
        """Return the query of what credit notes took back and was paid out.

        What a credit note took off an invoice that was still open was never paid.

        :param condition: which credit notes `note` count
        """
        self.env['account.partial.reconcile'].flush_model(
            ['credit_amount_currency', 'credit_move_id', 'debit_move_id']
        )
        self.env['account.move.line'].flush_model(['move_id', 'payment_id', 'statement_line_id'])
        self.flush_model(['amount_total', 'move_type', 'reversed_entry_id', 'state'])
        return SQL(
            """
            SELECT invoice.id AS move_id, found.paid_out AS amount,
                   found.paid_out >= invoice.amount_total - found.credited AS is_all
              FROM (
                   SELECT note.reversed_entry_id AS id,
                          SUM(partial.credit_amount_currency) FILTER (
                              WHERE debit.payment_id IS NOT NULL
                                 OR debit.statement_line_id IS NOT NULL
                          ) AS paid_out,
                          COALESCE(SUM(partial.credit_amount_currency) FILTER (
                              WHERE debit.move_id = note.reversed_entry_id
                          ), 0) AS credited
                     FROM account_move note
                     JOIN account_move_line credit ON credit.move_id = note.id
                     JOIN account_partial_reconcile partial ON partial.credit_move_id = credit.id
                     JOIN account_move_line debit ON debit.id = partial.debit_move_id
                    WHERE note.move_type = 'out_refund' AND note.state = 'posted'
                      AND note.reversed_entry_id IS NOT NULL AND %s
                 GROUP BY note.reversed_entry_id
                   ) found
              JOIN account_move invoice ON invoice.id = found.id
             WHERE found.paid_out > 0
            """,
            condition or SQL("TRUE"),
        )
