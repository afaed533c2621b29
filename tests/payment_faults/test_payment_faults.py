"""What broke others: each fault of a payment, met by two workers of one practice."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import requests

from tests.payer import PAID, session_in, status_of
from tests.practice import at_once, let_an_hour_pass, wait_until

BOOKED_ONCE = [["paid", "120.00", "asset_cash"]]
ASKS_WHO_IT_IS = "4000002760003184"
DECLINED = "4000000000000002"


def click_through(practice, invoice):
    return session_in(practice.click_pay(practice.link(invoice)))


def state_of(practice, session):
    return practice.value(
        f"SELECT state FROM payment_transaction WHERE stripe_payment_link_session = '{session}'"
    )


# === AT THE SAME MOMENT === #


def test_serialization_error_after_stripe_acted_is_replayed_with_the_same_session(
    practice, fake, stripe_gate
):
    invoice = practice.new_invoice()
    link = practice.link(invoice)
    fake.forget_requests()
    stripe_gate.hold("answer", b"POST /v1/checkout/sessions ")
    with ThreadPoolExecutor() as pool:
        click = pool.submit(practice.click_pay, link)
        stripe_gate.wait()
        # Somebody else writes the transaction that the click is about to write.
        practice.sql(
            "UPDATE payment_transaction SET write_date = now() WHERE id = ("
            "  SELECT transaction_id FROM account_invoice_transaction_rel"
            f"  WHERE invoice_id = {invoice}) RETURNING id"
        )
        stripe_gate.open()
        session = session_in(click.result())
    asked = fake.requests("/v1/checkout/sessions", "POST")
    assert len(asked) == 2, "the request was not replayed"
    assert len({request["idempotency_key"] for request in asked}) == 1
    assert fake.pay_session(session)
    wait_until(lambda: practice.invoice_state(invoice) == PAID)
    assert practice.payments(invoice) == BOOKED_ONCE


def test_two_tabs_on_two_workers_make_one_payable_session(practice, fake):
    invoice = practice.new_invoice()
    link = practice.link(invoice)
    fake.forget_requests()
    answers = at_once(*[lambda: practice.click_pay(link)] * 6)
    assert len({session_in(answer) for answer in answers}) == 1
    asked = fake.requests("/v1/checkout/sessions", "POST")
    assert len({request["idempotency_key"] for request in asked}) == 1


def test_webhook_return_page_reconciliation_and_copies_at_once_book_one_payment(practice, fake):
    invoice = practice.new_invoice()
    fake.hold_webhooks()
    session = click_through(practice, invoice)
    way_back = fake.pay_session(session)
    fake.webhooks("normal")
    practice.age_transactions()
    outcomes = at_once(
        fake.deliver,
        lambda: requests.get(way_back, timeout=60).status_code,
        lambda: requests.get(way_back, timeout=60).status_code,
        lambda: practice.run_cron("ir_cron_reconcile"),
    )
    assert outcomes[1:3] == [200, 200]
    wait_until(lambda: practice.invoice_state(invoice) == PAID)
    assert practice.payments(invoice) == BOOKED_ONCE
    assert len(practice.charges(invoice)) == 1


def test_two_managers_retrying_one_event_process_it_once(practice, fake):
    invoice = practice.new_invoice()
    session = click_through(practice, invoice)
    fake.fail_next("/v1/checkout/sessions/", status=500, times=30)
    assert fake.pay_session(session)
    failed = f"state = 'failed' AND object_reference = '{session}'"
    ((event,),) = wait_until(
        lambda: practice.sql(f"SELECT id FROM practice_stripe_event WHERE {failed}")
    )
    fake.clear_faults()
    for login in ("manager", "admin"):
        practice.call(login, "practice.stripe.event", "read", [int(event)], ["state"])
    at_once(
        *(
            lambda login=login: practice.call(
                login, "practice.stripe.event", "action_retry", [int(event)]
            )
            for login in ("manager", "admin")
        )
    )
    assert practice.value(f"SELECT state FROM practice_stripe_event WHERE id = {event}") == "done"
    assert practice.payments(invoice) == BOOKED_ONCE


# === EVENTS: LATE, DOUBLE, DISORDERED, LOST === #


def test_event_that_failed_first_is_processed_when_it_is_retried(practice, fake):
    invoice = practice.new_invoice()
    session = click_through(practice, invoice)
    fake.fail_next("/v1/checkout/sessions/", status=500, times=30)
    assert fake.pay_session(session)
    events = f"SELECT event, error FROM practice_stripe_event WHERE object_reference = '{session}'"
    wait_until(lambda: practice.sql(f"{events} AND state = 'failed'"))
    assert practice.payments(invoice) == []
    fake.clear_faults()
    # Stripe delivers it again; then its pause is over.
    ((event, error),) = practice.sql(events)
    assert "could not be reached" in error
    fake.resend(event)
    assert len(practice.sql(events)) == 1
    practice.sql(
        "UPDATE practice_stripe_event SET next_attempt_at = now() - interval '1 minute'"
        f" WHERE event = '{event}' RETURNING id"
    )
    practice.run_cron("ir_cron_process_events")
    assert practice.invoice_state(invoice) == PAID
    assert practice.payments(invoice) == BOOKED_ONCE


def test_failure_that_arrives_after_the_success_changes_nothing(practice, fake):
    invoice = practice.new_invoice()
    fake.hold_webhooks()
    session = click_through(practice, invoice)
    assert fake.pay_session(session, card=DECLINED) is None
    assert fake.pay_session(session)
    fake.release(order="reverse")
    wait_until(lambda: practice.invoice_state(invoice) == PAID)
    practice.run_cron("ir_cron_process_events")
    assert practice.payments(invoice) == BOOKED_ONCE


def test_late_disordered_and_double_events_book_one_payment(practice, fake):
    for mode, options in (("late", {"delay": 1}), ("out_of_order", {}), ("twice", {})):
        invoice = practice.new_invoice()
        fake.webhooks(mode, **options)
        assert fake.pay_session(click_through(practice, invoice))
        wait_until(lambda invoice=invoice: practice.invoice_state(invoice) == PAID)
        fake.wait_delivered()
        practice.run_cron("ir_cron_process_events")
        assert practice.payments(invoice) == BOOKED_ONCE, mode


def test_event_delivered_while_it_is_polled_costs_none_of_the_others(practice, fake, stripe_gate):
    invoice = practice.new_invoice()
    session = click_through(practice, invoice)
    fake.webhooks("lost")
    assert fake.pay_session(session)
    fake.webhooks("normal")
    created = next(
        event["id"]
        for event in fake.objects("event", practice.account())
        if event["type"] == "payment_intent.succeeded"
    )
    let_an_hour_pass(practice)
    stripe_gate.hold("answer", b"GET /v1/events")
    with ThreadPoolExecutor() as pool:
        poll = pool.submit(practice.run_cron, "ir_cron_poll_events")
        stripe_gate.wait()
        fake.resend(created)
        stripe_gate.open()
        poll.result()
    told = f"SELECT count(*) FROM practice_stripe_event WHERE object_reference = '{session}'"
    assert practice.value(told) == "1"


# === CARDS AND BANKS === #


def test_card_that_asks_for_authentication_pays_once_it_is_given(practice, fake):
    invoice = practice.new_invoice()
    session = click_through(practice, invoice)
    fake.pay_session(session, card=ASKS_WHO_IT_IS, authenticate="fail")
    assert practice.invoice_state(invoice) == ("not_paid", 120.0)
    assert click_through(practice, invoice) == session
    assert fake.pay_session(session, card=ASKS_WHO_IT_IS)
    wait_until(lambda: practice.invoice_state(invoice) == PAID)
    assert practice.payments(invoice) == BOOKED_ONCE


def test_bank_debit_that_bounces_later_is_due_again_and_paid_by_card(practice, fake):
    invoice = practice.new_invoice()
    link = practice.link(invoice)
    session = click_through(practice, invoice)
    assert fake.pay_session(session, card="000123456789", way="debit")
    wait_until(lambda: state_of(practice, session) == "pending")
    assert practice.payments(invoice) == []
    fake.fail_debit(session)
    wait_until(lambda: state_of(practice, session) == "error")
    assert status_of(link) == "due"
    second = click_through(practice, invoice)
    assert second != session
    assert fake.pay_session(second)
    wait_until(lambda: practice.invoice_state(invoice) == PAID)
    assert practice.payments(invoice) == BOOKED_ONCE


# === A LINK THAT IS OPENED TOO LATE === #


def test_link_opened_after_its_session_expired_leads_to_a_new_one(practice, fake):
    invoice = practice.new_invoice()
    first = click_through(practice, invoice)
    fake.expire_session(first)
    wait_until(lambda: state_of(practice, first) == "cancel")
    second = click_through(practice, invoice)
    assert second != first
    assert fake.pay_session(first) is None
    assert fake.pay_session(second)
    wait_until(lambda: practice.invoice_state(invoice) == PAID)


def test_link_opened_after_an_expiry_that_nobody_told_of_is_payable(practice, fake):
    invoice = practice.new_invoice()
    link = practice.link(invoice)
    fake.webhooks("lost")
    first = click_through(practice, invoice)
    fake.expire_session(first)
    # The first click finds out; the page that it leads back to can be paid.
    assert practice.click_pay(link).headers["Location"].endswith(urlsplit(link).path)
    assert status_of(link) == "due"
    assert fake.pay_session(click_through(practice, invoice))


def test_link_opened_after_a_manual_payment_says_paid_and_makes_no_session(practice, fake):
    invoice = practice.new_invoice()
    link = practice.link(invoice)
    practice.pay_by_hand(invoice, 120.0)
    fake.forget_requests()
    assert status_of(link) == "paid"
    assert practice.click_pay(link).headers["Location"].endswith(urlsplit(link).path)
    assert fake.requests("/v1/checkout/sessions", "POST") == []


def test_link_opened_after_credit_note_says_so_and_makes_no_session(practice, fake):
    invoice = practice.new_invoice()
    link = practice.link(invoice)
    practice.credit(invoice)
    fake.forget_requests()
    assert status_of(link) == "credited"
    assert practice.click_pay(link).headers["Location"].endswith(urlsplit(link).path)
    assert fake.requests("/v1/checkout/sessions", "POST") == []


def test_payment_that_lands_after_cancellation_is_booked_and_stays_the_clients_credit(
    practice, fake
):
    invoice = practice.new_invoice()
    fake.hold_webhooks()
    assert fake.pay_session(click_through(practice, invoice))
    practice.credit(invoice)
    fake.release()
    wait_until(lambda: practice.payments(invoice) == BOOKED_ONCE)
    assert (
        practice.value(
            "SELECT sum(line.amount_residual) FROM account_move_line line"
            "  JOIN account_account account ON account.id = line.account_id"
            f"  JOIN account_move invoice ON invoice.id = {invoice}"
            " WHERE line.partner_id = invoice.commercial_partner_id"
            "   AND account.account_type = 'asset_receivable' AND line.parent_state = 'posted'"
        )
        == "-120.00"
    )
