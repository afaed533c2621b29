"""The Stripe stand-in keeps what Stripe promises, asked by Stripe's own library.

Cards that are kept, money back, currencies.
"""

import pytest
import requests
import stripe

from tests.stripe_fake.caller import (
    ACCOUNT,
    ASKS_ONCE,
    new_session,
    off_session,
    paid_intent,
    saved_card,
)

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
