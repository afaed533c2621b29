from odoo import api, models

from ...const import PROVIDER_CODE


class PaymentTransaction(models.Model):
    """Who charged a saved card, and who gave money back; what came of it, the payment tells."""

    _inherit = 'payment.transaction'

    @api.model_create_multi
    def create(self, vals_list):
        txs = super().create(vals_list)
        own = txs.filtered(lambda tx: tx.provider_code == PROVIDER_CODE)
        charges = own.filtered(lambda tx: tx._billing_is_card_charge())
        refunds = own.filtered(lambda tx: tx.operation == 'refund')
        charges._billing_note_act('charge')
        refunds._billing_note_act('refund')
        return txs

    def _billing_note_act(self, act):
        details = {}
        for tx in self:
            amount = tx.currency_id.format(abs(tx.amount))
            move = tx._billing_refunded_moves() if act == 'refund' else tx.invoice_ids
            card = tx.token_id.display_name if act == 'charge' else ""
            for one in move or tx:
                details[one] = ", ".join(filter(None, (amount, card)))
        for records in (
            self.browse().union(*(one for one in details if one._name == self._name)),
            self.env['account.move'].union(*(one for one in details if one._name != self._name)),
        ):
            self.env['practice.audit.log']._note(act, records, details)
