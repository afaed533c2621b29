from odoo import api, models

from ...const import PROVIDER_CODE


class AccountMove(models.Model):
    """An invoice and the Checkout Sessions that may still bring money for it."""

    _inherit = 'account.move'

    def _compute_payment_state(self):
        """Override of `account` to look after open Checkout Sessions.

        Whatever changes what is due, or ends the invoice, comes along here.
        """
        result = super()._compute_payment_state()
        self.filtered(lambda move: move.move_type == 'out_invoice')._billing_due_changed()
        return result

    def _billing_open_transactions(self):
        """Override: a session that is open at Stripe may be paid any time."""
        return super()._billing_open_transactions() | self.sudo().transaction_ids.filtered(
            lambda tx: tx.state == 'draft' and tx.provider_code == PROVIDER_CODE
        )

    def _billing_due_changed(self):
        """Have open sessions that ask for what is not due any more closed, after the commit.

        Once per transaction of the database, and never by calling Stripe from within it.
        """
        hooks = self.env.cr.precommit
        ids = {move.id for move in self if isinstance(move.id, int)}
        if not ids:
            return
        if 'billing.due_changed' not in hooks.data:
            hooks.data['billing.due_changed'] = set()
            hooks.add(self.env['account.move']._billing_close_stale_sessions_soon)
        hooks.data['billing.due_changed'] |= ids

    @api.model
    def _billing_close_stale_sessions_soon(self):
        ids = self.env.cr.precommit.data.pop('billing.due_changed')
        txs_sudo = self.browse(ids).exists()._billing_open_transactions()
        if any(tx._billing_is_stale() for tx in txs_sudo):
            self.env.ref('carepatron_billing.ir_cron_reconcile').sudo()._trigger()

    @api.private
    def get_portal_last_transaction(self):
        """Override of `account_payment`: a session that was closed because the money came another
        way is no news on a paid invoice's page."""
        last = super().get_portal_last_transaction()
        if last.provider_code == PROVIDER_CODE and last.state == 'cancel':
            done = self.sudo().transaction_ids.filtered(lambda tx: tx.state == 'done')
            return done._get_last()
        return last
