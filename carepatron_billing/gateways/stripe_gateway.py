"""The only door to Stripe: everything that leaves for its API or arrives from it signed."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

import stripe

from .stripe_addresses import api_base

#: An object of Stripe's, as https://docs.stripe.com/api lays it out.
Answer = dict[str, Any]
Params = dict[str, Any]
Method = Callable[..., Any]

# A worker must not hang on Stripe; what times out is repeated under the same idempotency key.
TIMEOUT_SECONDS = 10
NETWORK_RETRIES = 2
# https://docs.stripe.com/api/events/list
MOST_EVENT_TYPES = 20
# What a charge did to the balance, in one answer with its PaymentIntent.
MOVEMENT = 'latest_charge.balance_transaction'
_METHODS = ('payment_intent.payment_method', 'setup_intent.payment_method')
# Stripe's ids are at most 255 characters long. https://docs.stripe.com/upgrades
NAME_PATTERN = re.compile(r'[A-Za-z0-9_.-]{1,255}')
# No time stamp of Stripe's is past the year 9999, where dates end.
LAST_SECOND = 253402300800

# Bad UTF-8 and bad JSON are ValueErrors; brackets can nest too deeply.
_MALFORMED = (ValueError, TypeError, AttributeError, RecursionError)
_CONNECTION_ERRORS = (stripe.APIConnectionError, stripe.APIError, stripe.RateLimitError)


class StripeGatewayError(Exception):
    """A refusal or failure of Stripe, in words that are safe to log and to show.

    The library's own exceptions may quote the key or the parameters of the request; they are
    dropped on the way, also as a cause.

    :param kind: ``connection`` (may be tried again), ``key`` (refused), ``permission`` (the
        key lacks it, or has lost the account), ``request`` (Stripe did not accept it),
        ``declined`` (a saved card was, and no PaymentIntent is left of it),
        ``signature`` (not from Stripe), ``busy`` (others begin to pay the same invoices).
    :param message: what went wrong, without secrets.
    :param code: Stripe's error code, where there is one.
    """

    def __init__(self, kind: str, message: str, code: str = ''):
        super().__init__(message)
        self.kind = kind
        self.code = code


class StripeGateway:
    """One Stripe account, reached with one key.

    All amounts are integers in minor units; all objects are returned as plain dicts, shaped as
    in https://docs.stripe.com/api. Every call raises :class:`StripeGatewayError` on failure.

    :param secret_key: a secret (``sk_``) or restricted (``rk_``) key.
    :param account: the connected account that a platform's key acts for; none: its own.
    """

    def __init__(self, secret_key: str, account: str | None = None):
        self._options = {'stripe_account': account} if account else {}
        # The key goes into an HTTP header: a trailing newline would end up in an exception's text.
        self._client = stripe.StripeClient(
            secret_key.strip(),
            base_addresses={'api': api_base()},
            max_network_retries=NETWORK_RETRIES,
            http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
        )

    def account(self) -> Answer:
        """Return the account that the key belongs to."""
        return self._call(self._client.v1.accounts.retrieve_current)

    def create_checkout_session(self, params: Params, idempotency_key: str) -> Answer:
        """Create a Checkout Session, or return the one that the idempotency key made before."""
        return self._call(
            self._client.v1.checkout.sessions.create,
            params,
            options={'idempotency_key': idempotency_key},
        )

    def checkout_session(self, session_id: str) -> Answer:
        """Return a Checkout Session as it is now, with its PaymentIntent, charge and what that
        brought on the balance."""
        return self._call(
            self._client.v1.checkout.sessions.retrieve,
            session_id,
            {'expand': [f'payment_intent.{MOVEMENT}', *_METHODS]},
        )

    def expire_checkout_session(self, session_id: str) -> Answer:
        """Close an open Checkout Session; ``request`` error if it is open no more."""
        return self._call(self._client.v1.checkout.sessions.expire, session_id)

    def payment_intent(self, intent_id: str) -> Answer:
        """Return a PaymentIntent as it is now."""
        return self._call(self._client.v1.payment_intents.retrieve, intent_id)

    def charge_card(self, params: Params, idempotency_key: str) -> Answer:
        """Charge a saved card without its owner, or return what the idempotency key did before.

        :return: the PaymentIntent, paid or declined: then with its ``last_payment_error``.
        """
        params = {**params, 'confirm': True, 'off_session': True, 'expand': [MOVEMENT]}
        create: Method = self._client.v1.payment_intents.create
        try:
            return create(
                params, options={**self._options, 'idempotency_key': idempotency_key}
            ).to_dict()
        except stripe.CardError as error:
            # A decline is an answer, not a failure: the intent in it tells why.
            body: Any = error.json_body or {}
            told = body.get('error') or {}
            if not told.get('payment_intent'):
                code = told.get('decline_code') or _code(error)
                raise StripeGatewayError('declined', "The card was declined.", code) from None
            return told['payment_intent']
        except stripe.StripeError as error:
            self._fail(error)

    def payment_intent_now(self, intent_id: str) -> Answer:
        """Return a PaymentIntent as it is now, with its charge and what that brought."""
        return self._call(
            self._client.v1.payment_intents.retrieve, intent_id, {'expand': [MOVEMENT]}
        )

    def payment_intents_of_customer(self, customer_id: str) -> list[Answer]:
        """Return a customer's PaymentIntents, newest first, a hundred at most."""
        intents = self._call(
            self._client.v1.payment_intents.list, {'customer': customer_id, 'limit': 100}
        )
        return intents['data']

    def create_customer(self, metadata: dict[str, str], idempotency_key: str) -> Answer:
        """Create a customer that is known by nothing but metadata, or return the one before."""
        return self._call(
            self._client.v1.customers.create,
            {'metadata': metadata},
            options={'idempotency_key': idempotency_key},
        )

    def delete_customer(self, customer_id: str) -> None:
        """Delete a customer with all cards, if it is still there."""
        self._remove(self._client.v1.customers.delete, customer_id)

    def payment_method(self, method_id: str) -> Answer | None:
        """Return a card as it is now, or None if Stripe does not know it any more."""
        try:
            return self._call(self._client.v1.payment_methods.retrieve, method_id)
        except StripeGatewayError as error:
            if error.code != 'resource_missing':
                raise
            return None

    def detach_payment_method(self, method_id: str) -> None:
        """Remove a card for good, if it is still there."""
        method = self.payment_method(method_id)
        if method and method['customer']:
            self._remove(self._client.v1.payment_methods.detach, method_id)

    def sessions_of_payment_intent(self, intent_id: str) -> list[Answer]:
        """Return the Checkout Sessions (none or one) that made a PaymentIntent."""
        sessions = self._call(
            self._client.v1.checkout.sessions.list, {'payment_intent': intent_id, 'limit': 1}
        )
        return sessions['data']

    def create_refund(self, params: Params, idempotency_key: str) -> Answer:
        """Give money back, or return the refund that the idempotency key made before."""
        return self._call(
            self._client.v1.refunds.create, params, options={'idempotency_key': idempotency_key}
        )

    def refund(self, refund_id: str) -> Answer:
        """Return a refund as it is now, with its movements on the balance."""
        refund = self._call(
            self._client.v1.refunds.retrieve, refund_id, {'expand': ['balance_transaction']}
        )
        if refund.get('failure_balance_transaction'):
            refund['failure_balance_transaction'] = self._call(
                self._client.v1.balance_transactions.retrieve,
                refund['failure_balance_transaction'],
            )
        return refund

    def refunds_of_payment_intent(self, intent_id: str) -> list[Answer]:
        """Return the refunds of a PaymentIntent, newest first, a hundred at most."""
        refunds = self._call(
            self._client.v1.refunds.list, {'payment_intent': intent_id, 'limit': 100}
        )
        return refunds['data']

    def dispute(self, dispute_id: str) -> Answer:
        """Return a dispute as it is now, with what it moved on the balance."""
        return self._call(self._client.v1.disputes.retrieve, dispute_id)

    def missing_permissions(self) -> list[str]:
        """Return what a restricted key lacks, found by trying; nothing is changed by it.

        Stripe looks at the permission before it looks for the object, so a refused permission is
        told from an object that does not exist.

        :return: permissions by their names in Stripe's dashboard, ``Payouts: Read``.
        """
        v1 = self._client.v1
        newest = {'limit': 1}
        probes: tuple[tuple[str, Method, tuple[Any, ...]], ...] = (
            ("Accounts: Read", v1.accounts.retrieve_current, ()),
            ("Checkout Sessions: Write", v1.checkout.sessions.expire, ('cs_probe',)),
            ("PaymentIntents: Write", v1.payment_intents.update, ('pi_probe', {})),
            ("PaymentMethods: Write", v1.payment_methods.detach, ('pm_probe',)),
            ("Charges and Refunds: Read", v1.charges.list, (newest,)),
            ("Charges and Refunds: Write", v1.refunds.cancel, ('re_probe',)),
            ("Balance Transactions: Read", v1.balance_transactions.list, (newest,)),
            ("Customers: Write", v1.customers.update, ('cus_probe', {'metadata': {'probe': '1'}})),
            ("SetupIntents: Read", v1.setup_intents.list, (newest,)),
            ("Webhook Endpoints: Write", v1.webhook_endpoints.delete, ('we_probe',)),
            ("Events: Read", v1.events.list, (newest,)),
            ("Disputes: Read", v1.disputes.list, (newest,)),
            ("Payouts: Read", v1.payouts.list, (newest,)),
        )
        return [name for name, method, args in probes if not self._may(method, args)]

    def _may(self, method: Method, args: Sequence[Any]) -> bool:
        try:
            self._call(method, *args)
        except StripeGatewayError as error:
            if error.kind in ('connection', 'key'):
                raise
            return error.kind != 'permission'
        return True

    def create_connected_account(self, country: str, idempotency_key: str) -> Answer:
        """Create an account of its owner's, connected to the platform whose key this is.

        :param country: ISO 3166 code of two letters.
        """
        return self._call(
            self._client.v1.accounts.create,
            {'type': 'standard', 'country': country},
            options={'idempotency_key': idempotency_key},
        )

    def account_link(self, account: str, return_url: str, refresh_url: str) -> str:
        """Return the address, good for minutes and for one visit, where the owner of a connected
        account tells Stripe what it asks for."""
        link = self._call(
            self._client.v1.account_links.create,
            {
                'account': account,
                'type': 'account_onboarding',
                'return_url': return_url,
                'refresh_url': refresh_url,
            },
        )
        return link['url']

    def ensure_webhook_endpoint(
        self, url: str, events: Iterable[str], known: str | None = None, connect: bool = False
    ) -> Answer:
        """Have exactly one webhook endpoint for ``url``, with these events and our API version.

        :param known: id of the endpoint whose secret is known; kept if it still fits. Others
            for this address, and a known one that does not fit, are stale and removed.
        :param connect: listen to the accounts that are connected to the key's.
        :return: the endpoint; with its ``secret`` only if it is new.
        """
        endpoints = self._client.v1.webhook_endpoints
        listed = self._call(endpoints.list, {'limit': 100})['data']
        fitting = [
            endpoint
            for endpoint in listed
            if endpoint['id'] == known
            and endpoint['url'] == url
            and endpoint['status'] == 'enabled'
            and endpoint['api_version'] == stripe.api_version
            and set(endpoint['enabled_events']) == set(events)
        ]
        params: Params = {
            'url': url,
            'enabled_events': list(events),
            'api_version': stripe.api_version,
        }
        if connect:
            params['connect'] = True
        endpoint = fitting[0] if fitting else self._call(endpoints.create, params)
        for other in listed:
            if other['id'] != endpoint['id'] and (other['url'] == url or other['id'] == known):
                self.delete_webhook_endpoint(other['id'])
        return endpoint

    def delete_webhook_endpoint(self, endpoint_id: str) -> None:
        """Remove a webhook endpoint, if it is still there."""
        self._remove(self._client.v1.webhook_endpoints.delete, endpoint_id)

    def _remove(self, method: Method, identifier: str) -> None:
        try:
            self._call(method, identifier)
        except StripeGatewayError as error:
            if error.code != 'resource_missing':
                raise

    def events(self, types: Sequence[str], since: int) -> list[Answer]:
        """Return what happened since a moment, oldest first; Stripe remembers 30 days.

        :param types: kinds of events.
        :param since: seconds since 1970.
        """
        found = []
        for start in range(0, len(types), MOST_EVENT_TYPES):
            params = {
                'types': list(types[start : start + MOST_EVENT_TYPES]),
                'created': {'gte': since},
                'limit': 100,
            }
            while True:
                page = self._call(self._client.v1.events.list, params)
                found += page['data']
                if not page['has_more']:
                    break
                params['starting_after'] = page['data'][-1]['id']
        return sorted(found, key=lambda event: event['created'])

    def _call(self, method: Method, *args: Any, options: dict[str, str] | None = None) -> Answer:
        try:
            return method(*args, options={**self._options, **(options or {})}).to_dict()
        except stripe.StripeError as error:
            self._fail(error)

    def _fail(self, error: stripe.StripeError) -> NoReturn:
        """Raise the library's exception as one of ours, its cause dropped."""
        code = _code(error)
        if isinstance(error, _CONNECTION_ERRORS) or code == 'idempotency_key_in_use':
            raise StripeGatewayError(
                'connection', "Stripe could not be reached or is busy.", code
            ) from None
        if isinstance(error, stripe.AuthenticationError):
            raise StripeGatewayError('key', "Stripe does not accept the API key.", code) from None
        if isinstance(error, stripe.PermissionError):
            raise StripeGatewayError(
                'permission', "The API key lacks a permission for this.", code
            ) from None
        raise StripeGatewayError('request', "Stripe refused the request.", code) from None


def _code(error: stripe.StripeError) -> str:
    # The library leaves `code` empty for some kinds of errors although Stripe sent one.
    body = error.json_body if isinstance(error.json_body, dict) else {}
    details = body.get('error')
    return error.code or (details.get('code') if isinstance(details, dict) else '') or ''


def verify_event(body: bytes, signature_header: str | None, secret: str | None) -> Answer:
    """Return the event in a webhook's body if Stripe signed it lately.

    Anybody can post anything here, so whatever the library trips over is one refusal.

    :param body: the request's raw body.
    :param signature_header: the ``Stripe-Signature`` header.
    :param secret: the endpoint's signing secret.
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
    except (stripe.SignatureVerificationError, *_MALFORMED):
        raise refusal from None
    if not _is_event(event):
        raise refusal
    return event


def _is_event(event: Any) -> bool:
    return (
        isinstance(event, dict)
        and event.get('object') == 'event'
        and all(_is_name(event.get(key)) for key in ('id', 'type'))
        and type(event.get('created')) is int
        and 0 < event['created'] < LAST_SECOND
        and isinstance(event.get('data'), dict)
        and isinstance(event['data'].get('object'), dict)
        and _is_name(event['data']['object'].get('id'))
    )


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and NAME_PATTERN.fullmatch(value) is not None
