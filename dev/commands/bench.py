"""`make bench`: measure us and the peer, on a cluster that nothing else uses."""

import signal

from ..environment import paths
from ..environment.attached import describe
from ..environment.locks import only_one
from ..environment.processes import Process
from ..environment.stack import Stack
from ..environment.templates import addon_database


def main(arguments: list[str]) -> int:
    """Run the named benchmarks, or all, and return their exit code."""
    refusal = "a measurement is already running here (process {pid}); wait until it is done"
    with only_one(paths.STATE / "bench.lock", refusal):
        stack = Stack("bench")
        with stack.started():
            runner = Process(
                "bench",
                [stack.odoo.python, "-m", "dev.bench", *arguments],
                log=None,
                env=stack.odoo.environment() | describe(stack, addon_database(stack.odoo)),
                cwd=paths.CHECKOUT,
                stop_signal=signal.SIGINT,
            )
            runner.start()
            return runner.wait()
