"""What broke others: each fault of a payment, met by two workers of one practice."""

import http.client
import itertools
import json
import random
import string
import time
import xmlrpc.client
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlencode, urlsplit

import pytest
import requests
import stripe
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dev.environment.odoo_log import entries
from tests.practice import at_once, payer_of, save_card, session_in, wait_until

PAID = ("paid", 0.0)
BOOKED_ONCE = [["paid", "120.00", "asset_cash"]]
ASKS_WHO_IT_IS = "4000002760003184"
DECLINED = "4000000000000002"
# What Odoo answers over XML-RPC where a user would read a message.
USER_ERROR = 2


@pytest.fixture(scope="module")
def server_options(stripe_gate):
    return {"workers": 2, "stripe_url": stripe_gate.url}


def click_through(practice, invoice):
    return session_in(practice.click_pay(practice.link(invoice)))


def status_of(link):
    """Return where the pay page says that the payer stands."""
    page = requests.get(link, timeout=60)
    return page.text.partition('data-status="')[2].partition('"')[0]


def state_of(practice, session):
    return practice.value(
        f"SELECT state FROM payment_transaction WHERE stripe_payment_link_session = '{session}'"
    )


def money_at_stripe(practice):
    """Return what Stripe holds for the practice, fees of charges aside, in minor units."""
    totals = practice.stripe.totals(practice.account())
    return totals["by_currency"].get("usd", {}).get("kept", 0) - totals["dispute_fees"]


def money_in_the_books(practice):
    """Return the balance of the account *Stripe balance*, in minor units."""
    balance = practice.value(
        "SELECT coalesce(sum(line.balance), 0) FROM account_move_line line"
        "  JOIN account_journal journal ON journal.default_account_id = line.account_id"
        "  JOIN account_payment_method_line method ON method.journal_id = journal.id"
        "  JOIN payment_provider provider ON provider.id = method.payment_provider_id"
        " WHERE line.parent_state = 'posted'"
        "   AND provider.stripe_payment_link_account IS NOT NULL"
    )
    return round(float(balance) * 100)


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
    _let_an_hour_pass(practice)
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


# === ANY ORDER === #

STEPS = (
    "pay",
    "pay twice",
    "charge card",
    "charge a card that fails",
    "autopay",
    "manual payment",
    "cancel",
    "refund all at Stripe",
    "refund a part at Stripe",
    "refund all from the desk",
    "refund a part from the desk",
    "keep a part as credit",
    "a refund fails",
    "dispute",
    "dispute won",
    "dispute lost",
    "deliver",
    "reverse",
    "double",
    "cron",
)
REFUND_EVENTS = ("refund.created", "refund.updated", "refund.failed")


@settings(
    max_examples=4,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    steps=st.lists(st.sampled_from(STEPS), min_size=2, max_size=7),
    lost=st.sampled_from(("none", "refunds", "all")),
)
@example(
    steps=["pay", "deliver", "refund a part at Stripe", "refund all at Stripe", "a refund fails"],
    lost="refunds",
)
@example(steps=["pay", "refund all at Stripe", "reverse", "a refund fails"], lost="none")
@example(
    steps=["pay", "refund a part at Stripe", "deliver", "cron", "a refund fails", "double"],
    lost="none",
)
@example(steps=["pay", "refund a part at Stripe", "cancel", "pay"], lost="all")
@example(steps=["charge a card that fails", "charge card", "autopay", "cron"], lost="none")
@example(steps=["autopay", "refund a part at Stripe", "pay", "charge card"], lost="all")
@example(
    steps=[
        "pay",
        "deliver",
        "refund a part from the desk",
        "refund all at Stripe",
        "a refund fails",
    ],
    lost="refunds",
)
@example(
    steps=["pay", "cron", "keep a part as credit", "dispute", "reverse", "dispute lost", "pay"],
    lost="none",
)
@example(
    steps=["pay", "deliver", "refund a part from the desk", "dispute", "dispute won", "double"],
    lost="none",
)
def test_in_any_order_the_books_hold_what_stripe_holds(practice, steps, lost):
    fake = practice.stripe
    before = practice.value("SELECT coalesce(max(id), 0) FROM practice_stripe_event")
    invoice = practice.new_invoice()
    link = practice.link(invoice)
    fake.webhooks("lost" if lost == "all" else "hold")
    if lost == "refunds":
        fake.webhooks("lost", types=REFUND_EVENTS)
    for step in steps:
        _take(step, practice, invoice, link)
    fake.release()
    _catch_up(practice)
    wait_until(lambda: _nothing_waits(practice))
    assert _failed(practice, since=before) == []
    assert money_in_the_books(practice) == money_at_stripe(practice)
    # What was due once comes back only by a lost dispute: nobody else may be charged again.
    charges = practice.charges(invoice)
    lost_charges = {
        dispute["charge"]
        for dispute in fake.objects("dispute", practice.account())
        if dispute["status"] == "lost"
    }
    kept = [charge for charge in charges if charge["id"] not in lost_charges]
    assert len(kept) <= 1
    # Nor is anybody asked to pay again what was given back.
    assert status_of(link) != "due" or not charges or len(kept) < len(charges)


def _take(step, practice, invoice, link):
    fake = practice.stripe
    if step == "pay":
        _pay(practice, practice.click_pay(link))
    elif step == "pay twice":
        answers = at_once(*[lambda: practice.click_pay(link)] * 2)
        at_once(*(lambda answer=answer: _pay(practice, answer) for answer in answers))
    elif "card" in step or step == "autopay":
        _charge(step, practice, invoice)
    elif step == "manual payment" and practice.invoice_state(invoice)[1] > 20:
        practice.pay_by_hand(invoice, 20.0)
    elif step == "cancel" and practice.invoice_state(invoice)[1] > 0:
        practice.credit(invoice)
    elif step in ("refund all at Stripe", "refund a part at Stripe"):
        for charge in practice.charges(invoice):
            if not charge["refunded"] and not charge["disputed"]:
                fake.refund(charge["id"], amount=None if "all" in step else 1000)
    elif step in ("refund all from the desk", "refund a part from the desk"):
        _refund_from_the_desk(practice, invoice, "card", "all" if "all" in step else "part")
    elif step == "keep a part as credit":
        _refund_from_the_desk(practice, invoice, "credit", "part")
    elif step == "dispute":
        for charge in practice.charges(invoice):
            if not charge["disputed"]:
                fake.dispute(charge["id"])
    elif step in ("dispute won", "dispute lost"):
        _decide_disputes(practice, invoice, step.rpartition(" ")[2])
    elif step == "a refund fails":
        _let_a_refund_fail(practice, invoice)
    elif step in ("deliver", "reverse"):
        fake.deliver(order="created" if step == "deliver" else "reverse")
    elif step == "double":
        for delivery in fake.deliver():
            fake.resend(delivery["event"])
    elif step == "cron":
        _catch_up(practice)


def _refund_from_the_desk(practice, invoice, way, scope):
    """Refund as a manager would; what cannot be refunded is refused in words."""
    context = {"default_move_id": invoice}
    values = {"reason": "Random", "way": way, "scope": scope, "amount": 10.0}
    if scope == "all":
        values.pop("amount")
    dialog = practice.call("manager", "practice.refund", "create", values, context=context)
    try:
        practice.call("manager", "practice.refund", "action_refund", [dialog])
    except xmlrpc.client.Fault as fault:
        if fault.faultCode != USER_ERROR:
            raise


def _decide_disputes(practice, invoice, outcome):
    charges = {charge["id"] for charge in practice.charges(invoice)}
    for dispute in practice.stripe.objects("dispute", practice.account()):
        if dispute["charge"] in charges and dispute["status"] == "needs_response":
            practice.stripe.close_dispute(dispute["id"], outcome)


def _charge(step, practice, invoice):
    """Charge the payer's saved card, at the desk or by itself; save one first if there is none."""
    payer = payer_of(practice, invoice)
    saved = f"SELECT provider_ref FROM payment_token WHERE active AND partner_id = {payer}"
    if not practice.sql(saved):
        save_card(practice, invoice)
    number = "4000000000000341" if "fails" in step else "4242424242424242"
    practice.stripe.turn_card(practice.value(saved), number)
    if step == "autopay":
        practice.autopay(invoice)
        practice.run_cron("ir_cron_autopay")
        return
    action = practice.call("frontdesk", "account.move", "action_billing_charge_card", [invoice])
    practice.press("frontdesk", "practice.card.charge", "action_charge", action["res_id"])


def _let_a_refund_fail(practice, invoice):
    charges = {charge["id"] for charge in practice.charges(invoice)}
    for refund in practice.stripe.objects("refund", practice.account()):
        if refund["charge"] in charges and refund["status"] == "succeeded":
            practice.stripe.do("fail_refund", refund["id"])
            return


def _catch_up(practice):
    """Let an hour pass, in which the scheduled jobs look for what webhooks missed."""
    practice.age_transactions()
    _let_an_hour_pass(practice)
    practice.run_cron("ir_cron_reconcile")
    practice.run_cron("ir_cron_poll_events")
    practice.run_cron("ir_cron_process_events")


def _let_an_hour_pass(practice):
    practice.sql(
        "UPDATE payment_provider SET stripe_payment_link_polled_at ="
        " stripe_payment_link_polled_at - interval '1 hour' RETURNING id"
    )


def _failed(practice, since):
    # Others before may have let one wait for its next attempt.
    return practice.sql(
        "SELECT kind, error FROM practice_stripe_event"
        f" WHERE state = 'failed' AND attempts > 0 AND id > {since}"
    )


def _pay(practice, answer):
    """Pay on the page that a click led to; nothing if it led back."""
    session = session_in(answer)
    if session.startswith("cs_"):
        practice.stripe.pay_session(session)


def _nothing_waits(practice):
    return practice.value("SELECT count(*) FROM practice_stripe_event WHERE state = 'new'") == "0"


# === ANYBODY === #


def test_rubbish_from_anybody_changes_nothing_and_floods_no_log(practice):
    token = practice.link(practice.new_invoice()).rpartition("/")[2]
    ((provider, secret),) = practice.sql(
        "SELECT id, stripe_payment_link_webhook_secret FROM payment_provider"
        " WHERE stripe_payment_link_webhook_secret IS NOT NULL"
    )
    before, said_before = _everything(practice), len(_said(practice))
    rubbish = list(_rubbish(random.Random(19), provider, secret, token))
    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(lambda what: _send(practice, *what), rubbish))
    wrong = [
        (status, what)
        for status, what in zip(statuses, rubbish, strict=True)
        # 301: two slashes in a row are one to Odoo.
        if status not in (301, 400, 404, 405, 413, 422)
    ]
    assert wrong == []
    assert len(rubbish) > 2000
    assert _everything(practice) == before
    # A line of access each, as for any address, and nothing else.
    assert [entry.in_one_line() for entry in _said(practice)[said_before:]] == []


def _rubbish(chance, provider, secret, token):
    """Yield requests that nobody who means well would send: method, path, body, headers."""
    webhook = f"/billing/stripe/webhook/{provider}"
    pay = f"/billing/pay/{token}"

    def noise(length, alphabet):
        return "".join(chance.choice(alphabet) for _place in range(length))

    def signed(body, known=secret):
        header = stripe.WebhookSignature.generate_signature_header(body, known)
        return "POST", webhook, body.encode(), {"Stripe-Signature": header}

    event = {
        "id": "evt_rubbish",
        "object": "event",
        "type": "checkout.session.completed",
        "created": int(time.time()),
        "data": {"object": {"id": "cs_rubbish", "object": "checkout.session"}},
    }
    text = json.dumps(event).encode()
    for time_ in range(600):
        header = {"Stripe-Signature": noise(30, string.ascii_letters + "=,;")}
        yield "POST", webhook, chance.randbytes(chance.randrange(400)), header
        yield signed(json.dumps({**event, "id": noise(12, string.printable)}), "whsec_guess")
        stamp = chance.choice(("", "9" * 40, "-1", "NaN", "1e9", str(int(time.time()))))
        header = {"Stripe-Signature": f"t={stamp},v1={noise(64, string.hexdigits)}"}
        yield "POST", webhook, text, header
        if time_ % 4:
            continue
        # Pages cost more to refuse.
        address = noise(chance.randrange(1, 60), string.printable + "é\0\u202e")
        yield "GET", f"/billing/pay/x{quote(address)}", None, {}
        place = chance.randrange(len(token))
        guess = token[:place] + chance.choice("AZaz09-_é\0") + token[place:]
        yield "POST", f"/billing/pay/{quote(guess)}", b"amount=1", {}
    # Signed, but no event: only Stripe could send it, and it would be a fault of Stripe's.
    for body in ("{", "[]", "null", "1", '"evt"', "{}", "[" * 5000):
        yield signed(body)
    for wrong in (
        {"id": None},
        {"id": "evt_\0"},
        {"id": ["evt"]},
        {"type": "\0"},
        {"created": 10**30},
        {"created": -(10**18)},
        {"created": True},
        {"data": None},
        {"data": {"object": {"id": "cs_\0"}}},
        {"data": {"object": []}},
    ):
        yield signed(json.dumps({**event, **wrong}))
    numbers = ("0", "-1", "9" * 20, "1e3", "%00", "१", "..%2f..", "%ff", "%0d%0aX:1")
    folders = ("webhook", "return", "connect", "nothing")
    for folder, number, method in itertools.product(folders, numbers, ("GET", "POST")):
        address = f"/billing/stripe/{folder}/{quote(number, safe='%')}?session_id=%00"
        yield method, address, b"{}", {}
    for part, number in itertools.product(("invoice", "receipt"), ("1", *numbers)):
        yield "GET", f"{pay}/{part}/{quote(number, safe='%')}", None, {}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for amount in ("", "NaN", "1e999", "-5", "0", "١٢", "9" * 5000, "\0", "1,2,3.4", "∞", "'--"):
        body = urlencode({"choice": "part", "amount": amount})
        yield "POST", pay, body.encode(), form
    yield "POST", webhook, b"x" * 600_000, {"Stripe-Signature": "t=1,v1=1"}
    yield "POST", webhook, b"{}", {"Stripe-Signature": "é".encode().decode("latin-1")}
    yield "GET", f"/billing/pay/{'a' * 5000}", None, {}


def _send(practice, method, path, body, headers):
    address = urlsplit(practice.server.url)
    # From many addresses: who tries link after link from one is shut out.
    source = (f"127.0.0.{random.randint(2, 250)}", 0)
    connection = http.client.HTTPConnection(
        address.hostname, address.port, timeout=60, source_address=source
    )
    try:
        connection.request(method, path, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def _everything(practice):
    """Return what rubbish could have changed."""
    return practice.sql(
        "SELECT (SELECT count(*) FROM practice_stripe_event WHERE object_reference ~ 'rubbish'),"
        " (SELECT count(*) FROM payment_transaction), (SELECT count(*) FROM account_payment),"
        " (SELECT count(*) FROM practice_payment_link WHERE viewed_at IS NOT NULL),"
        " (SELECT max(write_date) FROM account_move)"
    )


def _said(practice):
    """Return the entries of the log that are more than one line of access."""
    return [
        entry
        for entry in entries(practice.server.log_text())
        # Each worker remarks once on Odoo's own page for unknown addresses and its libraries.
        if (entry.more or entry.level not in ("INFO", "DEBUG"))
        and entry.logger not in ("odoo.addons.base.models.ir_qweb", "py.warnings")
    ]
