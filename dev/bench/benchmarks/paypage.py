"""The pay page: ours beside Odoo's portal page of the same invoice.

Same server, same database, same unpaid invoice, payments set up; a few senders that know nothing
but the address, as a client's telephone does.
"""

import http.client
import re
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from dev.bench.bench import Bench
from dev.bench.row import Row
from dev.environment.odoo import OdooServer
from dev.environment.report import Failure

CONNECT_STRIPE = Path(__file__).parents[2] / "odoo_scripts/connect_stripe.py"
ADDRESSES = Path(__file__).parents[1] / "inside/paypage.py"
WORKERS = 2
SENDERS = 4
WARM_UP = 40
ROUNDS = 5
REQUESTS = 100


def run(bench: Bench) -> list[Row]:
    """Measure both pages by turns."""
    database = bench.database()
    bench.inside(
        database, CONNECT_STRIPE, stripe_url=bench.stack.stripe_url, practice="measuredPayPage"
    )
    pages = bench.inside(database, ADDRESSES)
    with bench.server(database, workers=WORKERS, max_cron_threads=0) as server:
        rates: dict[str, list[float]] = {"ours": [], "peer": []}
        for side in rates:
            _send(f"{server.url}{pages[side]}", pages["number"], WARM_UP)
        for _round in range(ROUNDS):
            for side, measured in rates.items():
                url = f"{server.url}{pages[side]}"
                measured.append(REQUESTS / _send(url, pages["number"], REQUESTS))
        queries = {side: _queries(server, pages[side]) for side in rates}
    ours, peer = (statistics.median(rates[side]) for side in ("ours", "peer"))
    return [
        Row("show the pay page / the portal's", "requests/s", ours, peer, at_least=3),
        Row("its queries", "queries", queries["ours"], queries["peer"], at_most=1),
    ]


def _send(url: str, number: str, count: int) -> float:
    """Ask for a page so many times and return how many seconds that took.

    :raise Failure: an answer was not the invoice's page
    """

    address = urlsplit(url)

    def ask(_turn: int) -> None:
        # As lean as can be: the senders share the cores with what they measure.
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        connection.request("GET", f"{address.path}?{address.query}")
        answer = connection.getresponse()
        page = answer.read()
        connection.close()
        if answer.status != 200 or number.encode() not in page:
            raise Failure(f"{address.path} answered {answer.status} without the invoice")

    start = time.perf_counter()
    with ThreadPoolExecutor(SENDERS) as senders:
        list(senders.map(ask, range(count)))
    return time.perf_counter() - start


def _queries(server: OdooServer, path: str) -> float:
    """The median number of queries of a page, by the server's log."""
    path = re.escape(path.partition("?")[0])
    found = re.findall(rf'"GET {path}\S* HTTP/1\.1" 200 - (\d+)', server.log_text())
    if not found:
        raise Failure(f"the log of {server.database} names no queries")
    return statistics.median(map(int, found))
