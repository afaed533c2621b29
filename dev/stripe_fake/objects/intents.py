"""PaymentIntents: the way of one payment from its amount to its money."""

from datetime import datetime, timezone

from .. import webhooks
from ..money import check_amount, check_currency
from ..tasks import task
from ..wire import listing
from ..wire.errors import StripeError, invalid
from ..wire.expand import public
from ..wire.operations import operation
from ..world import HOSTED, Realm, new_id
from . import charges, checks, payment_methods
from .cards import CARDS, DEBIT_ACCOUNTS, DEBIT_TYPES, Card

FINISHED_HOOKS = []  # functions (realm, intent, outcome), told when an attempt or debit ended
OPEN = ('requires_payment_method', 'requires_confirmation', 'requires_action')
CANCELABLE = (*OPEN, 'requires_capture', 'processing')
AUTHENTICATION = {
    'code': 'authentication_required',
    'decline_code': 'authentication_required',
    'message': 'Your card was declined. This transaction requires authentication.',
}
FAILED_AUTHENTICATION = {
    'code': 'payment_intent_authentication_failure',
    'decline_code': None,
    'message': 'We are unable to authenticate your payment method. Please choose a different '
    'payment method and try again.',
}
EXPIRED = {
    'code': 'expired_card',
    'decline_code': 'expired_card',
    'message': 'Your card has expired.',
}
BOUNCED = {
    'code': 'payment_method_provider_decline',
    'decline_code': 'insufficient_funds',
    'message': "The customer's account has insufficient funds to cover this payment.",
}


def new(realm, amount, currency, **values):
    """Make a PaymentIntent that waits for a payment method."""
    identifier = new_id('pi')
    intent = realm.new(
        'payment_intent',
        'pi',
        id=identifier,
        amount=amount,
        amount_capturable=0,
        amount_received=0,
        amount_details={'tip': {}},
        capture_method='automatic_async',
        client_secret=f'{identifier}_{new_id("secret", 25)}',
        confirmation_method='automatic',
        currency=currency,
        status=values.pop('status', 'requires_payment_method'),
        payment_method_types=values.pop('payment_method_types', ['card']),
        **values,
    )
    webhooks.emit(realm, 'payment_intent.created', intent)
    return intent


def attempt(realm, intent, method, off_session=False, authenticated=False):
    """Try to take the money.

    :return: 'succeeded', 'processing', 'requires_action' or 'failed'.
    """
    realm.change(intent, payment_method=method['id'], last_payment_error=None, next_action=None)
    if method['type'] != 'card':
        return _start_debit(realm, intent, method)
    card = CARDS.get(method['_number'], Card())
    if _has_expired(realm, method):
        return _decline(realm, intent, method, EXPIRED)
    asks = card.authentication == 'always' or (
        card.authentication == 'unless_set_up' and not method['_set_up']
    )
    if asks and not authenticated:
        if off_session:
            return _decline(realm, intent, method, AUTHENTICATION)
        return _ask(realm, intent)
    if card.decline:
        return _decline(
            realm,
            intent,
            method,
            {'code': card.code, 'decline_code': card.decline, 'message': card.message},
        )
    charge = charges.new(realm, intent, method, 'succeeded')
    _save_method(realm, intent, method, authenticated)
    realm.change(intent, latest_charge=charge['id'])
    webhooks.emit(realm, 'charge.succeeded', charge)
    _receive(realm, intent)
    return 'succeeded'


def finish_authentication(realm, intent, passed):
    """Go on after the payer proved, or failed to prove, who they are.

    :return: as `attempt`.
    """
    method = realm.find(intent['payment_method'])
    if passed:
        return attempt(realm, intent, method, authenticated=True)
    return _decline(realm, intent, method, FAILED_AUTHENTICATION, charge=False)


def settle(realm, intent):
    """Let the bank debit of a processing intent arrive.

    :raises StripeError: there is none on its way.
    """
    charge = _pending_charge(realm, intent)
    charges.settle(realm, charge)
    _receive(realm, intent)
    _tell(realm, intent, 'settled')


def bounce(realm, intent, failure=None):
    """Let the bank debit of a processing intent fail.

    :raises StripeError: there is none on its way.
    """
    failure = failure or BOUNCED
    charge = _pending_charge(realm, intent)
    charges.fail(realm, charge, failure)
    method = realm.find(intent['payment_method'])
    realm.change(
        intent,
        status='requires_payment_method',
        payment_method=None,
        processing=None,
        last_payment_error=_error(failure, method, charge['id']),
    )
    webhooks.emit(realm, 'payment_intent.payment_failed', intent)
    _tell(realm, intent, 'bounced')


@task
def end_debit(world, realm, intent):
    """End a bank debit by itself, as its account number says."""
    realm = Realm.of_name(world, realm)
    record = realm.find(intent)
    if record and record['status'] == 'processing':
        method = realm.find(record['payment_method'])
        fails = DEBIT_ACCOUNTS.get(method['_number']) == 'fails'
        (bounce if fails else settle)(realm, record)


def cancel(realm, intent, reason=None):
    """Give an intent up."""
    realm.change(
        intent,
        status='canceled',
        canceled_at=realm.now,
        cancellation_reason=reason,
        next_action=None,
    )
    webhooks.emit(realm, 'payment_intent.canceled', intent)


def _has_expired(realm, method):
    today = datetime.fromtimestamp(realm.now, timezone.utc)
    card = method['card']
    return (card['exp_year'], card['exp_month']) < (today.year, today.month)


def _start_debit(realm, intent, method):
    charge = charges.new(realm, intent, method, 'pending')
    _save_method(realm, intent, method, authenticated=True)
    realm.change(intent, status='processing', latest_charge=charge['id'])
    webhooks.emit(realm, 'charge.pending', charge)
    webhooks.emit(realm, 'payment_intent.processing', intent)
    delay = realm.world.setting('debit_delay')
    if delay is not None:
        realm.world.later(delay, 'end_debit', realm=realm.name, intent=intent['id'])
    return 'processing'


def _ask(realm, intent):
    if intent.get('_return_url'):
        action = {
            'type': 'redirect_to_url',
            'redirect_to_url': {
                'return_url': intent['_return_url'],
                'url': f'{HOSTED}/authenticate/{intent["id"]}',
            },
        }
    else:
        action = {
            'type': 'use_stripe_sdk',
            'use_stripe_sdk': {
                'type': 'three_d_secure_redirect',
                'stripe_js': f'{HOSTED}/authenticate/{intent["id"]}',
            },
        }
    realm.change(intent, status='requires_action', next_action=action)
    webhooks.emit(realm, 'payment_intent.requires_action', intent)
    return 'requires_action'


def _decline(realm, intent, method, failure, charge=True):
    record = charges.new(realm, intent, method, 'failed', failure) if charge else None
    realm.change(
        intent,
        status='requires_payment_method',
        payment_method=None,
        next_action=None,
        latest_charge=record['id'] if record else intent['latest_charge'],
        last_payment_error=_error(failure, method, record and record['id']),
    )
    if record:
        webhooks.emit(realm, 'charge.failed', record)
    webhooks.emit(realm, 'payment_intent.payment_failed', intent)
    return 'failed'


def _error(failure, method, charge):
    return {
        'type': 'card_error' if method['type'] == 'card' else 'invalid_request_error',
        'charge': charge,
        'code': failure['code'],
        'decline_code': failure['decline_code'],
        'doc_url': f'https://stripe.com/docs/error-codes/{failure["code"].replace("_", "-")}',
        'message': failure['message'],
        'payment_method': public(method),
    }


def _receive(realm, intent):
    realm.change(
        intent,
        status='succeeded',
        amount_received=intent['amount'],
        processing=None,
        next_action=None,
    )
    webhooks.emit(realm, 'payment_intent.succeeded', intent)


def _save_method(realm, intent, method, authenticated):
    """Keep the payment method with its customer where that was asked for."""
    if intent['setup_future_usage'] and intent['customer']:
        realm.change(method, _set_up=method['_set_up'] or authenticated)
        payment_methods.attach(realm, method, intent['customer'])
    elif not method['customer']:
        realm.change(method, _spent=True)


def _pending_charge(realm, intent):
    charge = intent['latest_charge'] and realm.find(intent['latest_charge'])
    if intent['status'] != 'processing' or not charge or charge['status'] != 'pending':
        raise invalid(f'No bank debit of {intent["id"]} is on its way.')
    return charge


def _tell(realm, intent, outcome):
    for hook in FINISHED_HOOKS:
        hook(realm, intent, outcome)


# === OPERATIONS === #


@operation(
    'POST /v1/payment_intents',
    'amount currency customer payment_method confirm off_session description metadata '
    'automatic_payment_methods allowed_payment_method_types '
    'excluded_payment_method_types setup_future_usage return_url receipt_email '
    ' statement_descriptor_suffix capture_method confirmation_method '
    'error_on_requires_action transfer_group',
)
def create(call):
    params, realm = call.params, call.realm
    currency = check_currency(params['currency'])
    check_amount(params['amount'], currency)
    if params.get('capture_method', 'automatic_async') not in ('automatic', 'automatic_async'):
        raise _not_offered('capturing later')
    if params.get('off_session') and not params.get('confirm'):
        raise invalid(
            'You can only set `off_session` when `confirm` is true.',
            'off_session',
            'parameter_invalid',
        )
    customer = params.get('customer')
    if customer:
        realm.get('customer', customer, 'customer')
    if 'return_url' in params:
        checks.url(params['return_url'], 'return_url', realm.livemode)
    if 'receipt_email' in params:
        checks.email(params['receipt_email'], 'receipt_email')
    automatic, types = types_for(params, currency)
    method = None
    if params.get('payment_method'):
        method = payment_methods.resolve(realm, params['payment_method'])
        _check_usable(method, customer)
    intent = new(
        realm,
        params['amount'],
        currency,
        automatic_payment_methods=automatic,
        customer=customer,
        description=params.get('description'),
        payment_method_types=types,
        metadata=checks.metadata(params.get('metadata')),
        payment_method=method['id'] if method else None,
        receipt_email=params.get('receipt_email'),
        setup_future_usage=params.get('setup_future_usage'),
        statement_descriptor_suffix=params.get('statement_descriptor_suffix'),
        transfer_group=params.get('transfer_group'),
        status='requires_confirmation' if method else 'requires_payment_method',
        _return_url=params.get('return_url'),
    )
    if params.get('confirm'):
        return _confirm(realm, intent, params)
    if 'return_url' in params:
        raise invalid(
            'The parameter `return_url` cannot be passed when creating a PaymentIntent unless '
            '`confirm` is set to true.',
            'return_url',
        )
    return intent


@operation(
    'POST /v1/payment_intents/{intent}/confirm',
    'payment_method off_session return_url setup_future_usage receipt_email '
    'error_on_requires_action',
)
def confirm(call):
    intent = _of_account(call)
    _require_state(
        intent, ('requires_payment_method', 'requires_confirmation', 'requires_action'), 'confirm'
    )
    if call.params.get('payment_method'):
        method = payment_methods.resolve(call.realm, call.params['payment_method'])
        _check_usable(method, intent['customer'])
        call.realm.change(intent, payment_method=method['id'])
    if 'setup_future_usage' in call.params:
        call.realm.change(intent, setup_future_usage=call.params['setup_future_usage'] or None)
    if 'return_url' in call.params:
        call.realm.change(intent, _return_url=call.params['return_url'])
    return _confirm(call.realm, intent, call.params)


def types_for(params, currency=None):
    """Return `automatic_payment_methods` and the types that remain of the dynamic set.

    :raises StripeError: none remains.
    """
    wanted = params.get('automatic_payment_methods') or {'enabled': True}
    debits = [DEBIT_TYPES[currency]] if currency in DEBIT_TYPES else []
    allowed = params.get('allowed_payment_method_types')
    excluded = params.get('excluded_payment_method_types', ())
    types = [
        kind
        for kind in ('card', 'link', *debits)
        if (not allowed or kind in allowed) and kind not in excluded
    ]
    if not types:
        raise invalid(
            'No valid payment method types for this Payment Intent. Please ensure that you have '
            'activated payment methods compatible with your chosen currency.',
            'allowed_payment_method_types',
        )
    return {
        'enabled': wanted['enabled'],
        'allow_redirects': wanted.get('allow_redirects', 'always'),
    }, types


def _confirm(realm, intent, params):
    if not intent['payment_method']:
        raise invalid(
            'You cannot confirm this PaymentIntent because it\'s missing a payment method. You '
            'can either update the PaymentIntent with a payment method and then confirm it again, '
            'or confirm it again directly with a payment method or ConfirmationToken.',
            'payment_method',
            'payment_intent_unexpected_state',
        )
    automatic = intent['automatic_payment_methods']
    if automatic['allow_redirects'] == 'always' and not intent['_return_url']:
        raise invalid(
            'This PaymentIntent is configured to accept payment methods enabled in your '
            'Dashboard. Because some of these payment methods might redirect your customer off of '
            "your page, you must provide a `return_url`. If you don't want to accept redirect-"
            'based payment methods, set `automatic_payment_methods[enabled]` to `true` and '
            '`automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents '
            'and Payment Intents.',
            'return_url',
        )
    method = realm.find(intent['payment_method'])
    if method['type'] not in intent['payment_method_types']:
        raise invalid(
            f'The PaymentMethod provided ({method["type"]}) is not allowed for this '
            'PaymentIntent. Please attach a PaymentMethod of one of the following types: '
            f'{", ".join(intent["payment_method_types"])}.',
            'payment_method',
        )
    unattended = params.get('off_session') or params.get('error_on_requires_action')
    outcome = attempt(realm, intent, method, off_session=bool(unattended))
    if outcome != 'failed':
        return intent
    error = intent['last_payment_error']
    raise StripeError(
        error['message'],
        status=402,
        kind='card_error',
        keep=True,
        code=error['code'],
        decline_code=error['decline_code'],
        charge=error['charge'],
        payment_intent=public(intent),
        payment_method=error['payment_method'],
    )


@operation('GET /v1/payment_intents/{intent}', 'client_secret')
def retrieve(call):
    return _of_account(call)


@operation('GET /v1/payment_intents', 'customer')
def list_intents(call):
    equal = {'customer': call.params['customer']} if 'customer' in call.params else {}
    return listing.page(
        call.realm.all('payment_intent', **equal), call.params, '/v1/payment_intents'
    )


@operation(
    'POST /v1/payment_intents/{intent}',
    'amount currency customer description metadata payment_method receipt_email setup_future_usage',
)
def modify(call):
    intent, params, realm = _of_account(call), call.params, call.realm
    values = {
        name: params[name] or None
        for name in ('description', 'receipt_email', 'setup_future_usage')
        if name in params
    }
    if 'metadata' in params:
        values['metadata'] = checks.metadata(params['metadata'], intent['metadata'])
    if {'amount', 'currency', 'customer', 'payment_method'} & set(params):
        _require_state(intent, OPEN, 'update')
        values['currency'] = check_currency(params.get('currency', intent['currency']))
        values['amount'] = params.get('amount') or intent['amount']
        check_amount(values['amount'], values['currency'])
    if params.get('customer'):
        values['customer'] = realm.get('customer', params['customer'], 'customer')['id']
    if params.get('payment_method'):
        method = payment_methods.resolve(realm, params['payment_method'])
        _check_usable(method, values.get('customer', intent['customer']))
        values.update(payment_method=method['id'], status='requires_confirmation')
    realm.change(intent, **values)
    return intent


@operation('POST /v1/payment_intents/{intent}/cancel', 'cancellation_reason')
def cancel_one(call):
    intent = _of_account(call)
    if intent.get('_session'):
        raise invalid(
            'You cannot cancel PaymentIntents that Checkout created. To stop this payment, expire '
            'the Checkout Session instead.',
            'intent',
            'payment_intent_unexpected_state',
        )
    _require_state(intent, CANCELABLE, 'cancel')
    charge = intent['latest_charge'] and call.realm.find(intent['latest_charge'])
    if charge and charge['status'] == 'pending':
        charges.fail(call.realm, charge, {**BOUNCED, 'message': 'The payment was canceled.'})
    cancel(call.realm, intent, call.params.get('cancellation_reason'))
    return intent


def _of_account(call):
    return call.realm.get('payment_intent', call.args[0], 'intent', status=404)


def _require_state(intent, states, verb):
    if intent['status'] not in states:
        past = {'cancel': 'canceled', 'confirm': 'confirmed', 'update': 'updated'}[verb]
        raise invalid(
            f'You cannot {verb} this PaymentIntent because it has a status of {intent["status"]}. '
            f'Only a PaymentIntent with one of the following statuses may be {past}: '
            f'{", ".join(states)}.',
            code='payment_intent_unexpected_state',
            payment_intent=public(intent),
        )


def _check_usable(method, customer):
    if method['customer'] and method['customer'] != customer:
        raise invalid(
            f'The provided PaymentMethod belongs to Customer {method["customer"]}; '
            + (
                'use that Customer with this PaymentIntent.'
                if not customer
                else f'it cannot be used with Customer {customer}.'
            )
            + ' Please include the Customer in the `customer` parameter on the PaymentIntent.',
            'payment_method',
        )
    if method.get('_spent') and not method['customer']:
        raise invalid(
            'The provided PaymentMethod was previously used with a PaymentIntent without Customer '
            'attachment, shared with a connected account without Customer attachment, or was '
            'detached from a Customer. It may not be used again. To use a PaymentMethod multiple '
            'times, you must attach it to a Customer first.',
            'payment_method',
        )


def _not_offered(what):
    return StripeError(
        f'The local Stripe stand-in does not offer {what}; Stripe itself does.',
        status=501,
        kind='api_error',
        started=False,
    )
