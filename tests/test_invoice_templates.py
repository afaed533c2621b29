"""Managers design invoices, and see what they do."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

SCROLLS_SIDEWAYS = "document.documentElement.scrollWidth > window.innerWidth"


@pytest.fixture
def open_template(log_in, server):
    """Open the practice's default template as a manager and wait for its picture."""

    def open_template(page):
        # Pictures and axe would meet tabs that are still fading in.
        page.emulate_media(reduced_motion="reduce")
        log_in(page, "manager")
        page.goto(f"{server.url}/odoo/invoice-templates")
        page.click(".o_kanban_record:has-text('Default')")
        page.wait_for_selector(".o_layout_choice")

    return open_template


def paper(page):
    """Return the pages of the preview, as one element for each."""
    return page.locator(".o_page_text")


def wait_for_paper(page, text):
    """Wait until a page of the preview says a text."""
    paper(page).filter(has_text=text).first.wait_for(state="attached")
    page.wait_for_selector(".o_preview_status:not(:has-text('Drawing'))")


def assert_accessible(page):
    """Ask axe of the form and its preview, but for the widgets that are Odoo's own."""
    odoos = [[".o_notebook_headers"], ["[name=font]"]]
    context = {"include": [[".o_form_renderer"]], "exclude": odoos}
    found = Axe().run(page, context=context).response["violations"]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []


def test_preview_follows_the_form_before_it_is_saved(page, open_template, keep_screenshot):
    open_template(page)
    wait_for_paper(page, "Alex Morgan")
    keep_screenshot(page, "invoice template")
    page.click("label:has-text('Modern')")
    page.click("text=Texts")
    # Still in the field: no key was pressed to leave it.
    page.locator("[name=title] input").press_sequentially("Fee note")
    wait_for_paper(page, "Fee note")
    page.locator("[name=introduction] textarea").press_sequentially("Dear {client}, it is {total}.")
    wait_for_paper(page, re.compile(r"Dear Alex Morgan, it is \$\s?\d"))
    keep_screenshot(page, "invoice template, texts")
    page.click("text=What shows")
    wait_for_paper(page, "S01")
    page.click("[name=show_code] input")
    paper(page).filter(has_text="S01").wait_for(state="detached")
    keep_screenshot(page, "invoice template, what shows")
    assert_accessible(page)
    page.click(".o_form_button_cancel")
    wait_for_paper(page, "S01")
    assert paper(page).filter(has_text="Fee note").count() == 0


def test_who_leaves_while_the_preview_is_drawn_meets_no_error(page, open_template):
    held = []
    page.route("**/pdfjs/build/pdf.js", lambda route: held.append(route))
    open_template(page)
    page.wait_for_selector("script[src$='/pdf.js']", state="attached")
    # What changes meanwhile waits to be drawn next, once the preview has waited for more of it.
    page.click("[name=theme] >> text=Garden")
    page.wait_for_timeout(500)
    page.click("text=Overview")
    page.wait_for_selector(".o_billing_overview")
    for route in held:
        route.continue_()
    # By the time that the next one is drawn, what was left is over.
    page.go_back()
    wait_for_paper(page, "Alex Morgan")


def test_what_cannot_be_drawn_is_said_beside_the_last_picture(page, open_template, keep_screenshot):
    open_template(page)
    wait_for_paper(page, "Alex Morgan")
    page.click("text=Texts")
    page.locator("[name=terms] textarea").press_sequentially("About {diagnosis}")
    page.wait_for_selector(".o_preview_problem:has-text('{diagnosis} is unknown')")
    wait_for_paper(page, "Alex Morgan")
    keep_screenshot(page, "invoice template, unknown placeholder")
    page.locator("[name=terms] textarea").fill("About {number}")
    page.wait_for_selector(".o_preview_problem", state="detached")
    wait_for_paper(page, "About INV/")
    page.locator("[name=terms] textarea").fill("")
    page.click("text=Look")
    page.click("text=Another logo")
    logo = {"name": "logo.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\nbroken"}
    page.set_input_files("[name=logo] input[type=file]", logo)
    page.wait_for_selector(".o_preview_problem:has-text('This logo cannot be read')")
    page.click(".o_form_button_cancel")
    page.wait_for_selector(".o_preview_problem", state="detached")


def test_own_colours_that_cannot_be_read_are_warned_of(page, open_template, keep_screenshot):
    open_template(page)
    page.click("label:has-text('Own colours')")
    page.locator("[name=main_color] input").fill("#ffe680")
    page.wait_for_selector("[name=contrast_warning]:has-text('#ffe680 is too light')")
    wait_for_paper(page, "Alex Morgan")
    keep_screenshot(page, "invoice template, own colours")
    assert_accessible(page)
    page.click(".o_form_button_cancel")


def test_samples_and_own_invoices_are_shown(page, open_template, keep_screenshot):
    open_template(page)
    page.select_option(".o_preview_lines", "40")
    page.wait_for_selector(".o_preview_status:has-text('3 pages')")
    assert paper(page).count() == 3
    page.select_option(".o_preview_kind", "credit")
    wait_for_paper(page, "Credit Note")
    page.select_option(".o_preview_kind", "paid")
    wait_for_paper(page, "Paid on")
    page.select_option(".o_preview_kind", "move")
    page.get_by_placeholder("Choose an invoice").fill("INV/")
    invoice = page.locator(".o-autocomplete--dropdown-item a").filter(
        has_text=re.compile(r"^INV/\d+/\d+$")
    )
    number = invoice.first.inner_text()
    invoice.first.click()
    wait_for_paper(page, number)
    page.click("[aria-label=Larger]")
    page.wait_for_selector(".o_preview_zoom:has-text('125 %')")
    keep_screenshot(page, "invoice template, an invoice")
    assert not page.evaluate(SCROLLS_SIDEWAYS)


def test_layout_theme_and_zoom_are_chosen_by_keyboard(page, open_template):
    open_template(page)
    page.focus("input[value=classic]")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(".o_chosen:has-text('Modern')")
    page.focus("input[value=harbour]")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(".o_chosen:has-text('Garden')")
    page.focus("[aria-label=Smaller]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".o_preview_zoom:has-text('75 %')")
    page.click(".o_form_button_cancel")


def test_phone_shows_the_preview_by_its_button(phone, open_template, keep_screenshot):
    open_template(phone)
    keep_screenshot(phone, "invoice template on a phone")
    assert not phone.evaluate(SCROLLS_SIDEWAYS)
    assert_accessible(phone)
    phone.click(".o_show_preview")
    wait_for_paper(phone, "Alex Morgan")
    assert not phone.locator(".o_layout_choice").is_visible()
    keep_screenshot(phone, "invoice template on a phone, preview")
    assert not phone.evaluate(SCROLLS_SIDEWAYS)
    assert_accessible(phone)
    phone.click(".o_preview_switch button:has-text('Edit')")
    phone.wait_for_selector(".o_layout_choice", state="visible")


def test_settings_lead_to_a_new_default_template(page, log_in, server, keep_screenshot):
    log_in(page, "manager")
    page.goto(f"{server.url}/odoo/billing-settings")
    page.click("button:has-text('New template')")
    page.locator("[name=name] input").fill("For insurers")
    page.click("label:has-text('Statement')")
    wait_for_paper(page, "Payment slip")
    page.click(".o_form_button_save")
    page.click("button:has-text('Make it the default')")
    page.wait_for_selector(".badge:has-text('Default'):visible")
    page.goto(f"{server.url}/odoo/billing-settings")
    page.wait_for_selector(".o_template_card:has-text('For insurers') .badge:has-text('Default')")
    page.locator(".o_template_card").first.scroll_into_view_if_needed()
    keep_screenshot(page, "settings, invoice templates")
    standard = page.locator(".o_template_card", has_text="Standard")
    standard.get_by_text("Make it the default").click()
    page.wait_for_selector(".o_template_card:has-text('Standard') .badge:has-text('Default')")
    page.locator(".o_template_card", has_text="For insurers").get_by_text("Edit").click()
    wait_for_paper(page, "Payment slip")
    page.click("button:has-text('Use for all drafts')")
    page.click(".modal button:has-text('Use for all drafts')")
    page.wait_for_selector(".o_notification:has-text('drafts use For insurers')")


def test_client_gets_a_template_of_its_own(page, log_in, server, keep_screenshot):
    log_in(page, "frontdesk")
    page.goto(f"{server.url}/odoo/billing-clients")
    page.click(".o_data_row >> nth=0 >> td[name=complete_name]")
    page.click(".nav-link:has-text('Billing')")
    page.click("[name=billing_template_id] input")
    page.click(".o-autocomplete--dropdown-item:has-text('Standard')")
    page.click(".o_form_button_save")
    page.wait_for_selector(".o_form_status_indicator_buttons.invisible", state="attached")
    keep_screenshot(page, "client, billing")
