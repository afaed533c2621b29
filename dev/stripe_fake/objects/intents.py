"""PaymentIntents: the way of one payment from its amount to its money."""

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from .. import webhooks
from ..records import Record
from ..tasks import task
from ..wire.errors import invalid
from ..wire.expand import public
from ..world import HOSTED, Realm, World, new_id
from . import charges, payment_methods
from .cards import CARDS, DEBIT_ACCOUNTS, Card

#: Told when an attempt or a debit ended, and how.
FINISHED_HOOKS: list[Callable[[Realm, Record, str], None]] = []
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


def new(realm: Realm, amount: int, currency: str, **values: Any) -> Record:
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


def attempt(
    realm: Realm,
    intent: Record,
    method: Record,
    off_session: bool = False,
    authenticated: bool = False,
) -> str:
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


def finish_authentication(realm: Realm, intent: Record, passed: bool) -> str:
    """Go on after the payer proved, or failed to prove, who they are.

    :return: as `attempt`.
    """
    method = realm.find(intent['payment_method'])
    if passed:
        return attempt(realm, intent, method, authenticated=True)
    return _decline(realm, intent, method, FAILED_AUTHENTICATION, charge=False)


def settle(realm: Realm, intent: Record) -> None:
    """Let the bank debit of a processing intent arrive.

    :raises StripeError: there is none on its way.
    """
    charge = _pending_charge(realm, intent)
    charges.settle(realm, charge)
    _receive(realm, intent)
    _tell(realm, intent, 'settled')


def bounce(realm: Realm, intent: Record, failure: Record | None = None) -> None:
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
def end_debit(world: World, realm: str, intent: str) -> None:
    """End a bank debit by itself, as its account number says."""
    holder = Realm.of_name(world, realm)
    record = holder.find(intent)
    if record and record['status'] == 'processing':
        method = holder.find(record['payment_method'])
        fails = DEBIT_ACCOUNTS.get(method['_number']) == 'fails'
        (bounce if fails else settle)(holder, record)


def cancel(realm: Realm, intent: Record, reason: str | None = None) -> None:
    """Give an intent up."""
    realm.change(
        intent,
        status='canceled',
        canceled_at=realm.now,
        cancellation_reason=reason,
        next_action=None,
    )
    webhooks.emit(realm, 'payment_intent.canceled', intent)


def _has_expired(realm: Realm, method: Record) -> bool:
    today = datetime.fromtimestamp(realm.now, timezone.utc)
    card = method['card']
    return (card['exp_year'], card['exp_month']) < (today.year, today.month)


def _start_debit(realm: Realm, intent: Record, method: Record) -> str:
    charge = charges.new(realm, intent, method, 'pending')
    _save_method(realm, intent, method, authenticated=True)
    realm.change(intent, status='processing', latest_charge=charge['id'])
    webhooks.emit(realm, 'charge.pending', charge)
    webhooks.emit(realm, 'payment_intent.processing', intent)
    delay = realm.world.setting('debit_delay')
    if delay is not None:
        realm.world.later(delay, 'end_debit', realm=realm.name, intent=intent['id'])
    return 'processing'


def _ask(realm: Realm, intent: Record) -> str:
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


def _decline(
    realm: Realm, intent: Record, method: Record, failure: Record, charge: bool = True
) -> str:
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


def _error(failure: Record, method: Record, charge: Record | None) -> Record:
    return {
        'type': 'card_error' if method['type'] == 'card' else 'invalid_request_error',
        'charge': charge,
        'code': failure['code'],
        'decline_code': failure['decline_code'],
        'doc_url': f'https://stripe.com/docs/error-codes/{failure["code"].replace("_", "-")}',
        'message': failure['message'],
        'payment_method': public(method),
    }


def _receive(realm: Realm, intent: Record) -> None:
    realm.change(
        intent,
        status='succeeded',
        amount_received=intent['amount'],
        processing=None,
        next_action=None,
    )
    webhooks.emit(realm, 'payment_intent.succeeded', intent)


def _save_method(realm: Realm, intent: Record, method: Record, authenticated: bool) -> None:
    """Keep the payment method with its customer where that was asked for."""
    if intent['setup_future_usage'] and intent['customer']:
        realm.change(method, _set_up=method['_set_up'] or authenticated)
        payment_methods.attach(realm, method, intent['customer'])
    elif not method['customer']:
        realm.change(method, _spent=True)


def _pending_charge(realm: Realm, intent: Record) -> Record:
    charge = intent['latest_charge'] and realm.find(intent['latest_charge'])
    if intent['status'] != 'processing' or not charge or charge['status'] != 'pending':
        raise invalid(f'No bank debit of {intent["id"]} is on its way.')
    return charge


def _tell(realm: Realm, intent: Record, outcome: str) -> None:
    for hook in FINISHED_HOOKS:
        hook(realm, intent, outcome)
