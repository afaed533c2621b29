"""The only door to Stripe: everything that leaves for its API or arrives from it signed."""

import json
import os
from urllib.parse import urlsplit

import stripe

DEFAULT_API_BASE = stripe.DEFAULT_API_BASE
# A worker must not hang on Stripe; what times out is repeated under the same idempotency key.
TIMEOUT_SECONDS = 10
NETWORK_RETRIES = 2

_CONNECTION_ERRORS = (stripe.APIConnectionError, stripe.APIError, stripe.RateLimitError)


class StripeGatewayError(Exception):
    """A refusal or failure of Stripe, in words that are safe to log and to show.

    The library's own exceptions may quote the key or the parameters of the request; they are
    dropped on the way, also as a cause.

    :param str kind: ``connection`` (may be tried again), ``key`` (refused or lacks a permission),
        ``request`` (Stripe did not accept it), ``signature`` (not from Stripe).
    :param str message: what went wrong, without secrets.
    :param str code: Stripe's error code, where there is one.
    """

    def __init__(self, kind, message, code=''):
        super().__init__(message)
        self.kind = kind
        self.code = code


class StripeGateway:
    """One Stripe account, reached with one key.

    All amounts are integers in minor units; all objects are returned as plain dicts, shaped as
    in https://docs.stripe.com/api. Every call raises :class:`StripeGatewayError` on failure.

    :param str secret_key: a secret (``sk_``) or restricted (``rk_``) key.
    """

    def __init__(self, secret_key):
        # The key goes into an HTTP header: a trailing newline would end up in an exception's text.
        self._client = stripe.StripeClient(
            secret_key.strip(),
            base_addresses={'api': api_base()},
            max_network_retries=NETWORK_RETRIES,
            http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
        )

    def account(self):
        """Return the account that the key belongs to."""
        return self._call(self._client.v1.accounts.retrieve_current)

    def create_checkout_session(self, params, idempotency_key):
        """Create a Checkout Session, or return the one that the idempotency key made before."""
        return self._call(
            self._client.v1.checkout.sessions.create,
            params,
            options={'idempotency_key': idempotency_key},
        )

    def checkout_session(self, session_id):
        """Return a Checkout Session as it is now, with its PaymentIntent and charge."""
        return self._call(
            self._client.v1.checkout.sessions.retrieve,
            session_id,
            {'expand': ['payment_intent.latest_charge']},
        )

    def expire_checkout_session(self, session_id):
        """Close an open Checkout Session; ``request`` error if it is open no more."""
        return self._call(self._client.v1.checkout.sessions.expire, session_id)

    def payment_intent(self, intent_id):
        """Return a PaymentIntent as it is now."""
        return self._call(self._client.v1.payment_intents.retrieve, intent_id)

    def sessions_of_payment_intent(self, intent_id):
        """Return the Checkout Sessions (none or one) that made a PaymentIntent."""
        sessions = self._call(
            self._client.v1.checkout.sessions.list, {'payment_intent': intent_id, 'limit': 1}
        )
        return sessions['data']

    def replace_webhook_endpoint(self, url, events):
        """Make the one webhook endpoint for ``url``; only a new one tells its signing secret.

        :return: the endpoint, with its ``secret``.
        """
        endpoints = self._client.v1.webhook_endpoints
        known = self._call(endpoints.list, {'limit': 100})
        endpoint = self._call(
            endpoints.create,
            {'url': url, 'enabled_events': list(events), 'api_version': stripe.api_version},
        )
        for old in known['data']:
            if old['url'] == url:
                self._call(endpoints.delete, old['id'])
        return endpoint

    @staticmethod
    def _call(method, *args, **kwargs):
        try:
            return method(*args, **kwargs).to_dict()
        except _CONNECTION_ERRORS as error:
            raise StripeGatewayError(
                'connection', "Stripe could not be reached or is busy.", error.code or ''
            ) from None
        except stripe.AuthenticationError as error:
            raise StripeGatewayError(
                'key', "Stripe does not accept the API key.", error.code or ''
            ) from None
        except stripe.PermissionError as error:
            raise StripeGatewayError(
                'key', "The API key lacks a permission for this.", error.code or ''
            ) from None
        except stripe.StripeError as error:
            raise StripeGatewayError(
                'request', "Stripe refused the request.", error.code or ''
            ) from None


def api_base():
    """Return the address of Stripe's API.

    ``STRIPE_API_BASE`` in the server's environment leads to a stand-in on this very machine;
    anything else is refused, since the key would be sent there.

    :raises ValueError: if the override is not a loopback address.
    """
    override = os.environ.get('STRIPE_API_BASE')
    if not override:
        return DEFAULT_API_BASE
    if urlsplit(override).hostname not in ('127.0.0.1', 'localhost', '::1'):
        raise ValueError("STRIPE_API_BASE may only name an address on this machine.")
    return override.rstrip('/')


def verify_event(body, signature_header, secret):
    """Return the event in a webhook's body if Stripe signed it lately.

    Anybody can post anything here, so whatever the library trips over is one refusal.

    :param bytes body: the request's raw body.
    :param str signature_header: the ``Stripe-Signature`` header.
    :param str secret: the endpoint's signing secret.
    :return: the event, as a dict.
    :raises StripeGatewayError: ``signature``, if it is forged, stale, malformed or no event.
    """
    refusal = StripeGatewayError('signature', "The signature is missing, wrong or too old.")
    if not secret or not signature_header:
        raise refusal
    try:
        stripe.WebhookSignature.verify_header(
            body.decode(), signature_header, secret, stripe.Webhook.DEFAULT_TOLERANCE
        )
        event = json.loads(body)
    except (stripe.SignatureVerificationError, ValueError, TypeError, AttributeError):
        # UnicodeDecodeError and JSONDecodeError are ValueErrors.
        raise refusal from None
    if not _is_event(event):
        raise refusal
    return event


def _is_event(event):
    return (
        isinstance(event, dict)
        and event.get('object') == 'event'
        and all(isinstance(event.get(key), str) for key in ('id', 'type'))
        and isinstance(event.get('created'), int)
        and isinstance(event.get('data'), dict)
        and isinstance(event['data'].get('object'), dict)
        and isinstance(event['data']['object'].get('id'), str)
    )
