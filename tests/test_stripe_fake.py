"""The Stripe stand-in keeps what Stripe promises, asked by Stripe's own library."""

import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
import stripe
from axe_playwright_python.sync_playwright import Axe
from stripe_shapes import differences

import dev.stripe_fake.objects  # registers the operations  # noqa: F401
from dev.stripe_fake.client import FakeClient, FakeError
from dev.stripe_fake.wire.catalogue import read_operations
from dev.stripe_fake.wire.operations import ALWAYS, HANDLERS

ROOT = Path(__file__).parent.parent
KEY = 'sk_test_practice_4eC39HqLyjWDarjtT1zdp7dc'
ACCOUNT = 'acct_1Practice'
DECLINED = '4000000000000002'
ALWAYS_ASKS = '4000002760003184'
ASKS_ONCE = '4000002500003155'
SEPA_FAILS = 'DE62370400440532013001'
SEPA_SETTLES = 'DE89370400440532013000'
NO_REDIRECT = {'enabled': True, 'allow_redirects': 'never'}


def launch(*arguments):
    """Start a stand-in on a free port; return its process and address."""
    process = subprocess.Popen(
        [sys.executable, '-m', 'dev.stripe_fake', '--port', '0', *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    words = process.stdout.readline().split()
    assert words[:2] == ['listening', 'on']
    return process, words[2]


def stop(process, sig=signal.SIGTERM):
    process.send_signal(sig)
    process.stdout.close()
    return process.wait(timeout=10)


@pytest.fixture(scope='module')
def url():
    process, url = launch()
    yield url
    assert stop(process) == 0


@pytest.fixture
def fake(url):
    fake = FakeClient(url)
    fake.reset()
    fake.set(retry_pauses=[0.05, 0.05])
    fake.key(KEY, account=ACCOUNT)
    return fake


@pytest.fixture
def client(fake):
    return client_of(fake)


def client_of(fake, key=KEY, **options):
    return stripe.StripeClient(key, base_addresses={'api': fake.url}, **options)


class Receiver:
    """A webhook endpoint that keeps what it gets."""

    def __init__(self):
        self.received = []
        self.statuses = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length']))
                receiver.received.append((body, self.headers['Stripe-Signature']))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self._server.server_port}/hook'
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def events(self, secret):
        return [
            stripe.Webhook.construct_event(body, signature, secret)
            for body, signature in self.received
        ]

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def secret(client, receiver):
    """The signing secret of an endpoint that listens to everything."""
    return listen(client, receiver).secret


def listen(client, receiver, *types, **params):
    return client.v1.webhook_endpoints.create(
        {
            'url': receiver.url,
            'enabled_events': list(types) or ['*'],
            'api_version': stripe.api_version,
            **params,
        }
    )


def line(amount=5000, currency='usd'):
    return {
        'quantity': 1,
        'price_data': {
            'currency': currency,
            'unit_amount': amount,
            'product_data': {'name': 'INV/2026/00042'},
        },
    }


def session_params(amount=5000, currency='usd', **params):
    return {
        'mode': 'payment',
        'line_items': [line(amount, currency)],
        'success_url': 'http://127.0.0.1:8069/back?session={CHECKOUT_SESSION_ID}',
        'cancel_url': 'http://127.0.0.1:8069/pay',
        **params,
    }


def new_session(client, *args, options=None, **params):
    return client.v1.checkout.sessions.create(session_params(*args, **params), options)


def paid_intent(fake, client, *args, card='4242424242424242', **params):
    """Pay a new session; return its PaymentIntent with the charge."""
    session = new_session(client, *args, **params)
    assert fake.pay_session(session.id, card)
    session = client.v1.checkout.sessions.retrieve(session.id)
    return client.v1.payment_intents.retrieve(
        session.payment_intent, {'expand': ['latest_charge.balance_transaction']}
    )


def off_session(client, customer, method, amount=2500, options=None, **params):
    return client.v1.payment_intents.create(
        {
            'amount': amount,
            'currency': 'usd',
            'customer': customer,
            'payment_method': method,
            'off_session': True,
            'confirm': True,
            'automatic_payment_methods': NO_REDIRECT,
            **params,
        },
        options,
    )


def saved_card(client, number='pm_card_visa'):
    customer = client.v1.customers.create({'description': 'opaque-17'})
    method = client.v1.payment_methods.attach(number, {'customer': customer.id})
    return customer.id, method.id


def together(*functions):
    """Run functions in threads of their own and wait for all."""
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# === STRICTNESS === #

MISTAKES = {
    'misspelt parameter': ({'succes_url': 'http://127.0.0.1/'}, 'parameter_unknown', 'succes_url'),
    'misspelt nested parameter': (
        {'payment_intent_data': {'meta': {'a': 'b'}}},
        'parameter_unknown',
        'payment_intent_data[meta]',
    ),
    'parameter of an older version': (
        {'payment_method_types': ['card']},
        'parameter_unknown',
        'payment_method_types',
    ),
    'value outside an enum': ({'mode': 'paymint'}, None, 'mode'),
    'value outside a nested enum': (
        {'saved_payment_method_options': {'payment_method_save': 'yes'}},
        None,
        'saved_payment_method_options[payment_method_save]',
    ),
    'value outside an enum in a list': (
        {'allowed_payment_method_types': ['card', 'cash']},
        None,
        'allowed_payment_method_types[1]',
    ),
    'fraction of a minor unit': (
        {'line_items': [line(10.5)]},
        'parameter_invalid_integer',
        'line_items[0][price_data][unit_amount]',
    ),
    'amount as a text': (
        {'line_items': [line('50,00')]},
        'parameter_invalid_integer',
        'line_items[0][price_data][unit_amount]',
    ),
    'no currency': (
        {'line_items': [{'quantity': 1, 'price_data': {'unit_amount': 1}}]},
        'parameter_missing',
        'line_items[0][price_data][currency]',
    ),
    'no quantity': (
        {'line_items': [{'price_data': line()['price_data']}]},
        'parameter_missing',
        'line_items[0][quantity]',
    ),
    'hash where a list belongs': ({'line_items': line()}, None, 'line_items'),
    'text where a hash belongs': ({'metadata': 'reference'}, None, 'metadata'),
    'number where a boolean belongs': (
        {'adaptive_pricing': {'enabled': 1}},
        None,
        'adaptive_pricing[enabled]',
    ),
    'empty value that can not be unset': (
        {'client_reference_id': ''},
        'parameter_invalid_empty',
        'client_reference_id',
    ),
    'unknown currency': (
        {'line_items': [line(5000, 'xxx')]},
        None,
        'line_items[0][price_data][currency]',
    ),
    'address that is none': ({'success_url': '/back'}, 'url_invalid', 'success_url'),
    'too long a life': ({'expires_at': int(time.time()) + 90000}, None, 'expires_at'),
    'two that exclude each other': (
        {'customer': 'cus_1', 'customer_email': 'a@example.com'},
        'parameters_exclusive',
        'customer',
    ),
    'too long a value in metadata': ({'metadata': {'a': 'b' * 501}}, None, 'metadata[a]'),
    'too small an amount': ({'line_items': [line(49)]}, 'amount_too_small', 'line_items'),
}


@pytest.mark.parametrize('mistake', MISTAKES)
def test_a_planted_mistake_is_refused_as_stripe_refuses_it(client, mistake):
    change, code, param = MISTAKES[mistake]
    with pytest.raises(stripe.InvalidRequestError) as caught:
        new_session(client, **change)
    assert caught.value.http_status == 400
    assert (caught.value.code, caught.value.param) == (code, param)
    assert caught.value.json_body['error']['type'] == 'invalid_request_error'


def test_valid_calls_with_every_kind_of_value_pass(client):
    session = new_session(
        client,
        metadata={'reference': 'tx-1'},
        client_reference_id='db:tx-1',
        expires_at=int(time.time()) + 3600,
        adaptive_pricing={'enabled': False},
        automatic_tax={'enabled': False},
        allowed_payment_method_types=['card'],
        payment_intent_data={'metadata': {'reference': 'tx-1'}},
        customer_email='payer@example.com',
        locale='de',
    )
    assert session.status == 'open'
    assert session.payment_status == 'unpaid'
    assert session.amount_total == 5000
    assert session.payment_method_types == ['card']
    assert session.metadata['reference'] == 'tx-1'
    changed = client.v1.customers.create({'metadata': {'a': 'b'}, 'address': {'city': 'Graz'}})
    changed = client.v1.customers.update(changed.id, {'metadata': '', 'description': 'x'})
    assert changed.metadata.to_dict() == {}


def test_every_operation_offered_is_one_of_the_librarys_with_its_own_parameters():
    operations = {operation.name: operation for operation in read_operations()}
    for name, (_function, understood) in HANDLERS.items():
        known = set(operations[name].params_type.__annotations__)
        assert understood - ALWAYS <= known, name
    assert len(HANDLERS) > 60


def test_what_stripe_has_and_the_stand_in_lacks_is_refused_loudly(client):
    with pytest.raises(stripe.APIError, match='does not offer POST /v1/subscriptions') as caught:
        client.v1.subscriptions.create({'customer': 'cus_1', 'items': [{'price': 'price_1'}]})
    assert caught.value.http_status == 501
    with pytest.raises(stripe.APIError, match='does not offer the parameter discounts'):
        new_session(client, discounts=[{'coupon': 'ten'}])


def test_an_unknown_address_is_not_found(fake):
    answer = requests.get(f'{fake.url}/v1/chargez', auth=(KEY, ''), timeout=10)
    assert answer.status_code == 404
    assert answer.json()['error']['message'].startswith('Unrecognized request URL (GET: /v1/ch')


@pytest.mark.parametrize(
    ('body', 'content_type'),
    [
        (b'metadata[a]=\xff\xfe', 'application/x-www-form-urlencoded'),
        (b'metadata[a]=%ff%fe', 'application/x-www-form-urlencoded'),
        (b'metadata=1&metadata[a]=2', 'application/x-www-form-urlencoded'),
        (b'description=1&description=2', 'application/x-www-form-urlencoded'),
        (b'{"description": "x"}', 'application/json'),
    ],
)
def test_what_is_no_form_is_refused(fake, body, content_type):
    answer = requests.post(
        f'{fake.url}/v1/customers',
        data=body,
        auth=(KEY, ''),
        headers={'Content-Type': content_type},
        timeout=10,
    )
    assert answer.status_code == 400
    assert answer.json()['error']['type'] == 'invalid_request_error'


def test_an_unknown_api_version_is_refused(fake):
    client = client_of(fake, stripe_version='2021-13-13')
    with pytest.raises(stripe.InvalidRequestError, match='Invalid Stripe API version'):
        client.v1.accounts.retrieve_current()


# === KEYS AND ACCOUNTS === #


@pytest.mark.parametrize(
    ('key', 'message'),
    [
        ('pk_test_abcdefgh', 'publishable API key'),
        ('sk_test', 'Invalid API Key provided'),
        ('nonsense', 'Invalid API Key provided'),
        (KEY[:-4], 'Invalid API Key provided'),
        ('sk_test_revoked_1234', 'Expired API Key provided'),
    ],
)
def test_a_key_that_opens_nothing_is_refused_without_showing_it(fake, key, message):
    fake.key('sk_test_revoked_1234', revoked=True)
    with pytest.raises(stripe.AuthenticationError, match=message) as caught:
        client_of(fake, key).v1.accounts.retrieve_current()
    assert caught.value.http_status == 401
    assert key[8:-4] == '' or key[8:-4] not in str(caught.value)


def test_no_key_at_all_is_refused(fake):
    answer = requests.get(f'{fake.url}/v1/account', timeout=10)
    assert answer.status_code == 401
    assert answer.json()['error']['message'].startswith('You did not provide an API key.')


def test_each_key_has_an_account_of_its_own_unless_told_otherwise(fake, client):
    fake.key('rk_test_same_account', account=ACCOUNT)
    ids = [
        client_of(fake, key).v1.accounts.retrieve_current().id
        for key in (KEY, 'rk_test_same_account', 'sk_test_other')
    ]
    assert ids[0] == ids[1] == ACCOUNT
    assert ids[2] != ACCOUNT
    customer = client.v1.customers.create()
    with pytest.raises(stripe.InvalidRequestError, match='No such customer') as caught:
        client_of(fake, 'sk_test_other').v1.customers.retrieve(customer.id)
    assert caught.value.http_status == 404
    assert caught.value.code == 'resource_missing'


def test_live_and_test_mode_are_apart(fake, client):
    fake.key('sk_live_practice_1', account=ACCOUNT)
    live = client_of(fake, 'sk_live_practice_1')
    with pytest.raises(stripe.InvalidRequestError, match='HTTPS'):
        new_session(live)
    customer = client.v1.customers.create()
    assert not customer.livemode
    assert live.v1.customers.create().livemode
    with pytest.raises(stripe.InvalidRequestError, match='a similar object exists in test mode'):
        live.v1.customers.retrieve(customer.id)


@pytest.mark.parametrize(
    ('wording', 'expected'),
    [('newer', r"\('checkout_session_write'\)"), ('older', "'rak_checkout_session_write'")],
)
def test_a_restricted_key_is_told_the_permission_that_it_lacks(fake, wording, expected):
    key = 'rk_test_restricted_key'
    fake.key(
        key, account=ACCOUNT, permissions=['checkout_session_read', 'charge_write'], wording=wording
    )
    client = client_of(fake, key)
    assert client.v1.checkout.sessions.list().data == []
    assert client.v1.charges.list().data == []
    with pytest.raises(stripe.PermissionError, match=expected) as caught:
        new_session(client)
    assert caught.value.http_status == 403
    fake.key(key, permissions=['checkout_session_write'])
    assert new_session(client).id


def test_a_connected_account_is_made_onboarded_and_charged(fake, client, receiver):
    endpoint = listen(client, receiver, 'account.updated', connect=True)
    account = client.v1.accounts.create({'type': 'standard', 'country': 'DE'})
    assert not account.charges_enabled
    assert account.requirements.currently_due
    link = client.v1.account_links.create(
        {
            'account': account.id,
            'type': 'account_onboarding',
            'refresh_url': 'http://127.0.0.1/refresh',
            'return_url': 'http://127.0.0.1/return',
        }
    )
    assert fake.onboard(link.url) == 'http://127.0.0.1/return'
    assert fake.onboard(link.url) == 'http://127.0.0.1/refresh'  # opens once
    assert client.v1.accounts.retrieve(account.id).charges_enabled
    session = new_session(client, 5000, 'eur', options={'stripe_account': account.id})
    assert fake.pay_session(session.id)
    assert fake.totals(account.id)['by_currency']['eur']['captured'] == 5000
    assert client.v1.checkout.sessions.list().data == []
    fake.wait_delivered()
    events = receiver.events(endpoint.secret)
    assert [(event.type, event.account) for event in events] == [('account.updated', account.id)]
    fake.do('disconnect', account.id)
    with pytest.raises(stripe.PermissionError) as caught:
        client.v1.checkout.sessions.list({}, {'stripe_account': account.id})
    assert caught.value.json_body['error']['code'] == 'account_invalid'
    with pytest.raises(stripe.PermissionError, match='does not have access to account'):
        client_of(fake, 'sk_test_stranger').v1.checkout.sessions.list(
            {}, {'stripe_account': account.id}
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


# === SAVED CARDS === #


def test_a_card_saved_on_stripes_page_is_charged_later_without_its_owner(fake, client):
    customer = client.v1.customers.create({'description': 'opaque-17'})
    session = client.v1.checkout.sessions.create(
        {
            'mode': 'setup',
            'currency': 'usd',
            'customer': customer.id,
            'success_url': 'http://127.0.0.1/saved',
        }
    )
    assert fake.pay_session(session.id, ASKS_ONCE) == 'http://127.0.0.1/saved'
    session = client.v1.checkout.sessions.retrieve(session.id, {'expand': ['setup_intent']})
    assert session.payment_status == 'no_payment_required'
    assert session.setup_intent.status == 'succeeded'
    methods = client.v1.customers.payment_methods.list(customer.id)
    assert [method.id for method in methods.data] == [session.setup_intent.payment_method]
    intent = off_session(client, customer.id, methods.data[0].id)
    assert (intent.status, intent.amount_received) == ('succeeded', 2500)


@pytest.mark.parametrize('ticked', [True, False])
def test_a_card_is_kept_while_paying_only_if_the_payer_says_so(fake, client, ticked):
    customer = client.v1.customers.create()
    session = new_session(
        client,
        customer=customer.id,
        saved_payment_method_options={'payment_method_save': 'enabled'},
    )
    fake.pay_session(session.id, **({'save': '1'} if ticked else {}))
    methods = client.v1.customers.payment_methods.list(customer.id).data
    assert [method.allow_redisplay for method in methods] == (['always'] if ticked else [])


def test_a_charge_without_its_owner_may_need_them(fake, client):
    customer, method = saved_card(client, 'pm_card_authenticationRequired')
    with pytest.raises(stripe.CardError) as caught:
        off_session(client, customer, method)
    assert caught.value.code == 'authentication_required'
    assert caught.value.http_status == 402
    intent = caught.value.error.payment_intent
    assert intent.status == 'requires_payment_method'
    asked = client.v1.payment_intents.create(
        {
            'amount': 2500,
            'currency': 'usd',
            'customer': customer,
            'payment_method': method,
            'confirm': True,
            'return_url': 'http://127.0.0.1/back',
        }
    )
    assert asked.status == 'requires_action'
    answer = requests.post(
        asked.next_action.redirect_to_url.url,
        data={'answer': 'complete'},
        allow_redirects=False,
        timeout=10,
    )
    assert 'redirect_status=succeeded' in answer.headers['Location']
    assert client.v1.payment_intents.retrieve(asked.id).status == 'succeeded'


def test_a_kept_card_is_offered_to_its_customer_and_to_nobody_else(fake, client):
    customer = client.v1.customers.create().id
    keep = {
        'customer': customer,
        'saved_payment_method_options': {'payment_method_save': 'enabled'},
    }
    fake.pay_session(new_session(client, **keep).id, save='1')
    method = client.v1.customers.payment_methods.list(customer).data[0].id
    own, foreign = new_session(client, **keep), new_session(client)
    assert 'ending in 4242' in requests.get(own.url, timeout=10).text
    assert 'ending in 4242' not in requests.get(foreign.url, timeout=10).text
    assert fake.pay_session(foreign.id, way='saved', payment_method=method) is None
    assert fake.pay_session(own.id, way='saved', payment_method=method)


def test_a_kept_card_is_declined_once_it_has_expired(fake, client):
    customer, method = saved_card(client)
    client.v1.payment_methods.update(method, {'card': {'exp_month': 1, 'exp_year': 2099}})
    assert off_session(client, customer, method).status == 'succeeded'
    client.v1.payment_methods.update(method, {'card': {'exp_month': 1, 'exp_year': 2020}})
    with pytest.raises(stripe.CardError) as caught:
        off_session(client, customer, method)
    assert caught.value.code == 'expired_card'


def test_a_removed_card_is_never_charged_again(client):
    customer, method = saved_card(client)
    client.v1.payment_methods.detach(method)
    with pytest.raises(stripe.InvalidRequestError, match='may not be used again'):
        off_session(client, customer, method)
    with pytest.raises(stripe.InvalidRequestError, match='may not be used again'):
        client.v1.payment_methods.attach(method, {'customer': customer})


# === MONEY BACK === #


def test_refunds_in_parts_never_exceed_the_charge(fake, client):
    intent = paid_intent(fake, client)
    for amount in (2000, 2500):
        refund = client.v1.refunds.create({'payment_intent': intent.id, 'amount': amount})
        assert refund.status == 'succeeded'
    with pytest.raises(stripe.InvalidRequestError, match='greater than unrefunded') as caught:
        client.v1.refunds.create({'payment_intent': intent.id, 'amount': 501})
    assert caught.value.param == 'amount'
    assert '($5.01)' in str(caught.value)
    assert '($5.00)' in str(caught.value)
    client.v1.refunds.create({'charge': intent.latest_charge.id})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({'charge': intent.latest_charge.id})
    assert caught.value.code == 'charge_already_refunded'
    assert fake.totals(ACCOUNT)['by_currency']['usd']['kept'] == 0
    assert fake.totals(ACCOUNT)['balance'] == -175


def test_a_refund_may_wait_arrive_and_come_back(fake, client, receiver, secret):
    fake.set(refund_state='pending')
    intent = paid_intent(fake, client)
    refund = client.v1.refunds.create({'payment_intent': intent.id, 'amount': 2000})
    assert refund.status == 'pending'
    fake.do('settle_refund', refund.id)
    assert client.v1.refunds.retrieve(refund.id).status == 'succeeded'
    fake.do('fail_refund', refund.id)
    refund = client.v1.refunds.retrieve(refund.id)
    assert (refund.status, refund.failure_reason) == ('failed', 'expired_or_canceled_card')
    assert fake.totals(ACCOUNT)['by_currency']['usd']['refunded'] == 0
    assert fake.totals(ACCOUNT)['booked_refunds'] == 0
    fake.wait_delivered()
    types = {event.type for event in receiver.events(secret)}
    assert {'refund.created', 'charge.refunded', 'refund.updated', 'refund.failed'} <= types


def test_a_dispute_takes_money_and_fee_and_gives_back_what_was_won(fake, client, receiver, secret):
    intent = paid_intent(fake, client)
    dispute = fake.dispute(intent.id)
    assert fake.totals(ACCOUNT)['balance'] == 4825 - 5000 - 1500
    with pytest.raises(stripe.InvalidRequestError, match='charged back'):
        client.v1.refunds.create({'payment_intent': intent.id})
    client.v1.disputes.update(dispute['id'], {'evidence': {'service_date': '2026-11-02'}})
    assert client.v1.disputes.retrieve(dispute['id']).status == 'under_review'
    fake.close_dispute(dispute['id'], 'won')
    assert fake.totals(ACCOUNT)['balance'] == 4825 - 1500
    inquiry = fake.dispute(paid_intent(fake, client).id, inquiry=True)
    assert inquiry['balance_transactions'] == []
    fake.close_dispute(inquiry['id'], 'warning_closed')
    fake.wait_delivered()
    types = [event.type for event in receiver.events(secret) if 'dispute' in event.type]
    assert sorted(types) == sorted(
        [
            'charge.dispute.created',
            'charge.dispute.funds_withdrawn',
            'charge.dispute.updated',
            'charge.dispute.funds_reinstated',
            'charge.dispute.closed',
            'charge.dispute.created',
            'charge.dispute.closed',
        ]
    )


def test_a_payout_lists_what_it_holds_and_may_fail(fake, client):
    first, second = paid_intent(fake, client), paid_intent(fake, client, 3000)
    client.v1.refunds.create({'payment_intent': first.id, 'amount': 1000})
    payout = fake.payout(ACCOUNT)
    assert payout['amount'] == (5000 - 175) + (3000 - 117) - 1000
    inside = client.v1.balance_transactions.list({'payout': payout['id']})
    assert sorted(row.type for row in inside.data) == ['charge', 'charge', 'payout', 'refund']
    assert sum(row.net for row in inside.data) == 0
    assert second.latest_charge.balance_transaction.id in {row.id for row in inside.data}
    assert fake.totals(ACCOUNT)['balance'] == 0
    assert client.v1.balance.retrieve().available[0].amount == 0
    fake.do('pay_payout', payout['id'])
    fake.do('fail_payout', payout['id'])
    assert client.v1.payouts.retrieve(payout['id']).status == 'failed'
    assert fake.totals(ACCOUNT)['balance'] == payout['amount']


def test_money_is_pending_until_its_day(fake, client):
    paid_intent(fake, client)
    balance = client.v1.balance.retrieve()
    assert (balance.available[0].amount, balance.pending[0].amount) == (0, 4825)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payouts.create({'amount': 100, 'currency': 'usd'})
    assert caught.value.code == 'balance_insufficient'
    fake.advance(2 * 24 * 3600)
    balance = client.v1.balance.retrieve()
    assert (balance.available[0].amount, balance.pending[0].amount) == (4825, 0)


def test_a_fee_may_come_after_the_success(fake, client, receiver, secret):
    fake.set(fee_delay=None)
    intent = paid_intent(fake, client)
    assert intent.latest_charge.balance_transaction is None
    fake.do('book_fee', intent.id)
    fake.do('book_fee', intent.id)  # booked once
    charge = client.v1.charges.retrieve(
        intent.latest_charge.id, {'expand': ['balance_transaction']}
    )
    assert charge.balance_transaction.fee == 175
    assert fake.totals(ACCOUNT)['fees'] == 175
    fake.wait_delivered()
    updates = [event for event in receiver.events(secret) if event.type == 'charge.updated']
    assert len(updates) == 1
    assert updates[0].data.previous_attributes.to_dict() == {'balance_transaction': None}


# === CURRENCIES === #


@pytest.mark.parametrize(
    ('currency', 'amount', 'shown'),
    [
        ('jpy', 5000, '¥5,000'),
        ('isk', 500000, '5,000 ISK'),
        ('ugx', 500000, '5,000 UGX'),
        ('mga', 5000, '5,000 MGA'),
        ('kwd', 5000, '5.000 KWD'),
        ('usd', 5000, '$50.00'),
    ],
)
def test_amounts_are_counted_in_stripes_minor_units(fake, client, currency, amount, shown):
    session = new_session(client, amount, currency)
    assert shown in requests.get(session.url, timeout=10).text
    assert fake.pay_session(session.id)
    assert fake.totals(ACCOUNT)['by_currency'][currency]['captured'] == amount


@pytest.mark.parametrize(
    ('currency', 'amount', 'code'),
    [
        ('isk', 500050, 'invalid_charge_amount'),
        ('ugx', 500001, 'invalid_charge_amount'),
        ('kwd', 5001, 'invalid_charge_amount'),
        ('jpy', 49, 'amount_too_small'),
        ('gbp', 29, 'amount_too_small'),
        ('usd', 100000000, 'amount_too_large'),
    ],
)
def test_amounts_that_a_currency_does_not_have_are_refused(client, currency, amount, code):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        new_session(client, amount, currency)
    assert caught.value.code == code


def test_a_foreign_payment_settles_in_the_accounts_currency(fake, client):
    fake.account(ACCOUNT, country='DE', rates={'usd': 0.9, 'eur': 1})
    transaction = paid_intent(fake, client, 10000, 'usd').latest_charge.balance_transaction
    assert (transaction.currency, transaction.amount, transaction.exchange_rate) == (
        'eur',
        9000,
        0.9,
    )


# === LISTS === #


def test_lists_come_in_pages_newest_first(fake, client):
    made = [client.v1.customers.create({'description': str(n)}).id for n in range(5)]
    page = client.v1.customers.list({'limit': 2})
    assert [row.id for row in page.data] == [made[4], made[3]]
    assert page.has_more
    assert [row.id for row in page.auto_paging_iter()] == made[::-1]
    before = client.v1.customers.list({'ending_before': made[1], 'limit': 2})
    assert [row.id for row in before.data] == [made[3], made[2]]
    fake.advance(100)
    late = client.v1.customers.create()
    recent = client.v1.customers.list({'created': {'gte': late.created}})
    assert [row.id for row in recent.data] == [late.id]
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.list({'limit': 101})
    with pytest.raises(stripe.InvalidRequestError, match='cannot be expanded'):
        client.v1.customers.list({'expand': ['data.nonsense']})


def test_events_are_listed_by_type_and_age(fake, client):
    paid_intent(fake, client)
    listed = client.v1.events.list({'types': ['checkout.session.completed', 'charge.succeeded']})
    assert [row.type for row in listed.data] == ['checkout.session.completed', 'charge.succeeded']
    event = client.v1.events.retrieve(listed.data[0].id)
    assert event.data.object.payment_status == 'paid'
    assert event.request.id is None  # a payer did it, no API request
    assert client.v1.events.list({'created': {'lt': event.created - 10}}).data == []


def test_every_object_has_the_shape_that_the_library_declares(fake, client, receiver, secret):
    paid = paid_intent(fake, client)
    fake.dispute(paid.id)
    session = new_session(client, 5000, 'eur')
    fake.pay_session(session.id, DECLINED)
    fake.pay_session(session.id, SEPA_SETTLES, way='debit')
    fake.settle_debit(session.id)
    fake.do('fail_refund', fake.refund(session.id, amount=100)['id'])
    fake.pay_session(
        client.v1.checkout.sessions.create(
            {'mode': 'setup', 'currency': 'usd', 'success_url': fake.url}
        ).id,
        ALWAYS_ASKS,
    )
    fake.advance(10**6)
    payout = client.v1.payouts.create({'amount': 1, 'currency': 'usd'})
    objects = [
        payout,
        client.v1.accounts.retrieve_current(),
        client.v1.accounts.create({'type': 'standard'}),
        client.v1.balance.retrieve(),
        client.v1.checkout.sessions.retrieve(
            session.id, {'expand': ['payment_intent.payment_method', 'line_items']}
        ),
        *client.v1.accounts.capabilities.list(ACCOUNT).data,
        *client.v1.balance_transactions.list({'limit': 100}).data,
        *client.v1.webhook_endpoints.list().data,
        *client.v1.events.list({'limit': 100}).data,
    ]
    found = {difference for record in objects for difference in differences(record.to_dict())}
    assert found == set()
    assert {
        'refund.failed',
        'setup_intent.succeeded',
        'charge.dispute.created',
        'charge.pending',
    } <= {record.type for record in objects if record.object == 'event'}


# === WEBHOOKS === #


def test_events_arrive_signed_with_id_and_version(fake, client, receiver):
    endpoint = listen(client, receiver, 'checkout.session.completed', 'payment_intent.succeeded')
    session = new_session(client)
    fake.pay_session(session.id)
    fake.wait_delivered()
    events = [
        client.construct_event(body, signature, endpoint.secret)
        for body, signature in receiver.received
    ]
    assert {event.type for event in events} == {
        'checkout.session.completed',
        'payment_intent.succeeded',
    }
    assert {event.api_version for event in events} == {stripe.api_version}
    assert all(client.v1.events.retrieve(event.id).pending_webhooks == 0 for event in events)
    body, signature = receiver.received[0]
    for forged in (body + b' ', body):
        with pytest.raises(stripe.SignatureVerificationError):
            client.construct_event(
                forged, signature, 'whsec_other' if forged == body else endpoint.secret
            )


def test_the_secret_is_shown_once_and_the_address_must_be_safe(fake, client, receiver):
    endpoint = listen(client, receiver)
    assert endpoint.secret.startswith('whsec_')
    assert not hasattr(client.v1.webhook_endpoints.retrieve(endpoint.id), 'secret')
    assert not hasattr(client.v1.webhook_endpoints.list().data[0], 'secret')
    changed = client.v1.webhook_endpoints.update(endpoint.id, {'disabled': True})
    assert changed.status == 'disabled'
    assert client.v1.webhook_endpoints.delete(endpoint.id).deleted
    for address in ('http://practice.example/hook', 'practice.example/hook'):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            listen(client, receiver, url=address)
        assert caught.value.code == 'url_invalid'
    with pytest.raises(stripe.InvalidRequestError, match='live mode'):
        listen(client_of(fake, 'sk_live_x'), receiver)


def test_nothing_is_sent_beyond_this_machine(fake, client, receiver):
    listen(client, receiver, url='https://practice.example/hook')
    client.v1.customers.create()
    fake.wait_delivered()
    assert [row['state'] for row in fake.deliveries()] == ['failed']
    assert 'this machine only' in fake.deliveries()[0]['attempts'][0]['error']


def test_a_refused_webhook_is_tried_again_and_then_given_up(fake, client, receiver, secret):
    receiver.statuses = [500, 302]
    client.v1.customers.create()
    fake.wait_delivered()
    assert [row['state'] for row in fake.deliveries()] == ['delivered']
    assert len({event.id for event in receiver.events(secret)}) == 1
    assert len(receiver.received) == 3
    receiver.statuses = [500] * 9
    client.v1.customers.create()
    fake.wait_delivered()
    assert fake.deliveries()[-1]['state'] == 'failed'
    assert len(fake.deliveries()[-1]['attempts']) == 3
    fake.resend(fake.deliveries()[-1]['event'])
    assert len(receiver.received) == 7


def test_webhooks_can_be_held_and_released_in_any_order(fake, client, receiver, secret):
    fake.hold_webhooks()
    made = [client.v1.customers.create().id for _ in range(3)]
    assert receiver.received == []
    sent = fake.release(order='reverse')
    assert [row['state'] for row in sent] == ['delivered'] * 3
    assert [event.data.object.id for event in receiver.events(secret)] == made[::-1]


def test_webhooks_can_come_twice_late_out_of_order_or_not_at_all(fake, client, receiver, secret):
    fake.webhooks('twice', count=1)
    client.v1.customers.create()
    fake.wait_delivered()
    assert len(receiver.received) == 2
    assert len({event.id for event in receiver.events(secret)}) == 1
    receiver.received.clear()
    fake.webhooks('lost', types=['customer.created'], count=1)
    lost = client.v1.customers.create()
    fake.wait_delivered()
    assert receiver.received == []
    assert fake.deliveries(state='lost')
    fake.webhooks('late', delay=0.3, count=1)
    client.v1.customers.update(lost.id, {'name': 'late'})
    client.v1.customers.update(lost.id, {'name': 'in time'})
    fake.wait_delivered()
    names = [event.data.object.name for event in receiver.events(secret)]
    assert names == ['in time', 'late']
    receiver.received.clear()
    fake.webhooks('out_of_order', window=30)
    for name in 'ab':
        client.v1.customers.update(lost.id, {'name': name})
    fake.deliver(order='reverse')
    names = [event.data.object.name for event in receiver.events(secret)]
    assert names == ['b', 'a']


# === WHAT IT SHOWS AND KEEPS === #


def test_everything_received_can_be_seen_but_no_key(fake, client):
    new_session(client, metadata={'reference': 'opaque-4711'}, options={'idempotency_key': 'i-1'})
    request = fake.requests('checkout', 'POST')[-1]
    assert request['params']['metadata'] == {'reference': 'opaque-4711'}
    assert (request['account'], request['idempotency_key']) == (ACCOUNT, 'i-1')
    assert request['status'] == 200
    page = requests.get(fake.url, timeout=10).text
    assert 'opaque-4711' in page
    assert 'opaque-4711' in fake.received_text()
    assert KEY not in page + str(fake.requests())


def problems_of(page):
    return [violation['id'] for violation in Axe().run(page).response['violations']]


@pytest.mark.parametrize(
    'viewport', [{'width': 1400, 'height': 900}, {'width': 390, 'height': 844}]
)
def test_a_person_pays_in_a_browser_without_javascript(fake, client, browser, viewport):
    session = new_session(
        client, 12050, 'eur', success_url=f'{fake.url}/?q={{CHECKOUT_SESSION_ID}}'
    )
    context = browser.new_context(viewport=viewport, java_script_enabled=False)
    page = context.new_page()
    page.goto(session.url)
    assert 'no real money moves' in page.inner_text('header')
    page.get_by_label('E-mail').first.fill('payer@example.com')
    page.get_by_label('Expires').fill('12/34')
    page.get_by_label('Security code').fill('123')
    page.get_by_label('Name on card').fill('Pat Payer')
    for number, says in (
        ('4242 4242 4242 4241', 'Your card number is invalid.'),
        ('4000 0000 0000 0002', 'Your card was declined.'),
    ):
        page.get_by_label('Card number').fill(number)
        page.get_by_role('button', name='Pay €120.50').click()
        page.get_by_text(says).wait_for()
    page.get_by_label('Card number').fill(ALWAYS_ASKS)
    page.get_by_role('button', name='Pay €120.50').click()
    page.get_by_role('button', name='Complete').click()
    page.wait_for_url(f'{fake.url}/?q={session.id}')
    page.goto(f'{fake.url}/c/pay/{session.id}')
    page.get_by_role('heading', name='All done here').wait_for()
    context.close()
    assert fake.totals(ACCOUNT)['by_currency']['eur']['captured'] == 12050


def test_the_pages_are_accessible_and_silent_in_the_console(fake, client, new_page):
    session = new_session(
        client,
        5000,
        'eur',
        customer_creation='always',
        saved_payment_method_options={'payment_method_save': 'enabled'},
    )
    page = new_page()
    for address in (session.url, fake.url):
        page.goto(address)
        for summary in page.locator('summary').all():
            summary.click()
        assert problems_of(page) == []


def test_a_killed_stand_in_knows_everything_after_a_restart(tmp_path, receiver):
    state = tmp_path / 'state'
    process, url = launch('--state-file', str(state))
    fake, client = FakeClient(url), client_of(FakeClient(url))
    secret = listen(client, receiver).secret
    fake.hold_webhooks()
    open_session = new_session(client, options={'idempotency_key': 'tx-9'})
    intent = paid_intent(fake, client)
    assert stop(process, signal.SIGKILL) == -signal.SIGKILL
    process, url = launch('--state-file', str(state))
    try:
        fake, client = FakeClient(url), client_of(FakeClient(url))
        replayed = new_session(client, options={'idempotency_key': 'tx-9'})
        assert replayed.id == open_session.id
        assert replayed.url.startswith(url)
        assert client.v1.payment_intents.retrieve(intent.id).status == 'succeeded'
        assert fake.pay_session(open_session.id)
        account = client.v1.accounts.retrieve_current().id
        assert fake.totals(account)['by_currency']['usd']['captured'] == 10000
        fake.release()
        types = [event.type for event in receiver.events(secret)]
        assert types.count('checkout.session.completed') == 2
    finally:
        assert stop(process) == 0


def test_what_is_no_state_file_is_said_in_one_line(tmp_path):
    state = tmp_path / 'state'
    state.write_text('{"not": "a state file"}' * 100)
    result = subprocess.run(
        [sys.executable, '-m', 'dev.stripe_fake', '--state-file', str(state)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert str(state) in result.stderr


def test_a_taken_port_is_said_in_one_line(fake):
    port = fake.url.rpartition(':')[2]
    result = subprocess.run(
        [sys.executable, '-m', 'dev.stripe_fake', '--port', port],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert port in result.stderr
