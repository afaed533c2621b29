"""`python3 -m dev run|test|lint|bench|pot|gallery|lock|clean`, behind `make`."""

import importlib
import signal
import sys

if sys.version_info < (3, 10):
    sys.exit("Python 3.10 or newer is needed")

from .environment.report import Failure, warn

COMMANDS = {
    "run": "start the demo practice",
    "test": "run the tests; arguments go to pytest",
    "lint": "check the code; `fix` first mends what can be mended",
    "bench": "measure; arguments are names of benchmarks",
    "pot": "export the addon's words for translators",
    "gallery": "draw the README's pictures of invoices; arguments are layouts",
    "lock": "pin the Python packages anew",
    "clean": "remove what runs have made; `all` the shared downloads too",
}


def main(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    if not arguments or arguments[0] not in COMMANDS:
        warn("usage: python3 -m dev COMMAND")
        for name, what in COMMANDS.items():
            warn(f"  {name:8} {what}")
        return 2
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.default_int_handler)
    command = importlib.import_module(f"dev.commands.{arguments[0]}")
    try:
        return command.main(arguments[1:])
    except Failure as failure:
        warn(f"error: {failure}")
    except OSError as error:
        # A full disk, a folder that may not be written: the system's words say it.
        warn(f"error: {error.strerror}: {error.filename or ''}".rstrip(": "))
    except KeyboardInterrupt:
        return 130
    return 1


sys.exit(main(sys.argv[1:]))
