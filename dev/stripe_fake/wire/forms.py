"""Decode the bracketed form encoding of Stripe's v1 API into nested values."""

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl

from ..records import Record
from .errors import StripeError

KEY = re.compile(r'^([^\[\]]+)((?:\[[^\[\]]*\])*)$')


def decode(raw: bytes) -> Record:
    """Return the nested dict that a form or query string says.

    Lists stay dicts keyed by their index: only the operation's type knows a list from a hash.

    :param raw: the encoded pairs.
    :raises StripeError: what is no valid form.
    """
    try:
        pairs = parse_qsl(
            raw.decode('ascii'),
            keep_blank_values=True,
            strict_parsing=bool(raw),
            errors='strict',
        )
    except ValueError:
        raise StripeError(
            'Invalid request: the body is no valid UTF-8 form.', started=False
        ) from None
    result: Record = {}
    for key, value in pairs:
        _place(result, key, value)
    return result


def _place(result: Record, key: str, value: str) -> None:
    match = KEY.match(key)
    if not match:
        raise StripeError(f'Invalid parameter name: {key}', param=key, started=False)
    path = [match[1], *re.findall(r'\[([^\[\]]*)\]', match[2])]
    at = result
    for part in path[:-1]:
        at = at.setdefault(part or str(len(at)), {})
        if not isinstance(at, dict):
            raise StripeError('Invalid hash', param=path[0], started=False)
    last = path[-1] or str(len(at))
    if last in at:
        raise StripeError(f'Parameter given twice: {key}', param=path[0], started=False)
    at[last] = value


def name(path: Sequence[str | int]) -> str:
    """Return a parameter's name as Stripe writes it: `line_items[0][price]`."""
    return ''.join(f'[{part}]' if index else str(part) for index, part in enumerate(path))
