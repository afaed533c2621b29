"""`make test`: the addon's tests and the whole system's, in one run of pytest."""

import signal

from ..environment import paths, system_packages
from ..environment.attached import describe
from ..environment.locks import only_one
from ..environment.processes import Process
from ..environment.stack import Stack
from ..environment.templates import addon_database

DATABASE = "pytest"
#: Processes that run tests; one waits much of its time, for a browser or a server.
WORKERS = 2
#: Files stay whole, as folders do whose files share a server, in the order of `conftest.py`.
BY_FILE = ("--dist=loadfile", "--no-loadscope-reorder")
SCREENSHOTS = paths.CHECKOUT / "tests/screenshots"


def main(arguments: list[str]) -> int:
    """Run pytest with all services around it and return its exit code.

    All tests are run by two processes at once, file by file; chosen ones by one.
    """
    refusal = "tests are already running here (process {pid}); wait until they are done"
    with only_one(paths.STATE / "test.lock", refusal):
        system_packages.require(system_packages.CHROMIUM, system_packages.LIBATOMIC)
        workers = 1 if set(arguments) - {"--verbose"} else WORKERS
        stack = Stack("test", workers=workers)
        with stack.started():
            template = addon_database(stack.odoo)
            # Tests that were killed left theirs behind.
            for name in stack.databases.names():
                if name.startswith(DATABASE):
                    stack.databases.drop(name)
            if workers > 1:
                arguments = [*arguments, f"--numprocesses={workers}", *BY_FILE]
            pytest = _pytest(stack, template, arguments)
            pytest.start()
            return pytest.wait()


def _pytest(stack: Stack, template: str, arguments: list[str]) -> Process:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    # Odoo's limit would be handed down to browsers, which need more addresses to start at all.
    config = stack.odoo.write_config(DATABASE, DATABASE, limit_memory_hard=0)
    return Process(
        "pytest",
        [
            *(stack.odoo.python, "-m", "pytest"),
            *("--odoo-config", config),
            *("--odoo-http", "--odoo-log-level", "error"),
            *("carepatron_billing/tests", "tests"),
            *arguments,
        ],
        log=None,
        env=stack.odoo.environment()
        | {"BILLING_SCREENSHOTS": str(SCREENSHOTS)}
        | describe(stack, template),
        cwd=paths.CHECKOUT,
        # Its own way of ending: it still says what passed.
        stop_signal=signal.SIGINT,
    )
