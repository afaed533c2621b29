"""A second opinion: an independent stand-in for Stripe answers as ours does.

`localstripe` knows no hosted pages and fewer parameters; what both know is compared.
"""

import pytest
import requests
import stripe

from dev.environment.ports import free_port
from dev.environment.processes import Process

KEY = "sk_test_secondOpinion"
# Ours insists on these, as Stripe does; the other one does not know them.
ONLY_OURS = {
    "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
    "description": "INV/2026/00001",
}


@pytest.fixture(scope="module")
def localstripe(stack, tmp_path_factory):
    """The address of the other stand-in."""
    port = free_port()
    command = stack.odoo.python.with_name("localstripe")
    process = Process(
        "localstripe",
        [command, "--port", str(port), "--from-scratch"],
        tmp_path_factory.mktemp("localstripe") / "log",
    )
    process.start()
    url = f"http://127.0.0.1:{port}"
    try:
        process.wait_until(lambda: _answers(url), seconds=30)
        yield url
    finally:
        process.stop()


def _answers(url):
    try:
        return requests.get(f"{url}/v1/customers", auth=(KEY, ""), timeout=5).ok
    except requests.ConnectionError:
        return False


def test_saved_card_charge_decline_and_refund_end_alike(localstripe, stripe_url, monkeypatch):
    monkeypatch.setenv("STRIPE_API_BASE", stripe_url)
    ours = _story(stripe_url, ONLY_OURS)
    monkeypatch.setenv("STRIPE_API_BASE", localstripe)
    theirs = _story(localstripe, {})
    assert (
        ours
        == theirs
        == {
            "saved": ("4242", "visa", True),
            "charged": ("succeeded", 12000, "usd"),
            "declined": "card_declined",
            "refunded": ("succeeded", 5000),
            "removed": True,
        }
    )


def _story(url, more):
    """Save a card, charge it without its owner, be declined, refund, remove; by our gateway."""
    # Odoo's import path is there only while tests run.
    from odoo.addons.carepatron_billing.gateways import stripe_gateway

    gateway = stripe_gateway.StripeGateway(KEY)
    client = stripe.StripeClient(KEY, base_addresses={"api": url})
    customer = gateway.create_customer({"payer": "1"}, f"customer {url}")["id"]

    def save(number):
        """Save a card as only Stripe's own page may."""
        card = {"number": number, "exp_month": 12, "exp_year": 2034, "cvc": "123"}
        method = client.v1.payment_methods.create({"type": "card", "card": card})
        return client.v1.payment_methods.attach(method.id, {"customer": customer}).to_dict()

    def charge(method):
        params = {
            "amount": 12000,
            "currency": "usd",
            "customer": customer,
            "payment_method": method["id"],
            "metadata": {"reference": "INV/2026/00001"},
            **more,
        }
        try:
            return gateway.charge_card(params, f"{method['id']} {url}")
        except stripe_gateway.StripeGatewayError as error:
            code = error.code if error.kind == "declined" else error.kind
            return {"last_payment_error": {"code": code}}

    card, bad = save("4242424242424242"), save("4000000000000341")
    paid = charge(card)
    refund = gateway.create_refund(
        {"payment_intent": paid["id"], "amount": 5000}, f"refund {paid['id']}"
    )
    gateway.detach_payment_method(card["id"])
    code = charge(bad)["last_payment_error"]
    return {
        "saved": (card["card"]["last4"], card["card"]["brand"], card["customer"] == customer),
        "charged": (paid["status"], paid["amount"], paid["currency"]),
        "declined": code["code"],
        "refunded": (gateway.refund(refund["id"])["status"], refund["amount"]),
        "removed": gateway.payment_method(card["id"])["customer"] is None,
    }
