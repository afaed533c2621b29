"""The front desk at its screens, by clicks alone."""

from datetime import datetime

from axe_playwright_python.sync_playwright import Axe

from tests.conftest import PHONE
from tests.payer import DECLINES, save_card, session_in
from tests.practice import SERVICE_NAME, wait_until
from tests.screens import Hand, assert_fit

# Odoo's contact form is Odoo's; what we add to its top is ours.
CONTACT = ".o_form_statusbar"


def open_session(page, practice, hour, **values):
    """Open the calendar and click a new session of the browser's today, whatever weekday it is."""
    start = datetime.now().astimezone().replace(hour=hour, minute=0, second=0)
    session = practice.new_session(start=start, **values)
    page.goto(f"{practice.server.url}/odoo/calendar")
    # Its corner: the session of a colleague at the same hour may lie on the rest.
    page.click(f".fc-event[data-event-id='{session}']", position={"x": 5, "y": 5})
    page.wait_for_selector(".o_billing_popover")


def test_session_in_the_calendar_is_invoiced_in_one_click(page, practice, log_in, keep_screenshot):
    log_in(page, "frontdesk")
    open_session(page, practice, 12)
    keep_screenshot(page, "session in the calendar")
    page.click("button.o_billing_invoice")
    page.wait_for_selector("button[name=action_billing_send_link]")
    assert page.inner_text("[name=billing_status]") == "Not sent"
    assert page.inner_text("h1 [name=name]").startswith("INV/")
    keep_screenshot(page, "invoice")


def test_private_session_shows_what_is_billed_and_hides_its_title(
    phone, practice, log_in, keep_screenshot
):
    log_in(phone, "frontdesk")
    open_session(phone, practice, 7, name="Grief after a loss", privacy="private")
    assert "Grief" not in phone.content()
    assert phone.locator(".fc-event:has-text('Busy')").count()
    shown = phone.inner_text(".o_billing_popover")
    assert SERVICE_NAME in shown
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


def send(hand):
    """Send the payment link of the invoice that is shown, and see that it says so."""
    page = hand.page
    hand.click("button[name=action_billing_send_link]")
    page.wait_for_selector(".modal [name=email]")
    hand.click(".modal button[name=action_send]")
    page.wait_for_selector(".o_billing_timeline .o_kind_sent")
    assert page.inner_text("[name=billing_status]") == "Sent"


def test_four_ways_lead_to_a_sent_payment_link(practice, page, log_in, server, keep_screenshot):
    page.emulate_media(reduced_motion="reduce")
    log_in(page, "frontdesk")
    counts = {}

    # From the menu, by the keyboard but for the first click.
    page.goto(f"{server.url}/odoo/billing-invoices")
    page.wait_for_selector(".o_data_row")
    assert_fit(page, "invoices", keep_screenshot)
    hand = Hand(page)
    hand.click("text=+ New invoice")
    page.wait_for_selector("[name=billing_client_id] input:focus")
    page.keyboard.type("Nadia")
    page.wait_for_selector(".o-autocomplete--dropdown-item:has-text('Nadia')")
    page.keyboard.press("Enter")
    page.wait_for_selector("[name=partner_id] input")
    hand.click("text=Add a service")
    page.wait_for_selector(".o_selected_row [name=product_id] input:focus")
    page.keyboard.type("Physio")
    page.wait_for_selector(".o-autocomplete--dropdown-item:has-text('Physio')")
    page.keyboard.press("Enter")
    page.wait_for_selector(".o_selected_row [name=price_unit] input:not([value='0.00'])")
    assert_fit(page, "new invoice", keep_screenshot)
    page.keyboard.press("Alt+q")
    page.wait_for_selector(".o_billing_sheet canvas")
    assert page.inner_text("[name=billing_status]") == "Not sent"
    assert "Physio" in page.locator(".o_page_text").first.text_content()
    send(hand)
    counts["menu"] = hand.clicks
    assert_fit(page, "invoice page", keep_screenshot)

    # From the client, with the sessions that wait.
    client = practice.value(
        "SELECT client_id FROM practice_billing_item WHERE state = 'unbilled'"
        " AND client_id = payer_id LIMIT 1"
    )
    page.goto(f"{server.url}/odoo/billing-clients/{client}")
    page.wait_for_selector("button[name=action_billing_new_invoice]")
    assert_fit(page, "client", keep_screenshot, CONTACT)
    hand = Hand(page)
    hand.click("button[name=action_billing_new_invoice]")
    page.wait_for_selector(".o_billing_offer")
    hand.click(".o_pick_all")
    page.wait_for_selector("[name=invoice_line_ids] .o_data_row")
    hand.click("button[name=action_billing_create]")
    page.wait_for_selector(".o_billing_sheet canvas")
    send(hand)
    counts["client"] = hand.clicks

    # From the calendar: its popover, and the session's own form.
    for way, hour in (("popover", 13), ("event form", 20)):
        open_session(page, practice, hour)
        hand = Hand(page)
        # The click on the session.
        hand.clicks += 1
        if way == "event form":
            hand.click(".o_cw_popover_edit")
            hand.click("button[name=action_billing_invoice]")
        else:
            hand.click("button.o_billing_invoice")
        page.wait_for_selector(".o_billing_sheet canvas")
        send(hand)
        counts[way] = hand.clicks
    print("Clicks from the app to a sent payment link:", counts)
    assert max(counts.values()) <= 10


def test_new_invoice_that_nobody_touched_leaves_no_draft(practice, page, log_in):
    drafts = "SELECT count(*) FROM account_move WHERE state = 'draft'"
    before = practice.value(drafts)
    log_in(page, "frontdesk")
    for touched in (False, True):
        page.goto(f"{practice.server.url}/odoo/billing-new-invoice")
        page.wait_for_selector("[name=billing_client_id] input:focus")
        if touched:
            page.keyboard.type("Nadia")
            page.click(".o-autocomplete--dropdown-item:has-text('Nadia')")
            page.wait_for_selector("[name=partner_id] input")
        with page.expect_navigation():
            page.goto("about:blank")
        wait_until(lambda kept=int(touched): int(practice.value(drafts)) == int(before) + kept)
    page.goto(f"{practice.server.url}/odoo/billing-invoices")
    page.wait_for_selector(".o_data_row")
    assert int(practice.value(drafts)) == int(before) + 1


def test_screens_of_the_desk_fit_a_phone(practice, phone, log_in, keep_screenshot):
    phone.emulate_media(reduced_motion="reduce")
    invoice = practice.new_invoice(price=80.0)
    client = practice.value(f"SELECT partner_id FROM account_move WHERE id = {invoice}")
    log_in(phone, "frontdesk")
    for name, path, seen in (
        ("invoices", "billing-invoices", ".o_kanban_record [name=billing_status]"),
        ("invoice page", f"billing-invoices/{invoice}", ".o_billing_sheet canvas"),
        ("client", f"billing-clients/{client}", ".o_form_statusbar"),
        ("new invoice", "billing-invoices/new", "[name=billing_client_id] input"),
    ):
        phone.goto(f"{practice.server.url}/odoo/{path}")
        phone.wait_for_selector(seen)
        part = CONTACT if name == "client" else ".o_action_manager"
        assert_fit(phone, f"{name} on a phone", keep_screenshot, part)


def test_money_at_the_desk_is_recorded_in_plain_words(practice, page, log_in, keep_screenshot):
    page.emulate_media(reduced_motion="reduce")
    invoice = practice.new_invoice(price=80.0)
    log_in(page, "frontdesk")
    page.goto(f"{practice.server.url}/odoo/billing-invoices/{invoice}")
    page.click("button[name=action_billing_send_link]")
    page.wait_for_selector(".modal [name=email]")
    page.click(".modal [name=show_preview] input")
    page.frame_locator(".modal iframe").locator("text=View and pay").wait_for()
    assert_fit(page, "send payment link", keep_screenshot)
    page.click(".modal button:has-text('Cancel')")
    page.click("button[name=action_billing_record_payment]")
    page.wait_for_selector(".modal [name=amount]")
    assert_fit(page, "record payment", keep_screenshot)
    page.click(".modal button[name=action_record]")
    page.wait_for_selector(".o_billing_timeline .o_kind_paid")
    assert page.inner_text("[name=billing_status]") == "Paid"
    assert practice.invoice_state(invoice)[0] == "paid"


def test_desk_saves_and_charges_a_card_in_the_browser(
    practice, fake, new_page, log_in, keep_screenshot
):
    for name, size, card, word in (
        ("desktop", None, "4242424242424242", "Paid"),
        ("phone", PHONE, "4000000000000341", "The bank declined"),
    ):
        invoice = practice.new_invoice()
        page = new_page(size)
        log_in(page, "frontdesk")
        address = f"{practice.server.url}/odoo/billing-invoices/{invoice}"
        page.goto(address)
        page.wait_for_selector(".o_billing_invoice canvas")
        press(page, "Add payment method")
        with page.context.expect_page() as opened:
            page.click(".modal button:has-text('Enter a card here')")
        stripe = opened.value
        stripe.wait_for_selector("#number")
        for field, value in (
            ("#email", "payer@example.com"),
            ("#number", card),
            ("#expiry", "12 / 34"),
            ("#cvc", "123"),
            ("#name", "A Client"),
        ):
            stripe.fill(field, value)
        stripe.click("form:has(#number) button")
        stripe.wait_for_selector(f"text=•••• {card[-4:]}")
        assert Axe().run(stripe).response["violations"] == []
        keep_screenshot(stripe, f"saved cards {name}")
        page.goto("about:blank")
        page.goto(address)
        page.wait_for_selector(".o_billing_invoice canvas")
        press(page, "Charge card")
        page.wait_for_selector(f".modal >> text=•••• {card[-4:]}")
        keep_screenshot(page, f"charge card {name}")
        page.click(".modal button:has-text('Charge card')")
        page.wait_for_selector(f"text={word}")
        keep_screenshot(page, f"charged card {name}")


def test_each_decline_and_a_debit_that_fails_later_are_told_on_the_invoice(
    practice, fake, page, log_in, keep_screenshot
):
    invoice = practice.new_invoice()
    payer = save_card(practice, invoice)
    card = practice.value(f"SELECT provider_ref FROM payment_token WHERE partner_id = {payer}")
    log_in(page, "frontdesk")
    address = f"{practice.server.url}/odoo/billing-invoices/{invoice}"
    page.goto(address)
    for number, words in DECLINES.items():
        fake.turn_card(card, number)
        page.wait_for_selector("button[name=action_billing_charge_card] >> visible=true")
        press(page, "Charge card")
        page.click(".modal button[name=action_charge]")
        for part in words:
            page.wait_for_selector(f".modal [name=result]:has-text(\"{part}\")")
        keep_screenshot(page, f"declined card {number}")
        page.click(".modal button:has-text('Close')")
        page.wait_for_selector(".modal", state="detached")
    session = session_in(practice.click_pay(practice.link(invoice)))
    assert fake.pay_session(session, card="000123456789", way="debit")
    wait_until(lambda: transaction_state(practice, invoice) == "pending")
    page.goto("about:blank")
    page.goto(address)
    page.wait_for_selector("[name=billing_status]:has-text('Processing')")
    fake.fail_debit(session)
    wait_until(lambda: transaction_state(practice, invoice) == "error")
    page.goto("about:blank")
    page.goto(address)
    # Odoo shows what the browser remembers of a record until the server has answered.
    page.wait_for_selector("[name=billing_status]:not(:has-text('Processing'))")
    page.wait_for_selector(".o_billing_timeline .o_kind_failed")
    assert practice.invoice_state(invoice) == ("not_paid", 120.0)
    keep_screenshot(page, "debit that failed")


def transaction_state(practice, invoice):
    return practice.value(
        "SELECT tx.state FROM payment_transaction tx JOIN account_invoice_transaction_rel rel"
        "  ON rel.transaction_id = tx.id"
        f" WHERE rel.invoice_id = {invoice} ORDER BY tx.id DESC LIMIT 1"
    )


def press(page, label):
    """Press a button of a form's header, which a phone keeps in a menu."""
    button = page.locator(f".o_statusbar_buttons button:visible:has-text('{label}')")
    if not button.count():
        page.click(".o_statusbar_buttons .o-dropdown")
        button = page.locator(f".o-dropdown--menu button:has-text('{label}')")
    button.first.click()
