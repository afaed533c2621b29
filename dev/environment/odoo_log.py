"""Reads Odoo's log."""

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

#: date, time, process, level, database, logger: message
HEAD = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ \d+ ([A-Z]+) \S+ (\S+): (.*)")
SHOWN = {"WARNING", "ERROR", "CRITICAL"}
LOOK_SECONDS = 0.5


class Entry(NamedTuple):
    """One entry of the log with the lines that continue it, such as a traceback."""

    level: str
    logger: str
    message: str
    more: list[str]

    def in_one_line(self) -> str:
        """What happened: of a traceback its last line, for it says more than the entry."""
        more = [line for line in self.more if line.strip()]
        return more[-1].strip() if more else self.message


def entries(text: str) -> Iterator[Entry]:
    """The entries of a piece of log, without what stands before the first."""
    entry = None
    for line in text.splitlines():
        head = HEAD.match(line)
        if head:
            if entry:
                yield entry
            entry = Entry(head[1], head[2], head[3], [])
        elif entry:
            entry.more.append(line)
    if entry:
        yield entry


def errors(text: str) -> list[Entry]:
    """The entries of a piece of log that tell of an error."""
    return [
        entry
        for entry in entries(text)
        if entry.level in {"ERROR", "CRITICAL"}
        and not _is_replayed(entry)
        and not _is_sent_meanwhile(entry)
    ]


def _is_replayed(entry: Entry) -> bool:
    # Of two requests that change the same row, Odoo repeats one; should that fail in the end,
    # another entry says so. Two windows of a user that close at once both note when the user was
    # last there; Odoo lets one of the notes go, for the other says the same.
    loggers = {"odoo.sql_db", "odoo.addons.bus.websocket"}
    return entry.logger in loggers and "could not serialize access" in entry.in_one_line()


def _is_sent_meanwhile(entry: Entry) -> bool:
    # Odoo's queue picks up a mail that the one who wrote it is just sending, and then deletes.
    return (
        entry.logger == "odoo.addons.mail.models.mail_mail"
        and entry.message.startswith("Failed processing mail queue")
        and entry.in_one_line().startswith("(Record: mail.mail(")
    )


def _is_worth_showing(level: str, logger: str) -> bool:
    # Odoo's own use of what its libraries will drop one day.
    return level in SHOWN and logger != "py.warnings"


class LogWatch:
    """While entered, passes on every new entry from warning upwards, with its traceback.

    :param log: Odoo's log file
    :param show: gets one line at a time
    """

    def __init__(self, log: Path, show: Callable[[str], None]):
        self._log = log
        self._show = show
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        shown = False
        rest = ""
        with self._log.open(errors="replace") as log:
            log.seek(0, 2)
            while not self._done.wait(LOOK_SECONDS):
                *lines, rest = (rest + log.read()).split("\n")
                for line in lines:
                    head = HEAD.match(line)
                    # A line that begins no entry continues the last one.
                    shown = _is_worth_showing(*head.group(1, 2)) if head else shown
                    if shown:
                        self._show(f"  {line}")
