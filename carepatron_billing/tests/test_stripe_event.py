import os
from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from ..models.stripe.practice_stripe_event import KEPT_FOR, RETRY_PAUSES
from .common import BillingCommon
from .test_stripe_gateway import EVENT

# A port that nothing listens on.
NOBODY = 'http://127.0.0.1:9'


@tagged('post_install', '-at_install')
class TestStripeEvent(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connect_provider()
        cls.events = cls.env['practice.stripe.event']
        cls.manager = new_test_user(
            cls.env, 'boss@example.com', groups='carepatron_billing.group_manager'
        )

    def receive(self, identifier='evt_1', **values):
        self.events._store(self.provider, {**EVENT, 'id': identifier, **values})
        return self.events.search([('event', '=', identifier)])

    def fail(self, event, times=1):
        with patch.dict(os.environ, STRIPE_API_BASE=NOBODY):
            for _time in range(times):
                event._process()

    def activities(self):
        return self.env['mail.activity'].search([('res_model', '=', self.events._name)])

    def give_up(self, event):
        # The library repeats what it could not send, after pauses of its own.
        with patch('odoo.addons.carepatron_billing.gateways.stripe_gateway.NETWORK_RETRIES', 0):
            self.fail(event, len(RETRY_PAUSES) + 1)

    def test_event_holds_ids_and_nothing_of_its_object(self):
        event = self.receive(
            data={'object': {'id': 'cs_1', 'customer_details': {'email': 'dana@example.com'}}}
        )
        self.assertNotIn('dana', str(event.read()))

    @freeze_time('2026-03-01 12:00:00')
    def test_failures_are_retried_with_growing_pauses(self):
        event = self.receive()
        pauses = []
        with patch('odoo.addons.carepatron_billing.gateways.stripe_gateway.NETWORK_RETRIES', 0):
            for _time in RETRY_PAUSES:
                self.fail(event)
                pauses.append(event.next_attempt_at - fields.Datetime.now())
            self.assertEqual(pauses, sorted(set(pauses)))
            self.assertGreater(pauses[0], timedelta())
            self.assertFalse(self.activities())
            self.fail(event)
        self.assertFalse(event.next_attempt_at)
        self.assertEqual(event.state, 'failed')

    def test_manager_of_the_practice_is_asked_once_however_many_fail(self):
        first, second = self.receive('evt_1'), self.receive('evt_2')
        self.give_up(first)
        self.give_up(second)
        activity = self.activities()
        self.assertEqual(activity.res_id, first.id)
        self.assertTrue(activity.user_id.has_group('carepatron_billing.group_manager'))
        self.assertFalse(activity.user_id.has_group('base.group_system'))
        self.assertIn(self.company, activity.user_id.company_ids)

    def test_manager_marks_the_activity_as_done(self):
        self.give_up(self.receive())
        activity = self.activities()
        activity.with_user(activity.user_id).action_feedback()
        self.assertFalse(self.activities())

    def test_activity_ends_when_the_event_is_processed_at_last(self):
        event = self.receive(type='customer.created')
        event._notify_manager()
        self.assertTrue(self.activities())
        event._process()
        self.assertFalse(self.activities())

    def test_retry_is_for_managers_of_that_practice_only(self):
        event = self.receive()
        event.state = 'failed'
        elsewhere = self.env['res.company'].create({'name': "Another practice"})
        stranger = new_test_user(
            self.env,
            'stranger@example.com',
            groups='carepatron_billing.group_manager',
            company_id=elsewhere.id,
            company_ids=[Command.set(elsewhere.ids)],
        )
        for user in (self.front_desk, stranger):
            with self.assertRaises(AccessError):
                event.with_user(user).action_retry()
        with patch.dict(os.environ, STRIPE_API_BASE=NOBODY):
            event.with_user(self.manager).action_retry()
        self.assertEqual(event.attempts, 1)

    def test_retry_leaves_alone_what_was_processed_meanwhile(self):
        event = self.receive()
        event.state = 'done'
        with patch.dict(os.environ, STRIPE_API_BASE=NOBODY):
            event.with_user(self.manager).action_retry()
        self.assertRecordValues(event, [{'state': 'done', 'attempts': 0}])

    def test_old_settled_events_are_cleaned_and_failed_ones_stay(self):
        old = fields.Datetime.now() - KEPT_FOR - timedelta(days=1)
        for state in ('new', 'done', 'ignored', 'failed'):
            self.receive(f'evt_old_{state}').write({'state': state})
            self.receive(f'evt_{state}').write({'state': state})
        self.env.cr.execute(
            "UPDATE practice_stripe_event SET create_date = %s WHERE event LIKE 'evt_old_%%'",
            [old],
        )
        self.env.invalidate_all()
        self.events._gc_processed()
        left = self.events.search([('provider_id', '=', self.provider.id)])
        self.assertEqual(
            set(left.mapped('event')),
            {'evt_old_new', 'evt_old_failed', 'evt_new', 'evt_done', 'evt_ignored', 'evt_failed'},
        )
