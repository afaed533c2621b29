"""Which of Stripe's operations the stand-in offers, and what a call carries."""

from collections.abc import Callable
from dataclasses import dataclass

from ..records import Record
from ..world import Realm, World
from .catalogue import Operation
from .errors import StripeError

ALWAYS = {'expand', 'limit', 'starting_after', 'ending_before', 'created'}


@dataclass
class Call:
    """One request that was understood.

    :param realm: the account that it acts on.
    :param params: checked parameters.
    :param args: ids out of the URL.
    :param platform: the account of the key, where it acts for a connected one.
    """

    realm: Realm
    params: Record
    args: tuple[str, ...]
    platform: Realm
    key: str
    version: str

    @property
    def world(self) -> World:
        """The stand-in."""
        return self.realm.world


Handler = Callable[[Call], Record]
#: By method and URL template: what answers, and the parameters that it understands.
HANDLERS: dict[str, tuple[Handler, set[str]]] = {}


def operation(name: str, understands: str = '') -> Callable[[Handler], Handler]:
    """Register the function that answers an operation.

    :param name: method and URL template, as the library has them.
    :param understands: top-level parameters that it acts on, separated by spaces. Others are
        refused even if Stripe knows them: a stand-in that ignored them would lie.
    """

    def register(function: Handler) -> Handler:
        HANDLERS[name] = (function, ALWAYS | set(understands.split()))
        return function

    return register


def handler_of(found: Operation, params: Record) -> Handler:
    """Return the function for a catalogue entry.

    :raises StripeError: 501 for what only the real Stripe does.
    """
    function, understood = HANDLERS.get(found.name, (None, ()))
    ignored = sorted(set(params) - set(understood))
    if function is None or ignored:
        what = f'the parameter {", ".join(ignored)} of {found.name}' if function else found.name
        raise StripeError(
            f'The local Stripe stand-in does not offer {what}; Stripe itself does.',
            status=501,
            kind='api_error',
            started=False,
        )
    return function
