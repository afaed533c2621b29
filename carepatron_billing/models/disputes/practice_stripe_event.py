from odoo import api, models


class PracticeStripeEvent(models.Model):
    _inherit = 'practice.stripe.event'

    @api.model
    def _handlers(self) -> dict[str, str]:
        return super()._handlers() | {
            'charge.dispute.created': '_sync_dispute',
            'charge.dispute.updated': '_sync_dispute',
            'charge.dispute.funds_withdrawn': '_sync_dispute',
            'charge.dispute.funds_reinstated': '_sync_dispute',
            'charge.dispute.closed': '_sync_dispute',
        }

    def _sync_dispute(self) -> bool:
        disputes = self.env['practice.dispute']
        return disputes._sync_from_stripe(self.provider_id, self.object_reference)
