"""What every test of the whole system stands on: services, a database of its own, a browser.

A test file that asks for `server` gets an Odoo of its own on a fresh copy of the demo practice,
and one that asks for `practice` has it connected to the Stripe fake. The files of a folder with a
`conftest.py` share theirs.
"""

import os
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from dev.environment.system_packages import chromium
from dev.logins import LOGINS
from tests import served

DESKTOP = {"width": 1400, "height": 900}
PHONE = {"width": 390, "height": 844}
BROWSER_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


# Practices and their servers, one for each file.
globals().update(served.fixtures("module"))


@pytest.fixture
def inbox(stack):
    """The mail catcher's inbox, empty."""
    stack.inbox.clear()
    return stack.inbox


@pytest.fixture
def stripe_url(stack):
    """The base address of the Stripe fake."""
    return stack.stripe_url


@pytest.fixture
def fake(practice):
    """The Stripe fake, delivering as usual and without faults."""
    yield practice.stripe
    practice.stripe.clear_faults()
    practice.stripe.release()


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium of this file's: Odoo's test classes end each process that they find."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=BROWSER_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def new_page(browser):
    """Open pages with nobody logged in: `new_page(PHONE)`.

    The test fails on any error that the browser's console shows.
    """
    contexts = []
    troubles = []

    def note(message):
        if message.type == "error":
            troubles.append(f"{message.text} ({message.location.get('url')})")

    def open_page(viewport=None):
        context = browser.new_context(viewport=viewport or DESKTOP, locale="en-US")
        contexts.append(context)
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture
def page(new_page):
    """One page of a desktop browser."""
    return new_page()


@pytest.fixture
def phone(new_page):
    """One page of a phone's browser."""
    return new_page(PHONE)


@pytest.fixture(scope="session")
def sessions():
    """The cookies of those who logged in before, by server and login."""
    return {}


@pytest.fixture
def log_in(server, sessions):
    """Log a page in to the server's web client: `log_in(page, 'admin')`.

    Everybody fills in the form once; to check a password takes most of a second.
    """
    passwords = {login.login: login.password for login in LOGINS}

    def log_in(page, login):
        known = sessions.get((server, login))
        if known:
            page.context.add_cookies(known)
            page.goto(f"{server.url}/odoo")
        else:
            page.goto(f"{server.url}/web/login")
            page.fill("input[name=login]", login)
            page.fill("input[name=password]", passwords[login])
            page.click("button[type=submit]")
        page.wait_for_selector(".o_main_navbar")
        if not known:
            cookies = page.context.cookies(server.url)
            sessions[server, login] = [one for one in cookies if one["name"] == "session_id"]

    return log_in


@pytest.fixture
def keep_screenshot():
    """Keep a picture of a page where people look at it: `keep_screenshot(page, 'pay page')`."""
    folder = Path(os.environ["BILLING_SCREENSHOTS"])

    def keep(page, name):
        page.screenshot(path=folder / f"{name}.png", full_page=True)

    return keep
