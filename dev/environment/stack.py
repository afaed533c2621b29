"""All services together: PostgreSQL, the Stripe fake, the mail catcher and Odoo on top."""

import contextlib
import functools
import signal
from collections.abc import Iterator
from typing import NamedTuple

from . import paths, system_packages
from .databases import Databases
from .mail_catcher import MailCatcher
from .odoo import Odoo
from .odoo_source import odoo_source
from .postgres import postgres
from .processes import Process
from .python_env import python_for
from .report import step
from .stripe_fake import StripeFake


class Outside(NamedTuple):
    """What stands for the world outside Odoo: everybody's mail and Stripe."""

    inbox: MailCatcher
    stripe: StripeFake

    def variables(self) -> dict[str, str]:
        """What Odoo and the tests are told about it."""
        return {
            "STRIPE_API_BASE": self.stripe.url,
            "BILLING_STRIPE_FAKE_URL": self.stripe.url,
            "BILLING_INBOX_URL": self.inbox.url,
            "BILLING_SMTP_PORT": str(self.inbox.smtp_port),
        }


class Stack:
    """What one run of the demo, the tests or the benchmarks stands on.

    Making it prepares everything that is missing on the machine; `start` starts the services.

    :param name: `demo`, `test` or `bench`; tells clusters, folders and logs apart
    :param durable: whether data must survive a power cut
    :param ports: ports that `inbox`, `smtp` and `stripe` would like; any when left out
    :param workers: how many runs of tests go on at once, each with a world outside of its own
    :raise Failure: something cannot be prepared
    """

    def __init__(
        self,
        name: str,
        durable: bool = False,
        ports: dict[str, int] | None = None,
        workers: int = 1,
    ):
        system_packages.require(system_packages.PANGO)
        self.folder = paths.STATE / name
        self._source = odoo_source()
        self._python = python_for("project")
        self.postgres = postgres(name, durable)
        self.databases = Databases(self.postgres.connection, self.folder / "data")
        ports = ports or {}
        self.outsides = [
            Outside(
                MailCatcher(self._python, folder, ports.get("inbox", 0), ports.get("smtp", 0)),
                StripeFake(self._python, folder, ports.get("stripe", 0), keep_state=durable),
            )
            for folder in (self.folder, *(self.folder / f"{n}" for n in range(1, workers)))
        ]
        self.inbox, self.stripe = self.outsides[0]

    @functools.cached_property
    def odoo(self) -> Odoo:
        """Odoo beside the services, once they are started: only then their ports are known."""
        return Odoo(
            self._source,
            self._python,
            self.databases,
            self.folder,
            self.inbox.smtp_port,
            self.outsides[0].variables(),
        )

    @contextlib.contextmanager
    def started(self) -> Iterator[None]:
        """Run the services for as long as the block lasts.

        :raise Failure: one of them does not come up
        """
        self._forget_last_run()
        with contextlib.ExitStack() as stopping:
            # Once stopping has begun, a second Ctrl-C must not leave anything behind.
            stopping.callback(signal.signal, signal.SIGINT, signal.getsignal(signal.SIGINT))
            for name, services in (
                ("PostgreSQL", [self.postgres]),
                ("the Stripe fake", [outside.stripe for outside in self.outsides]),
                ("the mail catcher", [outside.inbox for outside in self.outsides]),
            ):
                with step(f"Starting {name}"):
                    for service in services:
                        stopping.callback(service.stop)
                        service.start()
            stopping.callback(signal.signal, signal.SIGINT, signal.SIG_IGN)
            yield

    def _forget_last_run(self) -> None:
        """Remove its logs and configurations, which would be taken for this run's."""
        for pattern in ("*.log", "*.conf", "[0-9]/*.log"):
            for file in self.folder.glob(pattern):
                file.unlink()

    def processes(self) -> list[Process]:
        """The services' processes: while they run, the stack works."""
        outside = (service.process for services in self.outsides for service in services)
        return [*self.postgres.processes, *outside]
