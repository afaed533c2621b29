from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import formatLang

from ...const import FRONT_DESK, PROVIDER_CODE
from ..invoices.account_move_status import UNDER_WAY
from ..invoices.account_move_timeline import happened


class AccountMove(models.Model):
    """What was paid for an invoice, and what was paid too much."""

    _inherit = 'account.move'

    billing_overpaid = fields.Monetary(
        string="Overpaid", compute='_compute_billing_overpaid', compute_sudo=True
    )
    billing_overpaid_on = fields.Date(
        string="Overpaid on", compute='_compute_billing_overpaid', compute_sudo=True
    )

    # === COMPUTE METHODS === #

    @api.depends(
        'amount_residual',
        'transaction_ids.state',
        'transaction_ids.child_transaction_ids.state',
    )
    def _compute_billing_overpaid(self):
        for move in self:
            payments = move._billing_overpayments()
            move.billing_overpaid = sum(payment._billing_overpaid() for payment in payments)
            move.billing_overpaid_on = max(payments.mapped('date'), default=False)

    # === ACTION METHODS === #

    def action_billing_record_payment(self) -> dict:
        """Open the dialog that records money which came by another way."""
        self.ensure_one()
        self._billing_check_group(FRONT_DESK)
        action = self.env['ir.actions.act_window']._for_xml_id(
            'carepatron_billing.practice_payment_record_action'
        )
        return {**action, 'context': {'default_move_id': self.id}}

    def action_billing_keep_credit(self) -> dict:
        """Leave what was paid beyond what was due as credit for other invoices."""
        self.ensure_one()
        self._billing_check_group(FRONT_DESK)
        for payment in self._billing_overpayments():
            payment.billing_credit_kept_at = fields.Datetime.now()
            self.message_post(
                body=self.env._(
                    "Kept as credit: %s",
                    formatLang(
                        self.env, payment._billing_overpaid(), currency_obj=payment.currency_id
                    ),
                )
            )
        return {'type': 'ir.actions.client', 'tag': 'soft_reload'}

    def action_billing_receipts(self) -> dict:
        """Download the receipts of what was paid for this invoice, in one PDF."""
        self.ensure_one()
        self._billing_check_group(FRONT_DESK)
        payments_sudo = self.sudo()._billing_payments()
        if not payments_sudo:
            raise UserError(self.env._("Nothing was paid for %s that has a receipt.", self.name))
        payments = payments_sudo.sudo(self.env.su)
        report = self.env.ref('carepatron_billing.account_payment_receipt_report')
        return report.report_action(payments, config=False)

    # === BUSINESS METHODS === #

    def _billing_payments(self):
        """Return the payments that paid this invoice (sudo)."""
        return self._billing_receivable_lines().matched_credit_ids.credit_move_id.payment_id

    def _billing_overpayments(self):
        """Return the online payments (sudo) of this invoice whose money is partly too much, unless
        it was decided to keep that as credit."""
        payments_sudo = (
            self.sudo()
            .transaction_ids.filtered(
                lambda tx: (
                    tx.provider_code == PROVIDER_CODE
                    and tx.state == 'done'
                    and tx.operation != 'refund'
                )
            )
            .payment_id
        )
        return payments_sudo.filtered(
            lambda payment: not payment.billing_credit_kept_at and payment._billing_overpaid() > 0.0
        )

    def _billing_timeline_entries(self) -> list[dict]:
        """Override to tell of payments, receipts, and what is being paid online."""
        entries = super()._billing_timeline_entries()
        partials = self._billing_receivable_lines().matched_credit_ids
        failed = partials.credit_move_id.payment_id._billing_filter_receipt_failed()
        for credit, parts in partials.grouped('credit_move_id').items():
            amount = self.currency_id.format(sum(parts.mapped('debit_amount_currency')))
            payment, entry = credit.payment_id, credit.move_id
            if payment:
                how = payment.payment_transaction_id and self.env._("online")
                text = self.env._("%(amount)s paid", amount=amount)
                name = how or payment.journal_id.name
                entries.append(happened('paid', payment.create_date, text, name))
                if payment.billing_receipt_at:
                    entries.append(payment._billing_receipt_entry(payment in failed))
            elif entry.move_type == 'out_refund' and entry.reversed_entry_id != self:
                text = self.env._("%s paid by credit", amount)
                entries.append(happened('paid', max(parts.mapped('create_date')), text, entry.name))
        for tx in self.transaction_ids.filtered(lambda tx: tx.operation != 'refund'):
            amount = tx.currency_id.format(abs(tx.amount))
            if tx.state == 'error':
                text = self.env._("A payment of %s failed", amount)
                why = tx.state_message or ""
                entries.append(happened('failed', tx.last_state_change, text, why, True))
            elif tx.state in UNDER_WAY:
                text = self.env._("%s is on its way", amount)
                entries.append(happened('processing', tx.last_state_change, text))
        return entries
