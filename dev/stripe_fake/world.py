"""What all parts share: the store, the clock, the settings, and one account's view of them."""

from __future__ import annotations

import copy
import json
import secrets
import string
import time
from typing import Any

from .money import BALANCE_RATES
from .records import Record
from .store import Store
from .wire import shapes
from .wire.errors import missing_object

# Objects are kept with this base; it is replaced on the way out, since a restarted stand-in may
# answer at another port.
HOSTED = 'https://stand-in.invalid'
ALPHABET = string.ascii_letters + string.digits
DEFAULTS = {
    'strict_keys': False,  # only configured keys are accepted
    'latency': 0,  # seconds added to every API call
    'fee_delay': 0,  # seconds until the fee is booked; null: on command
    'debit_delay': None,  # seconds until a bank debit settles; null: on command
    'refund_state': 'succeeded',  # or 'pending': refunds wait for a command
    'retry_pauses': [1, 2, 5, 10, 30, 60],  # seconds between deliveries of one event
    'clock_offset': 0,  # seconds that the stand-in's time runs ahead
}


class World:
    """Everything that one running stand-in knows.

    :param base_url: where it answers.
    :param state_file: see `Store`.
    """

    def __init__(self, base_url: str, state_file: str | None = None) -> None:
        self.base_url = base_url
        self.store = Store(state_file)
        self.wake = lambda: None  # set by the worker that runs tasks and deliveries

    def setting(self, name: str) -> Any:
        """Return a setting, or its default."""
        return self.store.setting(name, DEFAULTS[name])

    def now(self) -> int:
        """Return the stand-in's time, in whole seconds since the epoch."""
        return int(time.time() + self.setting('clock_offset'))

    def later(self, seconds: float, name: str, **details: Any) -> None:
        """Have the worker run the task `name` after some seconds (see `tasks`)."""
        self.store.insert(
            'INSERT INTO task (due, name, body) VALUES (?, ?, ?)',
            (time.time() + self.setting('clock_offset') + seconds, name, json.dumps(details)),
        )
        self.store.after_commit(self.wake)


def new_id(prefix: str, length: int = 24) -> str:
    """Return an id as Stripe forms them."""
    return f'{prefix}_{"".join(secrets.choice(ALPHABET) for _ in range(length))}'


class Realm:
    """One account's objects in one mode, live or test: what a key can reach.

    :param world: the stand-in.
    :param account: account id.
    :param livemode: live or test.
    :param origin: request id and idempotency key of the call that acts, for its events.
    """

    def __init__(
        self, world: World, account: str, livemode: bool, origin: Record | None = None
    ) -> None:
        self.world = world
        self.account = account
        self.livemode = livemode
        self.origin = origin
        self.name = f'{account}/{"live" if livemode else "test"}'

    @classmethod
    def of_name(cls, world: World, name: str) -> Realm:
        """Return the realm of a stored name."""
        account, mode = name.split('/')
        return cls(world, account, mode == 'live')

    @classmethod
    def holding(cls, world: World, identifier: str) -> Realm | None:
        """Return the realm that holds an object, or None."""
        name = world.store.find_realm(identifier)
        return cls.of_name(world, name) if name else None

    @property
    def now(self) -> int:
        """The stand-in's time."""
        return self.world.now()

    @property
    def mode(self) -> str:
        """`live` or `test`."""
        return 'live' if self.livemode else 'test'

    def new(self, kind: str, prefix: str, length: int = 24, **values: Any) -> Record:
        """Make and keep a complete object."""
        values.setdefault('id', new_id(prefix, length))
        values.setdefault('created', self.now)
        if 'livemode' in shapes.fields(kind):
            values.setdefault('livemode', self.livemode)
        if 'metadata' in shapes.fields(kind):
            values['metadata'] = dict(values.get('metadata') or {})
        record = shapes.build(kind, **values)
        self.put(record)
        return record

    def put(self, record: Record) -> None:
        """Keep an object."""
        self.world.store.put(self.name, record)

    def find(self, identifier: str, kind: str | None = None) -> Any:
        """Return an object of this realm, or None."""
        return self.world.store.get(self.name, identifier, kind)

    def get(
        self,
        kind: str,
        identifier: str,
        param: str = 'id',
        label: str | None = None,
        status: int | None = None,
    ) -> Record:
        """Return an object of this realm.

        :raises StripeError: Stripe's *No such …*, with its hint at the other mode.
        """
        record = self.find(identifier, kind)
        if record is None:
            other = 'test' if self.livemode else 'live'
            elsewhere = self.world.store.get(f'{self.account}/{other}', identifier, kind)
            raise missing_object(
                label or kind, identifier, param, other if elsewhere else None, status
            )
        return record

    def all(self, kind: str, **equal: Any) -> list[Record]:
        """Return the objects of a kind, newest first."""
        return self.world.store.all(self.name, kind, **equal)

    def change(self, record: Record, **values: Any) -> Record:
        """Write new values; return what they replaced, as an event's `previous_attributes`."""
        previous = {
            name: copy.deepcopy(record.get(name))
            for name, value in values.items()
            if not name.startswith('_') and record.get(name) != value
        }
        record.update(values)
        self.put(record)
        return previous

    def profile(self) -> Record:
        """Return the account object, with the stand-in's own settings of it."""
        return self.world.store.get('accounts', self.account)

    def rate(self, currency: str) -> float:
        """Return what one minor-free unit of `currency` is worth in the account's currency."""
        rates = {**BALANCE_RATES, **self.profile().get('_rates', {})}
        home = self.profile()['default_currency']
        return rates.get(currency, 1) / rates.get(home, 1)
