"""An account's money in sums, for comparison with somebody else's books."""

from .objects import balance
from .records import Record
from .world import Realm

CHARGES = ('charge', 'payment')
REFUNDS = ('refund', 'payment_refund', 'refund_failure')


def totals(realm: Realm) -> Record:
    """Return sums by currency of what happened and what stands on the balance.

    :return: `captured`, `refunded` and `disputed` by the currency paid in; `fees`,
        `dispute_fees`, `paid_out`, `available`, `pending`, `balance` in the account's own.
        All in Stripe's minor units, each as a positive number where money went its usual way.
    """
    by_currency: dict[str, dict[str, int]] = {}

    def add(currency: str, name: str, amount: int) -> None:
        sums = by_currency.setdefault(
            currency, {'captured': 0, 'refunded': 0, 'disputed': 0, 'charges': 0}
        )
        sums[name] += amount

    for charge in realm.all('charge'):
        if charge['status'] == 'succeeded':
            add(charge['currency'], 'captured', charge['amount_captured'])
            add(charge['currency'], 'refunded', charge['amount_refunded'])
            add(charge['currency'], 'charges', 1)
    for dispute in realm.all('dispute'):
        if dispute['status'] in ('needs_response', 'under_review', 'lost'):
            add(dispute['currency'], 'disputed', dispute['amount'])
    records = realm.all('balance_transaction')
    available, pending = balance.amounts(realm)

    def total(field: str, *kinds: str) -> int:
        return sum(record[field] for record in records if record['type'] in kinds)

    for sums in by_currency.values():
        sums['kept'] = sums['captured'] - sums['refunded'] - sums['disputed']
    return {
        'currency': realm.profile()['default_currency'],
        'by_currency': by_currency,
        'fees': total('fee', *CHARGES),
        'dispute_fees': total('fee', 'adjustment'),
        'booked': total('amount', *CHARGES),
        'booked_refunds': -total('amount', *REFUNDS),
        'booked_disputes': -total('amount', 'adjustment'),
        'paid_out': -total('amount', 'payout', 'payout_failure'),
        'available': available,
        'pending': pending,
        'balance': available + pending,
    }
