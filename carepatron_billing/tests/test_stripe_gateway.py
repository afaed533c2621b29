import json
import os
import random
import time
from unittest.mock import patch

import stripe

from odoo.tests import BaseCase, tagged

from ..gateways.stripe_addresses import api_base
from ..gateways.stripe_gateway import StripeGateway, StripeGatewayError, verify_event

SECRET = 'whsec_of_this_practice'
STAMPS = ('', '9' * 40, '-1', 'NaN', '1e9', '0')
EVENT = {
    'id': 'evt_1',
    'object': 'event',
    'type': 'checkout.session.completed',
    'created': 1764000000,
    'data': {'object': {'id': 'cs_1', 'object': 'checkout.session'}},
}


def signed(body, secret=SECRET, age=0):
    """Return the header with which Stripe signs a body, `age` seconds ago."""
    return stripe.WebhookSignature.generate_signature_header(
        body, secret, timestamp=int(time.time()) - age
    )


@tagged('post_install', '-at_install')
class TestStripeGateway(BaseCase):
    def assertRefused(self, body, header, secret=SECRET):
        with self.assertRaises(StripeGatewayError) as caught:
            verify_event(body, header, secret)
        self.assertEqual(caught.exception.kind, 'signature')

    def test_event_signed_by_stripe_is_taken(self):
        body = json.dumps(EVENT)
        self.assertEqual(verify_event(body.encode(), signed(body), SECRET), EVENT)

    def test_wrong_missing_stale_and_foreign_signatures_are_refused(self):
        body = json.dumps(EVENT)
        self.assertRefused(body.encode(), None)
        self.assertRefused(body.encode(), '')
        self.assertRefused(body.encode(), 't=1,v1=00')
        self.assertRefused(body.encode(), 'nonsense')
        self.assertRefused(body.encode(), signed(body, age=3600))
        self.assertRefused(body.encode(), signed(body, secret='whsec_of_another_practice'))
        self.assertRefused(body.encode() + b' ', signed(body))

    def test_nothing_is_taken_before_there_is_a_secret(self):
        body = json.dumps(EVENT)
        for secret in (None, False, '', ' '):
            self.assertRefused(body.encode(), signed(body, secret=secret or ' '), secret)

    def test_thousands_of_random_letters_are_one_kind_of_refusal(self):
        chance = random.Random(19)
        body = json.dumps(EVENT).encode()
        for _time in range(2500):
            noise = chance.randbytes(chance.randrange(120))
            self.assertRefused(noise, noise.decode('latin-1'))
            self.assertRefused(body, f't={chance.choice(STAMPS)},v1={noise.hex()}')
            self.assertRefused(body + noise[:1] + b'x', signed(body.decode()))

    def test_signed_event_that_no_database_could_keep_is_refused(self):
        for wrong in (
            {'id': 'evt_\0'},
            {'id': 'e' * 256},
            {'type': ''},
            {'created': 10**30},
            {'created': -1},
            {'created': True},
            {'data': {'object': {'id': 'cs_\0'}}},
        ):
            body = json.dumps({**EVENT, **wrong})
            with self.subTest(wrong):
                self.assertRefused(body.encode(), signed(body))

    def test_signed_rubbish_is_refused(self):
        rubbish = [
            '',
            '{',
            '[]',
            'null',
            '1',
            '"text"',
            '{}',
            '{"object": "event"}',
            json.dumps({**EVENT, 'id': 7}),
            json.dumps({**EVENT, 'data': []}),
            json.dumps({**EVENT, 'data': {'object': None}}),
            json.dumps({**EVENT, 'data': {'object': {'id': ['x']}}}),
            json.dumps({**EVENT, 'created': 'yesterday'}),
        ]
        for body in rubbish:
            with self.subTest(body):
                self.assertRefused(body.encode(), signed(body))

    def test_bytes_that_are_no_text_are_refused(self):
        self.assertRefused(b'\xff\xfe\x00', 't=1,v1=00')

    def test_key_is_sent_nowhere_but_to_stripe_or_this_machine(self):
        for address in (
            'https://evil.example.com',
            'http://127.0.0.1.evil.example',
            'http://10.0.0.1',
        ):
            with (
                self.subTest(address),
                patch.dict(os.environ, STRIPE_API_BASE=address),
                self.assertRaises(ValueError),
            ):
                api_base()
        with patch.dict(os.environ):
            os.environ.pop('STRIPE_API_BASE', None)
            self.assertEqual(api_base(), 'https://api.stripe.com')

    def test_error_never_tells_the_key(self):
        key = 'sk_test_secretsecretsecret'
        # A port that nothing listens on: the library fails with the request in hand.
        with (
            patch.dict(os.environ, STRIPE_API_BASE='http://127.0.0.1:9'),
            self.assertRaises(StripeGatewayError) as caught,
        ):
            StripeGateway(key + '\n').account()
        error = caught.exception
        self.assertEqual(error.kind, 'connection')
        self.assertNotIn('secretsecret', repr(error))
        self.assertIsNone(error.__cause__)
        self.assertTrue(error.__suppress_context__)
