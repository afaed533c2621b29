"""`make run`: the demo practice, in the browser."""

import json
import threading
from pathlib import Path

from ..environment import addon, paths
from ..environment.locks import only_one
from ..environment.odoo import OdooServer
from ..environment.odoo_log import LogWatch
from ..environment.report import Failure, say, step
from ..environment.stack import Stack
from ..logins import LOGINS

DATABASE = "demo"
PORTS = {"odoo": 8069, "inbox": 1080, "smtp": 1025, "stripe": 12111}
CONNECT_STRIPE = paths.CHECKOUT / "dev/odoo_scripts/connect_stripe.py"


def main(arguments: list[str]) -> int:
    """Start everything, wait for Ctrl-C, stop everything."""
    if arguments:
        raise Failure("run takes no arguments")
    refusal = "the demo practice already runs here (process {pid}); end that one with Ctrl-C first"
    with only_one(paths.STATE / "run.lock", refusal):
        remembered = _Memory(paths.STATE / "demo/remembered.json")
        wanted = PORTS | remembered.get("ports", {})
        stack = Stack("demo", durable=True, ports={k: v for k, v in wanted.items() if k != "odoo"})
        with stack.started():
            _prepare(stack, remembered)
            _serve(stack, OdooServer(stack.odoo, DATABASE, wanted["odoo"]), remembered)
    return 0


class _Memory(dict):
    """What one run leaves to the next."""

    def __init__(self, file: Path):
        self._file = file
        super().__init__(json.loads(file.read_text()) if file.exists() else {})

    def keep(self, **values: object) -> None:
        self.update(values)
        # Half a file, as a full disk leaves it, must not take the place of the last whole one.
        partial = self._file.with_suffix(".partial")
        partial.write_text(json.dumps(self))
        partial.replace(self._file)


def _prepare(stack: Stack, remembered: _Memory) -> None:
    """Bring the database up to date with the addon's files."""
    fingerprint = addon.fingerprint()
    if not stack.databases.exists(DATABASE):
        making = f"{DATABASE}_unfinished"
        stack.databases.drop(making)
        stack.odoo.install(making, [addon.NAME], "Installing Odoo with the demo practice (once)")
        stack.databases.rename(making, DATABASE)
        remembered.keep(fingerprint=fingerprint, connected=None)
    elif remembered.get("fingerprint") != fingerprint:
        stack.odoo.update(DATABASE, [addon.NAME], "Updating the demo practice to the changed addon")
        remembered.keep(fingerprint=fingerprint)


def _connect(stack: Stack, server: OdooServer, remembered: _Memory) -> None:
    """Tell the practice and Stripe of each other, and the next run of today's addresses."""
    addresses = [server.url, stack.stripe.url]
    if remembered.get("connected") != addresses:
        with step("Connecting the practice to the Stripe fake"):
            stack.odoo.script(
                DATABASE, CONNECT_STRIPE, {"stripe_url": stack.stripe.url, "practice": DATABASE}
            )
        remembered.keep(connected=addresses)
    remembered.keep(
        ports={
            "odoo": server.port,
            "inbox": stack.inbox.port,
            "smtp": stack.inbox.smtp_port,
            "stripe": stack.stripe.port,
        }
    )


def _serve(stack: Stack, server: OdooServer, remembered: _Memory) -> None:
    try:
        with step("Starting Odoo"):
            server.start()
        _connect(stack, server, remembered)
        say()
        say(f"  Odoo         {server.url}")
        say(f"  Inbox        {stack.inbox.url}")
        say(f"  Stripe fake  {stack.stripe.url}")
        say()
        for login in LOGINS:
            say(f"  {login.who}: {login.login} / {login.password}")
        say()
        say(f"  Ctrl-C stops it all. Odoo's log: {server.log}")
        processes = [*stack.processes(), server.process]
        with LogWatch(server.log, say):
            while all(process.running for process in processes):
                threading.Event().wait(0.5)
        ended = next(process for process in processes if not process.running)
        raise Failure(f"{ended.name} has ended by itself: {ended.last_words()}")
    except KeyboardInterrupt:
        say("\n- Stopping")
    finally:
        server.stop()
