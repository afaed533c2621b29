from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import BillingCommon


@tagged('post_install', '-at_install')
class TestPaymentLink(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connect_provider()
        cls.move = cls.make_invoice()
        cls.link = cls.move._billing_payment_link()
        cls.token = cls.link.url.rpartition('/')[2]

    def test_invoice_keeps_its_one_link(self):
        self.assertEqual(self.move._billing_payment_link(), self.link)
        self.assertEqual(self.link.company_id, self.company)

    def test_token_opens_its_link_and_nothing_near_it_does(self):
        links = self.env['practice.payment.link']
        self.assertEqual(links._from_token(self.token), self.link)
        flipped = self.token[:-1] + ('A' if self.token[-1] != 'A' else 'B')
        for token in (flipped, self.token[:-1], self.token + 'A', self.token[:10], '', 'x' * 32):
            with self.subTest(token):
                self.assertFalse(links._from_token(token))

    def test_token_holds_128_bits_that_are_never_the_same(self):
        other = self.make_invoice()._billing_payment_link()
        self.assertGreaterEqual(len(self.link.proof) * 6, 128)
        self.assertNotEqual(self.link.proof, other.proof)

    def test_desk_sees_the_address_and_not_its_parts(self):
        link = self.link.with_user(self.front_desk)
        self.assertIn(self.token, link.url)
        self.assertNotIn('proof', link.read()[0])

    def test_practitioner_sees_links_of_own_sessions_only(self):
        other = new_test_user(
            self.env, 'other@example.com', groups='carepatron_billing.group_practitioner'
        )
        self.assertIn(self.token, self.link.with_user(self.practitioner).url)
        with self.assertRaises(AccessError):
            self.link.with_user(other).read(['url'])

    def test_status_follows_the_ledger(self):
        self.assertEqual(self.link._status(), 'due')
        self.pay_by_hand(self.move, 20.0)
        self.assertEqual(self.link._status(), 'part_paid')
        self.assertEqual(self.link._page_values()['amount_due'], '$\xa0100.00')
        self.pay_by_hand(self.move)
        self.assertEqual(self.link._status(), 'paid')

    def test_credited_invoice_has_nothing_to_pay(self):
        self.move._reverse_moves([{'invoice_date': fields.Date.today()}], cancel=True)
        self.assertEqual(self.link._status(), 'credited')

    def test_revoked_link_is_over_and_the_invoice_gets_another(self):
        self.link.with_user(self.front_desk).action_revoke()
        self.assertEqual(self.link._status(), 'revoked')
        self.assertNotEqual(self.move._billing_payment_link(), self.link)

    def test_without_stripe_the_page_says_so(self):
        self.provider.state = 'disabled'
        self.assertEqual(self.link._status(), 'unavailable')

    def test_pending_bank_debit_shows_as_processing(self):
        tx = self.make_transaction(self.move)
        tx._stripe_payment_link_record(
            self.session_of(
                tx, payment_status='unpaid', payment_intent={'id': 'pi_1', 'status': 'processing'}
            )
        )
        self.assertEqual(self.link._status(), 'processing')

    def test_page_shows_no_whole_address_to_whoever_holds_the_link(self):
        tx = self.make_transaction(self.move)
        tx._stripe_payment_link_record(self.session_of(tx))
        self.assertEqual(self.link._page_values()['receipts'][0]['email'], 'd•••@example.com')
