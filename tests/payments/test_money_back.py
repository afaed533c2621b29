"""Refunds and disputes are booked once, whoever makes them and whatever is lost on the way."""

import zipfile

import pytest

from tests.payer import PAID, pay
from tests.practice import Refused, at_once, wait_until
from tests.screens import assert_fit_both


def overpaid(practice, fake):
    """Return an invoice that was paid by hand and at Stripe, and its session."""
    invoice = practice.new_invoice()
    fake.hold_webhooks()
    session = pay(practice, invoice)
    practice.pay_by_hand(invoice, 120.0)
    fake.release()
    wait_until(lambda: len(practice.payments(invoice)) == 1)
    return invoice, session


def refunds(practice, session):
    return practice.sql(
        "SELECT child.state, child.amount, payment.state FROM payment_transaction child"
        "  JOIN payment_transaction source ON source.id = child.source_transaction_id"
        "  LEFT JOIN account_payment payment ON payment.id = child.payment_id"
        f" WHERE source.stripe_payment_link_session = '{session}'"
    )


def refund(practice, invoice):
    return practice.call("manager", "account.move", "action_billing_refund_overpayment", [invoice])


def test_two_managers_refunding_an_overpayment_give_it_back_once(practice, fake):
    invoice, session = overpaid(practice, fake)
    fake.webhooks("twice")
    at_once(*[lambda: refund(practice, invoice)] * 3)
    fake.wait_delivered()
    wait_until(lambda: refunds(practice, session) == [["done", "-120.00", "paid"]])
    assert practice.invoice_state(invoice) == PAID


def test_refund_cut_off_after_stripe_acted_is_found_again(practice, fake):
    invoice, session = overpaid(practice, fake)
    fake.webhooks("lost")
    fake.drop_next("/v1/refunds", when="after", times=9)
    with pytest.raises(Refused, match="tried again by itself"):
        refund(practice, invoice)
    assert refunds(practice, session) == [["draft", "-120.00", ""]]
    fake.clear_faults()
    practice.sql(
        "UPDATE payment_transaction SET last_state_change = last_state_change - interval '1 hour'"
        " WHERE operation = 'refund' AND state = 'draft' RETURNING id"
    )
    practice.run_cron("ir_cron_reconcile")
    assert refunds(practice, session) == [["done", "-120.00", "paid"]]


def test_refund_that_another_app_marked_is_known_again_and_booked_once(practice, fake):
    invoice, session = overpaid(practice, fake)
    fake.hold_webhooks()
    fake.drop_next("/v1/refunds", when="after", times=9)
    with pytest.raises(Refused, match="tried again by itself"):
        refund(practice, invoice)
    fake.clear_faults()
    fake.annotate(fake.objects("refund", practice.account())[0]["id"], crm_synced="yes")
    fake.release()
    wait_until(lambda: ["done", "-120.00", "paid"] in refunds(practice, session))
    assert refunds(practice, session) == [["done", "-120.00", "paid"]]


def test_refund_made_at_stripe_is_booked_by_its_event(practice, fake):
    invoice = practice.new_invoice()
    session = pay(practice, invoice)
    wait_until(lambda: practice.invoice_state(invoice) == PAID)
    fake.refund(session, amount=5000)
    wait_until(lambda: refunds(practice, session) == [["done", "-50.00", "paid"]])


def test_refund_that_fails_later_is_taken_back(practice, fake):
    invoice, session = overpaid(practice, fake)
    refund(practice, invoice)
    wait_until(lambda: refunds(practice, session) == [["done", "-120.00", "paid"]])
    key = practice.value(
        "SELECT stripe_payment_link_secret_key FROM payment_provider"
        " WHERE stripe_payment_link_secret_key IS NOT NULL"
    )
    account = fake.account_of(key)
    fake.do("fail_refund", fake.objects("refund", account)[0]["id"])
    wait_until(lambda: refunds(practice, session)[0][0] == "error")


def refund_dialog(practice, invoice, **values):
    """Return the id of the dialog *Refund*, filled in by a manager."""
    return practice.call(
        "manager",
        "practice.refund",
        "create",
        {"reason": "Session was cancelled", "way": "card", **values},
        context={"default_move_id": invoice},
    )


def press_refund(practice, dialog):
    return practice.call("manager", "practice.refund", "action_refund", [dialog])


def credit_notes(practice, invoice):
    return practice.sql(
        "SELECT state, amount_total, amount_residual FROM account_move"
        f" WHERE reversed_entry_id = {invoice} ORDER BY id"
    )


def paid_invoice(practice):
    invoice = practice.new_invoice()
    session = pay(practice, invoice)
    wait_until(lambda: practice.invoice_state(invoice) == PAID)
    return invoice, session


def test_part_and_rest_are_refunded_each_once_by_clicks_desks_and_webhooks(practice, fake):
    invoice, session = paid_invoice(practice)
    part = refund_dialog(practice, invoice, scope="part", amount=50.0)
    # A double click, while Stripe's own reports arrive.
    at_once(*[lambda: press_refund(practice, part)] * 3)
    # Two desks at once: there is not as much left for both.
    desks = [refund_dialog(practice, invoice) for _desk in range(2)]
    at_once(*(lambda desk=desk: press_refund(practice, desk) for desk in desks))
    wait_until(lambda: all(state == "done" for state, *_rest in refunds(practice, session)))
    assert sorted(refunds(practice, session)) == [
        ["done", "-50.00", "paid"],
        ["done", "-70.00", "paid"],
    ]
    assert credit_notes(practice, invoice) == [
        ["posted", "50.00", "0.00"],
        ["posted", "70.00", "0.00"],
    ]
    (charge,) = practice.charges(invoice)
    assert charge["amount_refunded"] == 12000


def test_refund_to_the_card_cut_off_after_stripe_acted_is_booked_once(practice, fake):
    invoice, session = paid_invoice(practice)
    dialog = refund_dialog(practice, invoice)
    fake.webhooks("lost")
    fake.drop_next("/v1/refunds", when="after", times=9)
    with pytest.raises(Refused, match="tried again by itself"):
        press_refund(practice, dialog)
    assert credit_notes(practice, invoice) == [["draft", "120.00", "120.00"]]
    fake.clear_faults()
    # Whoever clicks again asks for the same refund.
    press_refund(practice, dialog)
    assert refunds(practice, session) == [["done", "-120.00", "paid"]]
    assert credit_notes(practice, invoice) == [["posted", "120.00", "0.00"]]
    (charge,) = practice.charges(invoice)
    assert charge["amount_refunded"] == 12000


def dispute_state(practice, session):
    return practice.sql(
        "SELECT dispute.state, count(entry.id) FROM practice_dispute dispute"
        "  JOIN payment_transaction tx ON tx.id = dispute.transaction_id"
        "  LEFT JOIN account_move entry ON entry.billing_dispute_id = dispute.id"
        f" WHERE tx.stripe_payment_link_session = '{session}' GROUP BY dispute.id"
    )


def test_dispute_reported_late_twice_and_in_disorder_is_booked_once(practice, fake):
    invoice, session = paid_invoice(practice)
    fake.hold_webhooks()
    dispute = fake.dispute(session)["id"]
    fake.close_dispute(dispute, "won")
    for delivery in fake.release(order="reverse"):
        fake.resend(delivery["event"])
    wait_until(lambda: dispute_state(practice, session) == [["won", "2"]])
    practice.run_cron("ir_cron_process_events")
    assert dispute_state(practice, session) == [["won", "2"]]
    assert practice.invoice_state(invoice) == PAID


def test_lost_dispute_opens_the_invoice_and_its_documents_are_handed_out(
    practice, fake, page, log_in
):
    invoice, session = paid_invoice(practice)
    dispute = fake.dispute(session)["id"]
    wait_until(lambda: dispute_state(practice, session) == [["needs_response", "1"]])
    log_in(page, "frontdesk")
    page.goto(f"{practice.server.url}/odoo/billing-invoices/{invoice}")
    page.get_by_role("button", name="See the dispute").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download documents").click()
    assert len(zipfile.ZipFile(download.value.path()).namelist()) == 2
    fake.close_dispute(dispute, "lost")
    wait_until(lambda: practice.invoice_state(invoice) == ("not_paid", 120.0))
    assert dispute_state(practice, session) == [["lost", "2"]]


def test_refund_credit_and_dispute_at_the_desk(practice, fake, page, log_in, keep_screenshot):
    page.emulate_media(reduced_motion="reduce")
    invoice, session = paid_invoice(practice)
    log_in(page, "manager")
    address = f"{practice.server.url}/odoo/billing-invoices/{invoice}"
    for way, label in (("card", "by Stripe"), ("hand", "By hand"), ("credit", "As credit")):
        page.goto(address)
        page.click("button[name=action_billing_refund]")
        page.wait_for_selector(".modal [name=reason]")
        page.locator(".modal [name=scope]").get_by_text("A part").click()
        page.fill(".modal [name=amount] input", "20")
        page.fill(".modal [name=reason] input", f"Left early, {way}")
        page.locator(".modal [name=way]").get_by_text(label).click()
        assert_fit_both(page, f"refund {way}", keep_screenshot)
        page.click(".modal button[name=action_refund]")
        page.wait_for_selector(f".o_billing_timeline :text('Left early, {way}')")
    assert credit_notes(practice, invoice) == [
        ["posted", "20.00", "0.00"],
        ["posted", "20.00", "0.00"],
        ["posted", "20.00", "20.00"],
    ]
    assert_fit_both(page, "refunded invoice", keep_screenshot)
    fake.dispute(session, amount=10000)
    wait_until(lambda: dispute_state(practice, session) == [["needs_response", "1"]])
    page.goto(address)
    page.wait_for_selector("button:has-text('See the dispute')")
    assert_fit_both(page, "disputed invoice", keep_screenshot)
    page.click("button[name=action_billing_open_dispute]")
    page.wait_for_selector("[name=evidence] li")
    assert_fit_both(page, "dispute", keep_screenshot)
    client = practice.value(f"SELECT partner_id FROM account_move WHERE id = {invoice}")
    page.goto(f"{practice.server.url}/odoo/billing-clients/{client}")
    page.wait_for_selector("button[name=action_billing_credit]")
    keep_screenshot(page, "client with credit")
    other = practice.call(
        "frontdesk",
        "account.move",
        "create",
        {
            "move_type": "out_invoice",
            "billing_client_id": int(client),
            "partner_id": int(client),
            "invoice_line_ids": [(0, 0, {"name": "Report", "price_unit": 50.0, "tax_ids": [(5,)]})],
        },
    )
    page.goto(f"{practice.server.url}/odoo/billing-invoices/{other}")
    page.wait_for_selector(".alert:has-text('of credit')")
    page.click("button[name=action_billing_create]")
    page.wait_for_selector("button[name=action_billing_use_credit]")
    assert_fit_both(page, "invoice and credit", keep_screenshot)
    page.click("button[name=action_billing_use_credit]")
    page.wait_for_selector(".o_billing_timeline .o_kind_credited, .o_billing_timeline .o_kind_paid")
    assert practice.invoice_state(other) == ("partial", 30.0)
