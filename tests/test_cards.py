"""Cards on file: saved on Stripe's page, charged from the desk, each at most once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.payer import DECLINES, PAID, payer_of, save_card, session_in
from tests.practice import at_once, wait_until

BOOKED_ONCE = [["paid", "120.00", "asset_cash"]]
CHARGING = b"POST /v1/payment_intents "


@pytest.fixture(scope="module")
def server_options(stripe_gate):
    return {"workers": 2, "stripe_url": stripe_gate.url}


def cards(practice, payer):
    return practice.sql(
        "SELECT payment_details, billing_brand, billing_expires_on, provider_ref"
        f"  FROM payment_token WHERE active AND partner_id = {payer} ORDER BY id"
    )


def dialog(practice, *invoices):
    action = practice.call("frontdesk", "account.move", "action_billing_charge_card", invoices)
    return action["res_id"]


def press_charge(practice, wizard):
    return practice.press("frontdesk", "practice.card.charge", "action_charge", wizard)


def outcomes(practice, wizard):
    """Return what the dialog says of each invoice."""
    (values,) = practice.call(
        "frontdesk", "practice.card.charge", "read", [wizard], ["line_ids", "total"]
    )
    lines = practice.call(
        "frontdesk",
        "practice.card.charge.line",
        "read",
        values["line_ids"],
        ["outcome", "result", "problem"],
    )
    return [(line["outcome"], line["result"] or "") for line in lines]


def test_card_saved_at_the_desk_is_charged_once(practice, fake):
    invoice = practice.new_invoice()
    payer = save_card(practice, invoice)
    ((last_four, brand, expires, _reference),) = cards(practice, payer)
    assert (last_four, brand, expires) == ("4242", "visa", "2034-12-31")
    wizard = dialog(practice, invoice)
    answer = press_charge(practice, wizard)
    assert answer["params"]["type"] == "success", answer
    assert practice.invoice_state(invoice) == PAID
    assert practice.payments(invoice) == BOOKED_ONCE
    press_charge(practice, wizard)
    fake.wait_delivered()
    practice.run_cron("ir_cron_process_events")
    assert [charge["amount"] for charge in practice.charges(invoice)] == [12000]
    assert practice.payments(invoice) == BOOKED_ONCE


def test_stripe_learns_nothing_of_who_saves_a_card(practice, fake):
    invoice = practice.new_invoice()
    fake.forget_requests()
    save_card(practice, invoice)
    press_charge(practice, dialog(practice, invoice))
    sent = fake.received_text()
    name, email = practice.sql(
        "SELECT partner.name, partner.email FROM res_partner partner"
        f"  JOIN account_move ON partner_id = partner.id WHERE account_move.id = {invoice}"
    )[0]
    assert "/v1/customers" in sent
    for word in (name, email, "Trauma", "F43.1"):
        assert word not in sent


def test_two_desks_at_once_charge_once(practice, fake):
    invoice = practice.new_invoice()
    save_card(practice, invoice)
    wizards = [dialog(practice, invoice) for _desk in range(2)]
    at_once(*(lambda wizard=wizard: press_charge(practice, wizard) for wizard in wizards * 2))
    assert len(practice.charges(invoice)) == 1
    assert practice.invoice_state(invoice) == PAID
    assert practice.payments(invoice) == BOOKED_ONCE


def test_charge_closes_an_open_payment_page_first(practice, fake):
    invoice = practice.new_invoice()
    save_card(practice, invoice)
    session = session_in(practice.click_pay(practice.link(invoice)))
    press_charge(practice, dialog(practice, invoice))
    assert practice.invoice_state(invoice) == PAID
    assert fake.pay_session(session) is None
    assert len(practice.charges(invoice)) == 1


def test_money_from_an_open_payment_page_is_seen_before_a_card_is_charged(practice, fake):
    invoice = practice.new_invoice()
    save_card(practice, invoice)
    wizard = dialog(practice, invoice)
    fake.hold_webhooks()
    assert fake.pay_session(session_in(practice.click_pay(practice.link(invoice))))
    press_charge(practice, wizard)
    assert outcomes(practice, wizard)[0][0] == "failed"
    assert practice.invoice_state(invoice) == PAID
    assert len(practice.charges(invoice)) == 1
    fake.release()


def test_each_decline_says_why_and_what_next_and_leaves_the_invoice_due(practice, fake, inbox):
    invoice = practice.new_invoice()
    payer = save_card(practice, invoice)
    ((*_facts, reference),) = cards(practice, payer)
    for number, (why, what_next) in DECLINES.items():
        fake.turn_card(reference, number)
        wizard = dialog(practice, invoice)
        press_charge(practice, wizard)
        ((outcome, words),) = outcomes(practice, wizard)
        assert (outcome, why in words, what_next in words) == ("failed", True, True), words
        assert practice.invoice_state(invoice) == ("not_paid", 120.0)
    assert practice.charges(invoice) == []
    practice.run_cron("ir_cron_mail_scheduler_action", module="mail")
    inbox.wait_for(practice.client_email(invoice))
    # Paying by the link, the owner confirms it.
    assert fake.pay_session(
        session_in(practice.click_pay(practice.link(invoice))), card="4000002760003184"
    )
    wait_until(lambda: practice.invoice_state(invoice) == PAID)


def test_answer_of_stripe_that_is_lost_is_found_out_and_nobody_charges_meanwhile(practice, fake):
    invoice = practice.new_invoice()
    save_card(practice, invoice)
    fake.webhooks("lost")
    fake.drop_next("/v1/payment_intents", when="after", times=5)
    wizard = dialog(practice, invoice)
    press_charge(practice, wizard)
    fake.clear_faults()
    assert outcomes(practice, wizard)[0][0] == "waiting"
    # Neither the desk nor the payer can pay it a second time.
    again = dialog(practice, invoice)
    press_charge(practice, again)
    assert outcomes(practice, again) == [(False, "A payment is being processed.")]
    assert 'data-status="processing"' in requests.get(practice.link(invoice), timeout=60).text
    practice.age_transactions()
    practice.run_cron("ir_cron_reconcile")
    assert practice.invoice_state(invoice) == PAID
    assert len(practice.charges(invoice)) == 1
    assert practice.payments(invoice) == BOOKED_ONCE
    fake.webhooks("normal")


def test_charge_that_another_app_marked_is_known_again_and_not_made_twice(practice, fake):
    invoice = practice.new_invoice()
    save_card(practice, invoice)
    fake.webhooks("lost")
    fake.drop_next("/v1/payment_intents", when="after", times=5)
    press_charge(practice, dialog(practice, invoice))
    fake.clear_faults()
    [charge] = practice.charges(invoice)
    fake.annotate(charge["payment_intent"], crm_synced="yes")
    practice.age_transactions()
    practice.run_cron("ir_cron_reconcile")
    assert practice.invoice_state(invoice) == PAID
    assert len(practice.charges(invoice)) == 1
    assert practice.payments(invoice) == BOOKED_ONCE
    fake.webhooks("normal")


def test_serialization_error_after_the_charge_is_replayed_without_a_second_one(
    practice, fake, stripe_gate
):
    invoice = practice.new_invoice()
    save_card(practice, invoice)
    wizard = dialog(practice, invoice)
    stripe_gate.hold("answer", CHARGING)
    with ThreadPoolExecutor() as pool:
        pressed = pool.submit(press_charge, practice, wizard)
        stripe_gate.wait()
        practice.sql(
            "UPDATE payment_transaction SET write_date = now() WHERE id = ("
            "  SELECT transaction_id FROM account_invoice_transaction_rel"
            f"  WHERE invoice_id = {invoice}) RETURNING id"
        )
        stripe_gate.open()
        assert pressed.result()["params"]["type"] == "success"
    assert len(practice.charges(invoice)) == 1
    assert practice.payments(invoice) == BOOKED_ONCE


def test_card_removed_at_stripe_is_removed_here_and_the_other_way_round(practice, fake):
    invoice = practice.new_invoice()
    payer = save_card(practice, invoice)
    ((*_facts, reference),) = cards(practice, payer)
    fake.do("detach", reference)
    wait_until(lambda: cards(practice, payer) == [])
    save_card(practice, invoice, card="5555555555554444")
    ((*_facts, reference),) = cards(practice, payer)
    page = practice.value(
        "SELECT '/billing/cards/' || finder || proof FROM practice_card_holder"
        f" WHERE partner_id = {payer}"
    )
    token = practice.value(f"SELECT id FROM payment_token WHERE active AND partner_id = {payer}")
    requests.post(practice.server.url + page, {"do": "remove", "card": token}, timeout=60)
    assert cards(practice, payer) == []
    practice.run_cron("ir_cron_tidy_cards")
    (method,) = [
        method
        for method in fake.objects("payment_method", practice.account())
        if method["id"] == reference
    ]
    assert method["customer"] is None


def test_card_is_kept_while_paying_only_with_the_payers_tick(practice, fake):
    invoice = practice.new_invoice()
    link, payer = practice.link(invoice), payer_of(practice, invoice)
    assert fake.pay_session(session_in(practice.click_pay(link)))
    wait_until(lambda: practice.invoice_state(invoice) == PAID)
    assert cards(practice, payer) == []
    # Whoever changes their mind gets another page, and the first one is closed.
    invoice = practice.new_invoice()
    link, payer = practice.link(invoice), payer_of(practice, invoice)
    first = session_in(practice.click_pay(link))
    answer = requests.post(link, {"keep": "1"}, allow_redirects=False, timeout=60)
    assert fake.pay_session(first) is None
    assert fake.pay_session(session_in(answer))
    wait_until(lambda: practice.invoice_state(invoice) == PAID)
    ((last_four, *_facts),) = cards(practice, payer)
    assert last_four == "4242"
    consent = practice.value(
        f"SELECT billing_consent FROM payment_token WHERE active AND partner_id = {payer}"
    )
    assert "keeps this card at Stripe" in consent


def test_many_are_charged_at_once_with_the_total_shown_before(practice, fake):
    invoices = [practice.new_invoice() for _client in range(3)]
    save_card(practice, invoices[0])
    save_card(practice, invoices[1], card="4000000000000341")
    wizard = dialog(practice, *invoices)
    (shown,) = practice.call(
        "frontdesk", "practice.card.charge", "read", [wizard], ["total", "charge_count"]
    )
    assert (shown["total"].replace("\xa0", ""), shown["charge_count"]) == ("$240.00", 2)
    press_charge(practice, wizard)
    assert [outcome for outcome, _words in outcomes(practice, wizard)] == ["paid", "failed", False]
    assert [len(practice.charges(invoice)) for invoice in invoices] == [1, 0, 0]


def pay_in_odoos_wizard(practice, invoice):
    """Charge the saved card in Odoo's own payment dialog, as an accountant does."""
    ((company, line, journal, token),) = practice.sql(
        "SELECT move.company_id, line.id, line.journal_id, token.id"
        "  FROM account_move move JOIN payment_token token ON token.partner_id = move.partner_id"
        "  JOIN account_payment_method_line line"
        "    ON line.payment_provider_id = token.provider_id AND line.journal_id IS NOT NULL"
        f" WHERE token.active AND move.id = {invoice} ORDER BY line.id LIMIT 1"
    )
    context = {
        "active_model": "account.move",
        "active_ids": [invoice],
        "allowed_company_ids": [int(company)],
    }
    values = {
        "journal_id": int(journal),
        "payment_method_line_id": int(line),
        "payment_token_id": int(token),
    }
    wizard = practice.call("admin", "account.payment.register", "create", values, context=context)
    practice.call(
        "admin", "account.payment.register", "action_create_payments", [wizard], context=context
    )


def test_odoos_payment_wizard_charges_a_card_and_books_it_also_when_the_answer_comes_late(
    practice, fake
):
    invoice = practice.new_invoice()
    save_card(practice, invoice)
    pay_in_odoos_wizard(practice, invoice)
    assert practice.invoice_state(invoice) == PAID
    assert practice.payments(invoice) == BOOKED_ONCE
    # Odoo cancels its payment while nobody knows; the money must not be lost for the books.
    invoice = practice.new_invoice()
    save_card(practice, invoice)
    fake.webhooks("lost")
    fake.drop_next("/v1/payment_intents", when="after", times=50)
    pay_in_odoos_wizard(practice, invoice)
    fake.clear_faults()
    assert practice.invoice_state(invoice) == ("not_paid", 120.0)
    practice.age_transactions()
    practice.run_cron("ir_cron_reconcile")
    assert practice.invoice_state(invoice) == PAID
    assert practice.payments(invoice) == BOOKED_ONCE
    assert len(practice.charges(invoice)) == 1
