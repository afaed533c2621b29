from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .sessions_common import SessionsCommon


@tagged('post_install', '-at_install')
class TestAttendance(SessionsCommon):
    """Missed sessions and their fees."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.fee_tax = cls.tax.copy({'name': "Fee tax", 'amount': 20})
        cls.fee_service = cls.env['product.product'].create(
            {
                'name': "Missed appointment",
                'type': 'service',
                'list_price': 1.0,
                'taxes_id': [Command.set(cls.fee_tax.ids)],
            }
        )

    def make_rule(self, attendance='no_show', **vals):
        return self.env['practice.fee.rule'].create(
            {
                'company_id': self.company.id,
                'attendance': attendance,
                'kind': 'percent',
                'percent': 50,
                'fee_service_id': self.fee_service.id,
                **vals,
            }
        )

    def mark(self, event, attendance, user=None):
        getattr(event.with_user(user or self.practitioner), f'action_billing_{attendance}')()
        return self.items(event)

    def test_unmarked_session_counts_as_attended_or_waits_by_setting(self):
        Item = self.env['practice.billing.item']
        self.assertEqual(Item._make_for_events(self.make_session()).state, 'unbilled')
        self.company.billing_attendance = 'asked'
        event = self.make_session(hours=-5)
        item = Item._make_for_events(event)
        self.assertRecordValues(item, [{'state': 'to_confirm', 'confirm_reason': 'attendance'}])
        self.mark(event, 'attended')
        self.assertRecordValues(item, [{'state': 'unbilled', 'attendance': 'attended'}])

    def test_missed_session_without_a_rule_is_not_billed(self):
        self.assertEqual(self.mark(self.make_session(), 'no_show').state, 'not_billable')

    def test_no_show_fee_has_its_own_service_tax_and_wording(self):
        self.make_rule()
        item = self.mark(self.make_session(), 'no_show')
        self.assertRecordValues(
            item,
            [
                {
                    'state': 'unbilled',
                    'is_fee': True,
                    'service_id': self.fee_service.id,
                    'name': "Missed appointment",
                    'tax_ids': self.fee_tax.ids,
                    'price_unit': 50,
                    'amount_total': 60,
                }
            ],
        )

    def test_fee_of_the_service_goes_before_that_of_the_practice(self):
        self.make_rule()
        self.make_rule(service_id=self.service.id, kind='amount', amount=33)
        self.assertEqual(self.mark(self.make_session(), 'no_show').price_unit, 33)

    def test_attended_after_all_brings_the_session_back(self):
        self.make_rule()
        event = self.make_session()
        item = self.env['practice.billing.item']._make_for_events(event)
        item.price_unit = 80
        self.mark(event, 'no_show')
        self.assertEqual(item.price_unit, 40)
        self.mark(event, 'attended')
        self.assertRecordValues(
            item,
            [
                {
                    'service_id': self.service.id,
                    'price_unit': 80,
                    'tax_ids': self.tax.ids,
                    'is_fee': False,
                    'name': "Consultation",
                }
            ],
        )

    def test_fee_is_waived_with_a_reason_and_billed_after_all(self):
        self.make_rule()
        item = self.mark(self.make_session(), 'no_show')
        item._waive("Was ill")
        self.assertEqual(item.state, 'waived')
        item.action_billing_unwaive()
        self.assertEqual(item.state, 'unbilled')

    def test_cancelled_in_time_costs_nothing_and_too_late_the_fee(self):
        self.make_rule('late_cancelled', notice_hours=24)
        in_time = self.mark(self.make_session(hours=48), 'cancelled')
        too_late = self.mark(self.make_session(hours=5), 'cancelled')
        self.assertRecordValues(
            in_time | too_late,
            [
                {'attendance': 'cancelled', 'state': 'not_billable'},
                {'attendance': 'late_cancelled', 'state': 'unbilled'},
            ],
        )

    def test_prepaid_session_that_was_missed_is_corrected_first(self):
        event = self.make_session()
        self.invoice(event)
        with self.assertRaisesRegex(UserError, "Correct the invoice first"):
            self.mark(event, 'no_show')
        self.assertEqual(self.mark(event, 'attended').state, 'invoiced')

    def test_practitioner_marks_own_sessions_only(self):
        event = self.make_session()
        with self.assertRaises(AccessError):
            self.mark(event, 'no_show', self.colleague)

    def test_clients_of_a_group_are_marked_one_by_one(self):
        event = self.make_session(self.client + self.other_client)
        items = self.env['practice.billing.item']._make_for_events(event)
        items[0].with_user(self.front_desk).action_billing_no_show()
        self.assertEqual(items.mapped('attendance'), ['no_show', False])

    def test_fee_needs_a_service_and_a_value(self):
        with self.assertRaisesRegex(ValidationError, "Choose the service"):
            self.make_rule(fee_service_id=False)
        with self.assertRaisesRegex(ValidationError, "more than zero"):
            self.make_rule(percent=0)

    # === DECLINED BY THE INVITATION === #

    def decline(self, event, client=None):
        attendee = event.attendee_ids.filtered(
            lambda one: one.partner_id == (client or self.client)
        )
        attendee.sudo().do_decline()
        return attendee

    def test_late_decline_waits_for_somebody_and_is_charged_as_they_say(self):
        self.make_rule('late_cancelled', notice_hours=24)
        event = self.make_session(self.client | self.other_client, hours=5)
        self.decline(event)
        item = self.items(event)
        self.assertRecordValues(
            item,
            [
                {
                    'client_id': self.client.id,
                    'state': 'to_confirm',
                    'attendance': 'late_cancelled',
                    'confirm_reason': 'late_decline',
                    'price_unit': 50,
                }
            ],
        )
        item.with_user(self.front_desk).action_billing_confirm()
        self.assertEqual(item.state, 'unbilled')
        event.unlink()
        self.assertEqual(item.exists().confirm_reason, 'session_gone')

    def test_late_decline_is_charged_at_once_where_the_practice_says_so(self):
        self.make_rule('late_cancelled', notice_hours=24)
        self.company.billing_late_decline = 'charged'
        event = self.make_session(hours=5)
        self.decline(event)
        self.assertRecordValues(
            self.items(event), [{'state': 'unbilled', 'is_fee': True, 'amount_total': 60}]
        )

    def test_client_who_comes_after_all_owes_the_session_and_no_fee(self):
        self.make_rule('late_cancelled', notice_hours=24)
        event = self.make_session(hours=5)
        self.decline(event).sudo().do_accept()
        self.assertRecordValues(
            self.items(event), [{'state': 'unbilled', 'attendance': False, 'price_unit': 100}]
        )

    def test_decline_in_time_or_without_a_rule_costs_nothing(self):
        event = self.make_session(hours=5)
        self.decline(event)
        self.assertFalse(self.items(event))
        self.make_rule('late_cancelled', notice_hours=24)
        event = self.make_session(hours=48)
        self.decline(event)
        self.assertFalse(self.items(event))

    def test_late_decline_of_a_prepaid_session_leaves_its_invoice(self):
        self.make_rule('late_cancelled', notice_hours=24)
        event = self.make_session(hours=5)
        invoice = self.invoice(event)
        self.decline(event)
        self.assertRecordValues(self.items(event), [{'invoice_id': invoice.id, 'is_fee': False}])
