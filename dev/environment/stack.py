"""All services together: PostgreSQL, the Stripe fake, the mail catcher and Odoo on top."""

import contextlib
import signal
from collections.abc import Iterator

from . import paths, system_packages
from .databases import Databases
from .mail_catcher import MailCatcher
from .odoo import Odoo
from .odoo_source import odoo_source
from .ports import choose_port
from .postgres import postgres
from .processes import Process
from .python_env import python_for
from .report import step
from .stripe_fake import StripeFake

PORT_USERS = {
    "inbox": "the inbox",
    "smtp": "the mail catcher",
    "stripe": "the Stripe fake",
}


class Stack:
    """What one run of the demo, the tests or the benchmarks stands on.

    Making it prepares everything that is missing on the machine; `start` starts the services.

    :param name: `demo`, `test` or `bench`; tells clusters, folders and logs apart
    :param durable: whether data must survive a power cut
    :param ports: wanted ports of `inbox`, `smtp` and `stripe`; free ones when left out
    :raise Failure: something cannot be prepared
    """

    def __init__(self, name: str, durable: bool = False, ports: dict[str, int] | None = None):
        system_packages.require(system_packages.PANGO)
        self.folder = paths.STATE / name
        source = odoo_source()
        python = python_for("odoo")
        mail_python = python_for("mail_catcher")
        self.postgres = postgres(name, durable)
        ports = {
            service: choose_port(PORT_USERS[service], port)
            for service, port in (ports or {}).items()
        }
        self.inbox = MailCatcher(mail_python, self.folder, ports.get("inbox"), ports.get("smtp"))
        self.stripe = StripeFake(python, self.folder, ports.get("stripe"), keep_state=durable)
        databases = Databases(self.postgres.connection, self.folder / "data")
        self.odoo = Odoo(
            source, python, databases, self.folder, self.inbox.smtp_port, self.variables()
        )
        self.databases = databases

    def variables(self) -> dict[str, str]:
        """What Odoo and the tests are told about the services."""
        return {
            "STRIPE_API_BASE": self.stripe.url,
            "BILLING_STRIPE_FAKE_URL": self.stripe.url,
            "BILLING_INBOX_URL": self.inbox.url,
            "BILLING_SMTP_PORT": str(self.inbox.smtp_port),
        }

    @contextlib.contextmanager
    def started(self) -> Iterator[None]:
        """Run the services for as long as the block lasts.

        :raise Failure: one of them does not come up
        """
        self._forget_last_run()
        with contextlib.ExitStack() as stopping:
            # Once stopping has begun, a second Ctrl-C must not leave anything behind.
            stopping.callback(signal.signal, signal.SIGINT, signal.getsignal(signal.SIGINT))
            for name, service in (
                ("PostgreSQL", self.postgres),
                ("the Stripe fake", self.stripe),
                ("the mail catcher", self.inbox),
            ):
                with step(f"Starting {name}"):
                    stopping.callback(service.stop)
                    service.start()
            stopping.callback(signal.signal, signal.SIGINT, signal.SIG_IGN)
            yield

    def _forget_last_run(self) -> None:
        """Remove its logs and configurations, which would be taken for this run's."""
        for pattern in ("*.log", "*.conf"):
            for file in self.folder.glob(pattern):
                file.unlink()

    def processes(self) -> list[Process]:
        """The services' processes: while they run, the stack works."""
        return [*self.postgres.processes, self.stripe.process, self.inbox.process]
