from datetime import datetime, timezone

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .common import BillingCommon

# 23:30 on the 9th in New York.
LATE_IN_NEW_YORK = int(datetime(2026, 3, 10, 3, 30, tzinfo=timezone.utc).timestamp())


@tagged('post_install', '-at_install')
class TestOverpayment(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connect_provider()
        cls.manager = new_test_user(
            cls.env, 'manager@example.com', groups='carepatron_billing.group_manager'
        )
        cls.balance = cls.provider.journal_id.default_account_id
        cls.move = cls.make_invoice()
        cls.tx = cls.make_transaction(cls.move)
        # The money comes by hand and from Stripe.
        cls.pay_by_hand(cls, cls.move)
        cls.tx._billing_record(cls.session_of(cls.tx))
        cls.payment = cls.tx.payment_id

    def refund_of(self, tx, amount=12000, **values):
        """Return a refund as Stripe would show it, of a transaction or made in its dashboard."""
        return {
            'id': 're_1',
            'object': 'refund',
            'status': 'succeeded',
            'amount': amount,
            'currency': tx.currency_id.name.lower(),
            'payment_intent': 'pi_1',
            'metadata': {},
            'balance_transaction': {
                'amount': -amount,
                'currency': tx.currency_id.name.lower(),
                'created': LATE_IN_NEW_YORK,
            },
            'failure_balance_transaction': None,
            **values,
        }

    def refund(self, **values):
        refund = self.refund_of(self.tx, **values)
        child = self.tx._billing_find_or_create_refund(refund)
        child._billing_record(refund)
        return child

    def entries(self, payment):
        return [
            (line.account_id, line.debit, line.credit, str(line.date))
            for line in payment.move_id.line_ids.sorted('debit', reverse=True)
        ]

    def test_desk_sees_how_much_came_too_much_and_when(self):
        move = self.move.with_user(self.front_desk)
        self.assertEqual(move.billing_overpaid, 120.0)
        self.assertEqual(move.billing_overpaid_on, self.company._billing_today())

    def test_invoice_paid_once_shows_no_overpayment(self):
        move = self.make_invoice()
        tx = self.make_transaction(move)
        tx._billing_record(self.session_of(tx))
        self.assertFalse(move.billing_overpaid)
        self.assertFalse(move.billing_overpaid_on)

    def test_credit_that_is_kept_pays_another_invoice(self):
        self.move.with_user(self.front_desk).action_billing_keep_credit()
        self.assertFalse(self.move.billing_overpaid)
        other = self.make_invoice()
        credit = self.payment._billing_receivable_lines()
        other.js_assign_outstanding_line(credit.id)
        self.assertEqual(other.payment_state, 'paid')

    def test_only_a_manager_refunds(self):
        with self.assertRaisesRegex(AccessError, "Manager"):
            self.move.with_user(self.front_desk).action_billing_refund_overpayment()

    def test_refund_goes_from_the_receivable_to_stripes_balance_on_the_practices_day(self):
        child = self.refund()
        receivable = self.payment.destination_account_id
        self.assertEqual(
            self.entries(child.payment_id),
            [
                (receivable, 120.0, 0.0, '2026-03-09'),
                (self.balance, 0.0, 120.0, '2026-03-09'),
            ],
        )
        lines = (self.payment | child.payment_id)._billing_receivable_lines()
        self.assertEqual(lines.mapped('reconciled'), [True, True])
        self.assertEqual(self.move.payment_state, 'paid')
        self.assertFalse(self.move.reversal_move_ids)
        self.assertFalse(self.move.billing_overpaid)
        # The receipt, and what tells of the refund.
        self.assertEqual(len(self.mails_to('dana@example.com')), 2)

    def test_part_of_it_refunded_leaves_the_rest_open(self):
        self.refund(amount=5000)
        self.assertEqual(self.move.billing_overpaid, 70.0)
        self.assertEqual(self.payment.amount_available_for_refund, 70.0)

    def test_refund_told_often_is_booked_once(self):
        child = self.refund()
        self.assertEqual(self.refund(), child)
        self.refund(status='pending')
        payments = self.env['account.payment'].search([('source_payment_id', '=', self.payment.id)])
        self.assertEqual(payments, child.payment_id)

    def test_our_own_refund_is_known_by_its_metadata(self):
        child = self.tx._create_child_transaction(120.0, is_refund=True)
        metadata = child._billing_metadata()
        self.assertEqual(self.move.billing_overpaid, 0.0, "it is being given back")
        self.assertEqual(self.refund(metadata=metadata), child)
        self.assertEqual(child.provider_reference, 're_1')

    def test_refund_that_fails_later_makes_the_credit_open_again(self):
        child = self.refund()
        failed = {
            'status': 'failed',
            'failure_balance_transaction': {
                'amount': 12000,
                'currency': 'usd',
                'created': LATE_IN_NEW_YORK + 86400,
            },
        }
        for _again in range(2):
            self.refund(**failed)
        self.assertEqual(child.state, 'error')
        reversal = child.payment_id.move_id.reversal_move_ids
        receivable = self.payment.destination_account_id
        self.assertEqual(
            [
                (line.account_id, line.debit, line.credit, str(line.date))
                for line in reversal.line_ids.sorted('debit', reverse=True)
            ],
            [
                (self.balance, 120.0, 0.0, '2026-03-10'),
                (receivable, 0.0, 120.0, '2026-03-10'),
            ],
        )
        self.assertEqual(self.move.billing_overpaid, 120.0)
        self.assertEqual(self.payment.amount_available_for_refund, 120.0)
        self.refund()
        self.assertEqual(child.state, 'error', "an older report revives nothing")

    def test_more_than_is_left_is_refused(self):
        self.refund(amount=5000)
        for amount in (70.01, 120.0, -1.0):
            with self.subTest(amount), self.assertRaisesRegex(UserError, "70.00"):
                self.tx._refund(amount)
        self.assertEqual(len(self.tx.child_transaction_ids), 1)

    def test_refund_with_another_currency_is_not_booked(self):
        with self.assertRaises(UserError):
            self.refund(currency='eur')

    def test_provider_says_that_it_refunds_and_keeps_cards(self):
        self.assertEqual(self.provider.support_refund, 'partial')
        self.assertTrue(self.provider.support_tokenization)
        self.assertFalse(self.provider.support_manual_capture)
        self.assertFalse(self.provider.support_express_checkout)


@tagged('post_install', '-at_install')
class TestForeignCurrency(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connect_provider()
        cls.euro = cls.env.ref('base.EUR')
        cls.euro.active = True
        cls.env['res.currency.rate'].create(
            {
                'name': '2020-01-01',
                'currency_id': cls.euro.id,
                'company_id': cls.company.id,
                'rate': 0.8,
            }
        )
        cls.move = cls.env['account.move'].create(
            {
                'move_type': 'out_invoice',
                'partner_id': cls.client_partner.id,
                'currency_id': cls.euro.id,
                'invoice_date': '2026-03-01',
                'invoice_line_ids': [
                    Command.create({'product_id': cls.service.id, 'price_unit': 80.0})
                ],
            }
        )
        cls.move.action_post()
        cls.tx = cls.make_transaction(cls.move)

    def pay(self, movement):
        intent = {
            'id': 'pi_1',
            'status': 'succeeded',
            'latest_charge': {'id': 'ch_1', 'balance_transaction': movement},
        }
        self.tx._billing_record(self.session_of(self.tx, payment_intent=intent))
        return [
            (line.account_id.account_type, line.balance, line.amount_currency, str(line.date))
            for line in self.tx.payment_id.move_id.line_ids.sorted('balance', reverse=True)
        ]

    def test_settled_amount_is_what_the_payment_is_worth(self):
        # 80 EUR are 100 USD by Odoo's rate; Stripe made 97.50 of them.
        lines = self.pay({'amount': 9750, 'currency': 'usd', 'created': LATE_IN_NEW_YORK})
        self.assertEqual(
            lines,
            [
                ('asset_cash', 97.5, 80.0, '2026-03-09'),
                ('asset_receivable', -97.5, -80.0, '2026-03-09'),
            ],
        )
        self.assertEqual(self.move.payment_state, 'paid')
        receivable = self.move.line_ids.filtered(
            lambda line: line.account_id.account_type == 'asset_receivable'
        )
        self.assertEqual(receivable.amount_residual, 0.0)
        exchange = receivable.matched_credit_ids.exchange_move_id
        self.assertIn(2.5, exchange.line_ids.mapped('debit'))

    def test_without_the_settled_amount_odoos_rate_is_used(self):
        lines = self.pay(None)
        self.assertEqual([line[1:3] for line in lines], [(100.0, 80.0), (-100.0, -80.0)])
        self.assertEqual(self.move.payment_state, 'paid')
