"""`make bench`: measure us and the peer, on a cluster that nothing else uses."""

import os
import signal

from ..bench.figures import LOAD
from ..environment import paths
from ..environment.attached import describe
from ..environment.locks import only_one
from ..environment.processes import Process
from ..environment.report import warn
from ..environment.stack import Stack
from ..environment.templates import addon_database

#: The load of a machine on which nothing else runs.
QUIET = 0.5


def main(arguments: list[str]) -> int:
    """Run the named benchmarks, or all, and return their exit code."""
    refusal = "a measurement is already running here (process {pid}); wait until it is done"
    with only_one(paths.STATE / "bench.lock", refusal):
        load = os.getloadavg()[0]
        if load > QUIET:
            warn(f"this machine is busy (load {load:.1f}): only the queries can be relied upon")
        stack = Stack("bench")
        with stack.started():
            runner = Process(
                "bench",
                [stack.odoo.python, "-m", "dev.bench", *arguments],
                log=None,
                env=stack.odoo.environment()
                | {LOAD: str(load)}
                | describe(stack, addon_database(stack.odoo)),
                cwd=paths.CHECKOUT,
                stop_signal=signal.SIGINT,
            )
            runner.start()
            return runner.wait()
