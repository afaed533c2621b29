from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..const import PROVIDER_CODE
from .common import BillingCommon


@tagged('post_install', '-at_install')
class TestPaymentProvider(BillingCommon):
    def test_stripe_has_its_own_journal_and_account_from_the_first_day(self):
        journal = self.provider.journal_id
        account = journal.default_account_id
        line = journal.inbound_payment_method_line_ids.filtered(
            lambda line: line.payment_provider_id == self.provider
        )
        self.assertEqual(journal.type, 'bank')
        self.assertEqual(account.name, "Stripe balance")
        self.assertEqual(account.account_type, 'asset_cash')
        self.assertEqual(line.payment_account_id, account)

    def test_switching_on_twice_makes_one_journal(self):
        self.connect_provider()
        journal = self.provider.journal_id
        self.provider.state = 'disabled'
        self.connect_provider()
        self.assertEqual(self.provider.journal_id, journal)

    def test_company_that_comes_later_gets_a_provider_without_secrets(self):
        self.connect_provider()
        company = self.env['res.company'].create({'name': "Second practice"})
        provider = company._billing_provider_sudo()
        self.assertEqual(provider.code, PROVIDER_CODE)
        self.assertNotEqual(provider, self.provider)
        self.assertFalse(provider.stripe_payment_link_secret_key)
        self.assertFalse(provider.stripe_payment_link_webhook_secret)
        self.assertEqual(provider.state, 'disabled')

    def test_wrong_kinds_of_key_are_named(self):
        connect = self.provider._stripe_payment_link_connect
        for key, word in (
            ('', "Paste"),
            ('pk_test_1234567890', "publishable"),
            ('whsec_1234567890', "webhook secret"),
            ('sk_test_', "copy it whole"),
            ('hello', "copy it whole"),
        ):
            with self.subTest(key), self.assertRaisesRegex(UserError, word):
                connect(key)
        self.assertEqual(self.provider.state, 'disabled')

    def test_no_user_of_the_practice_reads_a_secret(self):
        self.connect_provider()
        manager = new_test_user(
            self.env,
            'manager@example.com',
            groups='carepatron_billing.group_manager,account.group_account_manager',
        )
        for user in (self.practitioner, self.front_desk, manager):
            provider = self.provider.with_user(user).sudo(False)
            with self.subTest(user.login), self.assertRaises(AccessError):
                provider.read(['stripe_payment_link_secret_key'])
