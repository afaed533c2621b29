"""Reminders beside OCA's `account_credit_control`: finding what is due, and 500 e-mails.

Finding: ours reads what is due and groups it by payer; the peer's way to know is its *run*, which
writes a line for each. E-mails go to a real mail server and each has a PDF: the peer makes one of
its own each time; ours attaches the invoice, made during the run and stored.
"""

from pathlib import Path

from dev.bench.bench import Bench
from dev.bench.row import Row
from dev.environment import system_packages
from dev.environment.python_env import place_of, python_for

SCRIPT = Path(__file__).parents[1] / "inside/reminders.py"
PEER = "account_credit_control"
MAILS = 500
INVOICES = 10_000


def run(bench: Bench) -> list[Row]:
    """Measure the peer, then ours, in one process of Odoo's."""
    system_packages.require(system_packages.WKHTMLTOPDF)
    python_for(PEER)
    bench.use_addons(*place_of(PEER).glob("lib/python3*/site-packages/odoo/addons"))
    ours, peer = bench.database(), bench.stock_database(modules=(PEER,))
    # Documents of the peer's load their style from a running server.
    with bench.server(peer, max_cron_threads=0) as server:
        found = bench.inside(
            ours,
            SCRIPT,
            peer=bench.stack.databases.full_name(peer),
            peer_url=server.url,
            mails=MAILS,
            invoices=INVOICES,
        )
    theirs = found["peer"]
    return [
        Row(
            f"find what is due among {INVOICES:,}",
            "ms",
            found["find"]["ms"],
            theirs["find"]["ms"],
            at_most=0.1,
        ),
        Row(
            f"its queries for {INVOICES:,} / for {MAILS}",
            "queries",
            found["find"]["queries"],
            found["find_few"]["queries"],
            at_most=1,
        ),
        Row("e-mail, PDF made", "mails/s", *_per_second(found["made"], theirs), at_least=10),
        Row("e-mail, stored PDF", "mails/s", *_per_second(found["stored"], theirs), at_least=40),
        Row("e-mail, stored PDF", "queries", found["stored"]["queries"], at_most=4),
        Row("e-mail, PDF made", "queries", found["made"]["queries"], theirs["mail"]["queries"]),
    ]


def _per_second(ours: dict, theirs: dict) -> tuple[float, float]:
    return 1000 / ours["ms"], 1000 / theirs["mail"]["ms"]
