"""Payments are set up, and a practice begins, by clicks and by the keyboard."""

import pytest

from tests.conftest import DESKTOP, PHONE
from tests.payer import save_card
from tests.screens import Hand, assert_fit_both
from tests.stripe_setup.manager import ALL_PERMISSIONS, company, new_key, provider


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_manager_sets_payments_up_by_clicks(
    practice, fake, new_page, log_in, keep_screenshot, size
):
    name = "phone" if size is PHONE else "desktop"
    key = new_key("rk_test")
    fake.key(key, permissions=["charge_write", "event_read"])
    page = new_page(size)
    log_in(page, "manager")

    def open_dialog():
        page.goto(f"{practice.server.url}/odoo/billing-settings")
        page.click(".o_form_view button:has-text('Setup payments')")
        page.wait_for_selector(".modal .o_billing_check")

    open_dialog()
    keep_screenshot(page, f"setup payments 1 dialog {name}")
    page.fill(".modal [name=secret_key] input", f" {key} ")
    page.click(".modal .o_billing_check")
    page.wait_for_selector(".modal .alert-danger >> text=Payouts: Read")
    keep_screenshot(page, f"setup payments 2 missing permissions {name}")
    fake.key(key, permissions=ALL_PERMISSIONS)
    page.click(".modal .o_billing_check")
    page.wait_for_selector(".modal .o_billing_checked >> text=Test mode")
    keep_screenshot(page, f"setup payments 3 checked {name}")

    # Neither the check nor leaving the page connects anything.
    open_dialog()
    assert provider(practice, "coalesce(stripe_payment_link_account, '')") == ""
    page.fill(".modal [name=secret_key] input", key)
    page.click(".modal .o_billing_check")
    page.wait_for_selector(".modal .o_billing_checked >> text=Test mode")
    page.click(".modal button[name=action_connect]")
    page.wait_for_selector(".o_form_view button[name=action_billing_stripe_check]")
    assert page.is_visible(".o_form_view [name=billing_stripe_state] >> text=Test mode")
    keep_screenshot(page, f"setup payments 4 status {name}")
    fake.account(fake.account_of(key), payouts_enabled=False, currently_due=["external_account"])
    page.click("button[name=action_billing_stripe_check]")
    page.wait_for_selector("text=a bank account for payouts")
    keep_screenshot(page, f"setup payments 5 asked for more {name}")
    save_card(practice, practice.new_invoice())
    page.click(".o_form_view button:has-text('Change the account')")
    page.fill(".modal [name=secret_key] input", new_key())
    assert not page.is_visible(".modal [name=cards]")
    page.click(".modal .o_billing_check")
    page.wait_for_selector(".modal >> text=Clients with a card saved at the present account: 1")
    assert page.is_checked(".modal [name=cards] input[data-value=remove]")
    keep_screenshot(page, f"setup payments 6 change {name}")
    page.click(".modal button[name=action_connect]")
    page.wait_for_selector(".modal", state="detached")
    assert fake.objects("customer", fake.account_of(key)) == []
    page.click(".o_form_view button:has-text('Disconnect')")
    page.wait_for_selector(".modal >> text=Disconnect Stripe?")
    keep_screenshot(page, f"setup payments 7 disconnect {name}")
    page.click(".modal-footer button:has-text('Disconnect')")
    page.wait_for_selector(".o_form_view [name=billing_stripe_state] >> text=Not set up")


def test_manager_makes_an_account_at_stripe_and_is_sent_back(
    practice, fake, page, log_in, keep_screenshot
):
    settings = f"{practice.server.url}/odoo/billing-settings"
    log_in(page, "manager")
    page.goto(settings)
    page.click(".o_menu_sections button:has-text('Settings')")
    page.click(".dropdown-item:has-text('Setup payments')")
    page.click(".modal .o_field_radio >> text=Connect")
    page.wait_for_selector(".modal button[name=action_continue_at_stripe]")
    keep_screenshot(page, "setup payments 8 connect")
    page.click(".modal button[name=action_continue_at_stripe]")
    page.click("button[value=partly]")
    page.wait_for_selector(".o_form_view >> text=Stripe still asks for")
    assert settings in page.url
    keep_screenshot(page, "setup payments 9 half way")

    # An old link leads to a new one.
    identifier = provider(practice, "id")
    page.goto(f"{practice.server.url}/billing/stripe/connect/{identifier}/refresh")
    page.click("button[value=finish]")
    page.wait_for_selector(".o_form_view [name=billing_stripe_state] >> text=Test mode")
    keep_screenshot(page, "setup payments 10 connected")


def hold_a_session_of_each_state_today(practice):
    """Move a session of each state of billing to today; return the states in words."""
    names = practice.call("manager", "calendar.event", "fields_get", ["billing_state"])
    words = dict(names["billing_state"]["selection"])
    events = practice.call(
        "manager",
        "calendar.event",
        "search_read",
        [["billing_service_id", "!=", False]],
        ["billing_state"],
    )
    sessions = {event["billing_state"]: event["id"] for event in events if event["billing_state"]}
    moved = ", ".join(map(str, sessions.values()))
    practice.sql(
        "UPDATE calendar_event SET start = now() AT TIME ZONE 'UTC',"
        f" stop = now() AT TIME ZONE 'UTC' + interval '50 minutes' WHERE id IN ({moved})"
        " RETURNING id"
    )
    assert len(sessions) > 4
    return {words[state] for state in sessions}


def test_first_steps_are_walked_by_keyboard_and_by_clicks(
    practice, fake, page, log_in, keep_screenshot
):
    page.emulate_media(reduced_motion="reduce")
    practice.sql(
        "UPDATE res_partner SET street = NULL WHERE id ="
        f" (SELECT partner_id FROM res_company WHERE id = {company(practice)}) RETURNING id"
    )
    # As if nobody had chosen anything of the template with which a practice begins.
    practice.sql(
        "UPDATE practice_invoice_template SET write_date = create_date"
        f" WHERE company_id = {company(practice)} RETURNING id"
    )
    states = hold_a_session_of_each_state_today(practice)
    log_in(page, "manager")
    page.goto(f"{practice.server.url}/odoo/billing")
    page.wait_for_selector(".o_billing_steps")
    shown = page.locator(".o_billing_session .o_billing_badge").all_inner_texts()
    assert states <= set(shown), shown
    assert_fit_both(page, "overview", keep_screenshot)
    hand = Hand(page)

    def step(name):
        return f"[data-step={name}]"

    # By the keyboard alone.
    hand.tab_to(step("payments"))
    hand.press("Enter")
    page.wait_for_selector(".modal [name=secret_key] input")
    hand.tab_to(".modal [name=secret_key] input")
    page.keyboard.type(new_key())
    hand.tab_to(".modal .o_billing_check")
    hand.press("Enter")
    page.wait_for_selector(".modal .o_billing_checked >> text=Test mode")
    hand.tab_to(".modal button[name=action_connect]")
    hand.press("Enter")
    page.wait_for_selector(f".o_done {step('payments')}")

    # By clicks.
    assert page.is_visible(f"{step('settings')} >> text=Still missing: street.")
    hand.click(step("settings"))
    page.wait_for_selector(".o_billing_save_state >> text=All changes are saved")
    page.fill("[name=street] input", "48 Riverside Walk")
    page.wait_for_selector(".o_billing_save_state >> text=Not saved yet")
    hand.click(".o_billing_save_state button:has-text('Save')")
    page.wait_for_selector(".o_billing_save_state >> text=All changes are saved")
    assert_fit_both(page, "billing settings", keep_screenshot)
    overview = "text=Overview"
    hand.click(overview)
    page.wait_for_selector(f".o_done {step('settings')}")
    hand.click(step("template"))
    page.wait_for_selector(".o_form_view [name=layout]")
    hand.click("[name=theme] >> text=Garden")
    hand.click(".o_form_button_save")
    page.wait_for_selector(".o_form_status_indicator_buttons.invisible", state="attached")
    hand.click(overview)
    page.wait_for_selector(f".o_done {step('template')}")
    hand.click(step("invoice"))
    page.wait_for_selector("[name=billing_client_id] input:focus")
    page.click(overview)
    page.wait_for_selector(".o_billing_steps")
    hand.click(step("reminders"))
    hand.click("button[name=action_switch_on]")
    hand.click(".modal button[name=action_start]")
    page.wait_for_selector("button[name=action_switch_off]")
    hand.click(overview)
    # All five are done, so the overview has no more need of them.
    page.wait_for_selector(".o_billing_figures")
    assert not page.is_visible(".o_billing_steps")
    print(f"set-up: {hand.clicks} clicks, {hand.keys} keys besides what is typed")
