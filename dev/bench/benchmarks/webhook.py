"""How fast signed events of Stripe's are accepted: our inbox beside `payment_stripe`.

Eight senders, two workers, a connection of its own for each event, as Stripe sends them. Ours
verifies and stores each; the peer verifies it and looks at a payment that is settled already, its
shortest way. Crons are off: what is measured is the answer. The two take turns, so that a
disturbance meets both.
"""

import http.client
import json
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import stripe

from dev.bench.bench import Bench
from dev.bench.row import Row
from dev.environment.report import Failure

INSIDE = Path(__file__).parents[1] / "inside"
SECRET = "whsec_of_this_measurement"
EVENTS, ROUNDS, SENDERS = 1000, 5, 8
WARM_UP = 40
REFERENCES = [f"BENCH{number}" for number in range(EVENTS + WARM_UP)]


def run(bench: Bench) -> list[Row]:
    """Measure both in turns and count what arrived.

    :raise Failure: an event was refused or lost
    """
    ours = bench.database()
    stock = bench.stock_database(modules=("payment_stripe",))
    our_path = bench.inside(ours, INSIDE / "webhook_ours.py", secret=SECRET)
    stock_path = bench.inside(
        stock, INSIDE / "webhook_stock.py", secret=SECRET, references=REFERENCES
    )
    options = {"workers": 2, "max_cron_threads": 0}
    with bench.server(ours, **options) as our_server, bench.server(stock, **options) as peer:
        measured = [_Endpoint(our_server.url + our_path), _Endpoint(peer.url + stock_path)]
        for endpoint in measured:
            endpoint.send(REFERENCES[EVENTS:], count=False)
        size = EVENTS // ROUNDS
        for start in range(0, EVENTS, size):
            for endpoint in measured:
                endpoint.send(REFERENCES[start : start + size])
    kept = bench.stack.databases.query(
        ours,
        "SELECT count(DISTINCT event) FROM practice_stripe_event WHERE event LIKE 'evt_BENCH%'",
    )
    if int(kept[0][0]) != len(REFERENCES):
        raise Failure(f"{len(REFERENCES) - int(kept[0][0])} accepted events were lost")
    us, them = measured
    return [
        Row("events accepted", "events/s", us.per_second, them.per_second, at_least=1),
        Row("answer, 95 of 100 within", "ms", us.p95, them.p95),
    ]


class _Endpoint:
    """Sends events to one address and keeps how long each took."""

    def __init__(self, url: str):
        self._address = urlsplit(url)
        self._took: list[float] = []
        self._seconds = 0.0

    def send(self, references: list[str], count: bool = True) -> None:
        """Send an event for each reference by all senders at once."""
        letters = list(map(_letter, references))
        begin = time.perf_counter()
        with ThreadPoolExecutor(SENDERS) as senders:
            took = list(senders.map(self._post, letters))
        if count:
            self._seconds += time.perf_counter() - begin
            self._took += took

    @property
    def per_second(self) -> float:
        """Events accepted per second."""
        return len(self._took) / self._seconds

    @property
    def p95(self) -> float:
        """Milliseconds within which 95 of 100 events were answered."""
        return statistics.quantiles(self._took, n=20)[-1] * 1000

    def _post(self, letter: tuple[bytes, dict[str, str]]) -> float:
        begin = time.perf_counter()
        connection = http.client.HTTPConnection(
            self._address.hostname or "", self._address.port, timeout=60
        )
        connection.request("POST", self._address.path, *letter)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        if answer.status != 200:
            raise Failure(f"{self._address.path} answered {answer.status}")
        return time.perf_counter() - begin


def _letter(reference: str) -> tuple[bytes, dict[str, str]]:
    """An event of a payment's success, as both sides subscribe to it, and its signature."""
    intent = {
        "id": f"pi_{reference}",
        "object": "payment_intent",
        "amount": 12000,
        "amount_received": 12000,
        "capture_method": "automatic_async",
        "currency": "usd",
        "description": reference,
        "latest_charge": f"ch_{reference}",
        "livemode": False,
        "metadata": {"database": "a" * 36, "reference": reference, "nonce": "b" * 16},
        "payment_method": "pm_BENCH",
        "payment_method_types": ["card"],
        "status": "succeeded",
    }
    body = json.dumps(
        {
            "id": f"evt_{reference}",
            "object": "event",
            "api_version": stripe.api_version,
            "created": int(time.time()),
            "data": {"object": intent},
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": "payment_intent.succeeded",
        },
        indent=2,
    )
    signature = stripe.WebhookSignature.generate_signature_header(body, SECRET)
    return body.encode(), {"Content-Type": "application/json", "Stripe-Signature": signature}
