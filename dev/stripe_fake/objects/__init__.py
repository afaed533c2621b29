"""Stripe's objects and their state machines; each module holds its own operations."""

from . import (
    balance,
    charges,
    checkout,
    customers,
    disputes,
    endpoints,
    events,
    intent_calls,
    intents,
    payment_methods,
    payouts,
    refunds,
    sessions,
    setups,
)
from .accounts import ensure as ensure_account
