"""Which of Stripe's operations the stand-in offers, and what a call carries."""

from dataclasses import dataclass

from .errors import StripeError

HANDLERS = {}
ALWAYS = {'expand', 'limit', 'starting_after', 'ending_before', 'created'}


@dataclass
class Call:
    """One request that was understood.

    :param Realm realm: the account that it acts on.
    :param dict params: checked parameters.
    :param tuple args: ids out of the URL.
    :param Realm platform: the account of the key, where it acts for a connected one.
    """

    realm: object
    params: dict
    args: tuple
    platform: object
    key: str
    version: str

    @property
    def world(self):
        """The stand-in."""
        return self.realm.world


def operation(name, understands=''):
    """Register the function that answers an operation.

    :param str name: method and URL template, as the library has them.
    :param str understands: top-level parameters that it acts on, separated by spaces. Others are
        refused even if Stripe knows them: a stand-in that ignored them would lie.
    """

    def register(function):
        HANDLERS[name] = (function, ALWAYS | set(understands.split()))
        return function

    return register


def handler_of(found, params):
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
