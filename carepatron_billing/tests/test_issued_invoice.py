from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from .common import BillingCommon


@tagged('post_install', '-at_install')
class TestIssuedInvoice(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connect_provider()
        cls.cron = cls.env.ref('carepatron_billing.ir_cron_reconcile')
        cls.move = cls.make_invoice()
        cls.link = cls.move._billing_payment_link()

    def triggers(self):
        """Return how often the reconcile job was asked for, once what is pending is written."""
        self.cr.flush()
        return self.env['ir.cron.trigger'].search_count([('cron_id', '=', self.cron.id)])

    def assertFinal(self, words):
        with self.assertRaisesRegex(UserError, words):
            self.move.button_draft()
        self.assertEqual(self.move.state, 'posted')

    # === WHAT NOBODY HAS SEEN, AND WHAT STAYS === #

    def test_unseen_invoice_can_be_reset_and_issued_anew(self):
        self.move.button_draft()
        self.move.action_post()
        self.assertEqual(self.move.state, 'posted')

    def test_sent_invoice_stays_as_it_is(self):
        self.link.sent_at = fields.Datetime.now()
        self.assertFinal("has been sent.*credit note")

    def test_printed_and_sent_invoice_stays_as_it_is(self):
        self.move.is_move_sent = True
        self.assertFinal("has been sent")

    def test_viewed_invoice_stays_as_it_is(self):
        self.link._mark_viewed()
        self.assertFinal("The payer has seen")

    def test_paid_invoice_stays_as_it_is(self):
        self.pay_by_hand(self.move, 20.0)
        self.assertFinal("has been paid, at least in part")

    def test_invoice_with_an_open_payment_stays_as_it_is(self):
        self.make_transaction(self.move)
        self.assertFinal("A payment of .* is under way")

    def test_seen_but_unpaid_invoice_can_be_cancelled_and_not_edited_after(self):
        self.link._mark_viewed()
        self.move.button_cancel()
        self.assertEqual(self.move.state, 'cancel')
        with self.assertRaisesRegex(UserError, "The payer has seen"):
            self.move.button_draft()

    def test_paid_invoice_is_not_cancelled(self):
        self.pay_by_hand(self.move)
        with self.assertRaisesRegex(UserError, "credit note"):
            self.move.button_cancel()
        self.assertEqual(self.move.payment_state, 'paid')

    def test_caller_cannot_talk_its_way_around(self):
        self.link._mark_viewed()
        for value in (True, 1, 'yes'):
            with self.assertRaises(UserError):
                self.move.with_context(billing_cancelling=value).button_draft()

    def test_deletion_that_would_leave_a_gap_is_refused_to_everybody(self):
        accountant = new_test_user(
            self.env, 'accountant@example.com', groups='account.group_account_manager'
        )
        self.make_invoice()
        self.move.button_draft()
        with self.assertRaisesRegex(UserError, "its number would be missing"):
            self.move.with_user(accountant).unlink()

    def test_last_unseen_invoice_may_be_deleted(self):
        self.move.button_draft()
        self.move.unlink()
        self.assertFalse(self.link.exists())

    # === OPEN SESSIONS === #

    def test_every_change_of_what_is_due_looks_after_the_open_session(self):
        changes = {
            'part payment': lambda move: self.pay_by_hand(move, 20.0),
            'payment': self.pay_by_hand,
            'credit note': lambda move: move._reverse_moves(
                [{'invoice_date': fields.Date.today()}], cancel=True
            ),
            'cancellation': lambda move: move.button_cancel(),
        }
        for name, change in changes.items():
            move = self.make_invoice()
            tx = self.make_transaction(move)
            before = self.triggers()
            with self.subTest(name):
                self.assertFalse(tx._billing_is_stale())
                change(move)
                self.assertEqual(self.triggers(), before + 1)
                self.assertTrue(tx._billing_is_stale())

    def test_undone_reconciliation_looks_after_the_open_session(self):
        self.pay_by_hand(self.move, 20.0)
        tx = self.make_transaction(self.move)
        before = self.triggers()
        self.move.line_ids.remove_move_reconcile()
        self.assertEqual(self.triggers(), before + 1)
        self.assertTrue(tx._billing_is_stale())

    def test_payment_of_the_session_itself_closes_nothing(self):
        tx = self.make_transaction(self.move)
        before = self.triggers()
        tx._billing_record(self.session_of(tx))
        self.assertEqual(self.triggers(), before)
