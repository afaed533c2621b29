"""Planned misfortunes of the next API calls: errors, slowness, dropped connections."""

from .records import Record
from .wire.errors import StripeError
from .world import World


class Dropped(Exception):
    """The connection ends here without an answer."""


def plan(world: World, fault: Record) -> None:
    """Add a fault.

    :param fault: `when`: 'before' or 'after' the call took effect, or 'instead' of it, which
        is remembered under its idempotency key as Stripe remembers its own errors; one of
        `status` (HTTP status of an error), `drop` (true) or `latency` (seconds); `times`
        (default 1); what it applies to: `method`, `path` (a part of it), `account`.
    """
    faults = world.store.setting('faults', [])
    faults.append({'when': 'before', 'times': 1, **fault})
    world.store.set('faults', faults)


def next_for(world: World, method: str, path: str, account: str) -> Record | None:
    """Return the fault that this call meets, and count it; None if it is spared."""
    faults = world.store.setting('faults', [])
    for fault in faults:
        if fault['times'] < 1 or fault.get('method', method) != method:
            continue
        if fault.get('path', '') not in path or fault.get('account', account) != account:
            continue
        fault['times'] -= 1
        world.store.set('faults', [each for each in faults if each['times'] > 0])
        return fault
    return None


def strike(fault: Record | None, moment: str) -> None:
    """Let a fault happen if this is its moment.

    :raises Dropped: the connection is to be cut.
    :raises StripeError: the error to answer with.
    """
    if not fault or fault['when'] != moment:
        return
    if fault.get('drop'):
        raise Dropped()
    if fault.get('status'):
        status = fault['status']
        kind = 'invalid_request_error' if status == 429 else 'api_error'
        raise StripeError(
            fault.get(
                'message',
                'An unknown error occurred.'
                if status >= 500
                else 'Too many requests hit the API too quickly.',
            ),
            status=status,
            kind=kind,
            code='rate_limit' if status == 429 else None,
            started=moment == 'instead',
        )
