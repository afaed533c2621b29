"""What the payer does on the hosted page of a session, apart from how the page looks."""

from collections.abc import Callable

from .. import webhooks
from ..records import Record
from ..wire.errors import StripeError
from ..world import Realm
from . import customers, intents, payment_methods, sessions, setups


class NotPayable(Exception):
    """The session is complete or expired; the page says so."""


def pay(
    realm: Realm,
    session: Record,
    method_of: Callable[[], Record],
    payer: Record,
    save: bool = False,
) -> str:
    """Submit the page's form.

    :param method_of: function that makes the payment method; only called if it is needed.
    :param payer: `email` and `name` as typed.
    :param save: whether *save my card* was ticked.
    :return: 'succeeded', 'processing', 'requires_action' or 'failed'.
    :raises NotPayable: sent twice, or too late.
    """
    if sessions.fresh(realm, session)['status'] != 'open':
        raise NotPayable(session['status'])
    begun = session['payment_intent'] or session['setup_intent']
    intent = begun and realm.find(begun)
    if intent and intent['status'] in ('requires_action', 'processing', 'succeeded'):
        return intent['status']
    method = method_of()
    method['billing_details'].update({name: value for name, value in payer.items() if value})
    realm.put(method)
    _note_payer(realm, session, payer)
    if session['mode'] == 'setup':
        intent = intent or _begin_setup(realm, session)
        outcome = setups.attempt(realm, intent, method)
    else:
        intent = intent or _begin_payment(realm, session)
        realm.change(intent, _save=bool(save))
        outcome = intents.attempt(realm, intent, method)
    return conclude(realm, session, intent, outcome)


def authenticate(realm: Realm, session: Record, intent: Record, passed: bool) -> str:
    """Go on after the page that asks the payer to prove who they are."""
    if sessions.fresh(realm, session)['status'] != 'open' or intent['status'] != 'requires_action':
        raise NotPayable(session['status'])
    module = setups if intent['object'] == 'setup_intent' else intents
    return conclude(realm, session, intent, module.finish_authentication(realm, intent, passed))


def conclude(realm: Realm, session: Record, intent: Record, outcome: str) -> str:
    """Complete the session if its payment went through or is on its way."""
    if outcome not in ('succeeded', 'processing'):
        return outcome
    paid = session['mode'] == 'payment' and outcome == 'succeeded'
    values = {'status': 'complete', 'url': None}
    if paid:
        values['payment_status'] = 'paid'
    realm.change(session, customer=intent['customer'], **values)
    method = realm.find(intent['payment_method'])
    if intent.get('_save') and intent['customer'] and not method['customer']:
        realm.change(method, _spent=False, _set_up=True, allow_redisplay='always')
        payment_methods.attach(realm, method, intent['customer'])
    webhooks.emit(realm, 'checkout.session.completed', session)
    return outcome


def debit_ended(realm: Realm, intent: Record, outcome: str) -> None:
    """Tell a session that its bank debit settled or failed."""
    session = intent.get('_session') and realm.find(intent['_session'])
    if not session:
        return
    if outcome == 'settled':
        realm.change(session, payment_status='paid')
        webhooks.emit(realm, 'checkout.session.async_payment_succeeded', session)
    else:
        webhooks.emit(realm, 'checkout.session.async_payment_failed', session)


intents.FINISHED_HOOKS.append(debit_ended)


def _begin_payment(realm: Realm, session: Record) -> Record:
    data = session['_intent_data']
    unknown = set(data) - {
        'capture_method',
        'description',
        'metadata',
        'receipt_email',
        'setup_future_usage',
        'statement_descriptor',
        'statement_descriptor_suffix',
        'transfer_group',
    }
    if unknown:
        raise StripeError(
            f'The local Stripe stand-in does not offer payment_intent_data {sorted(unknown)}.',
            status=501,
            kind='api_error',
        )
    card_options = session['payment_method_options'].get('card', {})
    reuse = data.get('setup_future_usage') or card_options.get('setup_future_usage')
    customer = session['customer']
    if not customer and (session['customer_creation'] == 'always' or reuse):
        customer = _new_customer(realm, session)
    intent = intents.new(
        realm,
        session['amount_total'],
        session['currency'],
        customer=customer,
        description=data.get('description'),
        metadata=data.get('metadata', {}),
        payment_method_types=session['payment_method_types'],
        receipt_email=data.get('receipt_email'),
        setup_future_usage=reuse if reuse != 'none' else None,
        statement_descriptor=data.get('statement_descriptor'),
        statement_descriptor_suffix=data.get('statement_descriptor_suffix'),
        transfer_group=data.get('transfer_group'),
        _session=session['id'],
        _return_url=None,
    )
    realm.change(session, payment_intent=intent['id'])
    return intent


def _begin_setup(realm: Realm, session: Record) -> Record:
    data = session['_setup_data']
    customer = session['customer']
    if not customer and session['customer_creation'] == 'always':
        customer = _new_customer(realm, session)
    intent = setups.new(
        realm,
        customer=customer,
        description=data.get('description'),
        metadata=data.get('metadata', {}),
        usage='off_session',
        payment_method_types=session['payment_method_types'],
        _session=session['id'],
        _return_url=None,
    )
    realm.change(session, setup_intent=intent['id'])
    return intent


def _new_customer(realm: Realm, session: Record) -> Record:
    details = session['customer_details'] or {}
    return customers.new(realm, email=details.get('email'), name=details.get('name'))['id']


def _note_payer(realm: Realm, session: Record, payer: Record) -> None:
    details = session['customer_details'] or {
        'address': None,
        'business_name': None,
        'email': None,
        'individual_name': None,
        'name': None,
        'phone': None,
        'tax_exempt': 'none',
        'tax_ids': [],
    }
    details.update({name: value for name, value in payer.items() if value})
    realm.change(session, customer_details=details)
    customer = session['customer'] and realm.find(session['customer'], 'customer')
    if customer and not customer['email'] and details['email']:
        previous = realm.change(customer, email=details['email'])
        webhooks.emit(realm, 'customer.updated', customer, previous)
