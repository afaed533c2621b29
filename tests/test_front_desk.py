"""The front desk at its screens, by clicks alone."""

from datetime import date

import pytest


@pytest.fixture
def open_session(log_in, server):
    """Log the front desk in to the calendar and click a session of the days to come."""

    def open_session(page, title):
        log_in(page, "frontdesk")
        page.goto(f"{server.url}/odoo/calendar")
        page.wait_for_selector(".fc-event")
        # A Sunday's calendar shows the week that begins.
        if date.today().isoweekday() != 7:
            page.click(".o_calendar_button_next")
        sessions = page.locator(".fc-event")
        private = sessions.filter(has_text="Busy")
        session = (private if title == "Busy" else sessions.filter(has_not_text="Busy")).first
        # Its corner: the session of a colleague at the same hour may lie on the rest.
        session.click(position={"x": 5, "y": 5})
        page.wait_for_selector(".o_billing_popover")

    return open_session


def test_session_in_the_calendar_is_invoiced_in_one_click(page, open_session, keep_screenshot):
    open_session(page, "a client")
    keep_screenshot(page, "session in the calendar")
    page.click("button.o_billing_invoice")
    page.wait_for_selector("button[name=action_billing_send_link]")
    assert page.inner_text("[name=billing_status]") == "Unpaid"
    assert page.inner_text("h1 [name=name]").startswith("INV/")
    keep_screenshot(page, "invoice")


def test_private_session_shows_what_is_billed_and_hides_its_title(
    phone, open_session, keep_screenshot
):
    open_session(phone, "Busy")
    shown = phone.inner_text(".o_billing_popover")
    assert "Counselling session" in shown or "Couples session" in shown
    assert "Not invoiced" in shown
    keep_screenshot(phone, "private session on a phone")
    phone.click("button.o_billing_invoice")
    phone.wait_for_selector("[name=billing_status]")
    keep_screenshot(phone, "invoice on a phone")


def test_uninvoiced_work_is_invoiced_from_the_list(page, log_in, server, keep_screenshot):
    log_in(page, "frontdesk")
    page.goto(f"{server.url}/odoo/uninvoiced-work")
    rows = page.locator(".o_data_row").filter(has_text="Not invoiced")
    rows.nth(0).locator("input[type=checkbox]").click()
    rows.nth(1).locator("input[type=checkbox]").click()
    keep_screenshot(page, "uninvoiced work")
    page.click(".o_control_panel button[name=action_billing_preview]")
    page.wait_for_selector(".modal [name=line_ids] .o_data_row")
    keep_screenshot(page, "invoices before they are made")
    page.click(".modal button[name=action_invoice]")
    page.wait_for_selector("text=Invoices")
    page.wait_for_selector("[name=billing_status]")


def test_manager_saves_the_settings(page, log_in, server, keep_screenshot):
    log_in(page, "manager")
    page.goto(f"{server.url}/odoo/billing-settings")
    page.fill("[name=phone] input", "+1 555 0142")
    page.click("button:has-text('Save')")
    page.wait_for_selector(".o_form_status_indicator_buttons.invisible", state="attached")
    page.reload()
    page.wait_for_selector("[name=phone] input")
    assert page.input_value("[name=phone] input") == "+1 555 0142"
    keep_screenshot(page, "settings")
