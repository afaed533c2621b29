"""The mail catcher: takes every mail that Odoo sends and shows it in a web inbox."""

import json
import time
import urllib.request
from pathlib import Path

from .ports import LOOPBACK, choose_port, start_listening
from .processes import Process


class Inbox:
    """What the mail catcher at `url` has received."""

    def __init__(self, url: str):
        self.url = url

    def mails(self) -> list[dict]:
        """All mails, newest first, as the catcher describes them: `id`, `subject`, …"""
        return json.loads(self._read("/api/messages/"))["data"]

    def mail(self, mail_id: int) -> dict:
        """One mail with its parts and headers."""
        return json.loads(self._read(f"/api/messages/{mail_id}.json"))["data"]

    def source(self, mail_id: int) -> str:
        """One mail as it came over the wire."""
        return self._read(f"/api/messages/{mail_id}.source").decode()

    def wait_for(self, recipient: str, subject: str = "", seconds: float = 20) -> dict:
        """The newest mail to an address, as `mail` gives it, once it is there.

        :param subject: a part of its subject
        :raise TimeoutError: it has not come
        """
        deadline = time.monotonic() + seconds
        while True:
            for mail in self.mails():
                if recipient in mail["recipients_envelope"] and subject in mail["subject"]:
                    return self.mail(mail["id"])
            if time.monotonic() > deadline:
                raise TimeoutError(f"no mail {subject!r} to {recipient} after {seconds} s")
            time.sleep(0.1)

    def clear(self) -> None:
        """Throw all mails away."""
        self._read("/api/messages/", method="DELETE")

    def _read(self, path: str, method: str = "GET") -> bytes:
        request = urllib.request.Request(self.url + path, method=method)
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.read()


class MailCatcher(Inbox):
    """A mail catcher of one's own on loopback.

    :param python: interpreter that has the catcher's packages
    :param folder: where its mails and its log go
    :param port: the one that its web inbox would like, 0 for any; once it was started, the one that
        it has. So `smtp_port`.
    """

    def __init__(self, python: Path, folder: Path, port: int = 0, smtp_port: int = 0):
        super().__init__("")
        self.port = port
        self.smtp_port = smtp_port
        self._command = [
            *map(str, (python.with_name("sendria"), "--foreground", "--no-quit")),
            *map(str, ("--db", folder / "mails.sqlite")),
            *map(str, ("--config-file", folder / "no-config.toml")),
        ]
        self.process = Process("Mail catcher", self._command, folder / "mail_catcher.log")

    def start(self) -> None:
        """Start it and wait until its inbox answers.

        :raise Failure: it does not come up
        """
        start_listening(self.process, self._choose_ports, self._listens, seconds=30)

    def stop(self) -> None:
        """Stop it."""
        self.process.stop()

    def _choose_ports(self) -> None:
        self.port = choose_port("the inbox", self.port)
        self.smtp_port = choose_port("the mail catcher", self.smtp_port)
        self.url = f"http://{LOOPBACK}:{self.port}"
        ports = ["--http-port", str(self.port), "--smtp-port", str(self.smtp_port)]
        self.process.argv = self._command + ports

    def _listens(self) -> bool:
        # Its own word, the last of its start: on its port another one might answer.
        return "http server started" in self.process.output()
