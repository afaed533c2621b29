from odoo import api, models


class AccountPartialReconcile(models.Model):
    """Each change of what is matched may change what a kept document says."""

    _inherit = 'account.partial.reconcile'

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `account` to renew the documents of invoices that were given back."""
        partials = super().create(vals_list)
        partials._billing_documented_moves()._billing_renew_documents()
        return partials

    def unlink(self):
        """Override of `account`: what was given back may come back."""
        moves_sudo = self._billing_documented_moves()
        result = super().unlink()
        moves_sudo._billing_renew_documents()
        return result

    def _billing_documented_moves(self) -> models.Model:
        """Return the invoices (sudo) whose kept document says something of their payment."""
        moves_sudo = (self.sudo().debit_move_id | self.sudo().credit_move_id).move_id
        moves_sudo |= moves_sudo.reversed_entry_id
        return moves_sudo.filtered('billing_document_mark')
