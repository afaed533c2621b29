from odoo import fields, models


class AccountMoveLine(models.Model):
    """Lines that credit notes take back, and credits that are open."""

    _inherit = 'account.move.line'

    billing_credited_line_id = fields.Many2one(
        'account.move.line',
        string="Line Taken Back",
        index='btree_not_null',
        copy=False,
        readonly=True,
        help="The line of the invoice that this line of a credit note takes back whole.",
    )

    # What payers have of credit, among what is open.
    _billing_credit_idx = models.Index(
        "(company_id, partner_id) WHERE parent_state = 'posted' AND amount_residual < 0"
    )

    def _billing_not_taken_back(self) -> models.Model:
        """Return those of these lines that no credit note, drafts too, takes back whole."""
        credits = self.search(
            [('billing_credited_line_id', 'in', self.ids), ('parent_state', '!=', 'cancel')]
        )
        left = self - credits.billing_credited_line_id
        return left.filtered(
            lambda line: not (line.billing_item_id and line._billing_is_credited())
        )

    def _billing_prepare_credit(self) -> list[dict]:
        """Return the lines of a credit note that takes these lines back whole."""
        names = (
            'name',
            'quantity',
            'price_unit',
            'product_id',
            'product_uom_id',
            'billing_code',
            'billing_service_date',
            'tax_ids',
            'account_id',
            'analytic_distribution',
            'discount',
            'extra_tax_data',
        )
        return [
            {
                **{name: values[name] for name in names if name in values},
                'billing_item_id': line.billing_item_id.id,
                'billing_credited_line_id': line.id,
            }
            for line, values in zip(self, self.copy_data(), strict=True)
        ]

    def _billing_going_back(self) -> models.Model:
        """Return those of these credits that are being given back, and pay nothing any more."""
        paid = self.filtered('payment_id')
        notes = self - paid
        refunds_sudo = notes.move_id.sudo().reversed_entry_id._billing_refunds_under_way()
        unbooked_sudo = refunds_sudo.filtered(lambda tx: not tx.billing_credit_note_id)
        invoices_sudo = unbooked_sudo.billing_refunded_move_id

        def is_leaving(line):
            tx_sudo = line.sudo().payment_id.payment_transaction_id
            return any(not tx.payment_id for tx in tx_sudo._billing_refunds())

        return paid.filtered(is_leaving) | notes.filtered(
            lambda line: line.move_id.sudo().reversed_entry_id & invoices_sudo
        )
