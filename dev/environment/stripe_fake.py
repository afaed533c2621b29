"""The Stripe fake as a running service."""

import re
from pathlib import Path

from . import paths
from .ports import free_port
from .processes import Process

READY = re.compile(r"^listening on (http://\S+)", re.MULTILINE)


class StripeFake:
    """A Stripe of one's own on loopback.

    :param python: interpreter with the project's packages
    :param folder: where its log goes, and its state if that is kept
    :param port: a free one of the system's choice when left out
    :param keep_state: whether accounts and payments survive a restart
    """

    def __init__(
        self, python: Path, folder: Path, port: int | None = None, keep_state: bool = False
    ):
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        state = ["--state-file", folder / "stripe_fake.sqlite"] if keep_state else []
        self.process = Process(
            "Stripe fake",
            [python, "-m", "dev.stripe_fake", "--port", self.port, *state],
            folder / "stripe_fake.log",
            cwd=paths.CHECKOUT,
        )

    def start(self) -> None:
        """Start it and wait until it listens.

        :raise Failure: it does not come up
        """
        self.process.start()
        self.process.wait_until(lambda: bool(READY.search(self.process.output())), seconds=30)

    def stop(self) -> None:
        """Stop it."""
        self.process.stop()
