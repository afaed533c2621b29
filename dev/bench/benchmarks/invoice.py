"""1,000 billing items → 1,000 posted invoices, beside stock Odoo's create and post.

Equal invoices of one line on a database without the addon, in chunks of fifty and by turns. Ours
makes each invoice's payment link besides, and keeps the note of who made it.
"""

from pathlib import Path

from dev.bench.bench import Bench
from dev.bench.row import Row
from dev.environment.report import Failure

SCRIPT = Path(__file__).parents[1] / "inside/invoice.py"
CHUNK = 50
ROUNDS = 20
MORE = 60
WORKERS, SHARED = 2, 10


def run(bench: Bench) -> list[Row]:
    """Measure both sides by turns."""
    ours, peer = bench.database(), bench.stock_database()
    result = bench.inside(
        ours,
        SCRIPT,
        peer=bench.stack.databases.full_name(peer),
        chunk=CHUNK,
        rounds=ROUNDS,
        more=MORE,
        workers=WORKERS,
        shared=SHARED,
    )
    if result["notes"] < 1:
        raise Failure("an invoice has no note of who made it")
    mine, theirs = result["ours"], result["peer"]
    first, total = result["seconds"]
    return [
        Row(
            "1,000 items → invoices",
            "invoices/s",
            1000 / mine["ms"],
            1000 / theirs["ms"],
            at_least=1.3,
        ),
        Row(
            f"by {WORKERS} processes at once / by one",
            "invoices/s",
            result["at_once"],
            1000 / theirs["ms"],
            at_least=2.4,
        ),
        Row("one invoice", "queries", mine["queries"], theirs["queries"], at_most=1),
        Row("time(4,000) / time(1,000)", "s", total, first, at_most=4.4),
    ]
