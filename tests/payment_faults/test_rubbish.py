"""Rubbish from anybody changes nothing."""

import http.client
import itertools
import json
import random
import string
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlencode, urlsplit

import stripe

from dev.environment.odoo_log import entries


def test_rubbish_from_anybody_changes_nothing_and_floods_no_log(practice):
    token = practice.link(practice.new_invoice()).rpartition("/")[2]
    ((provider, secret),) = practice.sql(
        "SELECT id, stripe_payment_link_webhook_secret FROM payment_provider"
        " WHERE stripe_payment_link_webhook_secret IS NOT NULL"
    )
    before, said_before = _everything(practice), len(_said(practice))
    rubbish = list(_rubbish(random.Random(19), provider, secret, token))
    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(lambda what: _send(practice, *what), rubbish))
    wrong = [
        (status, what)
        for status, what in zip(statuses, rubbish, strict=True)
        # 301: two slashes in a row are one to Odoo.
        if status not in (301, 400, 404, 405, 413, 422)
    ]
    assert wrong == []
    assert len(rubbish) > 2000
    assert _everything(practice) == before
    # A line of access each, as for any address, and nothing else.
    assert [entry.in_one_line() for entry in _said(practice)[said_before:]] == []


def _rubbish(chance, provider, secret, token):
    """Yield requests that nobody who means well would send: method, path, body, headers."""
    webhook = f"/billing/stripe/webhook/{provider}"
    pay = f"/billing/pay/{token}"

    def noise(length, alphabet):
        return "".join(chance.choice(alphabet) for _place in range(length))

    def signed(body, known=secret):
        header = stripe.WebhookSignature.generate_signature_header(body, known)
        return "POST", webhook, body.encode(), {"Stripe-Signature": header}

    event = {
        "id": "evt_rubbish",
        "object": "event",
        "type": "checkout.session.completed",
        "created": int(time.time()),
        "data": {"object": {"id": "cs_rubbish", "object": "checkout.session"}},
    }
    text = json.dumps(event).encode()
    for time_ in range(600):
        header = {"Stripe-Signature": noise(30, string.ascii_letters + "=,;")}
        yield "POST", webhook, chance.randbytes(chance.randrange(400)), header
        yield signed(json.dumps({**event, "id": noise(12, string.printable)}), "whsec_guess")
        stamp = chance.choice(("", "9" * 40, "-1", "NaN", "1e9", str(int(time.time()))))
        header = {"Stripe-Signature": f"t={stamp},v1={noise(64, string.hexdigits)}"}
        yield "POST", webhook, text, header
        if time_ % 4:
            continue
        # Pages cost more to refuse.
        address = noise(chance.randrange(1, 60), string.printable + "é\0\u202e")
        yield "GET", f"/billing/pay/x{quote(address)}", None, {}
        place = chance.randrange(len(token))
        guess = token[:place] + chance.choice("AZaz09-_é\0") + token[place:]
        yield "POST", f"/billing/pay/{quote(guess)}", b"amount=1", {}
    # Signed, but no event: only Stripe could send it, and it would be a fault of Stripe's.
    for body in ("{", "[]", "null", "1", '"evt"', "{}", "[" * 5000):
        yield signed(body)
    for wrong in (
        {"id": None},
        {"id": "evt_\0"},
        {"id": ["evt"]},
        {"type": "\0"},
        {"created": 10**30},
        {"created": -(10**18)},
        {"created": True},
        {"data": None},
        {"data": {"object": {"id": "cs_\0"}}},
        {"data": {"object": []}},
    ):
        yield signed(json.dumps({**event, **wrong}))
    numbers = ("0", "-1", "9" * 20, "1e3", "%00", "१", "..%2f..", "%ff", "%0d%0aX:1")
    folders = ("webhook", "return", "connect", "nothing")
    for folder, number, method in itertools.product(folders, numbers, ("GET", "POST")):
        address = f"/billing/stripe/{folder}/{quote(number, safe='%')}?session_id=%00"
        yield method, address, b"{}", {}
    for part, number in itertools.product(("invoice", "receipt"), ("1", *numbers)):
        yield "GET", f"{pay}/{part}/{quote(number, safe='%')}", None, {}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for amount in ("", "NaN", "1e999", "-5", "0", "١٢", "9" * 5000, "\0", "1,2,3.4", "∞", "'--"):
        body = urlencode({"choice": "part", "amount": amount})
        yield "POST", pay, body.encode(), form
    yield "POST", webhook, b"x" * 600_000, {"Stripe-Signature": "t=1,v1=1"}
    yield "POST", webhook, b"{}", {"Stripe-Signature": "é".encode().decode("latin-1")}
    yield "GET", f"/billing/pay/{'a' * 5000}", None, {}


def _send(practice, method, path, body, headers):
    address = urlsplit(practice.server.url)
    # From many addresses: who tries link after link from one is shut out.
    source = (f"127.0.0.{random.randint(2, 250)}", 0)
    connection = http.client.HTTPConnection(
        address.hostname, address.port, timeout=60, source_address=source
    )
    try:
        connection.request(method, path, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def _everything(practice):
    """Return what rubbish could have changed."""
    return practice.sql(
        "SELECT (SELECT count(*) FROM practice_stripe_event WHERE object_reference ~ 'rubbish'),"
        " (SELECT count(*) FROM payment_transaction), (SELECT count(*) FROM account_payment),"
        " (SELECT count(*) FROM practice_payment_link WHERE viewed_at IS NOT NULL),"
        " (SELECT max(write_date) FROM account_move)"
    )


def _said(practice):
    """Return the entries of the log that are more than one line of access."""
    return [
        entry
        for entry in entries(practice.server.log_text())
        # Each worker remarks once on Odoo's own page for unknown addresses and its libraries.
        if (entry.more or entry.level not in ("INFO", "DEBUG"))
        and entry.logger not in ("odoo.addons.base.models.ir_qweb", "py.warnings")
    ]
