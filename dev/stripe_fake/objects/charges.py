"""Charges: the one attempt at a payment that moved money, or failed to."""

from decimal import ROUND_HALF_UP, Decimal

from .. import webhooks
from ..money import to_minor, to_units
from ..records import Record
from ..tasks import task
from ..wire import listing
from ..wire.operations import Call, operation
from ..world import Realm, World, new_id
from . import balance, checks


def new(
    realm: Realm, intent: Record, method: Record, status: str, failure: Record | None = None
) -> Record:
    """Make the charge of an attempt.

    :param status: 'succeeded', 'pending' or 'failed'.
    :param failure: `code`, `decline_code` and `message` of a decline.
    """
    failed = status == 'failed'
    charge = realm.new(
        'charge',
        'ch' if method['type'] == 'card' else 'py',
        amount=intent['amount'],
        amount_captured=0 if failed else intent['amount'],
        amount_refunded=0,
        billing_details=method['billing_details'],
        captured=not failed,
        calculated_statement_descriptor='STAND-IN',
        currency=intent['currency'],
        customer=intent['customer'],
        description=intent['description'],
        disputed=False,
        failure_code=failure and failure['code'],
        failure_message=failure and failure['message'],
        fraud_details={},
        metadata=intent['metadata'],
        outcome=_outcome(status, failure),
        paid=not failed,
        payment_intent=intent['id'],
        payment_method=method['id'],
        payment_method_details={'type': method['type'], method['type']: _details(method)},
        radar_options={},
        receipt_email=intent['receipt_email'],
        refunded=False,
        status=status,
        statement_descriptor=intent['statement_descriptor'],
        transfer_group=intent['transfer_group'],
    )
    if status == 'succeeded':
        _book_or_wait(realm, charge)
    return charge


def settle(realm: Realm, charge: Record) -> None:
    """Let a pending bank debit arrive."""
    realm.change(charge, status='succeeded', outcome=_outcome('succeeded', None))
    _book_or_wait(realm, charge)
    webhooks.emit(realm, 'charge.succeeded', charge)


def fail(realm: Realm, charge: Record, failure: Record) -> None:
    """Let a pending bank debit bounce."""
    realm.change(
        charge,
        status='failed',
        paid=False,
        failure_code=failure['code'],
        failure_message=failure['message'],
        outcome=_outcome('failed', failure),
    )
    webhooks.emit(realm, 'charge.failed', charge)


def book(realm: Realm, charge: Record) -> None:
    """Book a charge and Stripe's fee on the balance."""
    profile = realm.profile()
    home = profile['default_currency']
    rate = Decimal(str(round(realm.rate(charge['currency']), 6)))
    gross = to_minor(to_units(charge['amount'], charge['currency']) * rate, home)
    percent = Decimal(str(profile['_fee_percent'])) / 100
    fee = int((gross * percent).quantize(Decimal(1), ROUND_HALF_UP)) + profile['_fee_fixed']
    transaction = balance.book(
        realm,
        'charge' if charge['id'].startswith('ch_') else 'payment',
        charge['amount'],
        charge['currency'],
        charge['id'],
        fee=fee,
        description=charge['description'],
        fees=[('stripe_fee', 'Stripe processing fees')],
    )
    realm.change(charge, balance_transaction=transaction['id'])


@task
def book_fee(world: World, realm: str, charge: str) -> None:
    """Book a charge later than it succeeded, and tell it by `charge.updated`."""
    holder = Realm.of_name(world, realm)
    record = holder.find(charge)
    if record and record['balance_transaction'] is None:
        book(holder, record)
        webhooks.emit(holder, 'charge.updated', record, {'balance_transaction': None})


def _book_or_wait(realm: Realm, charge: Record) -> None:
    delay = realm.world.setting('fee_delay')
    if delay == 0:
        book(realm, charge)
    elif delay is not None:
        realm.world.later(delay, 'book_fee', realm=realm.name, charge=charge['id'])


def _outcome(status: str, failure: Record | None) -> Record:
    if failure:
        return {
            'advice_code': 'try_again_later'
            if failure.get('decline_code') in ('insufficient_funds', 'generic_decline')
            else 'do_not_try_again',
            'network_advice_code': None,
            'network_decline_code': '05',
            'network_status': 'declined_by_network',
            'reason': failure.get('decline_code'),
            'risk_level': 'normal',
            'risk_score': 20,
            'seller_message': 'The bank did not return any further details with this decline.',
            'type': 'issuer_declined',
        }
    return {
        'advice_code': None,
        'network_advice_code': None,
        'network_decline_code': None,
        'network_status': 'approved_by_network',
        'reason': None,
        'risk_level': 'normal',
        'risk_score': 20,
        'seller_message': 'Payment complete.',
        'type': 'authorized',
    }


def _details(method: Record) -> Record:
    details = dict(method[method['type']])
    if method['type'] == 'card':
        for name in ('display_brand', 'generated_from', 'networks', 'three_d_secure_usage'):
            details.pop(name, None)
        details.update(
            installments=None,
            mandate=None,
            network=details['brand'],
            three_d_secure=None,
            network_transaction_id=new_id('n', 15)[2:],
        )
    else:
        details.pop('generated_from', None)
        details['mandate'] = new_id('mandate')
    return details


@operation('GET /v1/charges/{charge}')
def retrieve(call: Call) -> Record:
    return call.realm.get('charge', call.args[0])


@operation('GET /v1/charges', 'payment_intent customer transfer_group')
def list_charges(call: Call) -> Record:
    equal = {
        name: call.params[name]
        for name in ('payment_intent', 'customer', 'transfer_group')
        if name in call.params
    }
    return listing.page(call.realm.all('charge', **equal), call.params, '/v1/charges')


@operation('POST /v1/charges/{charge}', 'description metadata receipt_email')
def modify(call: Call) -> Record:
    charge = call.realm.get('charge', call.args[0])
    values: Record = {
        name: call.params[name] for name in ('description', 'receipt_email') if name in call.params
    }
    if 'metadata' in call.params:
        values['metadata'] = checks.metadata(call.params['metadata'], charge['metadata'])
    previous = call.realm.change(charge, **values)
    webhooks.emit(call.realm, 'charge.updated', charge, previous)
    return charge
