"""The Stripe fake as a running service."""

from pathlib import Path

from . import paths
from .ports import LOOPBACK, choose_port, start_listening
from .processes import Process


class StripeFake:
    """A Stripe of one's own on loopback.

    :param python: interpreter with the project's packages
    :param folder: where its log goes, and its state if that is kept
    :param port: the one that it would like, 0 for any; once it was started, the one that it has
    :param keep_state: whether accounts and payments survive a restart
    """

    def __init__(self, python: Path, folder: Path, port: int = 0, keep_state: bool = False):
        self.port = port
        self.url = ""
        state = ["--state-file", str(folder / "stripe_fake.sqlite")] if keep_state else []
        self._command = [str(python), "-m", "dev.stripe_fake", *state]
        log = folder / "stripe_fake.log"
        self.process = Process("Stripe fake", self._command, log, cwd=paths.CHECKOUT)

    def start(self) -> None:
        """Start it and wait until it listens.

        :raise Failure: it does not come up
        """
        start_listening(self.process, self._choose_port, self._listens, seconds=30)

    def stop(self) -> None:
        """Stop it."""
        self.process.stop()

    def _choose_port(self) -> None:
        self.port = choose_port("the Stripe fake", self.port)
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.process.argv = [*self._command, "--port", str(self.port)]

    def _listens(self) -> bool:
        return f"listening on {self.url}" in self.process.output()
