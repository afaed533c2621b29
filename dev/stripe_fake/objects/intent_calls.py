"""The operations on PaymentIntents: what a request may ask of them, and when."""

from collections.abc import Sequence

from ..money import check_amount, check_currency
from ..records import Record
from ..wire import listing
from ..wire.errors import StripeError, invalid
from ..wire.expand import public
from ..wire.operations import Call, operation
from ..world import Realm
from . import charges, checks, intents, payment_methods


@operation(
    'POST /v1/payment_intents',
    'amount currency customer payment_method confirm off_session description metadata '
    'automatic_payment_methods allowed_payment_method_types '
    'excluded_payment_method_types setup_future_usage return_url receipt_email '
    ' statement_descriptor_suffix capture_method confirmation_method '
    'error_on_requires_action transfer_group',
)
def create(call: Call) -> Record:
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
    automatic, types = payment_methods.types_for(params, currency)
    method = None
    if params.get('payment_method'):
        method = payment_methods.resolve(realm, params['payment_method'])
        _check_usable(method, customer)
    intent = intents.new(
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
def confirm(call: Call) -> Record:
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


def _confirm(realm: Realm, intent: Record, params: Record) -> Record:
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
    outcome = intents.attempt(realm, intent, method, off_session=bool(unattended))
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
def retrieve(call: Call) -> Record:
    return _of_account(call)


@operation('GET /v1/payment_intents', 'customer')
def list_intents(call: Call) -> Record:
    equal = {'customer': call.params['customer']} if 'customer' in call.params else {}
    return listing.page(
        call.realm.all('payment_intent', **equal), call.params, '/v1/payment_intents'
    )


@operation(
    'POST /v1/payment_intents/{intent}',
    'amount currency customer description metadata payment_method receipt_email setup_future_usage',
)
def modify(call: Call) -> Record:
    intent, params, realm = _of_account(call), call.params, call.realm
    values: Record = {
        name: params[name] or None
        for name in ('description', 'receipt_email', 'setup_future_usage')
        if name in params
    }
    if 'metadata' in params:
        values['metadata'] = checks.metadata(params['metadata'], intent['metadata'])
    if {'amount', 'currency', 'customer', 'payment_method'} & set(params):
        _require_state(intent, intents.OPEN, 'update')
        values['currency'] = check_currency(params.get('currency') or intent['currency'])
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
def cancel_one(call: Call) -> Record:
    intent = _of_account(call)
    if intent.get('_session'):
        raise invalid(
            'You cannot cancel PaymentIntents that Checkout created. To stop this payment, expire '
            'the Checkout Session instead.',
            'intent',
            'payment_intent_unexpected_state',
        )
    _require_state(intent, intents.CANCELABLE, 'cancel')
    charge = intent['latest_charge'] and call.realm.find(intent['latest_charge'])
    if charge and charge['status'] == 'pending':
        charges.fail(
            call.realm, charge, {**intents.BOUNCED, 'message': 'The payment was canceled.'}
        )
    intents.cancel(call.realm, intent, call.params.get('cancellation_reason'))
    return intent


def _of_account(call: Call) -> Record:
    return call.realm.get('payment_intent', call.args[0], 'intent', status=404)


def _require_state(intent: Record, states: Sequence[str], verb: str) -> None:
    if intent['status'] not in states:
        past = {'cancel': 'canceled', 'confirm': 'confirmed', 'update': 'updated'}[verb]
        raise invalid(
            f'You cannot {verb} this PaymentIntent because it has a status of {intent["status"]}. '
            f'Only a PaymentIntent with one of the following statuses may be {past}: '
            f'{", ".join(states)}.',
            code='payment_intent_unexpected_state',
            payment_intent=public(intent),
        )


def _check_usable(method: Record, customer: str | None) -> None:
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


def _not_offered(what: str) -> StripeError:
    return StripeError(
        f'The local Stripe stand-in does not offer {what}; Stripe itself does.',
        status=501,
        kind='api_error',
        started=False,
    )
