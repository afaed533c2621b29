"""Where Stripe's API and its payment pages stand, or the stand-in's on this very machine."""

import os
from urllib.parse import urlsplit

DEFAULT_API_BASE = 'https://api.stripe.com'
PAGES = 'https://checkout.stripe.com'
LOOPBACK = ('127.0.0.1', 'localhost', '::1')


def api_base() -> str:
    """Return the address of Stripe's API.

    ``STRIPE_API_BASE`` in the server's environment leads to a stand-in on this very machine;
    anything else is refused, since the key would be sent there.

    :raises ValueError: if the override is not a loopback address.
    """
    override = os.environ.get('STRIPE_API_BASE')
    if not override:
        return DEFAULT_API_BASE
    if urlsplit(override).hostname not in LOOPBACK:
        raise ValueError("STRIPE_API_BASE may only name an address on this machine.")
    return override.rstrip('/')


def page_sources() -> str:
    """Return where Stripe's payment pages stand, as a browser's content policy has it.

    An account may have a domain of its own for them instead, which is not among these.
    https://docs.stripe.com/payments/checkout/custom-domains

    :raises ValueError: if the API's override is not a loopback address.
    """
    if api_base() == DEFAULT_API_BASE:
        return PAGES
    return ' '.join(f'http://{host}:*' for host in LOOPBACK[:2])


def is_page(url: str) -> bool:
    """Whether an address is that of a payment page at one of `page_sources`."""
    target = urlsplit(url)
    if api_base() == DEFAULT_API_BASE:
        return f'{target.scheme}://{target.netloc}' == PAGES
    return target.hostname in LOOPBACK
