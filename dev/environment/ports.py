"""Ports on loopback, chosen by looking and lost to whoever is quicker."""

import errno
import os
import socket
from collections.abc import Callable

from .processes import Process
from .report import Failure, say

LOOPBACK = "127.0.0.1"
TAKEN = os.strerror(errno.EADDRINUSE).lower()
TRIES = 5


def free_port() -> int:
    """A port that nobody listens on, of the system's choice."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


def is_free(port: int) -> bool:
    """Whether one can listen on the port."""
    with socket.socket() as probe:
        # As servers do: a connection that is only lingering doesn't hold a port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def choose_port(name: str, wanted: int) -> int:
    """The wanted port, or, after saying that it is taken, one of the next that are free.

    :param wanted: 0 for any port, of the system's choice
    """
    if not wanted:
        return free_port()
    if is_free(wanted):
        return wanted
    chosen = next((port for port in range(wanted + 1, wanted + 50) if is_free(port)), None)
    chosen = chosen or free_port()
    say(f"    port {wanted} is taken by another program: {name} uses {chosen}")
    return chosen


def start_listening(
    process: Process, choose_ports: Callable[[], None], ready: Callable[[], bool], seconds: float
) -> None:
    """Start a program that listens, and wait until it is ready.

    A port that was free when it was chosen may be taken when the program, seconds later, listens
    on it: several demos that are installed side by side all want the same ones. It is then
    started on others.

    :param choose_ports: sets the process up with ports that are free right now
    :raise Failure: it ended for another reason, or is not ready after so many seconds
    """
    for further in reversed(range(TRIES)):
        choose_ports()
        process.start()
        try:
            process.wait_until(ready, seconds)
        except Failure:
            if process.running or not further or TAKEN not in process.output().lower():
                raise
        else:
            return
