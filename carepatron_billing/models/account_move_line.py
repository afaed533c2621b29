from odoo import api, fields, models


class AccountMoveLine(models.Model):
    _inherit = 'account.move.line'

    billing_item_id = fields.Many2one(
        'practice.billing.item',
        index='btree_not_null',
        copy=False,
        ondelete='restrict',
    )
    billing_service_date = fields.Date(string="Service Date")
    billing_is_live = fields.Boolean(
        compute='_compute_billing_is_live',
        store=True,
        help="This line bills its item: its invoice is not cancelled, nor the line credited whole.",
    )

    _billing_item_live_unique = models.UniqueIndex(
        '(billing_item_id) WHERE billing_is_live',
        "This session is on an invoice already.",
    )

    @api.depends(
        'billing_item_id',
        'move_id.move_type',
        'move_id.state',
        'move_id.reversal_move_ids.state',
        'move_id.reversal_move_ids.invoice_line_ids.billing_item_id',
        'move_id.reversal_move_ids.invoice_line_ids.price_total',
    )
    def _compute_billing_is_live(self):
        for line in self:
            line.billing_is_live = (
                line.billing_item_id
                and line.move_id.move_type == 'out_invoice'
                and line.move_id.state != 'cancel'
                and not line._billing_is_credited()
            )

    def _billing_is_credited(self):
        """Return whether posted credit notes take back all that this line billed.

        :rtype: bool
        """
        self.ensure_one()
        credits = self.move_id.reversal_move_ids.filtered(
            lambda move: move.state == 'posted'
        ).invoice_line_ids.filtered(lambda line: line.billing_item_id == self.billing_item_id)
        return bool(credits) and (
            self.currency_id.compare_amounts(sum(credits.mapped('price_total')), self.price_total)
            >= 0
        )

    def _copy_data_extend_business_fields(self, values):
        """Override of `account`: a credit note keeps the items, a duplicate does not."""
        result = super()._copy_data_extend_business_fields(values)
        values['billing_item_id'] = self.billing_item_id.id
        return result
