"""A week of 500 sessions in the calendar, beside stock Odoo's calendar of the same week.

What the web client asks for when it shows a week: the sessions with the fields of the view, and
their attendees. Ours marks each session with how far it is billed, which costs the same number of
queries however many sessions there are.
"""

from pathlib import Path

from dev.bench.bench import Bench
from dev.bench.row import Row

SCRIPT = Path(__file__).parents[1] / "inside/calendar.py"
SMALL, FULL = 50, 500
ROUNDS = 25


def run(bench: Bench) -> list[Row]:
    """Measure both sides by turns."""
    ours, peer = bench.database(), bench.stock_database()
    results = bench.inside(
        ours,
        SCRIPT,
        peer=bench.stack.databases.full_name(peer),
        weeks=[SMALL, FULL],
        rounds=ROUNDS,
    )
    small, full = (
        [results[side][str(sessions)] for side in ("ours", "peer")] for sessions in (SMALL, FULL)
    )
    more = [mine["queries"] - theirs["queries"] for mine, theirs in (small, full)]
    return [
        Row(f"week of {FULL} sessions", "ms", full[0]["ms"], full[1]["ms"], at_most=1.15),
        Row(f"week of {FULL} sessions", "queries", full[0]["queries"], full[1]["queries"]),
        Row(f"week of {SMALL} sessions", "queries", small[0]["queries"], small[1]["queries"]),
        Row(f"extra queries, {FULL} less {SMALL}", "queries", more[1] - more[0], at_most=0),
    ]
