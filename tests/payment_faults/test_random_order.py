"""Whatever is done to a payment in whatever order, the books hold what Stripe holds."""

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.payer import payer_of, save_card, session_in, status_of
from tests.practice import Refused, at_once, let_an_hour_pass, wait_until

# Where a user would read a message.
USER_ERRORS = ("MissingError", "RedirectWarning", "UserError", "ValidationError")
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
    except Refused as refusal:
        if refusal.kind not in USER_ERRORS:
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
    let_an_hour_pass(practice)
    practice.run_cron("ir_cron_reconcile")
    practice.run_cron("ir_cron_poll_events")
    practice.run_cron("ir_cron_process_events")


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
