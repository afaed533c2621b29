"""A caller of the stand-in, who uses Stripe's own library, and the endpoint that it reports to."""

import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import stripe

ROOT = Path(__file__).parents[2]
KEY = 'sk_test_practice_4eC39HqLyjWDarjtT1zdp7dc'
ACCOUNT = 'acct_1Practice'
DECLINED = '4000000000000002'
ALWAYS_ASKS = '4000002760003184'
ASKS_ONCE = '4000002500003155'
SEPA_FAILS = 'DE62370400440532013001'
SEPA_SETTLES = 'DE89370400440532013000'
NO_REDIRECT = {'enabled': True, 'allow_redirects': 'never'}


def launch(*arguments):
    """Start a stand-in on a free port; return its process and address."""
    process = subprocess.Popen(
        [sys.executable, '-m', 'dev.stripe_fake', '--port', '0', *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    words = process.stdout.readline().split()
    assert words[:2] == ['listening', 'on']
    return process, words[2]


def stop(process, sig=signal.SIGTERM):
    process.send_signal(sig)
    process.stdout.close()
    return process.wait(timeout=10)


def client_of(fake, key=KEY, **options):
    return stripe.StripeClient(key, base_addresses={'api': fake.url}, **options)


class Receiver:
    """A webhook endpoint that keeps what it gets."""

    def __init__(self):
        self.received = []
        self.statuses = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length']))
                receiver.received.append((body, self.headers['Stripe-Signature']))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self._server.server_port}/hook'
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def events(self, secret):
        return [
            stripe.Webhook.construct_event(body, signature, secret)
            for body, signature in self.received
        ]

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def listen(client, receiver, *types, **params):
    return client.v1.webhook_endpoints.create(
        {
            'url': receiver.url,
            'enabled_events': list(types) or ['*'],
            'api_version': stripe.api_version,
            **params,
        }
    )


def line(amount=5000, currency='usd'):
    return {
        'quantity': 1,
        'price_data': {
            'currency': currency,
            'unit_amount': amount,
            'product_data': {'name': 'INV/2026/00042'},
        },
    }


def session_params(amount=5000, currency='usd', **params):
    return {
        'mode': 'payment',
        'line_items': [line(amount, currency)],
        'success_url': 'http://127.0.0.1:8069/back?session={CHECKOUT_SESSION_ID}',
        'cancel_url': 'http://127.0.0.1:8069/pay',
        **params,
    }


def new_session(client, *args, options=None, **params):
    return client.v1.checkout.sessions.create(session_params(*args, **params), options)


def paid_intent(fake, client, *args, card='4242424242424242', **params):
    """Pay a new session; return its PaymentIntent with the charge."""
    session = new_session(client, *args, **params)
    assert fake.pay_session(session.id, card)
    session = client.v1.checkout.sessions.retrieve(session.id)
    return client.v1.payment_intents.retrieve(
        session.payment_intent, {'expand': ['latest_charge.balance_transaction']}
    )


def off_session(client, customer, method, amount=2500, options=None, **params):
    return client.v1.payment_intents.create(
        {
            'amount': amount,
            'currency': 'usd',
            'customer': customer,
            'payment_method': method,
            'off_session': True,
            'confirm': True,
            'automatic_payment_methods': NO_REDIRECT,
            **params,
        },
        options,
    )


def saved_card(client, number='pm_card_visa'):
    customer = client.v1.customers.create({'description': 'opaque-17'})
    method = client.v1.payment_methods.attach(number, {'customer': customer.id})
    return customer.id, method.id


def together(*functions):
    """Run functions in threads of their own and wait for all."""
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
