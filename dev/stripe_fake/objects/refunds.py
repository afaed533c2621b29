"""Refunds: money given back, at once, later, or in the end not at all."""

from collections.abc import Sequence
from typing import Any

from .. import webhooks
from ..money import check_amount, text
from ..records import Record
from ..wire import listing
from ..wire.errors import invalid
from ..wire.operations import Call, operation
from ..world import Realm
from . import balance, checks


def new(
    realm: Realm, charge: Record, amount: int | None = None, state: str | None = None, **values: Any
) -> Record:
    """Give back a charge, or a part of it.

    :param amount: in minor units; None gives back what is left.
    :param state: 'succeeded' or 'pending'; None as the stand-in is set.
    :raises StripeError: more than is left, or a charge that holds nothing to give back.
    """
    _check_refundable(charge)
    left = charge['amount_captured'] - charge['amount_refunded']
    if amount is None:
        amount = left
    check_amount(amount, charge['currency'], minimum=False)
    if amount < 1:
        raise invalid(
            'This value must be greater than or equal to 1.', 'amount', 'parameter_invalid_integer'
        )
    if amount > left:
        of_what = 'unrefunded amount on charge' if charge['amount_refunded'] else 'charge amount'
        raise invalid(
            f'Refund amount ({text(amount, charge["currency"])}) is greater than {of_what} '
            f'({text(left, charge["currency"])})',
            'amount',
        )
    if state is None:
        bank = charge['id'].startswith('py_')
        state = 'pending' if bank else realm.world.setting('refund_state')
    refund = realm.new(
        'refund',
        're' if charge['id'].startswith('ch_') else 'pyr',
        amount=amount,
        charge=charge['id'],
        currency=charge['currency'],
        destination_details={
            'type': 'card',
            'card': {
                'reference_status': 'pending',
                'reference_type': 'acquirer_reference_number',
                'type': 'refund',
            },
        },
        payment_intent=charge['payment_intent'],
        payment_method=charge['payment_method'],
        status=state,
        **values,
    )
    transaction = balance.book(
        realm,
        'refund' if charge['id'].startswith('ch_') else 'payment_refund',
        -amount,
        charge['currency'],
        refund['id'],
        description='REFUND FOR CHARGE',
    )
    realm.change(refund, balance_transaction=transaction['id'])
    given = charge['amount_refunded'] + amount
    previous = realm.change(
        charge, amount_refunded=given, refunded=given == charge['amount_captured']
    )
    webhooks.emit(realm, 'refund.created', refund)
    webhooks.emit(realm, 'charge.refunded', charge, previous)
    return refund


def settle(realm: Realm, refund: Record) -> None:
    """Let a pending refund arrive.

    :raises StripeError: it is not pending.
    """
    _require(refund, ('pending', 'requires_action'))
    previous = realm.change(refund, status='succeeded')
    _updated(realm, refund, previous)


def fail(realm: Realm, refund: Record, reason: str = 'expired_or_canceled_card') -> None:
    """Let a refund come back, also one that had succeeded.

    :raises StripeError: it had failed or was cancelled already.
    """
    _require(refund, ('pending', 'succeeded', 'requires_action'))
    previous = _take_back(realm, refund, 'failed', failure_reason=reason)
    _updated(realm, refund, previous)
    webhooks.emit(realm, 'refund.failed', refund)


def _take_back(realm: Realm, refund: Record, status: str, **values: Any) -> Record:
    transaction = balance.book(
        realm,
        'refund_failure',
        refund['amount'],
        refund['currency'],
        refund['id'],
        description='REFUND FAILURE',
    )
    charge = realm.find(refund['charge'])
    realm.change(
        charge, amount_refunded=charge['amount_refunded'] - refund['amount'], refunded=False
    )
    return realm.change(
        refund, status=status, failure_balance_transaction=transaction['id'], **values
    )


def _updated(realm: Realm, refund: Record, previous: Record) -> None:
    webhooks.emit(realm, 'refund.updated', refund, previous)
    webhooks.emit(realm, 'charge.refund.updated', refund, previous)


def _check_refundable(charge: Record) -> None:
    if charge['disputed'] and charge.get('_withdrawn'):
        raise invalid(
            f'Charge {charge["id"]} has been charged back; cannot issue a refund.',
            'charge',
            'charge_disputed',
        )
    if charge['status'] == 'pending':
        raise invalid(
            f'Charge {charge["id"]} is still pending and can not be refunded yet.', 'charge'
        )
    if charge['status'] != 'succeeded':
        raise invalid(f'Charge {charge["id"]} did not succeed and can not be refunded.', 'charge')
    if charge['refunded']:
        raise invalid(
            f'Charge {charge["id"]} has already been refunded.', 'charge', 'charge_already_refunded'
        )


def _require(refund: Record, states: Sequence[str]) -> None:
    if refund['status'] not in states:
        raise invalid(
            f'Refund {refund["id"]} has a status of {refund["status"]}; this needs one of '
            f'{", ".join(states)}.',
            'refund',
        )


@operation('POST /v1/refunds', 'amount charge payment_intent reason metadata')
def create(call: Call) -> Record:
    params, realm = call.params, call.realm
    checks.exclusive(params, 'charge', 'payment_intent')
    if 'payment_intent' in params:
        intent = realm.get('payment_intent', params['payment_intent'], 'payment_intent')
        if not intent['latest_charge'] or intent['status'] != 'succeeded':
            raise invalid(
                f'This PaymentIntent ({intent["id"]}) does not have a successful charge to refund.',
                'payment_intent',
                'payment_intent_unexpected_state',
            )
        charge = realm.find(intent['latest_charge'])
    elif 'charge' in params:
        charge = realm.get('charge', params['charge'], 'charge')
    else:
        raise invalid(
            'One of the following params should be provided for this request: payment_intent or '
            'charge.',
            'charge',
            'parameter_missing',
        )
    return new(
        realm,
        charge,
        params.get('amount'),
        reason=params.get('reason'),
        metadata=checks.metadata(params.get('metadata')),
    )


@operation('GET /v1/refunds/{refund}')
def retrieve(call: Call) -> Record:
    return call.realm.get('refund', call.args[0])


@operation('GET /v1/refunds', 'charge payment_intent')
def list_refunds(call: Call) -> Record:
    equal = {
        name: call.params[name] for name in ('charge', 'payment_intent') if name in call.params
    }
    return listing.page(call.realm.all('refund', **equal), call.params, '/v1/refunds')


@operation('POST /v1/refunds/{refund}', 'metadata')
def modify(call: Call) -> Record:
    refund = call.realm.get('refund', call.args[0])
    previous = call.realm.change(
        refund, metadata=checks.metadata(call.params.get('metadata'), refund['metadata'])
    )
    _updated(call.realm, refund, previous)
    return refund


@operation('POST /v1/refunds/{refund}/cancel')
def cancel(call: Call) -> Record:
    refund = call.realm.get('refund', call.args[0])
    _require(refund, ('requires_action',))
    _updated(call.realm, refund, _take_back(call.realm, refund, 'canceled'))
    return refund
