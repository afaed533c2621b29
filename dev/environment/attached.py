"""A running stack, as another process sees it: tests run by pytest, scripts inside Odoo."""

import json
import os
from pathlib import Path
from typing import NamedTuple

from .databases import Databases
from .mail_catcher import Inbox
from .odoo import Odoo
from .odoo_source import OdooSource
from .postgres import Connection
from .report import Failure
from .stack import Stack

VARIABLE = "BILLING_STACK"


class Attached(NamedTuple):
    """What one needs to use a stack that another process started."""

    odoo: Odoo
    databases: Databases
    inbox: Inbox
    stripe_url: str
    template: str


def describe(stack: Stack, template: str) -> dict[str, str]:
    """Write down how the running services are reached.

    :param template: the database to copy
    :return: the variable that tells `attach` about it
    """
    odoo = stack.odoo
    description = {
        "source": [str(odoo.source.program), str(odoo.source.python_path)],
        "addons": list(map(str, odoo.source.addons)),
        "python": str(odoo.python),
        "connection": odoo.databases.connection,
        "folder": str(stack.folder),
        "outsides": [
            {
                "smtp_port": outside.inbox.smtp_port,
                "variables": outside.variables(),
                "inbox": outside.inbox.url,
                "stripe": outside.stripe.url,
            }
            for outside in stack.outsides
        ],
        "template": template,
    }
    file = stack.folder / "stack.json"
    # It may hold the password of the user's own server.
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump(description, out)
    return {VARIABLE: str(file)}


def attach() -> Attached:
    """The stack that the environment's variable names.

    Each worker of pytest-xdist gets a world outside of its own.

    :raise Failure: there is none
    """
    if VARIABLE not in os.environ:
        raise Failure("these tests need the running services: start them with make test")
    told = json.loads(Path(os.environ[VARIABLE]).read_text())
    outside = told["outsides"][int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])]
    folder = Path(told["folder"])
    program, python_path = told["source"]
    databases = Databases(Connection(*told["connection"]), folder / "data")
    odoo = Odoo(
        OdooSource(Path(program), Path(python_path), tuple(map(Path, told["addons"]))),
        Path(told["python"]),
        databases,
        folder,
        outside["smtp_port"],
        outside["variables"],
    )
    return Attached(odoo, databases, Inbox(outside["inbox"]), outside["stripe"], told["template"])
