import json
import os
from unittest.mock import patch

from odoo.tests import HttpCase, tagged

from .common import BillingCommon
from .test_stripe_gateway import EVENT, signed


@tagged('post_install', '-at_install')
class TestStripeWebhook(BillingCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connect_provider()
        cls.secret = cls.provider.stripe_payment_link_webhook_secret
        cls.path = f'/billing/stripe/webhook/{cls.provider.id}'
        cls.events = cls.env['practice.stripe.event']

    def post(self, body, header, path=None):
        return self.url_open(path or self.path, data=body, headers={'Stripe-Signature': header})

    def received(self):
        return self.events.search([('provider_id', '=', self.provider.id)])

    def test_signed_event_is_kept_once_however_often_it_comes(self):
        body = json.dumps(EVENT)
        for _again in range(3):
            self.assertEqual(self.post(body, signed(body, self.secret)).status_code, 200)
        self.assertRecordValues(
            self.received(),
            [{'event': 'evt_1', 'kind': EVENT['type'], 'object_reference': 'cs_1', 'state': 'new'}],
        )

    def test_unsigned_stale_and_foreign_events_leave_no_trace(self):
        body = json.dumps(EVENT)
        other = self.env['res.company'].create({'name': "Another practice"})
        other_provider = other._billing_provider_sudo()
        other_provider.stripe_payment_link_webhook_secret = 'whsec_of_another_practice'
        refused = [
            self.post(body, ''),
            self.post(body, signed(body, 'whsec_of_another_practice')),
            self.post(body, signed(body, self.secret, age=3600)),
            self.post(
                body, signed(body, self.secret), f'/billing/stripe/webhook/{other_provider.id}'
            ),
            self.post(body, signed(body, self.secret), '/billing/stripe/webhook/999999'),
            self.post(b'\xff\xfe', signed(body, self.secret)),
        ]
        self.assertEqual([answer.status_code for answer in refused], [400] * len(refused))
        self.assertFalse(self.events.search([('event', '=', EVENT['id'])]))

    def test_disconnected_practice_takes_no_events(self):
        self.provider.action_reset_credentials()
        body = json.dumps(EVENT)
        self.assertEqual(self.post(body, signed(body, self.secret)).status_code, 400)
        self.assertFalse(self.received())

    def test_event_that_fails_stays_says_why_and_comes_up_again(self):
        self.events._store(self.provider, EVENT)
        event = self.received()
        # A port that nothing listens on.
        with patch.dict(os.environ, STRIPE_API_BASE='http://127.0.0.1:9'):
            event._process()
        self.assertEqual((event.state, event.attempts), ('failed', 1))
        self.assertIn("could not be reached", event.error)
        self.assertTrue(event.next_attempt_at)

    def test_event_of_no_concern_is_set_aside(self):
        self.events._store(self.provider, {**EVENT, 'type': 'customer.created'})
        event = self.received()
        event._process()
        self.assertEqual(event.state, 'ignored')
