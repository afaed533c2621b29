"""The Stripe stand-in keeps what Stripe promises, asked by Stripe's own library.

Lists, webhooks, and what it shows and keeps.
"""

import signal
import subprocess
import sys

import pytest
import requests
import stripe
from axe_playwright_python.sync_playwright import Axe

from dev.stripe_fake.client import FakeClient
from tests.stripe_fake.caller import (
    ACCOUNT,
    ALWAYS_ASKS,
    DECLINED,
    KEY,
    ROOT,
    SEPA_SETTLES,
    client_of,
    launch,
    listen,
    new_session,
    paid_intent,
    stop,
)
from tests.stripe_shapes import differences

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
