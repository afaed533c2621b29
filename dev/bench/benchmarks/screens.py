"""The app's screens with 100 invoices and with 10,000: as quick, and as many queries.

What the web client asks the server for when it opens a screen, by the views' own fields, as the
front desk.
"""

from pathlib import Path

from dev.bench.bench import Bench
from dev.bench.row import Row

SCRIPT = Path(__file__).parents[1] / "inside/screens.py"
FEW, TIMES = 100, 100
WAITING = 1000
ROUNDS = 9
#: Screen and its name here.
SCREENS = (
    ("overview", "overview"),
    ("invoices", "list of invoices"),
    ("uninvoiced", "list of uninvoiced work"),
    ("invoice", "one invoice"),
    ("client", "a client's record"),
)
MOST_SECONDS = 1


def run(bench: Bench) -> list[Row]:
    """Measure few, then many in the same database."""
    database = bench.database()
    few, many = bench.inside(database, SCRIPT, few=FEW, times=TIMES, waiting=WAITING, rounds=ROUNDS)
    rows = []
    for screen, name in SCREENS:
        what = f"{name}, {FEW * TIMES:,} invoices / {FEW}"
        rows += [
            Row(what, "ms", many[screen]["ms"], few[screen]["ms"], at_most=2),
            Row(what, "queries", many[screen]["queries"], few[screen]["queries"], at_most=1),
        ]
    slowest = max(many[screen]["ms"] for screen, _name in SCREENS)
    rows.append(Row("the slowest of them", "ms", slowest, at_most=MOST_SECONDS * 1000))
    return rows
