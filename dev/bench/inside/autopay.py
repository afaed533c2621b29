"""Charge what is due by itself, as the scheduled job does.

Runs inside Odoo's shell. `given`: `invoices`, their ids, and `is_resumed`, whether an earlier run
was killed: then what it left behind is looked up at Stripe first, as the scheduler does later.
"""

# ruff: noqa: F821
import time
from datetime import timedelta

from odoo import sql_db
from odoo.fields import Datetime

moves = env["account.move"].browse(given["invoices"])
if given["is_resumed"]:
    # Nothing that is under way is charged again before it is known what became of it.
    env["practice.card.holder"]._cron_autopay()
    env["payment.transaction"].search([("state", "in", ("draft", "pending"))]).last_state_change = (
        Datetime.now() - timedelta(hours=1)
    )
    env["payment.transaction"]._cron_stripe_payment_link_reconcile()
queries, start = sql_db.sql_counter, time.perf_counter()
env["practice.card.holder"]._cron_autopay()
seconds = time.perf_counter() - start
env.cr.commit()
moves.invalidate_recordset()
paid = moves.filtered(lambda move: move.payment_state in ("paid", "in_payment"))
result = {
    "seconds": seconds,
    "queries": sql_db.sql_counter - queries,
    "paid": paid.ids,
    "booked": [len(move._billing_payments()) for move in paid],
    "tries": [len(move.transaction_ids) for move in moves - paid],
}
