"""How many saved cards are charged by themselves in a second, beside what Stripe's stand-in gives.

The peer asks the stand-in for as many charges and does nothing else: no other way can be faster.
One card in ten is declined. Then the same many again, by a server that is killed half way.
"""

import time
from collections import Counter
from pathlib import Path
from typing import Any

import stripe

from dev.bench.bench import Bench
from dev.bench.row import Row
from dev.stripe_fake.client import FakeClient

SCRIPTS = Path(__file__).parents[2] / "odoo_scripts"
INSIDE = Path(__file__).parents[1] / "inside/autopay.py"
CHARGES = 500
DECLINED = CHARGES // 10
PATIENCE = 300


def run(bench: Bench) -> list[Row]:
    """Charge by the scheduled job, then without it, then by a server that dies.

    :raise Failure: the server does not charge
    """
    url = bench.stack.stripe_url
    database, made = _practice(bench, "measuredAutopay")
    measured = bench.inside(database, INSIDE, invoices=made["invoices"], is_resumed=False)
    return [
        Row(
            "cards charged by themselves / asked for alone",
            "charges/s",
            CHARGES / measured["seconds"],
            CHARGES / _alone(url, made["key"], made["cards"]),
        ),
        Row("charged", "invoices", len(measured["paid"]), CHARGES - DECLINED, at_least=1),
        Row("its queries", "queries/charge", measured["queries"] / CHARGES),
        Row(
            "killed half way and begun again: each charged and booked once, or declined once",
            "invoices",
            _killed(bench, url),
            CHARGES,
            at_least=1,
        ),
    ]


def _practice(bench: Bench, name: str) -> tuple[str, dict]:
    """Return a database with invoices to be charged, and what was made."""
    database = bench.database(name.lower())
    url = bench.stack.stripe_url
    bench.inside(database, SCRIPTS / "connect_stripe.py", stripe_url=url, practice=name)
    return database, bench.inside(database, SCRIPTS / "autopay_invoices.py", count=CHARGES)


def _killed(bench: Bench, url: str) -> int:
    """Return of how many invoices the books and Stripe tell the right story after a crash."""
    database, made = _practice(bench, "killedAutopay")
    with bench.server(database) as server:
        server.process.wait_until(lambda: _charges(bench, database) >= CHARGES // 2, PATIENCE)
        server.kill()
    after = bench.inside(database, INSIDE, invoices=made["invoices"], is_resumed=True)
    fake = FakeClient(url)
    charged = Counter(
        charge["customer"]
        for charge in fake.objects("charge", fake.account_of(made["key"]))
        if charge["status"] == "succeeded"
    )
    customers = dict(zip(made["invoices"], (one[0] for one in made["cards"]), strict=True))
    paid = set(after["paid"])
    once = sum(
        charged[customers[invoice]] == booked == 1
        for invoice, booked in zip(after["paid"], after["booked"], strict=True)
    )
    never = sum(not charged[customers[invoice]] for invoice in customers if invoice not in paid)
    return once + min(never, sum(tries == 1 for tries in after["tries"]))


def _charges(bench: Bench, database: str) -> int:
    query = "SELECT count(*) FROM payment_transaction WHERE billing_autopay AND state = 'done'"
    return int(bench.stack.databases.query(database, query)[0][0])


def _alone(url: str, key: str, cards: list[list[str]]) -> float:
    """Return how many seconds the same charges take that nobody books."""
    client = stripe.StripeClient(key, base_addresses={"api": url})
    start = time.perf_counter()
    for customer, method in cards:
        params: Any = {
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
