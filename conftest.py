"""What all tests stand on: the running services, and a database for those inside Odoo.

`make test` starts PostgreSQL, the Stripe fakes and the mail catchers. It may run the tests in
several processes, each with a fake, a catcher and a database of its own.
"""

import os
import threading

import pytest
from xdist.scheduler import LoadFileScheduling

import odoo

from dev.environment.attached import VARIABLE, attach

#: What takes longest, the longest first, as `make test ARGS=--durations=60` shows it.
LONGEST_FIRST = (
    "tests/test_stock_suites.py",
    "tests/payment_faults",
    "carepatron_billing/tests/test_attacker.py",
    "tests/payments",
    "tests/stripe_setup",
    "tests/test_environment.py",
    "carepatron_billing/tests/test_access.py",
    "carepatron_billing/tests/test_document_content.py",
    "tests/test_cards.py",
    "tests/test_front_desk.py",
    "tests/test_payment_crashes.py",
    "tests/test_invoice_batches.py",
    "tests/test_payment_form.py",
    "tests/test_planted_secrets.py",
    "tests/test_concurrency.py",
    "tests/test_main_job.py",
    "tests/test_reminder_mails.py",
    "tests/test_invoice_templates.py",
    "carepatron_billing/tests/test_refund.py",
    "carepatron_billing/tests/test_invoice_correct.py",
)


def pytest_configure():
    """Lead this process, too, to its own worker's services."""
    if VARIABLE in os.environ:
        os.environ.update(attach().odoo.env)


class ByServer(LoadFileScheduling):
    """Hands out files; those of a folder of `tests` share a server and go to one worker."""

    def _split_scope(self, nodeid):
        return unit(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Distribute tests to workers."""
    return ByServer(config, log)


def pytest_collection_modifyitems(items):
    """Begin with what takes longest, lest one worker waits for another's last file."""
    places = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(unit(item.nodeid), len(places)))


def unit(nodeid):
    """Return what goes to one worker as a whole: a file, or a folder whose files share a server."""
    file = nodeid.partition("::")[0]
    folder = file.rpartition("/")[0]
    return folder if folder.startswith("tests/") else file


@pytest.fixture(scope="session")
def stack():
    """The running services: `odoo`, `databases`, `inbox`, `stripe_url`."""
    return attach()


@pytest.fixture(scope="session", autouse=True)
def load_registry(stack):
    """Load Odoo on a fresh copy of the template, in place of pytest-odoo's fixture of this name.

    That one would give all workers one folder of attachments and needs `createdb` on the path.
    """
    name = f"pytest_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    stack.databases.drop(name)
    stack.databases.copy(stack.template, name)
    full_name = stack.databases.full_name(name)
    odoo.tools.config["db_name"] = [full_name]
    odoo.tools.config["smtp_port"] = stack.odoo.smtp_port
    # As Odoo's own runner marks it; otherwise loading starts all tests that it finds.
    threading.current_thread().testing = True
    odoo.modules.registry.Registry(full_name)
    yield
    odoo.sql_db.close_db(full_name)
    stack.databases.drop(name)
