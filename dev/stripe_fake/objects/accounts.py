"""Accounts, own and connected, and the links by which connected ones are set up."""

import secrets
from typing import Any

from .. import webhooks
from ..money import SUPPORTED
from ..records import Record
from ..wire import listing, shapes
from ..wire.errors import StripeError, invalid
from ..wire.operations import Call, operation
from ..world import HOSTED, Realm, World, new_id
from . import checks

LINK_LIFETIME = 300  # seconds
CURRENCY_OF = {
    'US': 'usd',
    'GB': 'gbp',
    'AU': 'aud',
    'CA': 'cad',
    'CH': 'chf',
    'JP': 'jpy',
    'NZ': 'nzd',
    'DK': 'dkk',
    'SE': 'sek',
    'NO': 'nok',
    'BR': 'brl',
    'MX': 'mxn',
}
DUE = ['business_profile.url', 'external_account', 'tos_acceptance.date']
PERCENT, FIXED = '2.9', 30  # Stripe's list price in the United States


def ensure(world: World, account: str) -> None:
    """Open the account of a key that was not seen before."""
    if world.store.get('accounts', account) is None:
        world.store.put('accounts', build(world, account, country='US'))


def build(
    world: World, account: str, country: str, platform: str | None = None, **values: Any
) -> Record:
    """Return a new account, ready to charge unless a platform made it."""
    ready = platform is None
    return shapes.build(
        'account',
        id=account,
        created=world.now(),
        country=country,
        default_currency=CURRENCY_OF.get(country, 'eur'),
        type=values.pop('type', 'standard'),
        email=values.pop('email', None),
        charges_enabled=ready,
        payouts_enabled=ready,
        details_submitted=ready,
        metadata=values.pop('metadata', {}),
        business_profile={
            'mcc': None,
            'name': 'Local stand-in',
            'product_description': None,
            'support_address': None,
            'support_email': None,
            'support_phone': None,
            'support_url': None,
            'url': None,
            **values.pop('business_profile', {}),
        },
        capabilities={
            'card_payments': 'active' if ready else 'inactive',
            'transfers': 'active' if ready else 'inactive',
        },
        requirements=requirements([] if ready else DUE),
        settings={
            'dashboard': {'display_name': 'Local stand-in', 'timezone': 'Etc/UTC'},
            'branding': dict.fromkeys(('icon', 'logo', 'primary_color', 'secondary_color')),
            'card_payments': {'decline_on': None, 'statement_descriptor_prefix': None},
            'payments': {'statement_descriptor': 'STAND-IN'},
            'payouts': {
                'debit_negative_balances': True,
                'schedule': {'delay_days': 2, 'interval': 'daily'},
                'statement_descriptor': None,
            },
        },
        external_accounts={
            'object': 'list',
            'data': [],
            'has_more': False,
            'url': f'/v1/accounts/{account}/external_accounts',
        },
        controller={'type': 'account'} if ready else {'type': 'application', 'is_controller': True},
        _platform=platform,
        _fee_percent=PERCENT,
        _fee_fixed=FIXED,
        _rates={},
        **values,
    )


def requirements(due: list[str], disabled_reason: str | None = None) -> Record:
    """Return what Stripe still asks for."""
    return {
        'alternatives': [],
        'current_deadline': None,
        'currently_due': list(due),
        'disabled_reason': disabled_reason or ('requirements.past_due' if due else None),
        'errors': [],
        'eventually_due': list(due),
        'past_due': list(due),
        'pending_verification': [],
    }


def update(world: World, account: str, livemode: bool = False, **values: Any) -> Record:
    """Change an account as Stripe would by itself, and tell it by `account.updated`."""
    record = world.store.get('accounts', account)
    previous = {name: record.get(name) for name in values if name in shapes.fields('account')}
    record.update(values)
    world.store.put('accounts', record)
    webhooks.emit(Realm(world, account, livemode), 'account.updated', record, previous)
    return record


@operation('GET /v1/account')
def retrieve_current(call: Call) -> Record:
    return call.realm.profile()


@operation('GET /v1/accounts/{account}')
def retrieve(call: Call) -> Record:
    return _reachable(call, call.args[0])


@operation('GET /v1/accounts')
def list_accounts(call: Call) -> Record:
    platform = call.platform.account
    connected = [
        record
        for record in call.world.store.all('accounts', 'account')
        if record['_platform'] == platform
    ]
    return listing.page(connected, call.params, '/v1/accounts')


@operation(
    'POST /v1/accounts',
    'type country email metadata business_profile capabilities controller business_type '
    'default_currency',
)
def create(call: Call) -> Record:
    params = dict(call.params)
    checks.exclusive(params, 'type', 'controller')
    country = params.get('country') or call.platform.profile()['country']
    if len(country) != 2 or not country.isupper():
        raise invalid(f"Country '{country}' is unknown.", 'country', 'country_unsupported')
    values: Record = {
        name: params[name]
        for name in ('type', 'email', 'business_profile', 'business_type')
        if name in params
    }
    values['metadata'] = checks.metadata(params.get('metadata'))
    record = build(
        call.world, new_id('acct', 16), country, platform=call.platform.account, **values
    )
    if params.get('default_currency') in SUPPORTED:
        record['default_currency'] = params['default_currency']
    call.world.store.put('accounts', record)
    return record


@operation('POST /v1/accounts/{account}', 'email metadata business_profile settings')
def modify(call: Call) -> Record:
    record = _reachable(call, call.args[0])
    if call.params.get('email'):
        record['email'] = call.params['email']
    if 'metadata' in call.params:
        record['metadata'] = checks.metadata(call.params['metadata'], record['metadata'])
    record['business_profile'].update(call.params.get('business_profile', {}))
    call.world.store.put('accounts', record)
    return record


@operation('DELETE /v1/accounts/{account}')
def delete(call: Call) -> Record:
    record = _reachable(call, call.args[0])
    if record['_platform'] != call.platform.account:
        raise invalid('You may only delete accounts that your platform created.', 'account')
    call.world.store.remove('accounts', record['id'])
    return {'id': record['id'], 'object': 'account', 'deleted': True}


@operation('GET /v1/accounts/{account}/capabilities')
def list_capabilities(call: Call) -> Record:
    record = _reachable(call, call.args[0])
    due = record['requirements']['currently_due']
    data = [
        shapes.build(
            'capability',
            id=name,
            account=record['id'],
            requested=True,
            status=status,
            requested_at=record['created'],
            requirements=requirements(due),
        )
        for name, status in record['capabilities'].items()
    ]
    return {
        'object': 'list',
        'data': data,
        'has_more': False,
        'url': f'/v1/accounts/{record["id"]}/capabilities',
    }


@operation(
    'POST /v1/account_links', 'account type refresh_url return_url collect collection_options'
)
def create_link(call: Call) -> Record:
    params = call.params
    record = _reachable(call, params['account'], 'account')
    if record['_platform'] != call.platform.account:
        raise invalid(
            'You cannot create an account link for an account that is not connected to your '
            'platform.',
            'account',
        )
    if params['type'] not in ('account_onboarding', 'account_update'):
        raise invalid(f"You cannot create `{params['type']}` links for this account.", 'type')
    for name in ('refresh_url', 'return_url'):
        if name not in params:
            raise checks.missing(name)
        checks.url(params[name], name, call.realm.livemode)
    token, now = secrets.token_urlsafe(16), call.world.now()
    call.world.store.set(
        f'link:{token}',
        {
            'account': record['id'],
            'refresh_url': params['refresh_url'],
            'used': False,
            'return_url': params['return_url'],
            'expires_at': now + LINK_LIFETIME,
            'livemode': call.realm.livemode,
        },
    )
    return shapes.build(
        'account_link',
        created=now,
        expires_at=now + LINK_LIFETIME,
        url=f'{HOSTED}/setup/{record["id"]}/{token}',
    )


def _reachable(call: Call, account: str, param: str = 'id') -> Record:
    """Return an account that the key may see: its own or a connected one."""
    record = call.world.store.get('accounts', account)
    if record and (
        account == call.platform.account or record['_platform'] == call.platform.account
    ):
        return record
    raise StripeError(
        f"The provided key does not have access to account '{account}' (or that account does not "
        'exist). Application access may have been revoked.',
        status=403,
        param=param,
        code='account_invalid',
    )
