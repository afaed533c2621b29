"""The page of an invoice: how it stands, what happened, money that comes by hand."""

import base64
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import BillingCommon


@tagged('post_install', '-at_install')
class TestInvoicePage(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connect_provider()

    def setUp(self):
        super().setUp()
        self.move = self.make_invoice(price=120.0).with_user(self.front_desk)

    def send(self, **values):
        dialogs = self.env['practice.payment.link.send'].with_user(self.front_desk)
        dialog = dialogs.create({'move_id': self.move.id, 'attach_invoice': False, **values})
        dialog.action_send()
        return self.env['practice.payment.link.sending'].search([], limit=1)

    def told(self):
        self.env.invalidate_all()
        return [
            (entry['kind'], entry['text'], entry['note']) for entry in self.move.billing_timeline
        ]

    def record(self, **values):
        dialogs = self.env['practice.payment.record'].with_user(self.front_desk)
        return dialogs.create({'move_id': self.move.id, **values})

    # === STATUS === #

    def test_status_is_told_and_found_alike_in_every_state(self):
        moves = {status: self.make_invoice() for status in ('unpaid', 'sent', 'viewed')}
        moves |= {status: self.make_invoice() for status in ('partial', 'paid', 'overdue')}
        moves |= {status: self.make_invoice() for status in ('processing', 'cancelled')}
        moves['draft'] = moves['unpaid'].copy()
        now = fields.Datetime.now()
        moves['sent'].billing_link_ids.sent_at = now
        moves['viewed'].billing_link_ids.write({'sent_at': now, 'viewed_at': now})
        self.pay_by_hand(moves['partial'], 1.0)
        self.pay_by_hand(moves['paid'])
        moves['overdue'].invoice_date_due -= timedelta(days=60)
        self.make_transaction(moves['processing'])._set_pending()
        moves['cancelled'].button_cancel()
        credited = self.make_invoice()
        credited._reverse_moves(cancel=True)
        moves['credited'] = credited
        self.env.flush_all()
        self.env.invalidate_all()
        mine = self.env['account.move'].union(*moves.values()).with_user(self.front_desk)
        for status, move in moves.items():
            with self.subTest(status):
                self.assertEqual(move.with_user(self.front_desk).billing_status, status)
                found = mine.search([('id', 'in', mine.ids), ('billing_status', '=', status)])
                self.assertEqual(found, move.with_user(self.front_desk))
        others = mine.search([('id', 'in', mine.ids), ('billing_status', '!=', 'paid')])
        self.assertEqual(others, (mine - moves['paid']).sorted())

    # === DOCUMENT === #

    def test_page_shows_the_document_and_does_not_count_as_sending_it(self):
        answer = self.move.get_billing_document()
        self.assertTrue(base64.b64decode(answer['pdf']).startswith(b'%PDF'))
        self.assertFalse(self.move.is_move_sent)
        self.assertFalse(self.move.sudo().invoice_pdf_report_id)

    def test_nobody_sees_the_document_of_an_invoice_that_is_not_theirs(self):
        other = self.make_invoice_of_another()
        with self.assertRaises(AccessError):
            other.with_user(self.practitioner).get_billing_document()

    # === TIMELINE === #

    def test_timeline_tells_of_sending_viewing_and_paying(self):
        self.send()
        self.move.sudo().billing_link_ids._mark_viewed()
        self.record(amount=20.0).action_record()
        kinds = [kind for kind, _text, _note in self.told()]
        self.assertCountEqual(kinds, ['created', 'sent', 'viewed', 'paid', 'receipt'])
        self.assertIn('dana@example.com', str(self.told()))
        self.assertIn('20.00', str(self.told()))

    def test_timeline_tells_that_an_invoice_was_cancelled(self):
        self.move.action_billing_undo()
        self.assertIn(('cancelled', "Cancelled", ""), self.told())

    def test_mail_that_comes_back_is_told_with_what_to_do(self):
        sending = self.send()
        notification = sending.message_id.sudo().notification_ids
        notification.write({'notification_status': 'bounce', 'failure_type': 'mail_bounce'})
        [told] = [entry for entry in self.told() if entry[0] == 'sent']
        self.assertIn("came back", told[1])
        self.assertIn("Check the address", told[2])
        notification.write({'notification_status': 'exception', 'failure_type': 'mail_smtp'})
        [told] = [entry for entry in self.told() if entry[0] == 'sent']
        self.assertIn("was not sent", told[1])
        self.assertIn("mail server", told[2])

    # === RECORD PAYMENT === #

    def test_front_desk_records_cash_without_accounting_groups(self):
        dialog = self.record()
        self.assertEqual(dialog.amount, self.move.amount_residual)
        dialog.action_record()
        dialog.action_record()
        self.assertEqual(self.move.billing_status, 'paid')
        payment = self.move.sudo().matched_payment_ids
        self.assertEqual(len(payment), 1)
        self.assertEqual(payment.create_uid, self.front_desk)

    def test_payment_that_cannot_be_right_is_refused_with_words(self):
        tomorrow = self.company._billing_today() + timedelta(days=1)
        for words, values in (
            ("Enter the amount", {'amount': 0.0}),
            ("Only .* is due", {'amount': 120.01}),
            ("in the future", {'date': tomorrow}),
        ):
            with self.subTest(words), self.assertRaisesRegex(UserError, words):
                self.record(**values).action_record()
        self.assertEqual(self.move.amount_residual, 120.0)

    def test_practitioner_records_no_payment(self):
        with self.assertRaises(AccessError):
            self.move.with_user(self.practitioner).action_billing_record_payment()
