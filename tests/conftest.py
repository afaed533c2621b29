"""What every test of the whole system stands on: services, a database of its own, a browser.

A test file that asks for `server` gets an Odoo of its own on a fresh copy of the demo practice,
and one that asks for `practice` has it connected to the Stripe fake.
"""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import sync_playwright

from dev.environment.odoo import OdooServer
from dev.environment.system_packages import chromium
from dev.logins import LOGINS
from tests.gate import Gate
from tests.practice import Practice

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


@pytest.fixture
def inbox(stack):
    """The mail catcher's inbox, empty."""
    stack.inbox.clear()
    return stack.inbox


@pytest.fixture
def stripe_url(stack):
    """The base address of the Stripe fake."""
    return stack.stripe_url


@pytest.fixture(scope="module")
def database(request, stack):
    """The name of this test file's own copy of the demo practice."""
    name = "pytest_" + re.sub(r"\W", "_", request.module.__name__.rpartition(".")[2])
    stack.databases.drop(name)
    stack.databases.copy(stack.template, name)
    yield name
    stack.databases.drop(name)


@pytest.fixture(scope="module")
def start_server(stack, database):
    """Start an Odoo on this file's database: `start_server(workers=2, limit_time_real=60)`.

    `stripe_url` leads it to Stripe by another way. What a test starts is stopped when the file is
    done.
    """
    servers = []

    def start(workers=0, stripe_url=None, **options):
        server = OdooServer(stack.odoo, database, workers=workers, **options)
        if stripe_url:
            server.process.env |= {"STRIPE_API_BASE": stripe_url}
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="module")
def server_options():
    """How this file's server is started: what `start_server` takes. A file may say otherwise."""
    return {}


@pytest.fixture(scope="module")
def server(start_server, server_options):
    """An Odoo on this file's database; an error in its log is an error of the file."""
    server = start_server(**server_options)
    yield server
    assert server.errors() == []


@pytest.fixture(scope="module")
def practice(server, stack, database):
    """The demo practice on this file's server, connected to the Stripe fake."""
    practice = Practice(server, stack, database)
    practice.connect_stripe()
    return practice


@pytest.fixture
def fake(practice):
    """The Stripe fake, delivering as usual and without faults."""
    yield practice.stripe
    practice.stripe.clear_faults()
    practice.stripe.release()


@pytest.fixture(scope="module")
def stripe_gate(stack):
    """A door to Stripe's API; a file's server goes by it if its `server_options` say so."""
    gate = Gate(urlsplit(stack.stripe_url).port)
    yield gate
    gate.close()


@pytest.fixture(scope="module")
def mail_gate(stack):
    """A door to the mail server, for a server with its port as `smtp_port`."""
    gate = Gate(stack.odoo.smtp_port)
    yield gate
    gate.close()


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


@pytest.fixture
def log_in(server):
    """Log a page in to the server's web client: `log_in(page, 'admin')`."""
    passwords = {login.login: login.password for login in LOGINS}

    def log_in(page, login, password=None):
        page.goto(f"{server.url}/web/login")
        page.fill("input[name=login]", login)
        page.fill("input[name=password]", password or passwords[login])
        page.click("button[type=submit]")
        page.wait_for_selector(".o_main_navbar")

    return log_in


@pytest.fixture
def keep_screenshot():
    """Keep a picture of a page where people look at it: `keep_screenshot(page, 'pay page')`."""
    folder = Path(os.environ["BILLING_SCREENSHOTS"])

    def keep(page, name):
        page.screenshot(path=folder / f"{name}.png", full_page=True)

    return keep
