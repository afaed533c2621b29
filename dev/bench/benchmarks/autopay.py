"""How many saved cards are charged by themselves in a second, beside what Stripe's stand-in gives.

The peer asks the stand-in for as many charges and does nothing else: no other way can be faster.
One card in ten is declined.
"""

import time
from pathlib import Path

import stripe

from dev.bench.bench import Bench
from dev.bench.row import Row

CONNECT_STRIPE = Path(__file__).parents[2] / "odoo_scripts/connect_stripe.py"
INSIDE = Path(__file__).parents[1] / "inside/autopay.py"
CHARGES = 500
PRACTICE = "measuredAutopay"


def run(bench: Bench) -> list[Row]:
    """Charge by the scheduled job, then without it."""
    database = bench.database()
    url = bench.stack.stripe_url
    bench.inside(database, CONNECT_STRIPE, stripe_url=url, practice=PRACTICE)
    measured = bench.inside(database, INSIDE, count=CHARGES)
    return [
        Row(
            "cards charged by themselves / asked for alone",
            "charges/s",
            CHARGES / measured["seconds"],
            CHARGES / _alone(url, measured["key"], measured["cards"]),
        ),
        Row("charged", "invoices", measured["paid"], CHARGES - CHARGES // 10, at_least=1),
        Row("its queries", "queries/charge", measured["queries"] / CHARGES),
    ]


def _alone(url: str, key: str, cards: list[list[str]]) -> float:
    """Return how many seconds the same charges take that nobody books."""
    client = stripe.StripeClient(key, base_addresses={"api": url})
    start = time.perf_counter()
    for customer, method in cards:
        params = {
            "amount": 12000,
            "currency": "usd",
            "customer": customer,
            "payment_method": method,
            "confirm": True,
            "off_session": True,
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
        try:
            client.v1.payment_intents.create(params)
        except stripe.CardError:
            continue
    return time.perf_counter() - start
