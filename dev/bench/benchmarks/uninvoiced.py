"""The list of uninvoiced work with 1,000 open items, in a practice of 10,000 and one of 100,000.

What is invoiced long since must not slow down what waits: beside opening the list over 100,000
items, the peer is the same list over 10,000.
"""

from pathlib import Path

from dev.bench.bench import Bench
from dev.bench.row import Row

SCRIPT = Path(__file__).parents[1] / "inside/uninvoiced.py"
OPEN, FEW, MANY = 1000, 10_000, 100_000
ROUNDS = 40


def run(bench: Bench) -> list[Row]:
    """Measure both practices by turns."""
    many, few = bench.database("many"), bench.database("few")
    results = bench.inside(
        many,
        SCRIPT,
        peer=bench.stack.databases.full_name(few),
        sizes=[MANY, FEW],
        open=OPEN,
        rounds=ROUNDS,
    )
    rows = []
    for step, what in (("grouped", "by client, opened"), ("plain", "without groups")):
        mine, theirs = results["ours"][step], results["peer"][step]
        rows.append(Row(f"list {what}", "ms", mine["ms"], theirs["ms"], at_most=1.5))
        rows.append(Row(f"list {what}", "queries", mine["queries"], theirs["queries"], at_most=1))
    return rows
