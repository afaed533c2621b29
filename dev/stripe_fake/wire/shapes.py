"""Complete objects: every field that the library's resource class declares is present."""

import inspect
from functools import cache
from typing import Any, Union, get_args, get_origin

from stripe._object_classes import get_object_class

from ..records import Record

# Declared on the class, yet Stripe leaves them out unless they are asked for or hold something.
LEFT_OUT = {
    'account': {'deleted', 'groups', 'future_requirements'},
    'balance': {
        'connect_reserved',
        'instant_available',
        'issuing',
        'refund_and_dispute_prefunding',
    },
    'charge': {'refunds', 'authorization_code', 'level3', 'presentment_details', 'source'},
    'checkout.session': {'line_items', 'optional_items', 'presentment_details'},
    'customer': {
        'deleted',
        'sources',
        'subscriptions',
        'tax_ids',
        'cash_balance',
        'tax',
        'invoice_credit_balance',
        'test_clock',
        'discount',
    },
    'dispute': {'network_reason_code', 'enhanced_eligibility_types'},
    'event': {'account', 'context'},
    'payment_method': {'radar_options'},
    'refund': {
        'failure_balance_transaction',
        'failure_reason',
        'instructions_email',
        'next_action',
        'presentment_details',
        'description',
        'pending_reason',
    },
    'webhook_endpoint': {'deleted', 'secret'},
}


# A payment method carries the details of its own type alone.
PAYMENT_METHOD_FIELDS = {'allow_redisplay', 'customer', 'customer_account', 'metadata'}


@cache
def fields(kind: str) -> dict[str, bool]:
    """Return the fields that the library declares for a kind, and whether each may be null."""
    found = {}
    for base in reversed(get_object_class('V1', kind).__mro__):
        if base.__module__.startswith('stripe.') and kind == getattr(base, 'OBJECT_NAME', None):
            found.update(inspect.get_annotations(base))
    return {
        name: get_origin(hint) is Union and type(None) in get_args(hint)
        for name, hint in found.items()
        if name != 'OBJECT_NAME'
    }


def build(kind: str, **values: Any) -> Record:
    """Return an object of `kind` with each declared field: given, or null where it may be.

    Names that begin with an underscore are the stand-in's own and never leave it.

    :raises TypeError: a field that Stripe does not know, or one that it always fills is missing.
    """
    declared = fields(kind)
    unknown = {name for name in values if not name.startswith('_')} - set(declared)
    left_out = LEFT_OUT.get(kind, set())
    lacking = (
        {name for name, optional in declared.items() if not optional and name not in left_out}
        - set(values)
        - {'object'}
    )
    if unknown or lacking:
        raise TypeError(f'{kind}: unknown {sorted(unknown)}, lacking {sorted(lacking)}')
    blank = {name: None for name in declared if name not in left_out}
    if kind == 'payment_method':
        blank = dict.fromkeys(PAYMENT_METHOD_FIELDS)
    return {**blank, 'object': kind, **values}
