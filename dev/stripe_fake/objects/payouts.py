"""Payouts: money on its way from the balance to the bank."""

from collections.abc import Sequence
from typing import Any

from .. import webhooks
from ..money import check_amount, check_currency
from ..records import Record
from ..wire import listing
from ..wire.errors import invalid
from ..wire.operations import Call, operation
from ..world import Realm
from . import balance, checks


def new(
    realm: Realm,
    amount: int,
    currency: str,
    automatic: bool,
    contents: Sequence[Record] = (),
    **values: Any,
) -> Record:
    """Send money to the bank.

    :param contents: the balance transactions that an automatic payout pays out.
    """
    payout = realm.new(
        'payout',
        'po',
        amount=amount,
        arrival_date=realm.now + balance.DAY,
        automatic=automatic,
        currency=currency,
        destination='ba_1StandIn',
        method='standard',
        reconciliation_status='completed' if automatic else 'not_applicable',
        source_type='card',
        status='pending',
        type='bank_account',
        _contents=[record['id'] for record in contents],
        **values,
    )
    transaction = balance.book(
        realm, 'payout', -amount, currency, payout['id'], description='STRIPE PAYOUT'
    )
    realm.change(payout, balance_transaction=transaction['id'])
    webhooks.emit(realm, 'payout.created', payout)
    return payout


def automatic(realm: Realm, include_pending: bool = True) -> Record:
    """Pay out all that lies on the balance, as Stripe does by its schedule.

    :raises StripeError: there is nothing.
    """
    paid_out = {
        identifier
        for payout in realm.all('payout')
        if payout['status'] != 'failed'
        for identifier in payout['_contents']
    }
    contents = [
        record
        for record in realm.all('balance_transaction')
        if record['type'] not in ('payout', 'payout_failure')
        and record['id'] not in paid_out
        and (include_pending or balance.current(realm, record)['status'] == 'available')
    ]
    amount = sum(record['net'] for record in contents)
    if amount <= 0:
        raise invalid('There is nothing on the balance to pay out.', code='balance_insufficient')
    for record in contents:
        realm.change(
            record, status='available', available_on=min(record['available_on'], realm.now)
        )
    payout = new(
        realm,
        amount,
        realm.profile()['default_currency'],
        True,
        contents,
        description='STRIPE PAYOUT',
    )
    webhooks.emit(realm, 'payout.reconciliation_completed', payout)
    return payout


def arrive(realm: Realm, payout: Record) -> None:
    """Let a payout reach the bank.

    :raises StripeError: it ended already.
    """
    _require(payout, ('pending', 'in_transit'))
    webhooks.emit(realm, 'payout.paid', payout, realm.change(payout, status='paid'))


def fail(realm: Realm, payout: Record, code: str = 'account_closed') -> None:
    """Let a payout come back, also one that seemed paid.

    :raises StripeError: it failed or was cancelled already.
    """
    _require(payout, ('pending', 'in_transit', 'paid'))
    transaction = balance.book(
        realm,
        'payout_failure',
        payout['amount'],
        payout['currency'],
        payout['id'],
        description='PAYOUT FAILURE',
    )
    previous = realm.change(
        payout,
        status='failed',
        failure_code=code,
        failure_balance_transaction=transaction['id'],
        failure_message='The bank account has been closed.',
    )
    webhooks.emit(realm, 'payout.failed', payout, previous)


def _require(payout: Record, states: Sequence[str]) -> None:
    if payout['status'] not in states:
        raise invalid(
            f'Payout {payout["id"]} has a status of {payout["status"]}; this needs one of '
            f'{", ".join(states)}.',
            'payout',
        )


@operation('POST /v1/payouts', 'amount currency description metadata statement_descriptor')
def create(call: Call) -> Record:
    params, realm = call.params, call.realm
    currency = check_currency(params['currency'])
    check_amount(params['amount'], currency, minimum=False)
    available, _pending = balance.amounts(realm)
    if currency != realm.profile()['default_currency'] or params['amount'] > available:
        raise invalid(
            'You have insufficient funds in your Stripe account for this transfer. Your card '
            'balance is too low. You can use the /v1/balance endpoint to view your Stripe '
            'balance.',
            'amount',
            'balance_insufficient',
        )
    return new(
        realm,
        params['amount'],
        currency,
        False,
        description=params.get('description'),
        statement_descriptor=params.get('statement_descriptor'),
        metadata=checks.metadata(params.get('metadata')),
    )


@operation('GET /v1/payouts/{payout}')
def retrieve(call: Call) -> Record:
    return call.realm.get('payout', call.args[0])


@operation('GET /v1/payouts', 'status arrival_date')
def list_payouts(call: Call) -> Record:
    equal = {'status': call.params['status']} if 'status' in call.params else {}
    return listing.page(call.realm.all('payout', **equal), call.params, '/v1/payouts')


@operation('POST /v1/payouts/{payout}/cancel')
def cancel(call: Call) -> Record:
    payout = call.realm.get('payout', call.args[0])
    _require(payout, ('pending',))
    transaction = balance.book(
        call.realm,
        'payout_failure',
        payout['amount'],
        payout['currency'],
        payout['id'],
        description='PAYOUT CANCEL',
    )
    call.realm.change(payout, status='canceled', failure_balance_transaction=transaction['id'])
    webhooks.emit(call.realm, 'payout.canceled', payout)
    return payout
