from odoo import api, models


class PracticeStripeEvent(models.Model):
    _inherit = 'practice.stripe.event'

    @api.model
    def _handlers(self) -> dict[str, str]:
        return super()._handlers() | {
            'refund.created': '_sync_refund',
            'refund.updated': '_sync_refund',
            'refund.failed': '_sync_refund',
        }

    def _sync_refund(self) -> bool:
        txs = self.env['payment.transaction']
        return txs._billing_sync_refund(self.provider_id, self.object_reference)
