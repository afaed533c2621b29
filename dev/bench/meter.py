"""Measures inside Odoo's process; for scripts that `Bench.inside` runs."""

import contextlib
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from odoo import sql_db


class Meter:
    """Takes the time and counts the queries of named steps.

    A step that is measured several times counts with the median of its rounds, so that one
    disturbance doesn't decide.
    """

    def __init__(self, env: Any):
        self._env = env
        self._rounds: dict[str, list[tuple[float, float]]] = defaultdict(list)

    @contextlib.contextmanager
    def __call__(self, step: str, records: int = 1) -> Iterator[None]:
        """Measure what the block does, with what it leaves for later to be written.

        :param records: how many the block works on; the results are per record
        """
        self._env.flush_all()
        queries, seconds = sql_db.sql_counter, time.perf_counter()
        yield
        self._env.flush_all()
        self._rounds[step].append(
            (
                (time.perf_counter() - seconds) / records,
                (sql_db.sql_counter - queries) / records,
            )
        )

    def results(self) -> dict[str, dict[str, float]]:
        """For each step the median `ms` and `queries` per record."""
        return {
            step: {
                "ms": statistics.median(seconds for seconds, _ in rounds) * 1000,
                "queries": statistics.median(queries for _, queries in rounds),
            }
            for step, rounds in self._rounds.items()
        }
