"""Stripe's objects and their state machines; each module holds its own operations."""

from . import (
    balance,
    charges,
    checkout,
    customers,
    disputes,
    endpoints,
    events,
    intents,
    payment_methods,
    payouts,
    refunds,
    sessions,
    setups,
)
from .accounts import ensure as ensure_account

__all__ = [
    'balance',
    'charges',
    'checkout',
    'customers',
    'disputes',
    'endpoints',
    'ensure_account',
    'events',
    'intents',
    'payment_methods',
    'payouts',
    'refunds',
    'sessions',
    'setups',
]
