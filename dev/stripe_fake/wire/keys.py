"""API keys: whose account they open, and what a restricted one may do."""

import base64
import binascii
import hashlib
import re

from werkzeug.datastructures import Headers

from ..wire.catalogue import Operation
from ..world import World
from .errors import StripeError

KEY = re.compile(r'^(sk|rk|pk)_(test|live)_[A-Za-z0-9_]{1,240}$')
# First part of the path: (permission, its name in the dashboard).
PERMISSIONS = {
    'account': ('accounts_kyc_basic', 'Accounts KYC Basic'),
    'accounts': ('accounts_kyc_basic', 'Accounts KYC Basic'),
    'account_links': ('account_link', 'Account Links'),
    'balance': ('balance', 'Balance'),
    'balance_transactions': ('balance_transaction_source', 'Balance Transaction Sources'),
    'charges': ('charge', 'Charges and Refunds'),
    'checkout': ('checkout_session', 'Checkout Sessions'),
    'customers': ('customer', 'Customers'),
    'disputes': ('dispute', 'Disputes'),
    'events': ('event', 'Events'),
    'payment_intents': ('payment_intent', 'PaymentIntents'),
    'payment_methods': ('payment_method', 'PaymentMethods'),
    'payouts': ('payout', 'Payouts'),
    'refunds': ('charge', 'Charges and Refunds'),
    'setup_intents': ('setup_intent', 'SetupIntents'),
    'webhook_endpoints': ('webhook', 'Webhook Endpoints'),
}


def read(headers: Headers) -> str:
    """Return the key of a request.

    :raises StripeError: none was sent.
    """
    authorization = headers.get('Authorization', '')
    scheme, _, key = authorization.partition(' ')
    if scheme.lower() == 'basic':
        try:
            key = base64.b64decode(key).decode('ascii').partition(':')[0]
        except (binascii.Error, UnicodeDecodeError):
            key = ''
    elif scheme.lower() != 'bearer':
        key = ''
    if not key:
        raise StripeError(
            'You did not provide an API key. You need to provide your API key in the '
            "Authorization header, using Bearer auth (e.g. 'Authorization: Bearer "
            "YOUR_SECRET_KEY').",
            status=401,
            started=False,
        )
    return key


def mask(key: str) -> str:
    """Return a key as Stripe shows it: its beginning and last four characters."""
    if len(key) <= 12:
        return f'{key[:8]}{"*" * max(len(key) - 8, 0)}'
    return f'{key[:8]}{"*" * (len(key) - 12)}{key[-4:]}'


def account_of(world: World, key: str) -> str:
    """Return the id of a key's account; an unknown key opens an account of its own.

    :raises StripeError: Stripe's 401 for whatever is no working secret key.
    """
    match = KEY.match(key)
    known = world.store.setting(f'key:{key}')
    if match and match[1] == 'pk':
        raise StripeError(
            'This API call cannot be made with a publishable API key. Please use a secret API '
            'key. You can find a list of your API keys at '
            'https://dashboard.stripe.com/account/apikeys.',
            status=401,
            started=False,
            code='secret_key_required',
        )
    if known and known.get('revoked'):
        raise StripeError(
            f'Expired API Key provided: {mask(key)}',
            status=401,
            started=False,
            code='api_key_expired',
        )
    truncated = not known and any(
        name[4:].startswith(key)
        for (name,) in world.store.execute("SELECT name FROM setting WHERE name LIKE 'key:%'")
    )
    if not match or truncated or (not known and world.setting('strict_keys')):
        raise StripeError(f'Invalid API Key provided: {mask(key)}', status=401, started=False)
    if known and known.get('account'):
        return known['account']
    # Digest of the key, so that a restarted stand-in finds the same account again.
    return f'acct_1{hashlib.sha256(key.encode()).hexdigest()[:15]}'


def check_permission(world: World, key: str, account: str, operation: Operation) -> None:
    """Refuse what a restricted key was not given, naming the permission.

    :raises StripeError: Stripe's 403.
    """
    granted = (world.store.setting(f'key:{key}') or {}).get('permissions')
    if not key.startswith('rk_') or granted is None:
        return
    parts = operation.template.split('/')[2:]
    area = parts[2] if len(parts) > 2 and parts[2] in PERMISSIONS else parts[0]
    permission, label = PERMISSIONS.get(area, (parts[0].rstrip('s'), parts[0].title()))
    verb = 'read' if operation.method == 'GET' else 'write'
    if f'{permission}_write' in granted or f'{permission}_{verb}' in granted:
        return
    # The two wordings that Stripe has used; the older one is documented most widely.
    if world.store.setting('permission_wording') == 'older':
        advice = (
            f"Having the 'rak_{permission}_{verb}' permission would allow this request to continue."
        )
    else:
        advice = (
            f"Enabling {label} {verb.title()} ('{permission}_{verb}') permissions on this "
            'key would allow this request to continue.'
        )
    raise StripeError(
        f"The provided key '{mask(key)}' does not have the required permissions for this "
        f"endpoint on account '{account}'. {advice}",
        status=403,
        started=False,
    )
