from odoo.tests import HttpCase, tagged

from .common import CLINICAL_CODE, CLINICAL_NAME, BillingCommon, real_rendering


@tagged('post_install', '-at_install')
class TestPayPage(BillingCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connect_provider()
        cls.move = cls.make_invoice()
        cls.link = cls.move._billing_payment_link()
        cls.path = '/billing/pay/' + cls.link.url.rpartition('/')[2]

    def test_looking_shows_and_makes_nothing(self):
        answer = self.url_open(self.path)
        self.assertEqual(answer.status_code, 200)
        self.assertIn("120.00", answer.text)
        self.assertIn(self.move.name, answer.text)
        self.assertIn("Test mode", answer.text)
        self.assertFalse(self.link.transaction_ids)
        self.assertTrue(self.link.viewed_at)

    def test_page_names_nothing_clinical(self):
        text = self.url_open(self.path).text
        for word in (CLINICAL_NAME, CLINICAL_CODE, "herapy"):
            self.assertNotIn(word, text)

    def test_address_does_not_travel_on(self):
        headers = self.url_open(self.path).headers
        self.assertEqual(headers['Referrer-Policy'], 'no-referrer')
        self.assertEqual(headers['Cache-Control'], 'no-store')
        self.assertIn("frame-ancestors 'none'", headers['Content-Security-Policy'])
        self.assertIn('noindex', headers['X-Robots-Tag'])

    def test_unknown_links_all_look_the_same(self):
        known = self.path.rpartition('/')[2]
        answers = [
            self.url_open(f'/billing/pay/{token}{path}', **options)
            for token in (known[:10] + 'x' * 22, 'x' * 32, 'short', "%27%22%3Cscript%3E", '%00')
            for path, options in (('', {}), ('', {'data': {'a': '1'}}), ('/invoice', {}))
        ]
        self.assertEqual({answer.status_code for answer in answers}, {404})
        self.assertEqual(len({answer.text for answer in answers}), 1)

    def test_invoice_can_be_downloaded(self):
        with real_rendering(self.registry):
            answer = self.url_open(f'{self.path}/invoice')
        self.assertEqual(answer.headers['Content-Type'], 'application/pdf')
        self.assertTrue(answer.content.startswith(b'%PDF'))

    def test_revoked_link_gives_nothing_away(self):
        self.link.action_revoke()
        self.assertNotIn(self.move.name, self.url_open(self.path).text)
        self.assertEqual(self.url_open(f'{self.path}/invoice').status_code, 404)

    def test_coming_back_needs_the_session(self):
        tx = self.make_transaction(self.move)
        for session in ('', '?session_id=', '?session_id=cs_other'):
            answer = self.url_open(f'/billing/stripe/return/{tx.id}{session}')
            self.assertEqual(answer.status_code, 404)
