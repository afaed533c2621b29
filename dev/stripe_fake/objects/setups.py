"""SetupIntents: saving a card without charging it."""

from typing import Any

from .. import webhooks
from ..records import Record
from ..wire import listing
from ..wire.errors import StripeError, invalid
from ..wire.expand import public
from ..wire.operations import Call, operation
from ..world import HOSTED, Realm, new_id
from . import checks, payment_methods
from .cards import CARDS, Card

UNFINISHED = ('requires_payment_method', 'requires_confirmation', 'requires_action')
FAILED_AUTHENTICATION = {
    'code': 'setup_intent_authentication_failure',
    'decline_code': None,
    'message': 'We are unable to authenticate your payment method. Please choose a different '
    'payment method and try again.',
}


def new(realm: Realm, **values: Any) -> Record:
    """Make a SetupIntent that waits for a payment method."""
    identifier = new_id('seti')
    intent = realm.new(
        'setup_intent',
        'seti',
        id=identifier,
        client_secret=f'{identifier}_{new_id("secret", 25)}',
        status=values.pop('status', 'requires_payment_method'),
        **values,
    )
    webhooks.emit(realm, 'setup_intent.created', intent)
    return intent


def attempt(realm: Realm, intent: Record, method: Record, authenticated: bool = False) -> str:
    """Try to save the payment method.

    :return: 'succeeded', 'requires_action' or 'failed'.
    """
    realm.change(intent, payment_method=method['id'], last_setup_error=None, next_action=None)
    card = CARDS.get(method['_number'], Card()) if method['type'] == 'card' else Card()
    if card.authentication != 'never' and not method['_set_up'] and not authenticated:
        return _ask(realm, intent)
    if card.decline and not card.attach:
        return _decline(
            realm,
            intent,
            method,
            {'code': card.code, 'decline_code': card.decline, 'message': card.message},
        )
    realm.change(method, _set_up=True)
    if intent['customer']:
        payment_methods.attach(realm, method, intent['customer'])
    realm.change(intent, status='succeeded')
    webhooks.emit(realm, 'setup_intent.succeeded', intent)
    return 'succeeded'


def finish_authentication(realm: Realm, intent: Record, passed: bool) -> str:
    """Go on after the payer proved, or failed to prove, who they are."""
    method = realm.find(intent['payment_method'])
    if passed:
        return attempt(realm, intent, method, authenticated=True)
    return _decline(realm, intent, method, FAILED_AUTHENTICATION)


def _ask(realm: Realm, intent: Record) -> str:
    realm.change(
        intent,
        status='requires_action',
        next_action={
            'type': 'redirect_to_url',
            'redirect_to_url': {
                'return_url': intent.get('_return_url'),
                'url': f'{HOSTED}/authenticate/{intent["id"]}',
            },
        },
    )
    webhooks.emit(realm, 'setup_intent.requires_action', intent)
    return 'requires_action'


def _decline(realm: Realm, intent: Record, method: Record, failure: Record) -> str:
    realm.change(
        intent,
        status='requires_payment_method',
        payment_method=None,
        next_action=None,
        last_setup_error={
            **failure,
            'type': 'card_error',
            'payment_method': public(method),
            'doc_url': 'https://stripe.com/docs/error-codes/' + failure['code'].replace('_', '-'),
        },
    )
    webhooks.emit(realm, 'setup_intent.setup_failed', intent)
    return 'failed'


@operation(
    'POST /v1/setup_intents',
    'customer payment_method confirm description metadata usage return_url '
    'allowed_payment_method_types excluded_payment_method_types automatic_payment_methods',
)
def create(call: Call) -> Record:
    params, realm = call.params, call.realm
    customer = params.get('customer')
    if customer:
        realm.get('customer', customer, 'customer')
    method = None
    if params.get('payment_method'):
        method = payment_methods.resolve(realm, params['payment_method'])
    automatic, types = payment_methods.types_for(params)
    intent = new(
        realm,
        automatic_payment_methods=automatic,
        customer=customer,
        description=params.get('description'),
        metadata=checks.metadata(params.get('metadata')),
        payment_method=method and method['id'],
        usage=params.get('usage', 'off_session'),
        payment_method_types=types,
        status='requires_confirmation' if method else 'requires_payment_method',
        _return_url=params.get('return_url'),
    )
    return _confirm(realm, intent) if params.get('confirm') else intent


@operation('POST /v1/setup_intents/{intent}/confirm', 'payment_method return_url')
def confirm(call: Call) -> Record:
    intent = _of_account(call)
    _require_unfinished(intent, 'confirm')
    if call.params.get('payment_method'):
        method = payment_methods.resolve(call.realm, call.params['payment_method'])
        call.realm.change(intent, payment_method=method['id'])
    if 'return_url' in call.params:
        call.realm.change(intent, _return_url=call.params['return_url'])
    return _confirm(call.realm, intent)


def _confirm(realm: Realm, intent: Record) -> Record:
    if not intent['payment_method']:
        raise invalid(
            "You cannot confirm this SetupIntent because it's missing a payment method. Update "
            'the SetupIntent with a payment method and then confirm it again.',
            'payment_method',
            'setup_intent_unexpected_state',
        )
    automatic = intent['automatic_payment_methods']
    if automatic['allow_redirects'] == 'always' and not intent['_return_url']:
        raise invalid(
            'This SetupIntent is configured to accept payment methods enabled in your Dashboard. '
            'Because some of these payment methods might redirect your customer off of your page, '
            'you must provide a `return_url`.',
            'return_url',
        )
    if attempt(realm, intent, realm.find(intent['payment_method'])) != 'failed':
        return intent
    error = intent['last_setup_error']
    raise StripeError(
        error['message'],
        status=402,
        kind='card_error',
        keep=True,
        code=error['code'],
        decline_code=error['decline_code'],
        setup_intent=public(intent),
        payment_method=error['payment_method'],
    )


@operation('GET /v1/setup_intents/{intent}', 'client_secret')
def retrieve(call: Call) -> Record:
    return _of_account(call)


@operation('GET /v1/setup_intents', 'customer payment_method')
def list_intents(call: Call) -> Record:
    equal = {
        name: call.params[name] for name in ('customer', 'payment_method') if name in call.params
    }
    return listing.page(call.realm.all('setup_intent', **equal), call.params, '/v1/setup_intents')


@operation('POST /v1/setup_intents/{intent}', 'metadata description')
def modify(call: Call) -> Record:
    intent = _of_account(call)
    values = {}
    if 'description' in call.params:
        values['description'] = call.params['description']
    if 'metadata' in call.params:
        values['metadata'] = checks.metadata(call.params['metadata'], intent['metadata'])
    call.realm.change(intent, **values)
    return intent


@operation('POST /v1/setup_intents/{intent}/cancel', 'cancellation_reason')
def cancel(call: Call) -> Record:
    intent = _of_account(call)
    _require_unfinished(intent, 'cancel')
    call.realm.change(
        intent,
        status='canceled',
        next_action=None,
        cancellation_reason=call.params.get('cancellation_reason'),
    )
    webhooks.emit(call.realm, 'setup_intent.canceled', intent)
    return intent


def _of_account(call: Call) -> Record:
    return call.realm.get('setup_intent', call.args[0], 'intent', status=404)


def _require_unfinished(intent: Record, verb: str) -> None:
    if intent['status'] not in UNFINISHED:
        raise invalid(
            f'You cannot {verb} this SetupIntent because it has a status of {intent["status"]}.',
            code='setup_intent_unexpected_state',
            setup_intent=public(intent),
        )
