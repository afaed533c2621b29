from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .common import BillingCommon


@tagged('post_install', '-at_install')
class TestRefundAtStripe(BillingCommon):
    """Money that was given back in Stripe's dashboard, for an invoice that was rightly paid."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connect_provider()
        cls.manager = new_test_user(
            cls.env, 'manager@example.com', groups='carepatron_billing.group_manager'
        )
        cls.move = cls.make_invoice()
        cls.tx = cls.pay_online(cls.move)

    @classmethod
    def pay_online(cls, move, intent='pi_1'):
        tx = cls.make_transaction(move)
        tx._billing_record(cls.session_of(tx, payment_intent={'id': intent, 'status': 'succeeded'}))
        return tx

    def link_for_everything(self):
        return self.env['practice.payment.link']._for_payer(
            self.client_partner, self.company, self.company.currency_id
        )

    def pay_everything(self):
        """Return the open transaction of the payer's link to everything due."""
        tx = self.link_for_everything()._create_transaction()
        tx.stripe_payment_link_session = 'cs_all'
        return tx

    def refund(self, amount=12000, tx=None, name='re_1', **values):
        """Let Stripe tell of a refund that was made there, in minor units."""
        tx = tx or self.tx
        refund = {
            'id': name,
            'object': 'refund',
            'status': 'succeeded',
            'amount': amount,
            'currency': 'usd',
            'payment_intent': tx.provider_reference,
            'metadata': {},
            'balance_transaction': None,
            'failure_balance_transaction': None,
            **values,
        }
        child = tx._billing_find_or_create_refund(refund)
        child._billing_record(refund)
        return child

    def confirm(self, note):
        note.with_user(self.manager).action_billing_confirm_credit()

    def open_items(self):
        """Return what is open on the payer's account, invoices and payments alike."""
        return (
            self.env['account.move.line']
            .search(
                [
                    ('partner_id', '=', self.client_partner.id),
                    ('account_id.account_type', '=', 'asset_receivable'),
                    ('parent_state', '=', 'posted'),
                    ('reconciled', '=', False),
                ]
            )
            .mapped('amount_residual')
        )

    def test_nobody_is_asked_for_what_was_given_back(self):
        self.refund()
        self.assertEqual(self.open_items(), [120.0], "an open debit, until it is confirmed")
        self.assertEqual(self.move.payment_state, 'paid')
        self.assertEqual(self.move._billing_payment_link()._status(), 'paid')
        payer = self.client_partner.with_user(self.front_desk)
        self.assertEqual(payer.billing_due, 0.0)
        with self.assertRaisesRegex(UserError, "Nothing is due"):
            payer.action_billing_send_link()
        self.assertEqual(self.link_for_everything()._status(), 'paid')

    def test_desk_sees_it_and_a_manager_is_called_once(self):
        self.refund(amount=5000)
        self.refund(amount=2000, name='re_2')
        move = self.move.with_user(self.front_desk)
        self.assertEqual(move.billing_given_back, 70.0)
        self.assertEqual(move.billing_given_back_on, self.company._billing_today())
        self.assertTrue(move.billing_credit_draft_id)
        self.assertEqual(move.action_billing_open_credit_draft()['res_model'], 'account.move')
        self.assertEqual(len(self.move.activity_ids), 1)
        self.assertIn("credit note", self.move.activity_ids.summary)

    def test_confirmed_credit_note_settles_the_refund_and_frees_the_session(self):
        refund = self.refund()
        note = self.move.billing_credit_draft_id
        self.assertEqual(
            (note.state, note.amount_total, note.reversed_entry_id), ('draft', 120.0, self.move)
        )
        self.confirm(note)
        self.assertEqual(note.state, 'posted')
        self.assertEqual(note.invoice_date, self.company._billing_today())
        self.assertEqual(self.open_items(), [])
        self.assertTrue(refund.payment_id._billing_receivable_lines().reconciled)
        self.assertEqual(self.move.payment_state, 'paid')
        self.assertFalse(self.move.billing_given_back)
        self.assertFalse(self.move.activity_ids)
        self.assertFalse(self.move.invoice_line_ids.billing_is_live)

    def test_only_a_manager_confirms(self):
        self.refund()
        note = self.move.billing_credit_draft_id.with_user(self.front_desk)
        with self.assertRaisesRegex(AccessError, "Manager"):
            note.action_billing_confirm_credit()

    def test_refund_told_often_has_one_credit_note(self):
        for _again in range(3):
            self.refund()
        self.assertEqual(len(self.move.reversal_move_ids), 1)

    def test_part_is_credited_to_the_cent_with_its_taxes(self):
        taxes = self.env['account.tax'].create(
            [
                {'name': "7 %", 'amount': 7.0, 'price_include_override': 'tax_excluded'},
                {'name': "19 %", 'amount': 19.0, 'price_include_override': 'tax_included'},
            ]
        )
        for rounding in ('round_per_line', 'round_globally'):
            self.company.tax_calculation_rounding_method = rounding
            move = self.env['account.move'].create(
                {
                    'move_type': 'out_invoice',
                    'partner_id': self.client_partner.id,
                    'invoice_line_ids': [
                        Command.create(
                            {'product_id': self.service.id, 'price_unit': price, 'quantity': 3}
                            | {'discount': 12.5, 'tax_ids': [Command.set(tax.ids)]}
                        )
                        for price, tax in ((33.33, taxes[0]), (17.77, taxes[1]), (9.99, taxes[:0]))
                    ],
                }
            )
            move.action_post()
            tx = self.pay_online(move, f'pi_{rounding}')
            for amount in (4999, 1):
                with self.subTest(rounding=rounding, amount=amount):
                    self.refund(amount, tx, f're_{rounding}_{amount}')
                    note = move.reversal_move_ids.filtered(lambda note: note.state == 'draft')
                    self.assertEqual(note.amount_total, amount / 100)
                    self.confirm(note)
                    self.assertFalse(move.billing_given_back)
            self.assertEqual(self.open_items(), [])

    def test_part_paid_invoice_keeps_its_rest_due(self):
        """Its credit note belongs to the refund, not to what is still open."""
        move = self.make_invoice()
        self.pay_by_hand(move, 20.0)
        tx = self.make_transaction(move)
        self.pay_by_hand(move, 1.0)
        tx.amount = 50.0
        tx._billing_record(
            self.session_of(tx, payment_intent={'id': 'pi_part', 'status': 'succeeded'})
        )
        self.assertEqual(move.amount_residual, 49.0)
        self.refund(3000, tx, 're_part')
        self.confirm(move.billing_credit_draft_id)
        self.assertEqual(move.amount_residual, 49.0)
        self.assertEqual(self.open_items(), [49.0])

    def test_credit_note_that_was_made_before_settles_the_refund(self):
        note = self.move._reverse_moves()
        note.action_post()
        self.refund()
        self.assertEqual(self.open_items(), [])
        self.assertEqual(self.move.reversal_move_ids, note)
        self.assertFalse(self.move.activity_ids)

    def test_either_of_two_payments_given_back_settles_what_was_too_much(self):
        move = self.make_invoice()
        first, second = self.make_transaction(move), self.pay_everything()
        for tx, intent in ((first, 'pi_first'), (second, 'pi_second')):
            tx._billing_record(
                self.session_of(tx, payment_intent={'id': intent, 'status': 'succeeded'})
            )
        self.assertEqual(move.billing_overpaid, 120.0)
        self.refund(12000, first, 're_first')
        self.assertFalse(move.billing_overpaid)
        self.assertEqual(self.open_items(), [])
        self.assertFalse(move.reversal_move_ids)

    def test_payment_of_several_invoices_waits_for_a_person(self):
        moves = self.make_invoice() | self.make_invoice()
        tx = self.pay_everything()
        tx._billing_record(
            self.session_of(tx, payment_intent={'id': 'pi_all', 'status': 'succeeded'})
        )
        self.refund(5000, tx, 're_all')
        self.assertFalse(moves.reversal_move_ids)
        self.assertEqual(moves.mapped('billing_given_back'), [50.0, 50.0])
        self.assertEqual(len(moves.activity_ids), 2)

    def test_refund_that_fails_drops_its_draft_and_calls_a_manager(self):
        self.refund()
        self.refund(status='failed')
        self.assertFalse(self.move.reversal_move_ids)
        self.assertFalse(self.move.billing_given_back)
        self.assertEqual(self.open_items(), [])
        self.assertIn("failed", self.move.activity_ids.summary)

    def test_refund_that_fails_after_its_credit_note_leaves_the_credit(self):
        self.refund()
        note = self.move.billing_credit_draft_id
        self.confirm(note)
        self.refund(status='failed')
        self.assertEqual(note.billing_status, 'open_credit')
        self.assertEqual(self.open_items(), [-120.0])
