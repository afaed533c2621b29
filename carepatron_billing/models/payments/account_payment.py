from odoo import fields, models


class AccountPayment(models.Model):
    _inherit = 'account.payment'

    billing_credit_kept_at = fields.Datetime(
        string="Kept as Credit",
        help="Since when an overpayment is credit to use, and no longer a notice on the invoice.",
        readonly=True,
        copy=False,
    )

    # What clients paid this month or today, among the payments of all years.
    _billing_takings_idx = models.Index("(company_id, date) WHERE partner_type = 'customer'")

    def _billing_receivable_lines(self):
        """Return the items that these payments left on their payers' accounts."""
        return self.move_id.line_ids.filtered(
            lambda line: line.account_id.account_type == 'asset_receivable'
        )

    def _billing_overpaid(self) -> float:
        """Return how much of this payment found nothing to pay."""
        self.ensure_one()
        credit = -sum(self._billing_receivable_lines().mapped('amount_residual_currency'))
        return max(self.currency_id.round(credit), 0.0)
