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
    billing_code = fields.Char(
        string="Service Code", help="Printed on the invoice where its template shows codes."
    )
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

    @api.onchange('product_id')
    def _onchange_billing_service(self):
        """On the front desk's own form a service comes with the client's price."""
        if self.move_id.billing_client_id:
            self._billing_take_from_service()

    def _billing_take_from_service(
        self, names: tuple = ('name', 'billing_code', 'price_unit', 'tax_ids')
    ):
        """Fill these lines as sessions of the invoice's client would; sessions' lines stay.

        :param names: the fields to fill
        """
        # Never stored: only the client's price is asked for, by whoever may write the invoice.
        items_sudo = self.env['practice.billing.item'].sudo()
        for line in self.filtered(lambda line: line.product_id and not line.billing_item_id):
            move = line.move_id
            client = move.billing_client_id._origin
            item_sudo = items_sudo.new(
                {
                    'client_id': client.id,
                    'payer_id': (move.partner_id._origin or client).id,
                    'company_id': move.company_id.id,
                    'currency_id': move.currency_id.id,
                    'service_id': line.product_id._origin.id,
                }
            )
            values = item_sudo._prepare_invoice_line()
            line.update({name: values[name] for name in names})

    def _billing_is_credited(self) -> bool:
        """Return whether posted credit notes take back all that this line billed."""
        self.ensure_one()
        credits = self.move_id.reversal_move_ids.filtered(
            lambda move: move.state == 'posted'
        ).invoice_line_ids.filtered(lambda line: line.billing_item_id == self.billing_item_id)
        return bool(credits) and (
            self.currency_id.compare_amounts(sum(credits.mapped('price_total')), self.price_total)
            >= 0
        )

    def remove_move_reconcile(self):
        """Override of `account`: lines of what was never issued are matched with nothing.

        The front desk removes such lines, and may not read how others are matched.
        """
        begun = self.filtered(
            lambda line: line.move_id.state == 'draft' and not line.move_id.posted_before
        )
        return super(AccountMoveLine, self - begun).remove_move_reconcile()

    def _copy_data_extend_business_fields(self, values):
        """Override of `account`: a credit note keeps the items, a duplicate does not."""
        result = super()._copy_data_extend_business_fields(values)
        values['billing_item_id'] = self.billing_item_id.id
        return result
