"""The main job: session → posted invoice with PDF → link sent.

Beside it, stock Odoo's create, post and *Print & Send* of an equal invoice: one line, one tax, the
same letterhead, on a database without the addon. Stock Odoo draws the document with wkhtmltopdf,
which asks a running server for its styles. Both sides keep the document in one step and mail it
in the next, to the same mail catcher.
"""

from pathlib import Path

from dev.bench.bench import Bench
from dev.bench.row import Row
from dev.environment import system_packages
from dev.environment.report import Failure

SCRIPT = Path(__file__).parents[1] / "inside/mainjob.py"
STRIPE_KEY = "sk_test_measuredMainJob"
EMAILS = {"ours": "ours@measured.example.com", "peer": "peer@measured.example.com"}
WARM_UP = 3
ROUNDS = 30

#: Step, its name here / at the peer, and how much of the peer's milliseconds and queries it may
#: take. Besides the invoice, ours makes the session's billing item and the payment link.
STEPS = (
    ("invoice", "session → posted invoice / create, post", 1.25, 1.3),
    ("document", "its PDF / by wkhtmltopdf", 0.3, 1),
    ("send", "send payment link / Print & Send", 1, 1),
    ("job", "the main job", 1, 1.1),
)


def run(bench: Bench) -> list[Row]:
    """Measure both sides by turns."""
    system_packages.require(system_packages.WKHTMLTOPDF)
    ours, peer = bench.database(), bench.stock_database()
    bench.stack.inbox.clear()
    # Its crons would work beside what is measured.
    with bench.server(peer, max_cron_threads=0):
        results = bench.inside(
            ours,
            SCRIPT,
            peer=bench.stack.databases.full_name(peer),
            stripe_key=STRIPE_KEY,
            emails=EMAILS,
            warm_up=WARM_UP,
            rounds=ROUNDS,
        )
    for email in EMAILS.values():
        _check_mails(bench, email)
    rows = []
    for step, what, *limits in STEPS:
        mine, theirs = results["ours"][step], results["peer"][step]
        for unit, limit in zip(("ms", "queries"), limits, strict=True):
            rows.append(Row(what, unit, mine[unit], theirs[unit], at_most=limit))
    return rows


def _check_mails(bench: Bench, email: str) -> None:
    """Make sure that the work was done: that each round's mail has come, with its PDF.

    :raise Failure: it was not
    """
    inbox = bench.stack.inbox
    mails = [mail for mail in inbox.mails() if email in mail["recipients_envelope"]]
    with_pdf = [mail for mail in mails if "application/pdf" in inbox.source(mail["id"])]
    if len(with_pdf) != WARM_UP + ROUNDS:
        raise Failure(f"{len(with_pdf)} of {WARM_UP + ROUNDS} invoices have come to {email}")
