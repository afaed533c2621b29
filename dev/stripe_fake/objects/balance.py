"""The money at Stripe: each movement a balance transaction in the account's own currency."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from ..money import to_minor, to_units
from ..records import Record
from ..wire import listing, shapes
from ..wire.operations import Call, operation
from ..world import Realm

DAY = 24 * 3600
CATEGORIES = {
    'charge': 'charge',
    'payment': 'charge',
    'refund': 'refund',
    'payment_refund': 'refund',
    'refund_failure': 'refund_failure',
    'payment_failure_refund': 'charge_failure',
    'adjustment': 'dispute',
    'payout': 'payout',
    'payout_failure': 'payout_reversal',
}


def book(
    realm: Realm,
    kind: str,
    amount: int,
    currency: str,
    source: str,
    fee: int = 0,
    fees: Sequence[tuple[str, str]] = (),
    category: str | None = None,
    **values: Any,
) -> Record:
    """Move money on the balance.

    :param amount: in minor units of `currency`, negative where money leaves.
    :param fee: Stripe's, in minor units of the account's currency.
    :param fees: `(type, description)` of the fee.
    :return: the balance transaction.
    """
    home = realm.profile()['default_currency']
    rate = None
    if currency != home:
        rate = round(realm.rate(currency), 6)
        amount = to_minor(to_units(amount, currency) * _decimal(rate), home)
    delay = realm.profile()['settings']['payouts']['schedule']['delay_days']
    held = delay * DAY if amount > 0 and kind in ('charge', 'payment') else 0
    return realm.new(
        'balance_transaction',
        'txn',
        amount=amount,
        currency=home,
        fee=fee,
        net=amount - fee,
        available_on=realm.now + held,
        balance_type='payments',
        exchange_rate=rate,
        type=kind,
        status='pending' if held else 'available',
        source=source,
        reporting_category=category or CATEGORIES[kind],
        fee_details=[
            {
                'amount': fee,
                'application': None,
                'currency': home,
                'description': description,
                'type': fee_type,
            }
            for fee_type, description in fees
        ],
        **values,
    )


def current(realm: Realm, record: Record) -> Record:
    """Return a balance transaction as it stands now: pending money becomes available."""
    if record['status'] == 'pending' and record['available_on'] <= realm.now:
        realm.change(record, status='available')
    return record


def amounts(realm: Realm) -> tuple[int, int]:
    """Return what is available and what is pending, in minor units of the account's currency."""
    available = pending = 0
    for record in realm.all('balance_transaction'):
        if current(realm, record)['status'] == 'pending':
            pending += record['net']
        else:
            available += record['net']
    return available, pending


@operation('GET /v1/balance')
def retrieve(call: Call) -> Record:
    available, pending = amounts(call.realm)
    currency = call.realm.profile()['default_currency']

    def part(amount: int) -> list[Record]:
        return [{'amount': amount, 'currency': currency, 'source_types': {'card': amount}}]

    return shapes.build(
        'balance', available=part(available), pending=part(pending), livemode=call.realm.livemode
    )


@operation('GET /v1/balance_transactions/{id}')
def retrieve_transaction(call: Call) -> Record:
    return current(
        call.realm, call.realm.get('balance_transaction', call.args[0], label='balance transaction')
    )


@operation('GET /v1/balance_transactions', 'payout type source currency')
def list_transactions(call: Call) -> Record:
    params = call.params
    records = [current(call.realm, record) for record in call.realm.all('balance_transaction')]
    if 'payout' in params:
        payout = call.realm.get('payout', params['payout'], 'payout')
        inside = {*payout['_contents'], payout['balance_transaction']}
        records = [record for record in records if record['id'] in inside]
    for name in ('type', 'source', 'currency'):
        if name in params:
            records = [record for record in records if record[name] == params[name]]
    return listing.page(records, params, '/v1/balance_transactions')


def _decimal(rate: float) -> Decimal:
    return Decimal(str(rate))
