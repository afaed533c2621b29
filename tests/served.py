"""The practice that tests of the whole system work on, and its server, as fixtures."""

import re
from urllib.parse import urlsplit

import pytest

from dev.environment.odoo import OdooServer
from tests.gate import Gate
from tests.practice import Practice


def fixtures(scope):
    """Return all fixtures of this file by name, each made once in `module` or `package`.

    `tests/conftest.py` has them for each file. A folder whose files share a practice and its
    server has them in a `conftest.py` of its own.
    """
    served = (
        database,
        start_server,
        server_options,
        server,
        practice,
        stripe_gate,
        mail_gate,
    )
    return {each.__name__: pytest.fixture(scope=scope)(each) for each in served}


def database(request, stack):
    """The name of a copy of the demo practice."""
    name = "pytest_" + re.sub(r"\W", "_", request.node.path.stem)
    stack.databases.drop(name)
    stack.databases.copy(stack.template, name)
    yield name
    stack.databases.drop(name)


def start_server(stack, database):
    """Start an Odoo on the database: `start_server(workers=2, limit_time_real=60)`.

    `stripe_url` leads it to Stripe by another way. What is started is stopped in the end.
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


def server_options():
    """How the server is started: what `start_server` takes. A file or a folder may say
    otherwise."""
    return {}


def server(start_server, server_options):
    """An Odoo on the database; an error in its log is an error of the tests."""
    server = start_server(**server_options)
    yield server
    assert server.errors() == []


def practice(server, stack, database):
    """The demo practice on the server, connected to the Stripe fake."""
    practice = Practice(server, stack, database)
    practice.connect_stripe()
    return practice


def stripe_gate(stack):
    """A door to Stripe's API; a server goes by it if its `server_options` say so."""
    gate = Gate(urlsplit(stack.stripe_url).port)
    yield gate
    gate.close()


def mail_gate(stack):
    """A door to the mail server, for a server with its port as `smtp_port`."""
    gate = Gate(stack.odoo.smtp_port)
    yield gate
    gate.close()
