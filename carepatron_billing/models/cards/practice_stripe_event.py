from odoo import api, models


class PracticeStripeEvent(models.Model):
    """Saved cards: what was removed or renewed at Stripe, and charges, which have no session."""

    _inherit = 'practice.stripe.event'

    @api.model
    def _handlers(self) -> dict[str, str]:
        return super()._handlers() | {
            'payment_method.automatically_updated': '_sync_card',
            'payment_method.detached': '_sync_card',
            'payment_method.updated': '_sync_card',
            'customer.deleted': '_sync_customer',
        }

    def _sync_card(self) -> bool:
        return self._sync_cards('provider_ref')

    def _sync_customer(self) -> bool:
        return self._sync_cards('stripe_payment_link_customer')

    def _sync_cards(self, field) -> bool:
        """Remove here what was removed at Stripe, and follow a new date of expiry."""
        tokens = self.env['payment.token'].search(
            [('provider_id', '=', self.provider_id.id), (field, '=', self.object_reference)]
        )
        gateway = self.provider_id._billing_gateway()
        for token in tokens:
            token._billing_refresh(gateway.payment_method(token.provider_ref))
        return bool(tokens)

    def _sync_payment_intent(self) -> bool:
        return super()._sync_payment_intent() or self.env[
            'payment.transaction'
        ]._billing_sync_charge_of(self.provider_id, self.object_reference)
