"""Invoices as PDF: ours beside Odoo's own by wkhtmltopdf, in the same database and process.

One invoice of six lines with logo (ours with its QR code too), by turns; many in one file; and
whether time and memory stay flat.
"""

from pathlib import Path

from dev.bench.bench import Bench
from dev.bench.row import Row
from dev.environment import system_packages

SCRIPT = Path(__file__).parents[1] / "inside/pdf.py"
ROUNDS = 50
BATCH = 200
FEW, MANY = 10, 500
TOTAL = 1000


def run(bench: Bench) -> list[Row]:
    """Measure both sides by turns, then ours alone."""
    system_packages.require(system_packages.WKHTMLTOPDF)
    database = bench.database()
    with bench.server(database, max_cron_threads=0) as server:
        found = bench.inside(
            database,
            SCRIPT,
            url=server.url,
            stripe_key="sk_test_measuredPdf",
            rounds=ROUNDS,
            batch=BATCH,
            few=FEW,
            many=MANY,
            total=TOTAL,
        )
    faster = found["peer"] / found["ours"]
    return [
        Row("one invoice / by wkhtmltopdf", "ms", found["ours"], found["peer"], at_most=1 / 12),
        Row("times as fast", "×", faster, at_least=12),
        Row(
            f"{BATCH} in one file / one by one",
            "ms each",
            found["merged"],
            found["peer"],
            at_most=1 / 12,
        ),
        Row(f"{MANY} at once / {FEW}", "ms each", found["many"], found["few"], at_most=1.2),
        Row(f"memory grown by {TOTAL}", "MB", found["grown"], at_most=100),
    ]
