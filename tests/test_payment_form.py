"""Odoo's own portal and payment form take money by our provider, under the pay page's rules."""

import hashlib
import hmac
import json
import re
import uuid
from urllib.parse import urlencode

import pytest
import requests

from tests.conftest import DESKTOP, PHONE
from tests.payer import PAID, session_in
from tests.practice import at_once, wait_until

PAY = "button[name=o_payment_submit_button]"


def portal_url(practice, invoice):
    """Return the address of an invoice's page in the portal, which needs no login."""
    return practice.server.url + practice.call("admin", "account.move", "get_portal_url", [invoice])


def new_portal_login(practice, invoice):
    """Let the client of an invoice into the portal; return login and password in one."""
    ((client, company),) = practice.sql(
        f"SELECT partner_id, company_id FROM account_move WHERE id = {invoice}"
    )
    portal = practice.value(
        "SELECT res_id FROM ir_model_data WHERE module = 'base' AND name = 'group_portal'"
    )
    login = f"portal-{uuid.uuid4().hex[:8]}"
    values = {
        "login": login,
        "password": login,
        "partner_id": int(client),
        "group_ids": [(6, 0, [int(portal)])],
        "company_id": int(company),
        "company_ids": [(6, 0, [int(company)])],
    }
    practice.call("admin", "res.users", "create", values)
    return login


class Form:
    """Odoo's payment form of an invoice, in the browser of somebody who holds its address."""

    def __init__(self, practice, invoice):
        self.practice = practice
        self.url = portal_url(practice, invoice)
        self._route = f"{practice.server.url}/invoice/transaction/{invoice}"
        self._http = requests.Session()
        ((provider, method),) = practice.sql(
            "SELECT provider.id, method.id FROM payment_provider provider, payment_method method"
            f" WHERE stripe_payment_link_account = '{practice.account()}'"
            "   AND method.code = 'card' AND method.primary_payment_method_id IS NULL"
        )
        self._values = {
            "provider_id": int(provider),
            "payment_method_id": int(method),
            "token_id": None,
            "amount": 120.0,
            "flow": "redirect",
            "tokenization_requested": False,
            "landing_route": self.url.removeprefix(practice.server.url),
            "access_token": self.url.rpartition("=")[2],
        }

    def page(self, query=""):
        return self._http.get(f"{self.url}{query}", timeout=60).text

    def submit(self, **values):
        """Click *Pay*; return what the form's script is told."""
        answer = self._http.post(
            self._route,
            # Like a browser, but also what no browser sends: Python writes NaN.
            data=json.dumps({"params": {**self._values, **values}}),
            headers={"Content-Type": "application/json"},
            timeout=60,
        ).json()
        return answer.get("result") or {"state": "raised", **answer["error"]["data"]}

    def session(self, **values):
        """Click *Pay*; return the Checkout Session that it leads to."""
        told = self.submit(**values)
        assert told["state"] == "draft", told
        return re.search(r"/(cs_\w+)\"", told["redirect_form_html"])[1]

    def come_back(self, address):
        """Follow the way back from Stripe; return the page that it ends on."""
        return self._http.get(address, timeout=60)


def pay_on_stripes_page(page):
    page.wait_for_selector("#number")
    page.fill("#email", "payer@example.com")
    page.fill("#number", "4242424242424242")
    page.fill("#expiry", "12 / 34")
    page.fill("#cvc", "123")
    page.fill("#name", "A Client")
    page.click("form:has(#number) button")


def open_sessions(practice, invoice):
    return practice.value(
        "SELECT count(*) FROM payment_transaction tx"
        "  JOIN account_invoice_transaction_rel rel ON rel.transaction_id = tx.id"
        f" WHERE rel.invoice_id = {invoice} AND tx.state IN ('draft', 'pending')"
    )


def log_in(page, practice, login, path):
    page.goto(f"{practice.server.url}/web/login?redirect={path}")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", login)
    page.click("button[type=submit]")
    page.wait_for_url(f"**{path}*")


# === IN A BROWSER ===#


def test_portal_client_saves_and_removes_an_own_card(practice, fake, new_page, keep_screenshot):
    page = new_page(PHONE)
    login = new_portal_login(practice, practice.new_invoice())
    log_in(page, practice, login, "/my/payment_method")
    page.wait_for_selector(f"{PAY}:enabled")
    page.click(PAY)
    pay_on_stripes_page(page)
    page.wait_for_url("**/my/payment_method*")
    page.wait_for_selector("text=Visa •••• 4242")
    keep_screenshot(page, "portal saved card phone")
    page.click("[name=o_payment_delete_token]")
    page.click(".modal .btn-primary")
    page.wait_for_selector("text=Visa •••• 4242", state="detached")


@pytest.mark.parametrize(("name", "viewport"), [("desktop", DESKTOP), ("phone", PHONE)])
def test_portal_client_leaves_stripe_and_pays_later(
    practice, fake, new_page, keep_screenshot, name, viewport
):
    invoice = practice.new_invoice()
    page = new_page(viewport)
    log_in(page, practice, new_portal_login(practice, invoice), "/my/invoices")
    page.click("a[title='Pay Now']")
    page.wait_for_selector("#pay_with.show")
    page.wait_for_selector(f"#pay_with {PAY}:enabled")
    keep_screenshot(page, f"portal payment form {name}")
    page.click(f"#pay_with {PAY}")
    page.wait_for_selector("#number")
    page.click("text=Back to")
    page.wait_for_url(f"**/my/invoices/{invoice}*")
    page.click("text=Pay Now")
    page.wait_for_selector(f"#pay_with.show {PAY}:enabled")
    assert "Proforma" not in page.inner_text("#wrap")
    keep_screenshot(page, f"portal back from Stripe {name}")
    page.click(f"#pay_with {PAY}")
    pay_on_stripes_page(page)
    page.wait_for_url(f"**/my/invoices/{invoice}*")
    page.wait_for_selector(".alert-success:has-text('Your payment has been processed')")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    keep_screenshot(page, f"portal paid {name}")
    assert practice.invoice_state(invoice) == PAID
    assert practice.payments(invoice) == [["paid", "120.00", "asset_cash"]]
    refund = practice.call(
        "manager",
        "practice.refund",
        "create",
        {"move_id": invoice, "way": "hand", "reason": "Left early"},
    )
    practice.call("manager", "practice.refund", "action_refund", [refund])
    page.goto(f"{practice.server.url}/my/invoices")
    page.wait_for_selector(".badge:has-text('Refunded')")
    keep_screenshot(page, f"portal refunded {name}")


def test_everything_overdue_is_asked_for_once_and_less_what_was_paid(
    practice, fake, new_page, keep_screenshot
):
    invoice, processing = practice.new_invoice(), practice.new_invoice()
    practice.pay_by_hand(invoice, 50.0)
    session = Form(practice, processing).session()
    assert fake.pay_session(session, card="000123456789", way="debit")
    client = practice.value(f"SELECT partner_id FROM account_move WHERE id = {invoice}")
    practice.sql(
        f"UPDATE account_move SET invoice_date_due = '2026-01-01', partner_id = {client}"
        f" WHERE id IN ({invoice}, {processing}) RETURNING id"
    )
    wait_until(lambda: "Pending" in Form(practice, processing).page())
    page = new_page(PHONE)
    log_in(page, practice, new_portal_login(practice, invoice), "/my/invoices/overdue")
    assert "70.00" in page.inner_text("#o_payment_summary_amount")
    keep_screenshot(page, "phone portal overdue")
    page.click(PAY)
    pay_on_stripes_page(page)
    page.wait_for_url("**/my/invoices")
    assert practice.invoice_state(invoice) == PAID
    fake.settle_debit(session)
    wait_until(lambda: practice.invoice_state(processing) == PAID)


def access_token(practice, *values):
    """Return what proves, in an address of Odoo's, that the values are Odoo's own."""
    secret = practice.value("SELECT value FROM ir_config_parameter WHERE key = 'database.secret'")
    message = repr(("generate_access_token", "|".join(map(str, values))))
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()


def test_odoos_payment_page_takes_money_without_an_invoice(
    practice, fake, new_page, keep_screenshot
):
    ((client, company, currency),) = practice.sql(
        "SELECT partner_id, company_id, currency_id FROM account_move"
        f" WHERE id = {practice.new_invoice()}"
    )
    query = {
        "amount": 30.0,
        "partner_id": client,
        "company_id": company,
        "currency_id": currency,
        "access_token": access_token(practice, client, 30.0, currency),
    }
    page = new_page(PHONE)
    page.goto(f"{practice.server.url}/payment/pay?{urlencode(query)}")
    page.wait_for_selector(f"{PAY}:enabled")
    keep_screenshot(page, "phone payment without an invoice")
    page.click(PAY)
    pay_on_stripes_page(page)
    page.wait_for_url("**/payment/confirmation*")
    page.wait_for_selector("text=Your payment has been processed")
    assert "Riverside Practice" in page.inner_text("footer")
    keep_screenshot(page, "phone payment without an invoice, paid")
    assert practice.sql(
        f"SELECT state, amount FROM account_payment WHERE partner_id = {client}"
    ) == [["paid", "30.00"]]


# === ONE PAYABLE SESSION ===#


def test_form_and_pay_page_have_one_payable_session_together(practice, fake):
    invoice = practice.new_invoice()
    form, link = Form(practice, invoice), practice.link(invoice)
    first = form.session()
    second = session_in(practice.click_pay(link))
    assert fake.pay_session(first) is None
    third = form.session()
    assert fake.pay_session(second) is None
    outcomes = at_once(
        form.session,
        lambda: session_in(practice.click_pay(link)),
        form.session,
        lambda: session_in(practice.click_pay(link)),
    )
    sessions = {outcome for outcome in outcomes if isinstance(outcome, str)} | {third}
    payable = [
        session for session in sessions if session.startswith("cs_") and fake.pay_session(session)
    ]
    assert len(payable) == 1, outcomes
    wait_until(lambda: practice.invoice_state(invoice) == PAID)
    assert len(practice.payments(invoice)) == 1


def test_double_click_on_the_form_makes_one_payable_session(practice, fake):
    invoice = practice.new_invoice()
    outcomes = at_once(*[Form(practice, invoice).session] * 3)
    sessions = {outcome for outcome in outcomes if isinstance(outcome, str)}
    assert len([session for session in sessions if fake.pay_session(session)]) == 1, outcomes
    wait_until(lambda: practice.invoice_state(invoice) == PAID)
    assert len(practice.payments(invoice)) == 1


def test_form_finds_that_the_other_session_was_paid(practice, fake):
    invoice = practice.new_invoice()
    fake.hold_webhooks()
    assert fake.pay_session(session_in(practice.click_pay(practice.link(invoice))))
    told = Form(practice, invoice).submit()
    assert told["state"] == "error"
    assert "Nothing is due on" in told["state_message"]
    assert practice.invoice_state(invoice) == PAID
    assert open_sessions(practice, invoice) == "0"


# === WHAT IS DUE TODAY ===#


def test_stale_link_of_odoos_asks_for_todays_residual(practice, fake):
    invoice = practice.new_invoice()
    form = Form(practice, invoice)
    wizard = practice.call(
        "admin",
        "payment.link.wizard",
        "create",
        {},
        context={"active_model": "account.move", "active_id": invoice},
    )
    (values,) = practice.call("admin", "payment.link.wizard", "read", [wizard], ["amount", "link"])
    assert values["amount"] == 120.0
    practice.pay_by_hand(invoice, 50.0)
    query = "&" + values["link"].partition("&")[2].partition("#")[0]
    page = form.page(query)
    asked = re.findall(r'data-(?:amount|invoice-[a-z-]+)="([\d.]+)"', page)
    assert asked
    assert set(asked) == {"70.0"}
    told = form.submit(amount=120.0)
    assert told["state"] == "error"
    assert "70.00" in told["state_message"]
    assert fake.pay_session(form.session(amount=70.0))
    wait_until(lambda: practice.invoice_state(invoice) == PAID)


def test_nothing_reaches_stripe_that_is_not_due(practice, fake):
    invoice = practice.new_invoice()
    form = Form(practice, invoice)
    fake.forget_requests()
    for amount in (120.01, 0.0, -120.0, float("nan")):
        told = form.submit(amount=amount)
        assert told["state"] in ("error", "raised"), amount
        assert "Traceback" not in str(told.get("state_message") or told.get("message")), amount
    practice.pay_by_hand(invoice, 120.0)
    assert "Nothing is due" in form.submit()["state_message"]
    cancelled = practice.new_invoice()
    form = Form(practice, cancelled)
    practice.call("admin", "account.move", "write", [cancelled], {"state": "cancel"})
    assert "Nothing is due" in form.submit()["state_message"]
    assert fake.requests("/v1/checkout/sessions", "POST") == []


def test_manual_payment_closes_the_forms_session(practice, fake):
    invoice = practice.new_invoice()
    form = Form(practice, invoice)
    session = form.session()
    practice.pay_by_hand(invoice, 120.0)
    wait_until(lambda: open_sessions(practice, invoice) == "0")
    assert fake.pay_session(session) is None
    # That the session was closed is no news to who looks at a paid invoice.
    assert "canceled" not in form.page()


def test_bank_debit_lands_on_the_invoice_and_is_not_paid_again(practice, fake):
    invoice = practice.new_invoice()
    form = Form(practice, invoice)
    session = form.session()
    way_back = fake.pay_session(session, card="000123456789", way="debit")
    landing = form.come_back(way_back)
    assert f"/my/invoices/{invoice}" in landing.url
    assert "Pending" in landing.text
    assert "Pay Now" not in landing.text
    assert "being processed" in form.submit()["state_message"]
    fake.settle_debit(session)
    wait_until(lambda: practice.invoice_state(invoice) == PAID)


# === WHOSE CARD, WHICH WAY BACK ===#


def test_holder_of_an_address_charges_no_saved_card(practice):
    told = Form(practice, practice.new_invoice()).submit(flow="token", token_id=1)
    assert "log in" in told["message"]


def test_way_back_leads_to_this_server_only(practice, fake):
    form = Form(practice, practice.new_invoice())
    fake.forget_requests()
    form.session(landing_route="@evil.example/")
    (request,) = fake.requests("/v1/checkout/sessions", "POST")
    assert request["params"]["cancel_url"] == f"{practice.server.url}/@evil.example/"
