"""Rules that several operations share."""

import re
from typing import Any
from urllib.parse import urlsplit

from ..records import Record
from ..wire.errors import StripeError, invalid

EMAIL = re.compile(r'^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$')


def metadata(given: Any, current: Record | None = None, param: str = 'metadata') -> Record:
    """Return metadata with the given changes: an empty value unsets its key.

    :raises StripeError: more than Stripe keeps (50 keys of 40, values of 500 characters).
    """
    result = {} if given == '' else dict(current or {})
    for key, value in (given or {}).items():
        if len(key) > 40:
            raise invalid(
                f'Metadata key names can have up to 40 characters: {key}', f'{param}[{key}]'
            )
        if len(value) > 500:
            raise invalid(
                'Metadata values can have up to 500 characters, but you passed in a value that '
                f'is {len(value)} characters. Invalid value: {value[:20]}…',
                f'{param}[{key}]',
            )
        if value == '':
            result.pop(key, None)
        else:
            result[key] = value
    if len(result) > 50:
        raise invalid('You can have up to 50 metadata keys.', param)
    return result


def url(value: str, param: str, livemode: bool) -> None:
    """Refuse what a browser could not be sent to.

    :raises StripeError: with Stripe's `url_invalid`.
    """
    parts = urlsplit(value)
    if parts.scheme not in ('http', 'https') or not parts.hostname or ' ' in value:
        raise invalid(
            'Not a valid URL'
            if parts.scheme
            else 'Invalid URL: An explicit scheme (such as https) must be provided.',
            param,
            'url_invalid',
        )
    if livemode and parts.scheme != 'https':
        raise invalid(
            'Invalid URL: livemode redirects must be made via HTTPS.', param, 'url_invalid'
        )


def email(value: str, param: str) -> None:
    """Refuse what is no address.

    :raises StripeError: with Stripe's `email_invalid`.
    """
    if not EMAIL.match(value):
        raise invalid(f'Invalid email address: {value}', param, 'email_invalid')


def exclusive(params: Record, *names: str) -> None:
    """Refuse two parameters of which Stripe takes one.

    :raises StripeError: with Stripe's `parameters_exclusive`.
    """
    if sum(name in params for name in names) > 1:
        raise invalid(
            f'You may only specify one of these parameters: {", ".join(names)}.',
            names[0],
            'parameters_exclusive',
        )


def missing(param: str) -> StripeError:
    """Return the error for a parameter that this case needs."""
    return invalid(f'Missing required param: {param}.', param, 'parameter_missing')
