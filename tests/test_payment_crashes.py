"""The server dies at marked points of a payment; after its restart nothing is lost or double."""

import threading

import pytest
import requests

from tests.practice import save_card, session_in, wait_until

PAID = ("paid", 0.0)
GOOD, FAILS_WHEN_CHARGED = "4242424242424242", "4000000000000341"
CHARGING = b"POST /v1/payment_intents "
ASKING_FOR_A_SESSION = b"POST /v1/checkout/sessions "
LOOKING_UP_A_SESSION = b"GET /v1/checkout/sessions/"


@pytest.fixture(scope="module")
def server_options(stripe_gate, mail_gate):
    return {"stripe_url": stripe_gate.url, "smtp_port": mail_gate.port}


@pytest.fixture
def crash(practice):
    """Kill the server, once it has come to the gate where there is one, and start it again."""

    def crash(gate=None):
        if gate:
            gate.wait()
        practice.server.kill()
        if gate:
            gate.drop()
        practice.server.restart()

    return crash


@pytest.fixture
def click_in_vain(practice):
    """Click *Pay* in the background; nobody will answer."""
    threads = []

    def click(link):
        def run():
            with pytest.raises(requests.ConnectionError):
                practice.click_pay(link)

        threads.append(threading.Thread(target=run))
        threads[-1].start()

    yield click
    for thread in threads:
        thread.join()


def assert_settled_once(practice, inbox, invoice):
    """One charge, one payment, reconciled, one receipt."""
    wait_until(lambda: practice.invoice_state(invoice) == PAID)
    email = practice.client_email(invoice)
    practice.run_cron("ir_cron_mail_scheduler_action", module="mail")
    inbox.wait_for(email)
    # Whatever could still be waiting has its chance to come twice.
    practice.age_transactions()
    practice.run_cron("ir_cron_reconcile")
    practice.run_cron("ir_cron_process_events")
    practice.run_cron("ir_cron_mail_scheduler_action", module="mail")
    assert [charge["amount"] for charge in practice.charges(invoice)] == [12000]
    assert practice.payments(invoice) == [["paid", "120.00", "asset_cash"]]
    assert practice.invoice_state(invoice) == PAID
    assert len([mail for mail in inbox.mails() if email in str(mail)]) == 1


def test_killed_before_stripe_is_called(practice, fake, stripe_gate, inbox, crash, click_in_vain):
    invoice = practice.new_invoice()
    link = practice.link(invoice)
    stripe_gate.hold("call", ASKING_FOR_A_SESSION)
    click_in_vain(link)
    crash(stripe_gate)
    assert fake.pay_session(session_in(practice.click_pay(link)))
    assert_settled_once(practice, inbox, invoice)


def test_killed_after_stripe_acted_and_before_its_answer(
    practice, fake, stripe_gate, inbox, crash, click_in_vain
):
    invoice = practice.new_invoice()
    link = practice.link(invoice)
    fake.forget_requests()
    stripe_gate.hold("answer", ASKING_FOR_A_SESSION)
    click_in_vain(link)
    crash(stripe_gate)
    assert fake.pay_session(session_in(practice.click_pay(link)))
    # Stripe was asked twice and made one session.
    asked = fake.requests("/v1/checkout/sessions", "POST")
    assert len(asked) == 2
    assert len({request["idempotency_key"] for request in asked}) == 1
    assert_settled_once(practice, inbox, invoice)


def test_killed_after_the_session_is_recorded(practice, fake, inbox, crash):
    invoice = practice.new_invoice()
    link = practice.link(invoice)
    session = session_in(practice.click_pay(link))
    crash()
    assert session_in(practice.click_pay(link)) == session
    assert fake.pay_session(session)
    assert_settled_once(practice, inbox, invoice)


def test_killed_while_the_webhook_is_processed(practice, fake, stripe_gate, inbox, crash):
    invoice = practice.new_invoice()
    session = session_in(practice.click_pay(practice.link(invoice)))
    stripe_gate.hold("answer", LOOKING_UP_A_SESSION)
    assert fake.pay_session(session)
    crash(stripe_gate)
    practice.run_cron("ir_cron_process_events")
    assert_settled_once(practice, inbox, invoice)


def test_killed_between_the_booking_and_the_receipt(practice, fake, mail_gate, inbox, crash):
    invoice = practice.new_invoice()
    session = session_in(practice.click_pay(practice.link(invoice)))
    mail_gate.hold("call")
    assert fake.pay_session(session)
    wait_until(lambda: practice.invoice_state(invoice) == PAID)
    crash(mail_gate)
    assert_settled_once(practice, inbox, invoice)


def test_autopay_killed_half_way_and_begun_again_charges_each_once(
    practice, fake, stripe_gate, crash
):
    invoices = [practice.new_invoice() for _client in range(5)]
    declining = invoices[1]
    for invoice in invoices:
        save_card(practice, invoice, card=FAILS_WHEN_CHARGED if invoice == declining else GOOD)
    stripe_gate.hold("answer", CHARGING)
    for invoice in invoices:
        # The scheduler begins at once, and hangs at the gate.
        practice.autopay(invoice)
    crash(stripe_gate)
    # The one that was under way is not charged again before it is known what became of it.
    practice.run_cron("ir_cron_autopay")
    practice.age_transactions()
    practice.run_cron("ir_cron_reconcile")
    practice.run_cron("ir_cron_autopay")
    for invoice in invoices:
        charged = [charge["amount"] for charge in practice.charges(invoice)]
        if invoice == declining:
            assert (charged, practice.invoice_state(invoice)) == ([], ("not_paid", 120.0))
        else:
            assert (charged, practice.invoice_state(invoice)) == ([12000], PAID)
            assert practice.payments(invoice) == [["paid", "120.00", "asset_cash"]]
    assert (
        practice.value(
            "SELECT count(*) FROM payment_transaction WHERE billing_autopay AND state != 'done'"
        )
        == "1"
    )
