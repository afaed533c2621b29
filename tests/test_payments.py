"""Money finds its way into the books once, whatever happens on the way."""

import json
import re
import time
import xmlrpc.client
import zipfile

import pytest
import requests
import stripe
from axe_playwright_python.sync_playwright import Axe

from tests.conftest import DESKTOP, PHONE
from tests.practice import (
    SERVICE_CODE,
    SERVICE_NAME,
    at_once,
    read_mail,
    session_in,
    wait_until,
)
from tests.screens import assert_fit_both

PAID = ("paid", 0.0)


def created_sessions(fake):
    return {
        row["idempotency_key"]
        for row in fake.requests("/v1/checkout/sessions", "POST")
        if row["path"] == "/v1/checkout/sessions"
    }


def pay(practice, invoice, **options):
    session = session_in(practice.click_pay(practice.link(invoice)))
    assert practice.stripe.pay_session(session, **options)
    return session


def test_webhook_alone_pays_reconciles_and_sends_one_receipt(practice, fake, inbox):
    invoice = practice.new_invoice()
    pay(practice, invoice)
    wait_until(lambda: practice.invoice_state(invoice) == PAID)
    assert practice.payments(invoice) == [["paid", "120.00", "asset_cash"]]
    email = practice.value(
        "SELECT email FROM res_partner JOIN account_move ON partner_id = res_partner.id"
        f" WHERE account_move.id = {invoice}"
    )
    receipt = inbox.wait_for(email)
    assert "Receipt" in receipt["subject"]
    assert len([mail for mail in inbox.mails() if email in str(mail)]) == 1


def test_double_click_makes_one_payable_session(practice, fake):
    invoice = practice.new_invoice()
    link = practice.link(invoice)
    before = created_sessions(fake)
    answers = at_once(*[lambda: practice.click_pay(link)] * 4)
    assert len({session_in(answer) for answer in answers}) == 1
    assert len(created_sessions(fake) - before) == 1
    assert (
        practice.value(
            f"SELECT count(*) FROM account_invoice_transaction_rel WHERE invoice_id = {invoice}"
        )
        == "1"
    )


def test_two_users_invoicing_one_session_make_one_invoice(practice):
    session = practice.new_session()
    outcomes = at_once(
        *(
            lambda login=login: practice.call(
                login, "calendar.event", "action_billing_invoice", [session]
            )
            for login in ("frontdesk", "manager", "frontdesk", "manager")
        )
    )
    assert len({outcome["res_id"] for outcome in outcomes}) == 1
    assert (
        practice.value(
            "SELECT count(*) FROM account_move_line line"
            "  JOIN practice_billing_item item ON item.id = line.billing_item_id"
            f" WHERE item.event_id = {session}"
        )
        == "1"
    )


def test_two_people_asking_for_the_link_get_the_same(practice):
    invoice = practice.new_invoice()
    links = at_once(*[lambda: practice.link(invoice)] * 4)
    assert len(set(links)) == 1, links


def test_event_delivered_often_is_booked_once(practice, fake):
    invoice = practice.new_invoice()
    fake.webhooks("twice")
    session = pay(practice, invoice)
    wait_until(lambda: practice.invoice_state(invoice) == PAID)
    event = practice.value(
        f"SELECT event FROM practice_stripe_event WHERE object_reference = '{session}'"
    )
    fake.resend(event)
    fake.wait_delivered()
    assert practice.payments(invoice) == [["paid", "120.00", "asset_cash"]]


def test_return_page_and_webhook_at_once_book_one_payment(practice, fake):
    invoice = practice.new_invoice()
    fake.hold_webhooks()
    session = session_in(practice.click_pay(practice.link(invoice)))
    way_back = fake.pay_session(session)
    outcomes = at_once(
        lambda: requests.get(way_back, timeout=60),
        lambda: requests.get(way_back, timeout=60),
        fake.release,
    )
    assert "Paid" in outcomes[0].text
    assert "Paid" in outcomes[1].text
    wait_until(lambda: practice.invoice_state(invoice) == PAID)
    assert len(practice.payments(invoice)) == 1


def test_forged_stale_and_foreign_webhooks_leave_no_trace(practice):
    ((provider, secret),) = practice.sql(
        "SELECT id, stripe_payment_link_webhook_secret FROM payment_provider"
        " WHERE stripe_payment_link_webhook_secret IS NOT NULL"
    )
    body = json.dumps(
        {
            "id": "evt_forged",
            "object": "event",
            "type": "checkout.session.completed",
            "created": int(time.time()),
            "data": {"object": {"id": "cs_forged", "object": "checkout.session"}},
        }
    )

    def post(secret, age=0, provider=provider):
        header = stripe.WebhookSignature.generate_signature_header(
            body, secret, timestamp=int(time.time()) - age
        )
        return requests.post(
            f"{practice.server.url}/billing/stripe/webhook/{provider}",
            data=body,
            headers={"Stripe-Signature": header},
            timeout=60,
        ).status_code

    missing = requests.post(
        f"{practice.server.url}/billing/stripe/webhook/{provider}", data=body, timeout=60
    )
    assert missing.status_code == 400
    assert post("whsec_wrong") == 400
    assert post(secret, age=3600) == 400
    assert post(secret, provider=999999) == 400
    count = "SELECT count(*) FROM practice_stripe_event WHERE event = 'evt_forged'"
    assert practice.value(count) == "0"
    assert post(secret) == 200
    assert practice.value(count) == "1"
    # Genuine, but about a session that does not exist: it stays, visible, and says why.
    failed = "SELECT error FROM practice_stripe_event WHERE event = 'evt_forged'"
    assert "refused" in wait_until(lambda: practice.value(failed))


def test_wrong_amount_is_kept_as_failed_and_posts_nothing(practice, fake):
    invoice = practice.new_invoice()
    session = session_in(practice.click_pay(practice.link(invoice)))
    practice.sql(
        "UPDATE payment_transaction SET amount = 119.99"
        f" WHERE stripe_payment_link_session = '{session}' RETURNING id"
    )
    fake.pay_session(session)
    wait_until(
        lambda: practice.sql(
            "SELECT 1 FROM practice_stripe_event WHERE state = 'failed'"
            f" AND object_reference = '{session}' AND error LIKE '%another amount%'"
        )
    )
    assert practice.payments(invoice) == []
    assert practice.invoice_state(invoice) == ("not_paid", 120.0)
    # Its money is at Stripe: nobody is sent there to pay again.
    answer = practice.click_pay(practice.link(invoice))
    assert "/billing/pay/" in answer.headers["Location"]
    assert (
        practice.value(
            f"SELECT count(*) FROM account_invoice_transaction_rel WHERE invoice_id = {invoice}"
        )
        == "1"
    )


def test_amount_on_stripes_page_is_todays(practice, fake):
    invoice = practice.new_invoice()
    link = practice.link(invoice)
    first = session_in(practice.click_pay(link))
    practice.pay_by_hand(invoice, 20.0)
    second = session_in(practice.click_pay(link))
    assert second != first
    assert fake.pay_session(first) is None
    assert fake.pay_session(second)
    wait_until(lambda: practice.invoice_state(invoice) == PAID)
    assert ["paid", "100.00", "asset_cash"] in practice.payments(invoice)


def test_manual_payment_closes_the_open_session_by_itself(practice, fake):
    invoice = practice.new_invoice()
    session = session_in(practice.click_pay(practice.link(invoice)))
    practice.pay_by_hand(invoice, 120.0)
    state = f"SELECT state FROM payment_transaction WHERE stripe_payment_link_session = '{session}'"
    wait_until(lambda: practice.value(state) == "cancel")
    assert fake.pay_session(session) is None


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
    with pytest.raises(xmlrpc.client.Fault, match="tried again by itself"):
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
    with pytest.raises(xmlrpc.client.Fault, match="tried again by itself"):
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
    with pytest.raises(xmlrpc.client.Fault, match="tried again by itself"):
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


def test_stripe_out_of_reach_gives_a_page_and_loses_nothing(practice, fake):
    invoice = practice.new_invoice()
    link = practice.link(invoice)
    fake.fail_next("/v1/checkout/sessions", status=500, times=9)
    answer = practice.click_pay(link)
    assert answer.status_code == 503
    assert "Try again" in answer.text
    fake.clear_faults()
    assert fake.pay_session(session_in(practice.click_pay(link)))
    wait_until(lambda: practice.invoice_state(invoice) == PAID)


def test_cut_connection_after_stripe_acted_makes_no_second_session(practice, fake):
    invoice = practice.new_invoice()
    link = practice.link(invoice)
    before = created_sessions(fake)
    fake.drop_next("/v1/checkout/sessions", when="after", times=9)
    assert practice.click_pay(link).status_code == 503
    fake.clear_faults()
    session_in(practice.click_pay(link))
    assert len(created_sessions(fake) - before) == 1


def test_killed_between_success_and_webhook_is_paid_once_after_restart(practice, fake):
    invoice = practice.new_invoice()
    fake.hold_webhooks()
    pay(practice, invoice)
    practice.server.kill()
    practice.server.restart()
    assert practice.invoice_state(invoice) == ("not_paid", 120.0)
    fake.release()
    wait_until(lambda: practice.invoice_state(invoice) == PAID)
    assert practice.payments(invoice) == [["paid", "120.00", "asset_cash"]]


def test_killed_and_webhook_lost_is_found_by_asking_stripe(practice, fake):
    invoice = practice.new_invoice()
    fake.webhooks("lost")
    session = pay(practice, invoice)
    practice.server.kill()
    practice.server.restart()
    practice.sql(
        "UPDATE payment_transaction SET last_state_change = last_state_change - interval '1 hour'"
        f" WHERE stripe_payment_link_session = '{session}' RETURNING id"
    )
    practice.run_cron("ir_cron_reconcile")
    assert practice.invoice_state(invoice) == PAID
    assert practice.payments(invoice) == [["paid", "120.00", "asset_cash"]]


def test_bank_debit_is_processing_until_it_arrives(practice, fake):
    invoice = practice.new_invoice()
    link = practice.link(invoice)
    session = session_in(practice.click_pay(link))
    assert fake.pay_session(session, card="000123456789", way="debit")
    wait_until(lambda: "being processed" in requests.get(link, timeout=60).text)
    assert practice.invoice_state(invoice) == ("not_paid", 120.0)
    assert practice.click_pay(link).headers["Location"].endswith(link.rpartition("/")[2])
    fake.settle_debit(session)
    wait_until(lambda: practice.invoice_state(invoice) == PAID)


def test_manager_sees_what_stripe_reported_and_retries_what_failed(
    practice, fake, new_page, log_in, keep_screenshot
):
    invoice = practice.new_invoice()
    session = session_in(practice.click_pay(practice.link(invoice)))
    fake.fail_next("/v1/checkout/sessions/", status=500, times=30)
    assert fake.pay_session(session)
    ((event,),) = wait_until(
        lambda: practice.sql(
            "SELECT id FROM practice_stripe_event"
            f" WHERE state = 'failed' AND object_reference = '{session}'"
        )
    )
    fake.clear_faults()
    inbox = f"{practice.server.url}/odoo/action-carepatron_billing.practice_stripe_event_action"
    for viewport, name, row in (
        (PHONE, "phone Stripe events", ".o_kanban_record"),
        (None, "Stripe events", ".o_data_row"),
    ):
        page = new_page(viewport)
        log_in(page, "manager")
        page.goto(inbox)
        page.wait_for_selector(row)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        keep_screenshot(page, name)
        page.goto(f"{inbox}/{event}")
        page.wait_for_selector(".alert:has-text('Stripe could not be reached')")
        keep_screenshot(page, f"{name}, a failed one")
    page.click("button[name=action_retry]:visible")
    page.wait_for_selector(".o_arrow_button_current:has-text('Processed')")
    assert practice.invoice_state(invoice) == PAID


def test_stripe_learns_nothing_clinical(practice, fake):
    text = fake.received_text()
    words = {SERVICE_NAME, SERVICE_CODE, "Session"}
    for name, code in practice.sql(
        "SELECT template.name ->> 'en_US', product.default_code FROM product_product product"
        "  JOIN product_template template ON template.id = product.product_tmpl_id"
        " WHERE template.type = 'service'"
    ):
        words |= {name, code} - {""}
    assert "checkout/sessions" in text
    found = [word for word in words if re.search(rf"\b{re.escape(word)}\b", text)]
    assert found == []
    assert not re.search("therap|client |diagnos", text, re.IGNORECASE)


# === THE PAY PAGE IN A BROWSER ===#


def look(browser, keep_screenshot, link, state, words):
    """Look at a pay page on a desk and in a hand, without JavaScript, and check what holds for
    each: it says how it stands, nothing is in the way of a reader, nothing leaves the screen."""
    for name, viewport in (("desktop", DESKTOP), ("phone", PHONE)):
        context = browser.new_context(viewport=viewport, locale="en-US")
        page = context.new_page()
        page.goto(link)
        assert words in page.inner_text("main"), state
        assert [found["id"] for found in Axe().run(page).response["violations"]] == [], state
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], state
        keep_screenshot(page, f"pay {state} {name}")
        context.close()


def link_for_all(practice, invoice):
    payer = int(practice.value(f"SELECT partner_id FROM account_move WHERE id = {invoice}"))
    action = practice.call("frontdesk", "res.partner", "action_billing_send_link", [payer])
    link = action["context"]["default_link_id"]
    (values,) = practice.call("frontdesk", "practice.payment.link", "read", [link], ["url"])
    return values["url"]


@pytest.fixture
def settings(practice):
    """Change the practice's settings until the test is over."""
    company = int(practice.value("SELECT company_id FROM payment_provider WHERE state = 'test'"))
    before = []

    def change(model, record, **values):
        (old,) = practice.call("admin", model, "read", [record], list(values))
        before.append((model, record, {name: old[name] for name in values}))
        practice.call("admin", model, "write", [record], values)

    change.company = company
    yield change
    for model, record, values in reversed(before):
        practice.call("admin", model, "write", [record], values)


def test_each_pay_page_is_readable_by_everybody(practice, fake, browser, keep_screenshot, settings):
    settings(
        "res.company",
        settings.company,
        billing_part_payment=True,
        billing_part_payment_minimum=20.0,
        primary_color="#f2b632",
        phone="+1 555 0100",
    )

    def see(link, state, words):
        look(browser, keep_screenshot, link, state, words)

    invoice = practice.new_invoice()
    link = practice.link(invoice)
    see(link, "due", "Pay another amount")
    practice.pay_by_hand(invoice, 20.0)
    see(link, "part paid", "has been paid")
    see(link_for_all(practice, invoice), "everything due", "Your open invoices")
    (provider,) = practice.call(
        "admin",
        "payment.provider",
        "search",
        [("code", "=", "stripe_payment_link"), ("state", "=", "test")],
    )
    settings("payment.provider", provider, state="disabled")
    see(link, "not set up", "not available")
    practice.call("admin", "payment.provider", "write", [provider], {"state": "test"})
    session = session_in(practice.click_pay(link))
    assert fake.pay_session(session, card="000123456789", way="debit")
    wait_until(lambda: "being processed" in requests.get(link, timeout=60).text)
    see(link, "processing", "being processed")
    fake.settle_debit(session)
    wait_until(lambda: practice.invoice_state(invoice) == PAID)
    see(link, "paid", "Receipt for")
    invoice = practice.new_invoice()
    link = practice.link(invoice)
    practice.call("frontdesk", "account.move", "action_billing_revoke_link", [invoice])
    see(link, "revoked", "no longer valid")
    assert practice.click_pay(link).headers["Location"].endswith(link.rpartition("/")[2])


def test_page_of_each_invoice_that_is_gone_is_readable(
    practice, fake, browser, keep_screenshot, settings
):
    settings("res.company", settings.company, phone="+1 555 0100")

    def gone(way, state, words):
        invoice = practice.new_invoice()
        link = practice.link(invoice)
        way(invoice)
        look(browser, keep_screenshot, link, state, words)
        fake.forget_requests()
        answer = practice.click_pay(link)
        assert answer.headers["Location"].endswith(link.rpartition("/")[2])
        assert fake.requests("/v1/checkout/sessions", "POST") == []

    def accounting(button):
        return lambda invoice: practice.press("admin", "account.move", button, invoice)

    def replace(invoice):
        successor = practice.new_invoice()
        practice.sql(
            "UPDATE practice_payment_link link SET replaced_by_id = successor.id"
            "  FROM practice_payment_link successor"
            f" WHERE link.move_id = {invoice} AND successor.move_id = {successor}"
            " RETURNING link.id"
        )

    gone(accounting("button_cancel"), "cancelled", "has been cancelled")
    gone(accounting("button_draft"), "withdrawn", "is changing this invoice")
    gone(practice.credit, "credited", "has been credited")
    gone(replace, "replaced", "has corrected the invoice")


def test_unknown_link_is_a_readable_page(practice, browser, keep_screenshot):
    url = f"{practice.server.url}/billing/pay/{'x' * 32}"
    assert requests.get(url, timeout=60).status_code == 404
    look(browser, keep_screenshot, url, "unknown", "does not work")


def test_part_is_paid_in_a_browser_without_javascript(practice, fake, browser, settings):
    settings(
        "res.company",
        settings.company,
        billing_part_payment=True,
        billing_part_payment_minimum=20.0,
    )
    invoice = practice.new_invoice()
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    page.goto(practice.link(invoice))
    page.click("summary")
    page.fill("input[name=amount]", "5")
    page.click("text=Pay this amount")
    assert "at least" in page.inner_text("[role=alert]")
    page.fill("input[name=amount]", "50,00")
    page.click("text=Pay this amount")
    assert fake.pay_session(page.url.rpartition("/")[2])
    wait_until(lambda: practice.invoice_state(invoice) == ("partial", 70.0))
    context.close()


def code_in(inbox, email):
    """Return the code in the last mail to an address."""
    body, attachments = read_mail(inbox.source(inbox.wait_for(email, "Your code")["id"]))
    assert attachments == []
    return re.search(r">(\d{6})<", body)[1]


def test_code_by_mail_opens_the_link_without_javascript(
    practice, fake, inbox, browser, settings, keep_screenshot
):
    settings("res.company", settings.company, billing_second_check=True, phone="+1 555 0100")
    invoice = practice.new_invoice()
    link, all_due = practice.link(invoice), link_for_all(practice, invoice)
    number = practice.value(f"SELECT name FROM account_move WHERE id = {invoice}")
    look(browser, keep_screenshot, link, "before the code", "Is it you?")
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    page.goto(link)
    page.click("text=Send me a code")
    look(browser, keep_screenshot, link, "code was sent", "Enter your code")
    page.fill("#code", "12")
    page.click("text=Open")
    assert "not the code" in page.inner_text("[role=alert]")
    assert number not in page.content()
    page.fill("#code", code_in(inbox, practice.client_email(invoice)))
    page.click("text=Open")
    page.wait_for_url(link)
    assert number in page.inner_text("main")
    page.goto(all_due)
    assert number in page.inner_text("main")
    page.click("button[type=submit]")
    page.wait_for_selector("#number")
    context.close()


def test_guesses_at_once_are_no_more_than_guesses_one_by_one(practice, inbox, settings):
    settings("res.company", settings.company, billing_second_check=True)
    invoice = practice.new_invoice()
    url = f"{practice.link(invoice)}/code"
    at_once(*[lambda: requests.post(url, {"do": "send"}, timeout=60)] * 3)
    code = code_in(inbox, practice.client_email(invoice))
    assert len([mail for mail in inbox.mails() if "Your code" in str(mail)]) == 1
    wrong = "000000" if code != "000000" else "111111"
    guess = {"do": "open", "code": wrong}
    answers = at_once(*[lambda: requests.post(url, guess, timeout=60)] * 6)
    assert {answer.status_code for answer in answers} == {422}
    assert sum("not the code" in answer.text for answer in answers) == 4
    late = requests.post(url, {"do": "open", "code": code}, timeout=60)
    assert "too old" in late.text


# === EVERYTHING DUE ===#


def test_invoice_and_everything_due_have_one_payable_session_together(practice, fake):
    invoice = practice.new_invoice()
    link, all_due = practice.link(invoice), link_for_all(practice, invoice)
    first = session_in(practice.click_pay(link))
    second = session_in(practice.click_pay(all_due))
    assert fake.pay_session(first) is None
    answers = at_once(*[lambda url=url: practice.click_pay(url) for url in (link, all_due) * 3])
    sessions = {session_in(answer) for answer in answers} | {first, second}
    payable = [
        session for session in sessions if session.startswith("cs_") and fake.pay_session(session)
    ]
    assert len(payable) == 1
    wait_until(lambda: practice.invoice_state(invoice) == PAID)
    assert len(practice.payments(invoice)) == 1
