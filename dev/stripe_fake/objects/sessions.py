"""Checkout Sessions: one visit to the hosted page, to pay or to save a card."""

from .. import webhooks
from ..money import check_amount, check_currency
from ..records import Record
from ..tasks import task
from ..wire import listing
from ..wire.errors import StripeError, invalid
from ..wire.operations import Call, operation
from ..world import HOSTED, Realm, World, new_id
from . import checks
from .cards import DEBIT_TYPES
from .lines import build_lines

HOUR = 3600
LIFETIME = 24 * HOUR
SHORTEST = 30 * 60
UNDERSTOOD = (
    'adaptive_pricing after_expiration allowed_payment_method_types automatic_tax '
    'billing_address_collection cancel_url client_reference_id consent_collection currency '
    'custom_text customer customer_creation customer_email customer_update '
    'excluded_payment_method_types expires_at line_items locale metadata mode '
    'payment_intent_data payment_method_configuration payment_method_options '
    'phone_number_collection saved_payment_method_options setup_intent_data submit_type '
    'success_url ui_mode'
)


@operation('POST /v1/checkout/sessions', UNDERSTOOD)
def create(call: Call) -> Record:
    params, realm = call.params, call.realm
    mode = params.get('mode')
    if mode is None:
        raise checks.missing('mode')
    if mode == 'subscription' or params.get('ui_mode', 'hosted_page') not in (
        'hosted',
        'hosted_page',
    ):
        raise StripeError(
            'The local Stripe stand-in offers hosted sessions in payment and setup mode only.',
            status=501,
            kind='api_error',
            started=False,
        )
    _check(params, realm, mode)
    currency, lines = _lines_of(params, mode)
    total = sum(line['amount_total'] for line in lines)
    if currency and mode == 'payment':
        check_amount(
            total,
            currency,
            'line_items',
            subject="The Checkout Session's total amount due must add up to",
        )
    types = _types_for(params, currency)
    session_id = new_id(f'cs_{realm.mode}', 58)
    email = params.get('customer_email')
    customer = params.get('customer')
    if customer:
        email = realm.get('customer', customer, 'customer')['email']
    session = realm.new(
        'checkout.session',
        'cs',
        id=session_id,
        adaptive_pricing={'enabled': params.get('adaptive_pricing', {}).get('enabled', True)}
        if mode == 'payment'
        else None,
        after_expiration=_after_expiration(params),
        amount_subtotal=total if mode == 'payment' else None,
        amount_total=total if mode == 'payment' else None,
        automatic_tax={'enabled': False, 'liability': None, 'provider': None, 'status': None},
        billing_address_collection=params.get('billing_address_collection'),
        cancel_url=params.get('cancel_url'),
        client_reference_id=params.get('client_reference_id'),
        consent_collection=params.get('consent_collection'),
        currency=currency,
        custom_fields=[],
        custom_text=dict.fromkeys(
            ('after_submit', 'shipping_address', 'submit', 'terms_of_service_acceptance')
        )
        | params.get('custom_text', {}),
        customer=customer,
        customer_creation=None if customer else params.get('customer_creation', 'if_required'),
        customer_details={
            'address': None,
            'business_name': None,
            'email': email,
            'individual_name': None,
            'name': None,
            'phone': None,
            'tax_exempt': 'none',
            'tax_ids': None,
        }
        if email
        else None,
        customer_email=params.get('customer_email'),
        expires_at=params.get('expires_at', realm.now + LIFETIME),
        locale=params.get('locale'),
        metadata=checks.metadata(params.get('metadata')),
        mode=mode,
        payment_method_collection='if_required',
        payment_method_options=params.get('payment_method_options', {}),
        payment_method_types=types,
        payment_status='unpaid' if mode == 'payment' else 'no_payment_required',
        phone_number_collection=params.get('phone_number_collection', {'enabled': False}),
        saved_payment_method_options=_save_options(params, customer),
        shipping_options=[],
        status='open',
        submit_type=params.get('submit_type'),
        success_url=params['success_url'],
        total_details={'amount_discount': 0, 'amount_shipping': 0, 'amount_tax': 0}
        if mode == 'payment'
        else None,
        ui_mode='hosted_page',
        url=f'{HOSTED}/c/pay/{session_id}',
        _line_items={
            'object': 'list',
            'data': lines,
            'has_more': False,
            'url': f'/v1/checkout/sessions/{session_id}/line_items',
        },
        _intent_data=params.get('payment_intent_data', {}),
        _setup_data=params.get('setup_intent_data', {}),
    )
    realm.world.later(
        session['expires_at'] - realm.now, 'expire_session', realm=realm.name, session=session_id
    )
    return session


def _check(params: Record, realm: Realm, mode: str) -> None:
    """Refuse combinations that Stripe refuses, each in its words."""
    checks.exclusive(params, 'customer', 'customer_email')
    checks.exclusive(params, 'customer', 'customer_creation')
    for name in ('success_url', 'cancel_url'):
        if name in params:
            checks.url(params[name], name, realm.livemode)
    if 'success_url' not in params:
        raise checks.missing('success_url')
    if 'customer_email' in params:
        checks.email(params['customer_email'], 'customer_email')
    if len(params.get('client_reference_id', '')) > 200:
        raise invalid('Invalid string: must be at most 200 characters', 'client_reference_id')
    if params.get('automatic_tax', {}).get('enabled'):
        raise StripeError(
            'The local Stripe stand-in does not offer automatic tax.',
            status=501,
            kind='api_error',
            started=False,
        )
    refused = {
        'setup': (
            'payment_intent_data',
            'line_items',
            'submit_type',
            'saved_payment_method_options',
        ),
        'payment': ('setup_intent_data',),
    }[mode]
    for name in refused:
        if name in params:
            raise invalid(f'You can not pass `{name}` in `{mode}` mode.', name)
    save = params.get('saved_payment_method_options', {}).get('payment_method_save')
    if save == 'enabled' and not (
        'customer' in params or params.get('customer_creation') == 'always'
    ):
        raise invalid(
            '`saved_payment_method_options` can only be used with a customer.',
            'saved_payment_method_options',
        )
    for name in ('payment_intent_data', 'setup_intent_data'):
        checks.metadata(params.get(name, {}).get('metadata'), param=f'{name}[metadata]')
    expires_at = params.get('expires_at')
    if expires_at is not None:
        if expires_at > realm.now + LIFETIME:
            raise invalid(
                'The `expires_at` timestamp must be less than 24 hours from Checkout Session '
                'creation.',
                'expires_at',
            )
        if expires_at < realm.now + SHORTEST:
            raise invalid(
                'The `expires_at` timestamp must be at least 30 minutes from Checkout Session '
                'creation.',
                'expires_at',
            )


def _lines_of(params: Record, mode: str) -> tuple[str | None, list[Record]]:
    currency = params.get('currency')
    if currency:
        currency = check_currency(currency)
    if mode == 'setup':
        if not currency and not params.get('allowed_payment_method_types'):
            raise checks.missing('currency')
        return currency, []
    if not params.get('line_items'):
        raise checks.missing('line_items')
    return build_lines(params['line_items'], currency)


def _types_for(params: Record, currency: str | None) -> list[str]:
    """Return what the page offers: the dynamic set, filtered as the request asks."""
    offered = ['card', *([DEBIT_TYPES[currency]] if currency in DEBIT_TYPES else [])]
    allowed = params.get('allowed_payment_method_types', offered)
    excluded = params.get('excluded_payment_method_types', ())
    types = [kind for kind in offered if kind in allowed and kind not in excluded]
    if not types:
        raise invalid(
            'No valid payment method types for this Checkout Session. Please ensure that you have '
            'activated payment methods compatible with your chosen currency.',
            'allowed_payment_method_types',
        )
    return types


def _after_expiration(params: Record) -> Record | None:
    recovery = params.get('after_expiration', {}).get('recovery')
    if not recovery:
        return None
    return {
        'recovery': {'allow_promotion_codes': False, 'expires_at': None, 'url': None, **recovery}
    }


def _save_options(params: Record, customer: str | None) -> Record | None:
    if not customer and 'saved_payment_method_options' not in params:
        return None
    given = params.get('saved_payment_method_options', {})
    return {
        'allow_redisplay_filters': given.get('allow_redisplay_filters', ['always']),
        'payment_method_remove': given.get('payment_method_remove', 'disabled'),
        'payment_method_save': given.get('payment_method_save'),
    }


@operation('GET /v1/checkout/sessions/{session}')
def retrieve(call: Call) -> Record:
    return _of_account(call)


@operation(
    'GET /v1/checkout/sessions', 'customer payment_intent status customer_details payment_link'
)
def list_sessions(call: Call) -> Record:
    params = call.params
    records = [fresh(call.realm, record) for record in call.realm.all('checkout.session')]
    for name in ('customer', 'payment_intent', 'status', 'payment_link'):
        if name in params:
            records = [record for record in records if record[name] == params[name]]
    email = params.get('customer_details', {}).get('email')
    if email:
        records = [
            record for record in records if (record['customer_details'] or {}).get('email') == email
        ]
    return listing.page(records, params, '/v1/checkout/sessions')


@operation('GET /v1/checkout/sessions/{session}/line_items')
def list_lines(call: Call) -> Record:
    session = _of_account(call)
    return listing.page(session['_line_items']['data'], call.params, session['_line_items']['url'])


@operation('POST /v1/checkout/sessions/{session}', 'metadata')
def modify(call: Call) -> Record:
    session = _of_account(call)
    call.realm.change(
        session, metadata=checks.metadata(call.params.get('metadata'), session['metadata'])
    )
    return session


@operation('POST /v1/checkout/sessions/{session}/expire')
def expire_one(call: Call) -> Record:
    session = _of_account(call)
    if session['status'] != 'open':
        raise invalid(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout '
            f'Session has a status of `{session["status"]}`.',
            'session',
        )
    expire(call.realm, session)
    return session


def expire(realm: Realm, session: Record) -> None:
    """Close an open session for good, with the intent that it may have begun."""
    values: Record = {'status': 'expired', 'url': None}
    recovery = (session['after_expiration'] or {}).get('recovery')
    if recovery and recovery.get('enabled'):
        values['after_expiration'] = {
            'recovery': {
                **recovery,
                'expires_at': realm.now + 30 * LIFETIME,
                'url': f'{HOSTED}/r/{session["id"]}',
            }
        }
    realm.change(session, **values)
    for name in ('payment_intent', 'setup_intent'):
        intent = session[name] and realm.find(session[name])
        if intent and intent['status'] not in ('succeeded', 'canceled'):
            realm.change(
                intent,
                status='canceled',
                cancellation_reason='automatic' if name == 'payment_intent' else 'abandoned',
                next_action=None,
            )
            if name == 'payment_intent':
                realm.change(intent, canceled_at=realm.now)
            webhooks.emit(realm, f'{name}.canceled', intent)
    webhooks.emit(realm, 'checkout.session.expired', session)


def fresh(realm: Realm, session: Record) -> Record:
    """Return a session as it stands at this moment: one past its time is expired."""
    if session['status'] == 'open' and session['expires_at'] <= realm.now:
        expire(realm, session)
    return session


@task
def expire_session(world: World, realm: str, session: str) -> None:
    """Expire a session when its time has come."""
    holder = Realm.of_name(world, realm)
    record = holder.find(session)
    if record:
        fresh(holder, record)


def _of_account(call: Call) -> Record:
    return fresh(
        call.realm, call.realm.get('checkout.session', call.args[0], 'session', status=404)
    )
