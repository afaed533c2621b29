import psycopg2.errors

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import CLINICAL_CODE, CLINICAL_NAME, BillingCommon

UNPAID = {'payment_status': 'unpaid', 'payment_intent': {'id': 'pi_1', 'status': 'processing'}}
BOUNCED = {
    'payment_status': 'unpaid',
    'payment_intent': {'id': 'pi_1', 'status': 'requires_payment_method'},
}


@tagged('post_install', '-at_install')
class TestPaymentTransaction(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connect_provider()
        cls.move = cls.make_invoice()
        cls.tx = cls.make_transaction(cls.move)

    def record(self, **values):
        self.tx._billing_record(self.session_of(self.tx, **values))

    def test_payment_stands_in_the_books_reconciled(self):
        self.record()
        payment = self.tx.payment_id
        balance = self.provider.journal_id.default_account_id
        self.assertEqual(self.tx.state, 'done')
        self.assertEqual(payment.state, 'paid')
        self.assertEqual(payment.date, self.company._billing_today())
        self.assertEqual(self.move.payment_state, 'paid')
        receivable = (self.move | payment.move_id).line_ids.filtered(
            lambda line: line.account_id.account_type == 'asset_receivable'
        )
        self.assertTrue(all(receivable.mapped('reconciled')))
        self.assertRecordValues(
            payment.move_id.line_ids.sorted('debit', reverse=True),
            [
                {'account_id': balance.id, 'debit': 120.0, 'credit': 0.0},
                {'account_id': receivable.account_id.id, 'debit': 0.0, 'credit': 120.0},
            ],
        )

    def test_invoice_is_not_asked_for_between_the_money_and_its_booking(self):
        self.tx._set_done()
        self.assertTrue(self.move._billing_is_processing())
        self.assertTrue(self.move._billing_chargeable()[1])
        self.assertEqual(self.move.billing_status, 'processing')
        mine = [('id', '=', self.move.id), ('billing_status', '=', 'processing')]
        self.assertEqual(self.move.search(mine), self.move)
        self.assertFalse(self.move.search([*mine[:1], ('billing_status', '=', 'unpaid')]))
        self.tx._post_process()
        self.assertFalse(self.move.search(mine))
        self.assertFalse(self.move._billing_is_processing())

    def test_same_payment_told_often_is_booked_once_and_has_one_receipt(self):
        for _again in range(3):
            self.record()
            self.tx._post_process()
        payments = self.env['account.payment'].search([('payment_transaction_id', '=', self.tx.id)])
        self.assertEqual(len(payments), 1)
        self.assertEqual(len(self.mails_to('dana@example.com')), 1)

    def test_receipt_and_request_name_nothing_clinical(self):
        self.record()
        mail = self.mails_to('dana@example.com')
        told = f"{mail.subject} {mail.body_html} {self.tx._billing_session_params()}"
        for word in (CLINICAL_NAME, CLINICAL_CODE, "herapy"):
            self.assertNotIn(word, told)
        self.assertIn(self.move.name, told)

    def test_late_failure_does_not_undo_a_success(self):
        self.record()
        self.record(**BOUNCED)
        self.record(status='expired', payment_status='unpaid')
        self.assertEqual(self.tx.state, 'done')
        self.assertEqual(self.move.payment_state, 'paid')

    def test_bank_debit_is_paid_when_it_arrived_and_not_before(self):
        self.record(**UNPAID)
        self.assertEqual(self.tx.state, 'pending')
        self.assertFalse(self.tx.payment_id)
        self.assertEqual(self.move.payment_state, 'not_paid')
        self.record()
        self.assertEqual(self.move.payment_state, 'paid')

    def test_bounced_bank_debit_can_be_paid_anew(self):
        self.record(**UNPAID)
        self.record(**BOUNCED)
        self.assertEqual(self.tx.state, 'error')
        self.assertEqual(self.move._billing_payment_link()._status(), 'due')

    def test_payment_that_lands_after_cancellation_is_booked(self):
        self.record(status='expired', payment_status='unpaid')
        self.assertEqual(self.tx.state, 'cancel')
        self.record()
        self.assertEqual(self.tx.state, 'done')
        self.assertEqual(self.move.payment_state, 'paid')

    def test_payment_of_an_invoice_paid_meanwhile_is_kept_as_credit(self):
        self.pay_by_hand(self.move)
        self.record()
        credit = self.tx.payment_id.move_id.line_ids.filtered(
            lambda line: line.account_id.account_type == 'asset_receivable'
        )
        self.assertEqual(credit.amount_residual, -120.0)

    def test_wrong_amount_or_currency_posts_nothing_and_stays_open(self):
        for values in ({'amount_total': 11999}, {'currency': 'eur'}, {'amount_total': 0}):
            with self.subTest(values), self.assertRaises(ValidationError):
                self.record(**values)
            self.assertEqual(self.tx.state, 'draft')
            self.assertFalse(self.tx.payment_id)

    def test_another_databases_session_is_not_ours(self):
        session = self.session_of(self.tx)
        search = self.env['payment.transaction']._billing_search
        self.assertEqual(search(self.provider, session), self.tx)
        for name in ('database', 'reference', 'nonce'):
            foreign = {**session, 'metadata': {**session['metadata'], name: 'another'}}
            self.assertFalse(search(self.provider, foreign))
        self.assertFalse(search(self.provider, {'metadata': None}))
        annotated = {**session, 'metadata': {**session['metadata'], 'crm': 'another app'}}
        self.assertEqual(search(self.provider, annotated), self.tx)

    @mute_logger('odoo.sql_db')
    def test_database_refuses_a_second_open_transaction_of_a_link(self):
        with self.assertRaises(psycopg2.errors.UniqueViolation), self.cr.savepoint():
            self.tx.billing_link_id._create_transaction()

    def test_repeated_request_is_the_same_to_the_letter(self):
        params = self.tx._billing_session_params()
        self.env.invalidate_all()
        self.assertEqual(self.tx._billing_session_params(), params)

    def test_amounts_are_counted_as_stripe_counts_them(self):
        for code, amount, minor in (
            ('USD', 120.1, 12010),
            ('JPY', 1200, 1200),
            ('ISK', 1200, 120000),
            ('UGX', 1200, 120000),
            ('MGA', 1200, 1200),
            ('BHD', 12.34, 12340),
        ):
            currency = (
                self.env['res.currency']
                .with_context(active_test=False)
                .search([('name', '=', code)])
            )
            currency.active = True
            tx = self.tx.copy(
                {
                    'reference': code,
                    'amount': amount,
                    'currency_id': currency.id,
                    'billing_link_id': False,
                }
            )
            with self.subTest(code):
                self.assertEqual(tx._billing_minor_amount(), minor)
                data = tx._extract_amount_data({'amount_total': minor, 'currency': code.lower()})
                self.assertEqual(currency.compare_amounts(data['amount'], amount), 0)
