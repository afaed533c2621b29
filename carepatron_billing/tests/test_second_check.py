import re
from datetime import timedelta
from unittest.mock import patch

from odoo.tests import HttpCase, new_test_user, tagged

from odoo.addons.mail.tests.common import MockEmail

from .common import BillingCommon, real_rendering


@tagged('post_install', '-at_install')
class TestSecondCheck(BillingCommon, MockEmail, HttpCase):
    """A code by e-mail, before a link opens."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connect_provider()
        cls.company.write({'email': 'desk@practice.example.com', 'billing_second_check': True})
        cls.move = cls.make_invoice()
        cls.link = cls.move._billing_payment_link()
        cls.path = cls.link._path()
        links, holders = cls.env['practice.payment.link'], cls.env['practice.card.holder']
        cls.everything = links._for_payer(
            cls.client_partner, cls.company, cls.company.currency_id
        )._path()
        cls.cards = holders._for(cls.client_partner, cls.company)._path()

    def setUp(self):
        super().setUp()
        self.enterContext(self.mock_mail_gateway(mail_unlink_sent=True))

    def ask(self, path=None):
        return self.url_open(f'{path or self.path}/code', data={'do': 'send'})

    def type(self, code, path=None):
        return self.url_open(f'{path or self.path}/code', data={'do': 'open', 'code': code})

    def mailed_code(self):
        return re.search(r'>(\d{6})<', self._mails[-1]['body'])[1]

    def row(self):
        return self.env['practice.link.code']._of(self.client_partner, self.company)

    def later(self, **delta):
        """Let time pass for what was sent."""
        row = self.row()
        for name in ('sent_at', 'valid_until', 'counted_since'):
            row[name] -= timedelta(**delta)

    def assertShut(self, answer):
        for told in (self.move.name, "120.00", self.client_partner.name, "example.com/"):
            self.assertNotIn(told, answer.text)
        self.assertIn(self.company.name, answer.text)

    def test_nothing_opens_before_the_code(self):
        posted = {'choice': 'now', 'do': 'add', 'keep': '1'}
        for path in (self.path, self.everything, self.cards):
            self.assertShut(self.url_open(path))
            self.assertShut(self.url_open(path, data=posted))
        for path in (f'{self.path}/invoice', f'{self.everything}/invoice/{self.move.id}'):
            answer = self.url_open(path, allow_redirects=False)
            self.assertEqual(answer.status_code, 303)
        self.assertFalse(self.link.viewed_at)
        self.assertFalse(self.env['payment.transaction'].search([]).invoice_ids & self.move)
        self.assertFalse(self._mails)

    def test_code_opens_all_links_of_the_payer_on_this_browser_alone(self):
        self.assertIn("Enter your code", self.ask().text)
        code = self.mailed_code()
        self.assertNotIn(code, str(self.row().sudo().read()))
        opened = self.type(f'{code[:3]} {code[3:]}')
        self.assertIn("120.00", opened.text)
        self.assertIn(self.move.name, self.url_open(self.everything).text)
        self.assertIn("Your saved cards", self.url_open(self.cards).text)
        with real_rendering(self.registry):
            pdf = self.url_open(f'{self.path}/invoice').content
        self.assertTrue(pdf.startswith(b'%PDF'))
        cookie = next(one for one in self.opener.cookies if one.name.startswith('billing_known'))
        self.assertIn('HttpOnly', cookie._rest)
        self.assertShut(self.type_on_another_browser(code))
        # Whoever else has a cookie of that name has no signature.
        cookie.value = 'AQAAAA' + cookie.value[6:]
        self.opener.cookies.set_cookie(cookie)
        self.assertShut(self.url_open(self.path))

    def type_on_another_browser(self, code):
        self.opener.cookies, kept = type(self.opener.cookies)(), self.opener.cookies
        answer = self.type(code)
        self.opener.cookies = kept
        return answer

    def test_a_few_wrong_codes_make_the_right_one_void(self):
        self.ask()
        code = self.mailed_code()
        wrong = '000000' if code != '000000' else '111111'
        self.assertIn("This is not the code", self.type(wrong).text)
        for _ in range(3):
            self.assertEqual(self.type(wrong).status_code, 422)
        with self.assertLogs('odoo.addons.carepatron_billing', 'WARNING') as log:
            self.assertIn("wrong too often", self.type(wrong).text)
        self.assertNotIn(code, log.output[0])
        self.assertShut(self.type(code))

    def test_code_is_too_old_after_a_quarter_of_an_hour_or_a_change_of_address(self):
        self.ask()
        self.later(minutes=16)
        self.assertIn("too old", self.type(self.mailed_code()).text)
        self.ask()
        self.client_partner.email = 'new@example.com'
        self.assertShut(self.type(self.mailed_code()))

    def test_address_that_changed_forgets_the_browser(self):
        self.ask()
        self.type(self.mailed_code())
        self.client_partner.email = 'new@example.com'
        self.assertShut(self.url_open(self.path))

    def test_nobody_floods_a_mailbox(self):
        for path in (self.path, self.everything, self.cards):
            self.ask(path)
        self.assertEqual(len(self._mails), 1)
        for _ in range(12):
            self.later(minutes=2)
            answer = self.ask()
        self.assertEqual(len(self._mails), 8)
        self.assertEqual(answer.status_code, 429)
        self.assertIn("tomorrow", answer.text)
        self.later(days=1)
        self.ask()
        self.assertEqual(len(self._mails), 9)

    def test_mail_carries_the_code_and_the_practice_alone_in_the_payers_language(self):
        self.env['res.lang']._activate_lang('fr_FR')
        self.client_partner.lang = 'fr_FR'
        self.assertIn('lang="fr"', self.ask().text)
        mail = self._mails[-1]
        self.assertIn('lang="fr_FR"', mail['body'])
        self.assertIn(self.company.name, mail['subject'])
        self.assertEqual(mail['email_to'], ['dana@example.com'])
        for told in (self.move.name, "120,00", "Dana", 'billing/pay', self.service.name):
            self.assertNotIn(told, mail['body'])
        self.assertFalse(self.env['mail.mail'].search([('email_to', '=', 'dana@example.com')]))

    def test_payer_without_an_address_is_told_to_ask_the_practice(self):
        self.client_partner.email = False
        self.assertIn("Please call the practice", self.url_open(self.path).text)
        self.ask()
        self.assertFalse(self._mails)

    def test_mail_server_that_fails_leaves_no_code_behind(self):
        with patch.object(self.registry['ir.mail_server'], '_connect__', side_effect=OSError):
            self.assertEqual(self.ask().status_code, 503)
        self.assertFalse(self.row()._is_open())
        self.assertFalse(self.env['mail.mail'].search([('email_to', '=', 'dana@example.com')]))

    def test_what_else_is_posted_changes_nothing(self):
        self.ask()
        row = self.row()
        before = row.sudo().read()
        extra = {
            'company_id': '1',
            'digest': 'x',
            'email': 'thief@example.com',
            'partner_id': '1',
            'payer_id': '1',
            'sent_count': '0',
            'tries': '-9',
        }
        self.url_open(f'{self.path}/code', data={**extra, 'do': 'send'})
        self.assertEqual(row.sudo().read(), before)
        self.later(minutes=2)
        self.url_open(f'{self.path}/code', data={**extra, 'do': 'send'})
        self.assertEqual(self._mails[-1]['email_to'], ['dana@example.com'])
        self.assertEqual(self.client_partner.email, 'dana@example.com')

    # === ODOO'S OWN LINKS === #

    def pay_address(self):
        return self.move._get_portal_payment_link().partition(self.base_url())[2]

    def start_to_pay(self):
        """Ask for a transaction as Odoo's payment form does; return the answer."""
        params = {
            'access_token': self.move.access_token,
            'provider_id': self.provider.id,
            'payment_method_id': self.env.ref('payment.payment_method_card').id,
            'token_id': None,
            'amount': 120.0,
            'flow': 'redirect',
            'tokenization_requested': False,
            'landing_route': '/my',
        }
        return self.url_open(f'/invoice/transaction/{self.move.id}', json={'params': params}).text

    def written(self):
        params = {
            'thread_model': 'account.move',
            'thread_id': self.move.id,
            'token': self.move.access_token,
        }
        return self.url_open('/mail/chatter_fetch', json={'params': params}).text

    def test_odoos_own_link_to_an_invoice_opens_with_the_code_alone(self):
        path = self.move.get_portal_url()
        self.move.message_post(
            body="About your invoice", message_type='comment', subtype_xmlid='mail.mt_comment'
        )
        opened = [
            path,
            self.pay_address(),
            f'/my/invoices/{self.move.id}'
            f'?access_token={self.move.access_token}&report_type=pdf&download=true',
        ]
        shut = [self.url_open(one) for one in (*opened, f'{path}&report_type=html')]
        for answer in shut:
            self.assertShut(answer)
            self.assertIn("Is it you?", answer.text)
        self.assertIn("it asks for a code", self.start_to_pay())
        self.assertFalse(self.move.transaction_ids)
        self.assertNotIn("About your invoice", self.written())
        form = re.search(r'action="([^"]+/code[^"]+)"', shut[0].text)[1]
        self.assertIn("Enter your code", self.url_open(form, data={'do': 'send'}).text)
        page = self.url_open(form, data={'do': 'open', 'code': self.mailed_code()})
        self.assertIn(self.move.name, page.text)
        self.assertIn("About your invoice", self.written())
        self.assertIn("120.00", self.url_open(opened[1]).text)
        with real_rendering(self.registry):
            self.assertTrue(self.url_open(opened[2]).content.startswith(b'%PDF'))
        # One code for all links of the payer.
        self.assertIn("120.00", self.url_open(self.path).text)

    def test_odoos_own_link_asks_nobody_who_may_read_the_invoice(self):
        path = self.move.get_portal_url()
        new_test_user(
            self.env,
            'dana',
            password='dana',
            groups='base.group_portal',
            partner_id=self.client_partner.id,
        )
        new_test_user(self.env, 'another', password='another', groups='base.group_portal')
        self.authenticate('dana', 'dana')
        self.assertIn(self.move.name, self.url_open(path).text)
        self.authenticate('another', 'another')
        self.assertShut(self.url_open(path))
        self.logout()
        self.company.billing_second_check = False
        self.assertIn(self.move.name, self.url_open(path).text)

    def test_wrong_key_of_odoos_own_link_mails_no_code(self):
        answer = self.url_open(
            f'/my/invoices/{self.move.id}/code?access_token=wrong', data={'do': 'send'}
        )
        self.assertEqual(answer.status_code, 404)
        self.assertFalse(self._mails)
