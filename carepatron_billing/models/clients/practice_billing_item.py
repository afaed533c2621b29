from odoo import api, models


class PracticeBillingItem(models.Model):
    """Who pays: one item for each payer of a client's session."""

    _inherit = 'practice.billing.item'

    @api.model_create_multi
    def create(self, vals_list):
        """Keep what is billed to a person apart from the person's employer."""
        items = super().create(vals_list)
        (items.client_id | items.payer_id)._billing_keep_private()
        return items

    def write(self, vals):
        result = super().write(vals)
        if 'payer_id' in vals:
            self.payer_id._billing_keep_private()
        return result

    def _prepare_for_events(self, facts):
        """Override to bill each payer's share."""
        return self._split_among_payers(super()._prepare_for_events(facts))

    @api.model
    def _split_among_payers(self, vals_list: list[dict]) -> list[dict]:
        """Return the values of the items that these are to be, one for each payer.

        :param vals_list: values of items, each of a whole session of a client
        """
        shares_sudo = (
            self.env['practice.payer.share']
            .sudo()
            .search([('client_id', 'in', [values['client_id'] for values in vals_list])])
        )
        if not shares_sudo:
            return vals_list
        shares = shares_sudo.grouped(lambda share: (share.client_id.id, share.company_id.id))
        return [
            split
            for values in vals_list
            for split in self._split(
                values, shares.get((values['client_id'], values['company_id']))
            )
        ]

    @api.model
    def _split(self, values, shares_sudo):
        if not shares_sudo:
            return [values]
        whole = self.sudo().new({**values, 'event_id': False})
        total = whole.amount_total
        parts = shares_sudo._divide(total, whole.currency_id, whole.date)
        if not parts:
            return [values]
        return [
            {**values, 'payer_id': payer.id, **whole._prepare_share(payer, part, values)}
            for payer, part in parts.items()
        ]

    def _prepare_share(self, payer: models.Model, part: float, values: dict) -> dict:
        """Return what one payer's share of this whole session costs.

        :param payer: who pays it
        :param part: what it costs with tax, as the client would be taxed
        :param values: of the whole session's item
        """
        if self.currency_id.compare_amounts(part, self.amount_total) == 0:
            return {}
        Tax = self.env['account.tax']
        own = self.new({**values, 'event_id': False, 'payer_id': payer.id})
        # The payer's pricelist has no say; the client's price is what is shared.
        own.update({'currency_id': self.currency_id.id})
        same_tax = own.tax_ids._origin == self.tax_ids._origin
        base_line = own._prepare_base_line()
        Tax._add_tax_details_in_base_line(base_line, self.company_id)
        Tax._round_base_lines_tax_details([base_line], self.company_id)
        [share] = Tax._reduce_base_lines_to_target_amount(
            [base_line],
            self.company_id,
            'fixed' if same_tax else 'percent',
            part if same_tax else 100 * part / self.amount_total,
        )
        Tax._fix_base_lines_tax_details_on_manual_tax_amounts([share], self.company_id)
        return {
            'currency_id': self.currency_id.id,
            'price_unit': share['price_unit'],
            'quantity': share['quantity'],
            'tax_ids': own.tax_ids.ids,
            'extra_tax_data': Tax._export_base_line_extra_tax_data(share),
        }
