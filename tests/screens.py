"""What every screen must hold, and a hand that counts what it does."""

from axe_playwright_python.sync_playwright import Axe

from tests.conftest import DESKTOP, PHONE

SCROLLS_SIDEWAYS = "document.documentElement.scrollWidth > window.innerWidth"
# Odoo's own: its menus, its control panel and what its widgets draw.
ODOOS = [
    [".o_main_navbar"],
    [".o_control_panel"],
    [".o_field_tags"],
    [".o_field_selection"],
    [".o_field_color"],
    [".o_field_field_partner_autocomplete"],
    [".o_optional_columns_dropdown"],
    [".o-mail-Form-chatter"],
    [".o_list_renderer"],
    [".o_notebook_headers"],
    [".o_clipboard_button"],
    ["[name=message]"],
    ["[name=reminders]"],
]
MOST_TABS = 150


class Hand:
    """One hand at the mouse and the keyboard, which counts what it does."""

    def __init__(self, page):
        self.page = page
        self.clicks = 0
        self.keys = 0

    def click(self, selector):
        self.clicks += 1
        self.page.locator(selector).locator("visible=true").first.click()

    def press(self, key):
        self.keys += 1
        self.page.keyboard.press(key)

    def tab_to(self, selector):
        """Press Tab until what is meant has the focus; fail if that never comes."""
        target = self.page.locator(selector).locator("visible=true").first
        target.wait_for()
        for _turn in range(MOST_TABS):
            if target.evaluate("element => element === document.activeElement"):
                return
            self.press("Tab")
        raise AssertionError(f"{selector} is not reached by the keyboard")


def assert_fit(page, name, keep_screenshot, part=".o_action_manager"):
    """See that a screen, or the part of it that is ours, is accessible and fits the window."""
    keep_screenshot(page, name)
    assert not page.evaluate(SCROLLS_SIDEWAYS), f"{name} scrolls sideways"
    dialog = page.locator(".modal").count()
    context = {"include": [[".modal .o_form_view" if dialog else part]], "exclude": ODOOS}
    found = Axe().run(page, context=context).response["violations"]
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    told = [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in serious]
    assert not told, f"{name}: {told}"


def assert_fit_both(page, name, keep_screenshot):
    """See that a screen is accessible and fits a desk's window and a phone's."""
    for size in (PHONE, DESKTOP):
        page.set_viewport_size(size)
        page.wait_for_timeout(300)  # Odoo draws anew a moment after the window changed
        assert_fit(page, f"{name} {size['width']}", keep_screenshot)
