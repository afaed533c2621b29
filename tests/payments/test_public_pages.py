"""The pay page as its payers see it: on a desk and on a phone, for one invoice and for all."""

import re

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe

from tests.conftest import DESKTOP, PHONE
from tests.payer import PAID, link_for_all, session_in
from tests.practice import at_once, read_mail, wait_until


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
