from datetime import timezone

from odoo import fields, models

from odoo.addons.payment import utils as payment_utils

from ...const import PROVIDER_CODE
from ...gateways.stripe_gateway import StripeGatewayError

# A name on Stripe's page has a limit, and a payer's patience too.
SHOWN_NUMBERS = 5


class PaymentTransaction(models.Model):
    """The Checkout Session of a payment: made once, looked at, closed."""

    _inherit = 'payment.transaction'

    def _billing_session_url(self) -> str | bool:
        """Return the address of Stripe's page for this transaction.

        Records the session before anybody learns its address; a repetition at any point gets
        the same session.

        :return: the address; False if the session is open no more (the state tells why).
        :raise StripeGatewayError: if Stripe cannot be reached or refuses.
        """
        self.ensure_one()
        session = self._billing_session_now()
        if session['status'] == 'open':
            return session['url']
        self._billing_record(session)
        return False

    def _billing_session_now(self):
        """Return this transaction's session as it is at Stripe, made if it was not yet."""
        gateway = self.provider_id._billing_gateway()
        known = self.sudo().stripe_payment_link_session
        if known:
            return gateway.checkout_session(known)
        session = gateway.create_checkout_session(
            self._billing_session_params(),
            ':'.join(self._billing_metadata().values()),
        )
        self.sudo().stripe_payment_link_session = session['id']
        return session

    def _billing_session_params(self):
        """Return the Checkout Session to ask for: opaque references, and what is due in one line.

        Nothing in it may change from one call to the next, see idempotency.
        """
        base_url = self.provider_id.get_base_url()
        metadata = self._billing_metadata()
        # The payer's browser names the route; it leads nowhere but to this server.
        landing = f'{base_url}/{(self.sudo().landing_route or "payment/status").lstrip("/")}'
        return {
            'mode': 'payment',
            'client_reference_id': ':'.join(metadata.values()),
            'metadata': metadata,
            'payment_intent_data': {'metadata': metadata},
            'line_items': [
                {
                    'quantity': 1,
                    'price_data': {
                        'currency': self.currency_id.name.lower(),
                        'unit_amount': self._billing_minor_amount(),
                        'product_data': {'name': self._billing_label()},
                    },
                }
            ],
            'automatic_tax': {'enabled': False},
            'adaptive_pricing': {'enabled': False},
            'expires_at': int(
                self.stripe_payment_link_session_expires_at.replace(tzinfo=timezone.utc).timestamp()
            ),
            'success_url': f'{base_url}/billing/stripe/return/{self.id}'
            '?session_id={CHECKOUT_SESSION_ID}',
            'cancel_url': landing,
        }

    def _billing_label(self):
        """Return what Stripe's page calls the payment: the invoice's number, nothing clinical."""
        numbers = self.invoice_ids.filtered('name').mapped('name')
        if len(numbers) > SHOWN_NUMBERS:
            # No words: whoever asks Stripe again, in whatever language, must say the same.
            return f'{", ".join(numbers[:SHOWN_NUMBERS])}, +{len(numbers) - SHOWN_NUMBERS}'
        return ', '.join(numbers) or self.reference

    def _billing_metadata(self) -> dict[str, str]:
        """Return what a session is recognised by: opaque, and no other session's."""
        self.ensure_one()
        return {
            'database': self.env['ir.config_parameter'].sudo().get_param('database.uuid'),
            'reference': self.reference,
            'nonce': self.stripe_payment_link_nonce,
        }

    def _billing_owns(self, stripe_object: dict) -> bool:
        """Return whether an object of Stripe's was made for this transaction.

        Other apps of the practice may write metadata of their own beside ours.

        :param stripe_object: a session, intent or refund
        """
        given = stripe_object.get('metadata') or {}
        return self._billing_metadata().items() <= given.items()

    def _billing_minor_amount(self):
        return payment_utils.to_minor_currency_units(
            abs(self.amount),
            self.currency_id,
            self.provider_id._billing_decimals(self.currency_id),
        )

    def _billing_close(self):
        """Close the open sessions at Stripe; what turns out to be paid is recorded as paid.

        :raise StripeGatewayError: if Stripe cannot be reached.
        """
        for tx in self.filtered(lambda tx: tx.state == 'draft'):
            never_shown = (
                not tx.sudo().stripe_payment_link_session
                and tx.stripe_payment_link_session_expires_at <= fields.Datetime.now()
            )
            if never_shown:
                tx._set_canceled()
                continue
            session = tx._billing_session_now()
            if session['status'] == 'open':
                session = tx._billing_expire(session)
            tx._billing_record(session)

    def _billing_is_stale(self):
        """Whether something else is due by now than when the payer was sent to Stripe."""
        self.ensure_one()
        return (
            self.provider_code == PROVIDER_CODE
            and self.state == 'draft'
            and self.operation != 'refund'
            and self.currency_id.compare_amounts(
                self.stripe_payment_link_due, self.invoice_ids._billing_due()
            )
            != 0
        )

    def _billing_expire(self, session):
        gateway = self.provider_id._billing_gateway()
        try:
            return gateway.expire_checkout_session(session['id'])
        except StripeGatewayError as error:
            if error.kind != 'request':
                raise
            # Refused because it was paid or closed a moment ago: ask which.
            return gateway.checkout_session(session['id'])

    def _billing_sync(self):
        """Fetch the session anew and bring the transaction and the books up to it."""
        for tx in self:
            gateway = tx.provider_id._billing_gateway()
            session = gateway.checkout_session(tx.sudo().stripe_payment_link_session)
            tx._billing_record(session)
