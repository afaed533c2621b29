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
    billing_credited_line_id = fields.Many2one(
        'account.move.line',
        string="Line Taken Back",
        index='btree_not_null',
        copy=False,
        readonly=True,
        help="The line of the invoice that this line of a credit note takes back whole.",
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

    # What payers have of credit, among what is open.
    _billing_credit_idx = models.Index(
        "(company_id, partner_id) WHERE parent_state = 'posted' AND amount_residual < 0"
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

    def _billing_take_from_service(self, names=('name', 'billing_code', 'price_unit', 'tax_ids')):
        """Fill these lines as sessions of the invoice's client would; sessions' lines stay.

        :param tuple names: the fields to fill
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

    def _billing_going_back(self):
        """Return those of these open credits that are being given back, and pay nothing any more.

        :rtype: recordset of `account.move.line`
        """
        paid = self.filtered('payment_id')
        notes = self - paid
        refunds_sudo = notes.move_id.sudo().reversed_entry_id._billing_refunds_under_way()
        unbooked_sudo = refunds_sudo.filtered(lambda tx: not tx.billing_credit_note_id)
        invoices_sudo = unbooked_sudo.billing_refunded_move_id

        def is_leaving(line):
            tx_sudo = line.sudo().payment_id.payment_transaction_id
            return any(not tx.payment_id for tx in tx_sudo._stripe_payment_link_refunds())

        return paid.filtered(is_leaving) | notes.filtered(
            lambda line: line.move_id.sudo().reversed_entry_id & invoices_sudo
        )

    def _billing_not_taken_back(self):
        """Return those of these lines that no credit note, drafts too, takes back whole.

        :rtype: recordset of `account.move.line`
        """
        credits = self.search(
            [('billing_credited_line_id', 'in', self.ids), ('parent_state', '!=', 'cancel')]
        )
        left = self - credits.billing_credited_line_id
        return left.filtered(
            lambda line: not (line.billing_item_id and line._billing_is_credited())
        )

    def _billing_prepare_credit(self):
        """Return the lines of a credit note that takes these lines back whole.

        :rtype: list[dict]
        """
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
