"""Webhook endpoints: where an account wants its events."""

import secrets

from ..records import Record
from ..webhooks import is_loopback
from ..wire import listing
from ..wire.errors import invalid
from ..wire.operations import Call, operation
from . import checks

MOST = 16  # endpoints of one account and mode


@operation(
    'POST /v1/webhook_endpoints', 'url enabled_events api_version connect description metadata'
)
def create(call: Call) -> Record:
    params, realm = call.params, call.realm
    _check_url(params['url'], realm.livemode)
    if not params['enabled_events']:
        raise checks.missing('enabled_events')
    if len(realm.all('webhook_endpoint')) >= MOST:
        raise invalid(f'You have reached the maximum of {MOST} {realm.mode} webhook endpoints.')
    secret = f'whsec_{secrets.token_hex(16)}'
    endpoint = realm.new(
        'webhook_endpoint',
        'we',
        api_version=params.get('api_version'),
        description=params.get('description') or None,
        enabled_events=params['enabled_events'],
        metadata=checks.metadata(params.get('metadata')),
        status='enabled',
        url=params['url'],
        _secret=secret,
        _connect=params.get('connect', False),
    )
    return {**endpoint, 'secret': secret}


@operation('GET /v1/webhook_endpoints')
def list_endpoints(call: Call) -> Record:
    return listing.page(call.realm.all('webhook_endpoint'), call.params, '/v1/webhook_endpoints')


@operation('GET /v1/webhook_endpoints/{webhook_endpoint}')
def retrieve(call: Call) -> Record:
    return _of_account(call)


@operation(
    'POST /v1/webhook_endpoints/{webhook_endpoint}',
    'url enabled_events disabled description metadata',
)
def modify(call: Call) -> Record:
    endpoint, params = _of_account(call), call.params
    values: Record = {name: params[name] for name in ('url', 'enabled_events') if name in params}
    if 'url' in values:
        _check_url(values['url'], call.realm.livemode)
    if 'description' in params:
        values['description'] = params['description'] or None
    if 'disabled' in params:
        values['status'] = 'disabled' if params['disabled'] else 'enabled'
    if 'metadata' in params:
        values['metadata'] = checks.metadata(params['metadata'], endpoint['metadata'])
    call.realm.change(endpoint, **values)
    return endpoint


@operation('DELETE /v1/webhook_endpoints/{webhook_endpoint}')
def delete(call: Call) -> Record:
    endpoint = _of_account(call)
    call.world.store.remove(call.realm.name, endpoint['id'])
    return {'id': endpoint['id'], 'object': 'webhook_endpoint', 'deleted': True}


def _of_account(call: Call) -> Record:
    return call.realm.get(
        'webhook_endpoint', call.args[0], 'webhook_endpoint', label='webhook endpoint', status=404
    )


def _check_url(url: str, livemode: bool) -> None:
    """Refuse an address that Stripe would not deliver to.

    Beyond Stripe, plain http to this machine is taken in test mode: the stand-in delivers there.
    """
    checks.url(url, 'url', livemode=False)
    if url.startswith('https:') or (is_loopback(url) and not livemode):
        return
    if livemode:
        raise invalid('Invalid URL: URLs must begin with https in live mode.', 'url', 'url_invalid')
    raise invalid(
        'Invalid URL: URL must be publicly accessible and begin with https.', 'url', 'url_invalid'
    )
