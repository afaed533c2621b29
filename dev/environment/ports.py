"""Free ports on loopback."""

import socket

from .report import say

LOOPBACK = "127.0.0.1"


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
    """The wanted port, or, after saying that it is taken, one of the next that are free."""
    if is_free(wanted):
        return wanted
    chosen = next((port for port in range(wanted + 1, wanted + 50) if is_free(port)), None)
    chosen = chosen or free_port()
    say(f"    port {wanted} is taken by another program: {name} uses {chosen}")
    return chosen
