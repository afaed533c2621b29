"""Of all ways to pay the same invoices one is open at a time: whoever paid two, paid twice."""

from collections.abc import Callable, Iterable

from odoo.api import Environment
from odoo.models import BaseModel

from ...gateways.stripe_gateway import StripeGatewayError
from ...tools.concurrency import claim, commit_now

# Nobody meets so many others by chance who begin to pay the same at the same moment.
ROUNDS = 5


def claim_alone(
    env: Environment,
    rivals: Callable[[], BaseModel],
    rows: Callable[[], Iterable[BaseModel]],
    refusal: Callable[[], str],
) -> str:
    """Close every other way to pay, and hold the invoices until the next commit.

    Commits in between. The caller writes, and commits, the one way that is open then.

    :param rivals: gives the open transactions (sudo) that would bring the same money again
    :param rows: gives what is claimed
    :param refusal: says, once the rows are claimed, why nothing can be paid; '' if it can
    :return: what `refusal` said
    :raise StripeGatewayError: if Stripe cannot be reached (*connection*), or others begin to pay
        again and again (*busy*)
    """
    for _round in range(ROUNDS):
        others = rivals()
        if others:
            # Money may be in one already: Stripe decides whether it can still be closed.
            others._billing_close()
            commit_now(env)
        for records in rows():
            claim(records)
        refused = refusal()
        if refused or not rivals():
            return refused
        # Somebody opened one in between. Closing it needs the rows that we hold.
        commit_now(env)
    raise StripeGatewayError('busy', "Others begin to pay the same invoices again and again.")
