import os
from unittest.mock import patch
from urllib.parse import urlsplit

from odoo.tests import HttpCase, new_test_user, tagged

from ..controllers import pay
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

    def test_who_tries_link_after_link_is_shut_out_for_a_minute(self):
        clock = [0.0]
        fresh = pay.Guard(most_wrong=3, clock=lambda: clock[0])
        with patch.object(pay, 'guard', fresh), self.assertLogs(pay.__name__, 'WARNING') as log:
            codes = [self.url_open(f'/billing/pay/{"x" * 32}').status_code for _ in range(4)]
            shut = self.url_open(self.path)
            clock[0] = 61.0
            later = self.url_open(self.path)
        self.assertEqual(codes, [404, 404, 404, 429])
        self.assertEqual((shut.status_code, later.status_code), (429, 200))
        self.assertEqual(shut.headers['Retry-After'], '60')
        self.assertNotIn(self.move.name, shut.text)
        self.assertEqual(len(log.output), 1)
        self.assertNotIn('x' * 32, log.output[0])
        manager = new_test_user(
            self.env, 'boss@example.com', groups='carepatron_billing.group_manager'
        )
        troubles = self.env['practice.overview'].with_user(manager).get_overview()['troubles']
        self.assertIn('alarms', [trouble['kind'] for trouble in troubles])

    def test_other_addresses_are_not_shut_out(self):
        fresh = pay.Guard(most_wrong=1)
        self.assertTrue(fresh.note_wrong('10.0.0.1'))
        self.assertTrue(fresh.is_shut('10.0.0.1'))
        self.assertFalse(fresh.is_shut('10.0.0.2'))

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

    # === DOORS === #

    def click(self, url=False, **posted):
        """Post a form while Stripe's page stands at an address; return the answer and the call."""
        links = self.registry['practice.payment.link']
        with patch.object(links, '_pay', autospec=True, return_value=url) as pay_call:
            answer = self.url_open(self.path, data=posted, allow_redirects=False)
        return answer, pay_call.call_args

    def test_forms_lead_here_and_to_stripe_alone(self):
        known = 'https://checkout.stripe.com'
        with patch.dict(os.environ):
            os.environ.pop('STRIPE_API_BASE', None)
            policy = self.url_open(self.path).headers['Content-Security-Policy']
            self.assertIn(f"form-action 'self' {known}", policy)
            answer, _call = self.click(f'{known}/c/pay/cs_1', choice='now')
            self.assertEqual(answer.headers['Location'], f'{known}/c/pay/cs_1')
            # A domain of the practice's own at Stripe: by a click of the payer's.
            answer, _call = self.click('https://pay.practice.example/cs_1', choice='now')
            self.assertEqual(answer.status_code, 200)
            self.assertIn('href="https://pay.practice.example/cs_1"', answer.text)
            for bad in (f'{known}@evil.example/', 'http://checkout.stripe.com/', 'javascript:x()'):
                with self.subTest(address=bad):
                    answer, _call = self.click(bad, choice='now')
                    self.assertNotIn('evil', answer.headers.get('Location', ''))
                    self.assertNotIn('javascript', answer.headers.get('Location', ''))
                    self.assertNotIn('http://checkout', answer.headers.get('Location', ''))

    def test_way_back_from_stripe_stays_here(self):
        tx = self.make_transaction(self.move)
        tx.stripe_payment_link_session = 'cs_test_back'
        for bad in (
            'https://evil.example/x',
            '//evil.example/x',
            '/\\evil.example',
            '@evil.example',
        ):
            tx.landing_route = bad
            with patch.object(self.registry['payment.transaction'], '_billing_sync'):
                answer = self.url_open(
                    f'/billing/stripe/return/{tx.id}?session_id=cs_test_back',
                    allow_redirects=False,
                )
            target = urlsplit(answer.headers['Location'])
            self.assertIn(target.netloc, ('', urlsplit(self.base_url()).netloc), bad)
            self.assertFalse(target.path.startswith(('//', '/\\')), bad)

    def test_fields_that_a_form_does_not_have_change_nothing(self):
        before = self.link.sudo().read(['payer_id', 'company_id', 'revoked_at', 'finder'])
        extra = {
            'amount': '1',
            'currency_id': '2',
            'finder': 'x',
            'link_sudo': 'x',
            'move_id': '1',
            'partner_id': '1',
            'payer_id': '1',
            'revoked_at': '',
            'wanted': '1',
        }
        _answer, call = self.click(choice='now', **extra)
        self.assertEqual(call.args[1:], (None,))
        self.assertEqual(call.kwargs, {'keep_card': False})
        after = self.link.sudo().read(['payer_id', 'company_id', 'revoked_at', 'finder'])
        self.assertEqual(after, before)
        holder = self.env['practice.card.holder']._for(self.client_partner, self.company)
        kept = holder.sudo().read(['partner_id', 'company_id', 'autopay', 'customer', 'finder'])
        posted = {**extra, 'autopay': 'issue', 'customer': 'cus_x', 'do': 'autopay'}
        self.url_open(holder.sudo()._path(), data=posted)
        self.assertEqual(
            holder.sudo().read(['partner_id', 'company_id', 'autopay', 'customer', 'finder']), kept
        )

    # === STATES ===#

    def card(self, status=200, **options):
        """Return the page, and check what holds for each."""
        answer = self.url_open(self.path, **options)
        self.assertEqual(answer.status_code, status)
        self.assertNotIn('<script', answer.text)
        return answer.text

    def test_each_state_has_its_page(self):
        self.assertIn('data-status="due"', self.card())
        self.pay_by_hand(self.move, 20.0)
        self.assertIn("has been paid", self.card())
        self.provider.state = 'disabled'
        self.company.phone = "+1 555 0100"
        text = self.card()
        self.assertIn('data-status="unavailable"', text)
        self.assertEqual(text.count('tel:+1 555 0100'), 2)
        self.provider.state = 'test'
        self.pay_by_hand(self.move)
        self.assertIn('data-status="paid"', self.card())

    def test_cancelled_and_credited_invoices_are_told_apart(self):
        self.move._reverse_moves([{'invoice_date': self.move.invoice_date}], cancel=True)
        self.assertIn("credited", self.card())
        self.assertNotIn("<button", self.card())

    def test_replaced_link_leads_to_the_new_one_and_pays_nothing(self):
        new = self.make_invoice()._billing_payment_link()
        self.link.replaced_by_id = new
        text = self.card()
        self.assertIn(new.url.rpartition('/')[2], text)
        self.assertNotIn("<button", text)
        self.assertFalse(self.link._claim_transaction())

    def test_receipt_is_downloaded_by_its_own_link_only(self):
        tx = self.make_transaction(self.move)
        tx._billing_record(self.session_of(tx))
        path = f'{self.path}/receipt/{tx.id}'
        self.assertIn(path, self.card())
        with real_rendering(self.registry):
            answer = self.url_open(path)
        self.assertTrue(answer.content.startswith(b'%PDF'))
        other = self.make_invoice()._billing_payment_link()._path()
        self.assertEqual(self.url_open(f'{other}/receipt/{tx.id}').status_code, 404)

    def test_everything_due_lists_its_invoices_and_no_others(self):
        other = self.make_invoice(price=80.0)
        link = self.env['practice.payment.link']._for_payer(
            self.client_partner, self.company, self.company.currency_id
        )
        self.path = link._path()
        text = self.card()
        for expected in (self.move.name, other.name, "200.00", "80.00"):
            self.assertIn(expected, text)
        foreign = self.make_invoice_of_another()
        self.assertEqual(self.url_open(f'{self.path}/invoice/{foreign.id}').status_code, 404)
        self.assertEqual(self.url_open(f'{self.path}/invoice').status_code, 404)

    def test_wrong_part_is_explained_and_kept(self):
        self.company.write({'billing_part_payment': True, 'billing_part_payment_minimum': 20.0})
        self.assertIn("Pay another amount", self.card())
        text = self.card(422, data={'choice': 'part', 'amount': '5 <b>'})
        self.assertIn("at least", text)
        self.assertIn('value="5 &lt;b&gt;"', text)
        self.assertIn("an amount like", self.card(422, data={'choice': 'part', 'amount': ''}))
        self.assertFalse(self.link.transaction_ids)

    def test_part_is_refused_where_the_practice_takes_none(self):
        text = self.card(422, data={'choice': 'part', 'amount': '50'})
        self.assertIn("does not take part payments", text)
        self.assertFalse(self.link.transaction_ids)

    # === LOOKS AND LANGUAGE ===#

    def test_page_wears_the_practices_color_and_nothing_else_slips_in(self):
        self.company.primary_color = '#ffee00'
        text = self.card()
        self.assertIn('--accent: #ffee00', text)
        self.assertIn('--on-accent: #000000', text)
        self.company.primary_color = 'red;} body {display: none'
        self.assertNotIn('display: none', self.card())

    def test_page_speaks_the_payers_language_or_the_browsers(self):
        self.env['res.lang']._activate_lang('fr_FR')
        self.client_partner.lang = 'fr_FR'
        self.assertIn('lang="fr"', self.card())
        self.assertIn("120,00", self.card())
        self.client_partner.lang = False
        headers = {'Accept-Language': 'fr-BE,fr;q=0.9'}
        self.assertIn('lang="fr"', self.card(headers=headers))
        self.assertIn('lang="en"', self.card(headers={'Accept-Language': 'xx-YY'}))
