from datetime import datetime, timedelta

from psycopg2 import IntegrityError

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .sessions_common import SessionsCommon


@tagged('post_install', '-at_install')
class TestBillingItem(SessionsCommon):
    def run_cron(self):
        with self.enter_registry_test_mode():
            self.env.ref('carepatron_billing.ir_cron_make_items').method_direct_trigger()

    def make_clients(self, count):
        return self.env['res.partner'].create(
            [
                {'name': f"Client {number}", 'email': f'{number}@example.com'}
                for number in range(count)
            ]
        )

    # === MAKING ITEMS === #

    def test_ended_session_waits_to_be_invoiced(self):
        event = self.make_session()
        self.run_cron()
        item = self.items(event)
        self.assertRecordValues(
            item,
            [
                {
                    'state': 'unbilled',
                    'client_id': self.client.id,
                    'payer_id': self.client.id,
                    'practitioner_id': self.practitioner.id,
                    'company_id': self.company.id,
                    'name': "Consultation",
                    'code': 'C50',
                    'quantity': 1,
                    'price_unit': 100,
                    'tax_ids': self.tax.ids,
                    'amount_untaxed': 100,
                    'amount_total': 115,
                }
            ],
        )

    def test_running_and_future_sessions_have_no_item_yet(self):
        running = self.make_session(hours=0)
        future = self.make_session(hours=24)
        self.run_cron()
        self.assertFalse(self.items(running | future))

    def test_second_run_makes_nothing_new(self):
        event = self.make_session()
        self.run_cron()
        self.run_cron()
        self.assertEqual(len(self.items(event)), 1)

    def test_session_entered_after_it_began_is_confirmed_first(self):
        event = self.make_session(booked=0)
        self.run_cron()
        item = self.items(event)
        self.assertEqual(item.state, 'to_confirm')
        with self.assertRaisesRegex(UserError, "Confirm these sessions first"):
            item.with_user(self.front_desk).action_billing_invoice()
        item.with_user(self.front_desk).action_billing_confirm()
        self.assertEqual(item.state, 'unbilled')

    def test_each_client_of_a_group_gets_an_own_item(self):
        event = self.make_session(self.client + self.other_client)
        self.run_cron()
        self.assertEqual(self.items(event).client_id, self.client + self.other_client)

    def test_client_who_declined_is_not_billed(self):
        event = self.make_session(self.client + self.other_client)
        event.attendee_ids.filtered(
            lambda attendee: attendee.partner_id == self.other_client
        ).state = 'declined'
        self.run_cron()
        self.assertEqual(self.items(event).client_id, self.client)

    def test_colleague_in_the_session_is_not_billed(self):
        event = self.make_session(self.client + self.colleague.partner_id)
        self.run_cron()
        self.assertEqual(self.items(event).client_id, self.client)

    def test_one_bad_session_does_not_stop_the_others(self):
        foreign = self.env['res.company'].create({'name': "Elsewhere"})
        bad = self.make_session(
            self.env['res.partner'].create({'name': "Cy", 'company_id': foreign.id})
        )
        good = self.make_session()
        with self.assertLogs('odoo.addons.carepatron_billing', 'WARNING') as logs:
            self.run_cron()
        self.assertTrue(self.items(good))
        self.assertFalse(self.items(bad))
        self.assertIn(f"Session {bad.id}", logs.output[0])

    def test_item_survives_its_session(self):
        event = self.make_session()
        self.run_cron()
        item = self.items(event)
        event.unlink()
        item.invalidate_recordset()
        self.assertFalse(item.event_id)
        self.assertEqual(
            (item.state, item.name, item.amount_total), ('to_confirm', "Consultation", 115)
        )

    def test_two_items_for_one_client_of_a_session_are_impossible(self):
        event = self.make_session()
        self.run_cron()
        with mute_logger('odoo.sql_db'), self.assertRaises(IntegrityError):
            self.items(event).copy({'event_id': event.id})

    def test_queries_do_not_grow_with_the_sessions(self):
        few, many = (
            self.env['calendar.event'].union(*map(self.make_session, clients))
            for clients in (self.make_clients(2), self.make_clients(12))
        )
        Item = self.env['practice.billing.item']
        Item._make_for_events(self.make_session())  # warm caches
        counts = []
        for events in (few, many):
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            Item._make_for_events(events)
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(*counts)

    # === DAYS, PRICES, TAXES === #

    def test_service_date_is_the_practice_s_day(self):
        event = self.make_session()
        # Ten in the evening of the 3rd in New York.
        event.write({'start': datetime(2026, 3, 4, 3), 'stop': datetime(2026, 3, 4, 4)})
        item = self.env['practice.billing.item']._make_for_events(event)
        self.assertEqual(item.service_date, fields.Date.to_date('2026-03-03'))

    def test_client_s_own_price_counts(self):
        self.env.user.group_ids += self.env.ref('product.group_product_pricelist')
        self.env.ref('base.group_user').implied_ids += self.env.ref(
            'product.group_product_pricelist'
        )
        self.client.with_company(self.company).property_product_pricelist = self.env[
            'product.pricelist'
        ].create(
            {
                'name': "Concession",
                'company_id': self.company.id,
                'item_ids': [Command.create({'compute_price': 'percentage', 'percent_price': 40})],
            }
        )
        items = self.env['practice.billing.item']._make_for_events(
            self.make_session(self.client + self.other_client)
        )
        prices = {item.client_id: item.price_unit for item in items}
        self.assertEqual(prices, {self.client: 60, self.other_client: 100})

    def test_fiscal_position_of_the_payer_replaces_the_tax(self):
        exempt = self.tax.copy({'name': "Exempt", 'amount': 0})
        position = self.env['account.fiscal.position'].create({'name': "Exempt"})
        exempt.write(
            {'fiscal_position_ids': position.ids, 'original_tax_ids': [Command.set(self.tax.ids)]}
        )
        self.client.with_company(self.company).property_account_position_id = position
        item = self.env['practice.billing.item']._make_for_events(self.make_session())
        self.assertEqual(item.tax_ids, exempt)
        self.assertEqual(item.amount_total, 100)

    def test_later_price_of_the_service_leaves_the_item_as_it_was(self):
        item = self.env['practice.billing.item']._make_for_events(self.make_session())
        self.service.write({'list_price': 500, 'name': "Other", 'default_code': 'X'})
        self.env.flush_all()
        self.assertEqual((item.price_unit, item.name, item.code), (100, "Consultation", 'C50'))

    # === INVOICING === #

    def test_several_items_of_a_payer_go_on_one_invoice(self):
        events = self.make_session(hours=-30) | self.make_session(hours=-4)
        other = self.make_session(self.other_client)
        self.run_cron()
        self.items(events | other).with_user(self.front_desk).action_billing_invoice()
        self.assertEqual(len(self.items(events).invoice_id), 1)
        self.assertEqual(len(self.items(events | other).invoice_id), 2)
        lines = self.items(events).invoice_id.invoice_line_ids
        self.assertEqual(lines.sorted('id').billing_item_id, self.items(events).sorted('date'))

    def test_waived_item_is_refused_until_billed_after_all(self):
        item = self.env['practice.billing.item']._make_for_events(self.make_session())
        self.env['practice.billing.waive'].with_user(self.front_desk).create(
            {'item_ids': item.ids, 'reason': "First one free"}
        ).action_waive()
        self.assertRecordValues(item, [{'state': 'waived', 'waive_reason': "First one free"}])
        with self.assertRaisesRegex(UserError, "waived or cancelled"):
            item.with_user(self.front_desk).action_billing_invoice()
        item.with_user(self.front_desk).action_billing_unwaive()
        item.with_user(self.front_desk).action_billing_invoice()
        self.assertEqual(item.state, 'invoiced')

    def test_invoiced_item_keeps_what_the_invoice_says(self):
        event = self.make_session()
        self.invoice(event)
        with self.assertRaisesRegex(UserError, "Credit the invoice first"):
            self.items(event).price_unit = 1
        with self.assertRaisesRegex(UserError, "cannot be waived"):
            self.items(event).action_billing_waive()

    def test_item_without_price_is_named(self):
        self.service.list_price = 0
        with self.assertRaisesRegex(UserError, "(?s)no price.*Ada"):
            self.invoice(self.make_session())

    def test_practice_without_sales_journal_says_whom_to_ask(self):
        self.env['account.journal'].search(
            [('company_id', '=', self.company.id), ('type', '=', 'sale')]
        ).active = False
        with self.assertRaisesRegex(UserError, "Ask your accountant"):
            self.invoice(self.make_session())

    def test_errors_and_labels_hold_no_service(self):
        self.service.list_price = 0
        with self.assertRaises(UserError) as caught:
            self.invoice(self.make_session())
        self.assertNotIn("Consultation", str(caught.exception))

    # === ONE LIVE LINE === #

    def test_duplicate_of_an_invoice_does_not_carry_the_items(self):
        invoice = self.invoice(self.make_session())
        self.assertFalse(invoice.copy().invoice_line_ids.billing_item_id)

    def test_credit_note_keeps_the_item_and_frees_it(self):
        event = self.make_session()
        invoice = self.invoice(event)
        item = self.items(event)
        credit_note = self.credit(invoice)
        self.assertEqual(credit_note.invoice_line_ids.billing_item_id, item)
        self.assertEqual(item.state, 'unbilled')
        again = self.invoice(event)
        self.assertEqual(item.invoice_id, again)
        self.assertNotEqual(again, invoice)

    def test_partial_credit_frees_nothing(self):
        event = self.make_session()
        invoice = self.invoice(event)
        credit_note = invoice._reverse_moves([{'invoice_date': invoice.invoice_date}])
        credit_note.invoice_line_ids.price_unit = 10
        credit_note.action_post()
        self.assertEqual(self.items(event).state, 'invoiced')

    def test_draft_credit_note_frees_nothing(self):
        event = self.make_session()
        self.invoice(event)._reverse_moves([{}])
        self.assertEqual(self.items(event).state, 'invoiced')

    def test_crediting_one_line_frees_its_item_alone(self):
        events = self.make_session(hours=-30) | self.make_session(hours=-4)
        items = self.env['practice.billing.item']._make_for_events(events)
        items._invoice()
        credit_note = items.invoice_id._reverse_moves(
            [{'invoice_date': self.company._billing_today()}]
        )
        credit_note.invoice_line_ids.filtered(
            lambda line: line.billing_item_id == items[0]
        ).unlink()
        credit_note.action_post()
        self.assertEqual(items.mapped('state'), ['invoiced', 'unbilled'])

    def test_cancelled_invoice_frees_the_item(self):
        event = self.make_session()
        invoice = self.invoice(event)
        invoice.button_draft()
        self.assertEqual(self.items(event).state, 'invoiced')
        invoice.button_cancel()
        self.assertEqual(self.items(event).state, 'unbilled')

    def test_credited_and_replaced_in_one_step_bills_the_item_once(self):
        event = self.make_session()
        invoice = self.invoice(event)
        wizard = (
            self.env['account.move.reversal']
            .with_context(active_model='account.move', active_ids=invoice.ids)
            .create({'journal_id': invoice.journal_id.id, 'date': invoice.invoice_date})
        )
        wizard.modify_moves()
        self.env.flush_all()
        live = self.items(event).invoice_line_ids.filtered('billing_is_live')
        self.assertEqual(len(live), 1)
        self.assertNotEqual(live.move_id, invoice)

    def test_second_live_line_is_impossible(self):
        event = self.make_session()
        invoice = self.invoice(event)
        with mute_logger('odoo.sql_db'), self.assertRaises(IntegrityError):
            copy = invoice.copy()
            copy.invoice_line_ids.billing_item_id = self.items(event)
            self.env.flush_all()

    def test_paid_is_read_from_the_ledger(self):
        event = self.make_session()
        invoice = self.invoice(event)
        item = self.items(event)
        self.assertFalse(item.is_paid)
        self.env['account.payment.register'].with_context(
            active_model='account.move', active_ids=invoice.ids
        ).create({})._create_payments()
        self.assertTrue(item.is_paid)

    def test_invoice_is_dated_by_the_practice(self):
        event = self.make_session()
        invoice = self.invoice(event)
        self.assertEqual(invoice.invoice_date, self.company._billing_today())
        self.assertEqual(
            invoice.invoice_line_ids.billing_service_date, self.items(event).service_date
        )
        self.assertEqual(invoice.invoice_user_id, self.practitioner)

    def test_due_days_are_the_payer_s_else_the_practice_s(self):
        self.company.billing_payment_term_id = self.env.ref('account.account_payment_term_15days')
        self.other_client.with_company(self.company).property_payment_term_id = self.env.ref(
            'account.account_payment_term_30days'
        )
        today = self.company._billing_today()
        self.assertEqual(
            self.invoice(self.make_session()).invoice_date_due, today + timedelta(days=15)
        )
        self.assertEqual(
            self.invoice(self.make_session(self.other_client)).invoice_date_due,
            today + timedelta(days=30),
        )
