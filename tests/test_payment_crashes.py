"""The server dies at marked points of a payment; after its restart nothing is lost or double."""

import os
import threading
from collections import Counter

import pytest
import requests

from dev.environment import paths
from tests.payer import PAID, session_in
from tests.practice import wait_until

AUTOPAY_INVOICES = paths.CHECKOUT / "dev/odoo_scripts/autopay_invoices.py"
# `make bench BENCH=autopay` kills it with 500.
AUTOPAY = int(os.environ.get("BILLING_AUTOPAY", "100"))
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
    fake.webhooks("lost")
    made = practice.stack.odoo.script(practice.database, AUTOPAY_INVOICES, {"count": AUTOPAY})
    customers = [customer for customer, _card in made["cards"]]
    invoices = ", ".join(map(str, made["invoices"]))
    declining = AUTOPAY // 10

    def charged():
        """Return how often each customer was charged at Stripe."""
        return Counter(
            charge["customer"]
            for charge in fake.objects("charge", practice.account())
            if charge["status"] == "succeeded" and charge["customer"] in customers
        )

    # The scheduler began by itself; it dies between a charge and its answer.
    wait_until(lambda: len(charged()) >= AUTOPAY // 2, seconds=120)
    stripe_gate.hold("answer", CHARGING)
    crash(stripe_gate)
    assert len(charged()) < AUTOPAY - declining
    # The one that was under way is not charged again before it is known what became of it.
    practice.run_cron("ir_cron_autopay")
    practice.age_transactions()
    practice.run_cron("ir_cron_reconcile")
    practice.run_cron("ir_cron_autopay")
    assert sorted(charged().values()) == [1] * (AUTOPAY - declining)
    assert practice.sql(
        "SELECT payment_state, amount_residual, count(*) FROM account_move"
        f" WHERE id IN ({invoices}) GROUP BY 1, 2 ORDER BY 1"
    ) == [["not_paid", "120.00", str(declining)], ["paid", "0.00", str(AUTOPAY - declining)]]
    # One transaction an invoice, and one payment for each that was done.
    assert practice.sql(
        "SELECT tx.state, count(*), count(DISTINCT rel.invoice_id), count(tx.payment_id),"
        "       sum(payment.amount)"
        "  FROM payment_transaction tx JOIN account_invoice_transaction_rel rel"
        "    ON rel.transaction_id = tx.id"
        "  LEFT JOIN account_payment payment ON payment.id = tx.payment_id"
        f" WHERE rel.invoice_id IN ({invoices}) GROUP BY 1 ORDER BY 1"
    ) == [
        ["done", *[str(AUTOPAY - declining)] * 3, f"{120 * (AUTOPAY - declining)}.00"],
        ["error", *[str(declining)] * 2, "0", ""],
    ]
