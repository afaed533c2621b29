"""The main job, as a newcomer does it: by clicks alone, on a running practice."""

import re

from tests.conftest import PHONE
from tests.practice import read_mail


def no_sideways_scroll(page):
    """Whether the page fits the width of its window."""
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def open_session(page, practice):
    """Open the popover of a session in the calendar that is not invoiced yet."""
    page.goto(f"{practice.server.url}/odoo/calendar")
    page.wait_for_selector(".fc-event")
    for event in page.query_selector_all(".fc-event:visible"):
        # Sessions overlap in the week: the corner of each one is free.
        event.click(position={"x": 4, "y": 4}, force=True)
        page.wait_for_selector(".o_cw_popover")
        if page.query_selector(".o_billing_invoice"):
            return
        page.keyboard.press("Escape")
        page.wait_for_selector(".o_cw_popover", state="detached")
    raise AssertionError("no session in this week's calendar can be invoiced")


def test_session_becomes_a_paid_and_reconciled_invoice(
    practice, new_page, log_in, inbox, keep_screenshot
):
    desk = new_page()
    log_in(desk, "frontdesk")

    # Session in the calendar → one click → invoice.
    open_session(desk, practice)
    keep_screenshot(desk, "1 session in the calendar")
    desk.click(".o_billing_invoice")
    desk.wait_for_selector(".o_billing_invoice.o_form_view, .o_form_view .o_billing_invoice")
    number = desk.inner_text(".o_field_widget[name=name] span >> nth=0").strip()
    assert re.match(r"INV/\d{4}/\d+", number)
    keep_screenshot(desk, "2 invoice")

    # Send payment link → the client's e-mail.
    desk.click("button[name=action_billing_send_link]")
    desk.wait_for_selector(".modal .o_field_widget[name=email] input")
    email = desk.input_value(".modal .o_field_widget[name=email] input")
    keep_screenshot(desk, "3 send payment link")
    desk.click(".modal button[name=action_send]")
    desk.wait_for_selector(".modal", state="detached")
    mail = inbox.wait_for(email, number)
    desk.wait_for_selector(f".o-mail-Chatter:has-text('Subject: Invoice {number}')")
    # The attached invoice is our own, not one that came in.
    assert "factur-x" not in desk.inner_text(".o-mail-Chatter")
    keep_screenshot(desk, "4 invoice after sending")
    body, attachments = read_mail(inbox.source(mail["id"]))
    assert attachments == ["application/pdf"]

    # Pay page → Stripe's page, on the client's phone, without a login.
    link = desk.get_attribute(".o_field_widget[name=billing_link_url] a", "href")
    assert link in body
    client = new_page(PHONE)
    client.goto(link)
    assert number in client.inner_text("main")
    assert no_sideways_scroll(client)
    keep_screenshot(client, "5 pay page")
    client.click("button[type=submit]")
    client.wait_for_selector("#number")
    keep_screenshot(client, "6 page of the stand-in for Stripe")
    client.fill("#email", email)
    client.fill("#number", "4242424242424242")
    client.fill("#expiry", "12 / 34")
    client.fill("#cvc", "123")
    client.fill("#name", "A Client")
    client.click("form:has(#number) button")
    client.wait_for_selector("[data-status=paid]")
    assert client.url == link
    assert no_sideways_scroll(client)
    keep_screenshot(client, "7 pay page when paid")

    # Invoice paid and reconciled → receipt.
    _body, attachments = read_mail(inbox.source(inbox.wait_for(email, "Receipt")["id"]))
    assert attachments == ["application/pdf"]
    desk.reload()
    desk.wait_for_selector(".o_field_badge:has-text('Paid')")
    keep_screenshot(desk, "8 invoice when paid")
    invoice = practice.value(
        f"SELECT id FROM account_move WHERE name = '{number}'"
        " AND move_type = 'out_invoice' AND payment_state = 'paid'"
        " ORDER BY id DESC LIMIT 1"
    )
    assert practice.invoice_state(invoice) == ("paid", 0.0)
    ((state, _amount, account),) = practice.payments(invoice)
    assert (state, account) == ("paid", "asset_cash")
    assert (
        practice.value(
            "SELECT bool_and(line.reconciled) FROM account_move_line line"
            "  JOIN account_account account ON account.id = line.account_id"
            f" WHERE line.move_id = {invoice} AND account.account_type = 'asset_receivable'"
        )
        == "t"
    )
    assert (
        practice.value(
            "SELECT account.name ->> 'en_US' FROM account_move_line line"
            "  JOIN account_payment payment ON payment.move_id = line.move_id"
            "  JOIN account_account account ON account.id = line.account_id"
            "  JOIN account_invoice_transaction_rel rel"
            "    ON rel.transaction_id = payment.payment_transaction_id"
            f" WHERE rel.invoice_id = {invoice} AND line.debit > 0"
        )
        == "Stripe balance"
    )


def test_front_desk_does_it_on_a_phone(practice, new_page, log_in, keep_screenshot):
    phone = new_page(PHONE)
    log_in(phone, "frontdesk")
    invoice = practice.new_invoice()
    phone.goto(f"{practice.server.url}/odoo/action-carepatron_billing.account_move_billing_action")
    phone.wait_for_selector(".o_kanban_record")
    assert no_sideways_scroll(phone)
    keep_screenshot(phone, "phone invoices")
    number = practice.value(f"SELECT name FROM account_move WHERE id = {invoice}")
    phone.goto(
        f"{practice.server.url}/odoo/action-carepatron_billing.account_move_billing_action/{invoice}"
    )
    phone.wait_for_selector(f".o_form_view:has-text('{number}')")
    assert no_sideways_scroll(phone)
    keep_screenshot(phone, "phone invoice")
    phone.click("button[name=action_billing_send_link]:visible")
    phone.wait_for_selector(".modal .o_field_widget[name=email] input")
    assert no_sideways_scroll(phone)
    keep_screenshot(phone, "phone send payment link")


def test_practitioner_sees_own_sessions_only(practice, new_page, log_in, keep_screenshot):
    page = new_page()
    log_in(page, "practitioner")
    page.goto(f"{practice.server.url}/odoo/action-carepatron_billing.practice_billing_item_action")
    page.wait_for_selector(".o_list_view, .o_nocontent_help")
    keep_screenshot(page, "practitioner uninvoiced work")
    shown = practice.call("practitioner", "practice.billing.item", "search_count", [])
    own = practice.value(
        "SELECT count(*) FROM practice_billing_item item"
        "  JOIN res_users practitioner ON practitioner.id = item.practitioner_id"
        " WHERE practitioner.login = 'practitioner'"
    )
    assert shown == int(own)


def test_settings_open_for_the_manager(practice, new_page, log_in, keep_screenshot):
    for viewport, name in ((None, "settings"), (PHONE, "phone settings")):
        page = new_page(viewport)
        log_in(page, "manager")
        page.goto(f"{practice.server.url}/odoo/billing-settings")
        page.wait_for_selector(".o_form_view:has-text('Setup payments')")
        assert no_sideways_scroll(page)
        keep_screenshot(page, name)
