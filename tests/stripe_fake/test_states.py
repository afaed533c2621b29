"""The Stripe stand-in keeps what Stripe promises, asked by Stripe's own library.

Each request once, each state in its turn.
"""

import time

import pytest
import requests
import stripe

from dev.stripe_fake.client import FakeClient, FakeError
from tests.stripe_fake.caller import (
    ACCOUNT,
    ALWAYS_ASKS,
    DECLINED,
    SEPA_FAILS,
    SEPA_SETTLES,
    client_of,
    new_session,
    off_session,
    saved_card,
    together,
)

# === IDEMPOTENCY === #


def test_the_same_key_and_parameters_replay_the_first_answer(client):
    options = {'idempotency_key': 'tx-1'}
    first = new_session(client, options=options)
    second = new_session(client, options=options)
    assert first.id == second.id
    assert second.last_response.headers['Idempotent-Replayed'] == 'true'
    assert 'Idempotent-Replayed' not in first.last_response.headers
    assert len(client.v1.checkout.sessions.list().data) == 1


def test_the_same_key_with_other_parameters_is_refused(client):
    options = {'idempotency_key': 'tx-1'}
    new_session(client, 5000, options=options)
    with pytest.raises(stripe.IdempotencyError, match='same parameters') as caught:
        new_session(client, 4000, options=options)
    assert caught.value.http_status == 400
    with pytest.raises(stripe.IdempotencyError, match='same endpoint'):
        client.v1.customers.create({}, options)


def test_two_threads_with_one_key_make_one_charge(fake, client):
    customer, method = saved_card(client)
    once = {'idempotency_key': 'once'}
    fake.slow_next(1, 'payment_intents', times=2)
    outcomes = []

    def charge():
        try:
            outcomes.append(off_session(client_of(fake), customer, method, options=once).status)
        except stripe.StripeError as error:
            outcomes.append((error.http_status, error.json_body['error']['code']))

    together(charge, charge)
    assert sorted(outcomes, key=str) == [(409, 'idempotency_key_in_use'), 'succeeded']
    replayed = off_session(client, customer, method, options=once)
    assert replayed.status == 'succeeded'
    assert len(client.v1.charges.list().data) == 1


def test_a_decline_is_remembered_and_a_refusal_is_not(client):
    customer, method = saved_card(client, 'pm_card_chargeCustomerFail')
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            off_session(client, customer, method, 2500, {'idempotency_key': 'decline'})
    assert len(client.v1.charges.list().data) == 1
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.create({'nam': 'x'}, {'idempotency_key': 'typo'})
    assert client.v1.customers.create({'name': 'x'}, {'idempotency_key': 'typo'}).name == 'x'


@pytest.mark.parametrize('plan', ['drop_next', 'fail_next'])
def test_an_answer_lost_after_the_charge_is_replayed_by_a_retry(fake, client, plan):
    customer, method = saved_card(client)
    patient = client_of(fake, max_network_retries=2)
    getattr(fake, plan)(path='payment_intents', when='after')
    intent = off_session(patient, customer, method)
    assert intent.status == 'succeeded'
    assert intent.last_response.headers['Idempotent-Replayed'] == 'true'
    assert len(client.v1.charges.list().data) == 1


def test_an_error_of_stripes_own_is_remembered_under_its_key(fake, client):
    once = {'idempotency_key': 'unlucky'}
    fake.fail_next('checkout', when='instead')
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            new_session(client, options=once)
    assert client.v1.checkout.sessions.list().data == []
    assert new_session(client, options={'idempotency_key': 'another'}).status == 'open'


def test_planned_faults_strike_before_the_effect_too(fake, client):
    fake.fail_next('checkout', status=503)
    with pytest.raises(stripe.APIError):
        new_session(client)
    fake.drop_next('checkout', when='before')
    with pytest.raises(stripe.APIConnectionError):
        new_session(client)
    fake.fail_next('checkout', status=429)
    with pytest.raises(stripe.RateLimitError):
        new_session(client)
    assert client.v1.checkout.sessions.list().data == []


# === STATE MACHINES === #


def test_a_paid_session_is_complete_with_charge_and_fee(fake, client):
    session = new_session(client, payment_intent_data={'metadata': {'reference': 'tx-1'}})
    assert session.payment_intent is None  # made when the payer submits
    target = fake.pay_session(session.id)
    assert target == f'http://127.0.0.1:8069/back?session={session.id}'
    session = client.v1.checkout.sessions.retrieve(
        session.id,
        {'expand': ['payment_intent.latest_charge.balance_transaction', 'line_items']},
    )
    assert (session.status, session.payment_status) == ('complete', 'paid')
    assert session.url is None
    assert session.payment_intent.metadata['reference'] == 'tx-1'
    assert session.line_items.data[0].description == 'INV/2026/00042'
    transaction = session.payment_intent.latest_charge.balance_transaction
    assert (transaction.amount, transaction.fee, transaction.net) == (5000, 175, 4825)
    assert client.v1.checkout.sessions.list({'payment_intent': session.payment_intent.id}).data


def test_a_complete_session_can_not_be_expired_nor_an_expired_one_paid(fake, client):
    paid, expired = new_session(client), new_session(client)
    fake.pay_session(paid.id)
    with pytest.raises(stripe.InvalidRequestError, match='has a status of `complete`'):
        client.v1.checkout.sessions.expire(paid.id)
    assert client.v1.checkout.sessions.expire(expired.id).status == 'expired'
    assert fake.pay_session(expired.id) is None
    with pytest.raises(stripe.InvalidRequestError, match='has a status of `expired`'):
        client.v1.checkout.sessions.expire(expired.id)
    assert len(client.v1.charges.list().data) == 1


def test_a_session_lives_a_day(fake, client, receiver, secret):
    session = new_session(client)
    fake.advance(24 * 3600 - 60)
    assert client.v1.checkout.sessions.retrieve(session.id).status == 'open'
    fake.advance(120)
    assert fake.pay_session(session.id) is None
    assert client.v1.checkout.sessions.retrieve(session.id).status == 'expired'
    fake.wait_delivered()
    assert [event.type for event in receiver.events(secret)] == ['checkout.session.expired']


def test_an_expired_session_can_be_taken_up_again_where_that_was_allowed(fake, client):
    session = new_session(client, after_expiration={'recovery': {'enabled': True}})
    expired = client.v1.checkout.sessions.expire(session.id)
    answer = requests.get(expired.after_expiration.recovery.url, timeout=10)
    fresh = client.v1.checkout.sessions.list({'status': 'open'}).data[0]
    assert answer.url == fresh.url
    assert (fresh.recovered_from, fresh.amount_total) == (session.id, 5000)
    assert fake.pay_session(fresh.id)


def test_sending_the_pay_form_twice_charges_once(fake, client):
    session = new_session(client)
    targets = []
    together(*[lambda: targets.append(FakeClient(fake.url).pay_session(session.id))] * 4)
    assert len(targets) == 4
    assert len(client.v1.charges.list().data) == 1
    assert fake.totals(ACCOUNT)['by_currency']['usd']['captured'] == 5000


@pytest.mark.parametrize(
    ('card', 'code', 'decline_code'),
    [
        (DECLINED, 'card_declined', 'generic_decline'),
        ('4000000000009995', 'card_declined', 'insufficient_funds'),
        ('4000000000009987', 'card_declined', 'lost_card'),
        ('4000000000009979', 'card_declined', 'stolen_card'),
        ('4000000000000069', 'expired_card', 'expired_card'),
    ],
)
def test_a_declined_card_leaves_the_session_open(fake, client, card, code, decline_code):
    session = new_session(client)
    assert fake.pay_session(session.id, card) is None
    session = client.v1.checkout.sessions.retrieve(session.id, {'expand': ['payment_intent']})
    assert session.status == 'open'
    error = session.payment_intent.last_payment_error
    assert (error.code, error.decline_code) == (code, decline_code)
    assert session.payment_intent.status == 'requires_payment_method'
    assert fake.pay_session(session.id)
    charges = client.v1.charges.list({'payment_intent': session.payment_intent.id}).data
    assert [charge.status for charge in charges] == ['succeeded', 'failed']
    assert fake.totals(ACCOUNT)['by_currency']['usd']['captured'] == 5000


def test_a_card_that_asks_who_pays_waits_for_the_answer(fake, client):
    session = new_session(client)
    assert fake.pay_session(session.id, ALWAYS_ASKS, authenticate='fail') is None
    intent = client.v1.checkout.sessions.retrieve(
        session.id, {'expand': ['payment_intent']}
    ).payment_intent
    assert intent.last_payment_error.code == 'payment_intent_authentication_failure'
    assert fake.pay_session(session.id, ALWAYS_ASKS)
    assert client.v1.payment_intents.retrieve(intent.id).status == 'succeeded'


@pytest.mark.parametrize('settles', [True, False])
def test_a_bank_debit_completes_unpaid_and_ends_later(fake, client, receiver, secret, settles):
    session = new_session(client, 5000, 'eur')
    assert fake.pay_session(session.id, SEPA_SETTLES, way='debit')
    session = client.v1.checkout.sessions.retrieve(session.id, {'expand': ['payment_intent']})
    assert (session.status, session.payment_status) == ('complete', 'unpaid')
    assert session.payment_intent.status == 'processing'
    assert fake.totals(ACCOUNT)['by_currency'] == {}
    (fake.settle_debit if settles else fake.fail_debit)(session.id)
    session = client.v1.checkout.sessions.retrieve(session.id, {'expand': ['payment_intent']})
    assert session.payment_status == ('paid' if settles else 'unpaid')
    assert session.payment_intent.status == ('succeeded' if settles else 'requires_payment_method')
    fake.wait_delivered()
    types = [event.type for event in receiver.events(secret)]
    ending = 'async_payment_succeeded' if settles else 'async_payment_failed'
    assert 'checkout.session.completed' in types
    assert f'checkout.session.{ending}' in types
    with pytest.raises(FakeError, match='No bank debit'):
        fake.settle_debit(session.id)


def test_a_bank_debit_may_end_by_itself(fake, client):
    fake.set(debit_delay=0.1)
    session = new_session(client, 5000, 'eur')
    fake.pay_session(session.id, SEPA_FAILS, way='debit')
    intent = client.v1.checkout.sessions.retrieve(session.id).payment_intent
    deadline = time.monotonic() + 5
    while client.v1.payment_intents.retrieve(intent).status == 'processing':
        assert time.monotonic() < deadline
    assert client.v1.payment_intents.retrieve(intent).status == 'requires_payment_method'


def test_an_intent_is_cancelled_only_while_it_is_open(client):
    params = {'amount': 2500, 'currency': 'usd'}
    intent = client.v1.payment_intents.create(params)
    assert client.v1.payment_intents.cancel(intent.id).status == 'canceled'
    with pytest.raises(stripe.InvalidRequestError, match='status of canceled') as caught:
        client.v1.payment_intents.cancel(intent.id)
    assert caught.value.code == 'payment_intent_unexpected_state'
