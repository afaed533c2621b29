"""The Stripe stand-in keeps what Stripe promises, asked by Stripe's own library.

What it refuses, and who may ask.
"""

import time

import pytest
import requests
import stripe

import dev.stripe_fake.objects  # registers the operations  # noqa: F401
from dev.stripe_fake.wire.catalogue import read_operations
from dev.stripe_fake.wire.operations import ALWAYS, HANDLERS
from tests.stripe_fake.caller import ACCOUNT, KEY, client_of, line, listen, new_session

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
