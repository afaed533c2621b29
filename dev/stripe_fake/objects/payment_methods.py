"""Cards and bank accounts to pay with, loose or attached to a customer."""

import hashlib
from typing import Any

from .. import webhooks
from ..records import Record
from ..wire import listing
from ..wire.errors import StripeError, invalid
from ..wire.operations import Call, operation
from ..world import Realm
from . import checks
from .cards import CARDS, DEBIT_TYPES, PAYMENT_METHODS, Card, passes_luhn

BILLING = ('address', 'email', 'name', 'phone')
ADDRESS = ('city', 'country', 'line1', 'line2', 'postal_code', 'state')


def billing_details(given: Record | None = None) -> Record:
    """Return complete billing details."""
    given = given or {}
    details = {name: given.get(name) or None for name in BILLING}
    details['address'] = {name: (given.get('address') or {}).get(name) for name in ADDRESS}
    details['tax_id'] = None
    return details


def new_card(
    realm: Realm,
    number: str,
    exp_month: int = 12,
    exp_year: int = 2034,
    billing: Record | None = None,
    **values: Any,
) -> Record:
    """Make a payment method out of a test card's number."""
    card = CARDS.get(number, Card())
    return realm.new(
        'payment_method',
        'pm',
        type='card',
        billing_details=billing_details(billing),
        card={
            'brand': card.brand,
            'checks': {
                'address_line1_check': None,
                'address_postal_code_check': None,
                'cvc_check': 'pass',
            },
            'country': card.country,
            'display_brand': card.brand,
            'exp_month': exp_month,
            'exp_year': exp_year,
            'fingerprint': _fingerprint(number),
            'funding': card.funding,
            'generated_from': None,
            'last4': number[-4:],
            'networks': {'available': [card.brand], 'preferred': None},
            'regulated_status': 'unregulated',
            'three_d_secure_usage': {'supported': True},
            'wallet': None,
        },
        _number=number,
        _set_up=number == '4000003800000446',
        **values,
    )


def new_debit(
    realm: Realm, kind: str, number: str, billing: Record | None = None, **values: Any
) -> Record:
    """Make a payment method out of a bank account's number."""
    details: Record = {'last4': number[-4:], 'fingerprint': _fingerprint(number)}
    if kind == 'sepa_debit':
        details.update(
            country=number[:2],
            bank_code=number[4:12],
            branch_code='',
            generated_from={'charge': None, 'setup_attempt': None},
        )
    elif kind == 'us_bank_account':
        details.update(
            account_holder_type='individual',
            account_type='checking',
            bank_name='STRIPE TEST BANK',
            financial_connections_account=None,
            routing_number='110000000',
            networks={'preferred': 'ach', 'supported': ['ach']},
            status_details={},
        )
    values[kind] = details
    return realm.new(
        'payment_method',
        'pm',
        type=kind,
        billing_details=billing_details(billing),
        _number=number,
        _set_up=True,
        **values,
    )


def resolve(realm: Realm, identifier: str, param: str = 'payment_method') -> Record:
    """Return a payment method; a test id such as `pm_card_visa` makes a new one."""
    if identifier in PAYMENT_METHODS:
        return new_card(realm, PAYMENT_METHODS[identifier])
    return realm.get('payment_method', identifier, param, label='PaymentMethod')


def attach(realm: Realm, method: Record, customer: str) -> Record:
    """Attach a payment method to a customer."""
    if method['customer'] == customer:
        return method
    if method['customer']:
        raise invalid(
            'The payment method you provided has already been attached to a customer.',
            'payment_method',
        )
    if method.get('_spent'):
        raise invalid(
            'This PaymentMethod was previously used without being attached to a Customer or was '
            'detached from a Customer, and may not be used again.',
            'payment_method',
        )
    realm.change(method, customer=customer)
    webhooks.emit(realm, 'payment_method.attached', method)
    return method


def detach(realm: Realm, method: Record) -> Record:
    """Detach a payment method from its customer, for good."""
    previous = {'customer': method['customer']}
    realm.change(method, customer=None, _spent=True)
    webhooks.emit(realm, 'payment_method.detached', method, previous)
    return method


def types_for(params: Record, currency: str | None = None) -> tuple[Record | None, list[str]]:
    """Return `automatic_payment_methods` and the types that remain of the dynamic set.

    :raises StripeError: none remains.
    """
    wanted = params.get('automatic_payment_methods') or {'enabled': True}
    debits = [DEBIT_TYPES[currency]] if currency in DEBIT_TYPES else []
    allowed = params.get('allowed_payment_method_types')
    excluded = params.get('excluded_payment_method_types', ())
    types = [
        kind
        for kind in ('card', 'link', *debits)
        if (not allowed or kind in allowed) and kind not in excluded
    ]
    if not types:
        raise invalid(
            'No valid payment method types for this Payment Intent. Please ensure that you have '
            'activated payment methods compatible with your chosen currency.',
            'allowed_payment_method_types',
        )
    return {
        'enabled': wanted['enabled'],
        'allow_redirects': wanted.get('allow_redirects', 'always'),
    }, types


@operation(
    'POST /v1/payment_methods',
    'type card billing_details metadata allow_redisplay sepa_debit us_bank_account',
)
def create(call: Call) -> Record:
    params = call.params
    kind = params.get('type')
    extra = {
        'metadata': checks.metadata(params.get('metadata')),
        'allow_redisplay': params.get('allow_redisplay', 'unspecified'),
    }
    billing = params.get('billing_details')
    if kind == 'card':
        card = params.get('card') or {}
        if card.get('token') == 'tok_visa':
            return new_card(call.realm, '4242424242424242', billing=billing, **extra)
        number = card.get('number', '')
        if not number.isdigit() or not passes_luhn(number):
            raise StripeError(
                'Your card number is incorrect.',
                status=402,
                kind='card_error',
                code='incorrect_number',
                param='number',
            )
        return new_card(
            call.realm,
            number,
            card.get('exp_month', 12),
            card.get('exp_year', 2034),
            billing,
            **extra,
        )
    if kind == 'sepa_debit' and params.get('sepa_debit'):
        return new_debit(call.realm, kind, params['sepa_debit']['iban'], billing, **extra)
    if kind == 'us_bank_account' and params.get('us_bank_account'):
        number = params['us_bank_account'].get('account_number', '000123456789')
        return new_debit(call.realm, kind, number, billing, **extra)
    if not kind:
        raise checks.missing('type')
    raise StripeError(
        f'The local Stripe stand-in offers no payment method of type {kind}.',
        status=501,
        kind='api_error',
    )


@operation('GET /v1/payment_methods/{payment_method}')
def retrieve(call: Call) -> Record:
    return call.realm.get(
        'payment_method', call.args[0], 'payment_method', label='PaymentMethod', status=404
    )


@operation(
    'POST /v1/payment_methods/{payment_method}', 'metadata billing_details allow_redisplay card'
)
def modify(call: Call) -> Record:
    method = retrieve(call)
    if not method['customer']:
        raise invalid('You must save this PaymentMethod to a customer before you can update it.')
    values = {}
    if 'metadata' in call.params:
        values['metadata'] = checks.metadata(call.params['metadata'], method['metadata'])
    if 'billing_details' in call.params:
        values['billing_details'] = billing_details(
            {**method['billing_details'], **call.params['billing_details']}
        )
    if 'allow_redisplay' in call.params:
        values['allow_redisplay'] = call.params['allow_redisplay']
    if 'card' in call.params:
        values['card'] = {**method['card'], **call.params['card']}
    previous = call.realm.change(method, **values)
    webhooks.emit(call.realm, 'payment_method.updated', method, previous)
    return method


@operation('GET /v1/payment_methods', 'customer type allow_redisplay')
def list_methods(call: Call) -> Record:
    params = call.params
    customer = params.get('customer')
    if not customer:
        raise checks.missing('customer')
    call.realm.get('customer', customer, 'customer')
    return listing.page(_of_customer(call.realm, customer, params), params, '/v1/payment_methods')


@operation('GET /v1/customers/{customer}/payment_methods', 'type allow_redisplay')
def list_of_customer(call: Call) -> Record:
    customer = call.realm.get('customer', call.args[0], 'customer')['id']
    return listing.page(
        _of_customer(call.realm, customer, call.params),
        call.params,
        f'/v1/customers/{customer}/payment_methods',
    )


@operation('GET /v1/customers/{customer}/payment_methods/{payment_method}')
def retrieve_of_customer(call: Call) -> Record:
    method = call.realm.get('payment_method', call.args[1], 'payment_method', label='PaymentMethod')
    if method['customer'] != call.args[0]:
        raise invalid(
            f"No such PaymentMethod: '{call.args[1]}' for customer '{call.args[0]}'",
            'payment_method',
            'resource_missing',
            status=404,
        )
    return method


@operation('POST /v1/payment_methods/{payment_method}/attach', 'customer')
def attach_one(call: Call) -> Record:
    method = resolve(call.realm, call.args[0])
    customer = call.params.get('customer')
    if not customer:
        raise checks.missing('customer')
    call.realm.get('customer', customer, 'customer')
    card = CARDS.get(method['_number'])
    if card and not card.attach:
        raise StripeError(
            card.message, status=402, kind='card_error', code=card.code, decline_code=card.decline
        )
    return attach(call.realm, method, customer)


@operation('POST /v1/payment_methods/{payment_method}/detach')
def detach_one(call: Call) -> Record:
    method = retrieve(call)
    if not method['customer']:
        raise invalid(
            'The payment method you provided is not attached to a customer so detachment is '
            'impossible.',
            'payment_method',
        )
    return detach(call.realm, method)


def _of_customer(realm: Realm, customer: str, params: Record) -> list[Record]:
    methods = realm.all('payment_method', customer=customer)
    return [
        method
        for method in methods
        if all(
            method[name] == params[name] for name in ('type', 'allow_redisplay') if name in params
        )
    ]


def _fingerprint(number: str) -> str:
    return hashlib.sha256(number.encode()).hexdigest()[:16]
