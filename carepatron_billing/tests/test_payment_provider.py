from dateutil.relativedelta import relativedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import file_open

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
        connect = self.provider._billing_connect
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

    def test_test_key_is_refused_where_real_payments_are_taken(self):
        self.connect_provider('enabled')
        with self.assertRaisesRegex(UserError, "test key"):
            self.provider._billing_connect('sk_test_1234567890')
        self.assertEqual(self.provider.state, 'enabled')

    def test_provider_is_switched_on_by_the_set_up_alone(self):
        admin = self.env.ref('base.user_admin')
        provider = self.provider.with_user(admin)
        with self.assertRaisesRegex(ValidationError, "Setup payments"):
            provider.state = 'enabled'
        with self.assertRaises(AccessError):
            provider.stripe_payment_link_secret_key = 'sk_test_1234567890'

    def test_copied_database_knows_nothing_of_the_account(self):
        self.connect_provider()
        self.env.flush_all()
        self.env.cr.execute(file_open('carepatron_billing/data/neutralize.sql').read())
        self.env.invalidate_all()
        kept = [
            name
            for name, field in self.provider._fields.items()
            if name.startswith('stripe_payment_link_') and field.store and self.provider[name]
        ]
        self.assertEqual(kept, [])
        self.assertEqual(self.provider.state, 'disabled')

    def test_stripe_is_asked_every_time_where_it_cannot_report_and_hourly_where_it_can(self):
        self.connect_provider()
        now = fields.Datetime.now()
        self.provider.stripe_payment_link_polled_at = now - relativedelta(minutes=5)
        parameters = self.env['ir.config_parameter'].sudo()
        parameters.set_param('web.base.url', 'https://practice.example.com')
        self.assertFalse(self.company.billing_stripe_is_polled)
        self.assertFalse(self.provider._billing_poll_is_due(now))
        later = now + relativedelta(minutes=55)
        self.assertTrue(self.provider._billing_poll_is_due(later))
        parameters.set_param('web.base.url', 'http://practice.example.com')
        self.company.invalidate_recordset()
        self.assertTrue(self.company.billing_stripe_is_polled)
        self.assertTrue(self.provider._billing_poll_is_due(now))

    def test_platform_hears_of_other_practices_and_keeps_nothing_of_them(self):
        self.connect_provider()
        self.provider.write(
            {
                'stripe_payment_link_connection': 'connect',
                'stripe_payment_link_account': 'acct_ours',
            }
        )
        owns = self.provider._billing_owns
        self.assertTrue(owns({'account': 'acct_ours', 'livemode': False}))
        self.assertFalse(owns({'account': 'acct_ours', 'livemode': True}))
        self.assertFalse(owns({'account': 'acct_other', 'livemode': False}))
        self.assertFalse(owns({'livemode': False}))

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

    def test_holder_of_an_invoices_address_is_shown_no_saved_card(self):
        token = self.env['payment.token'].create(
            {
                'provider_id': self.provider.id,
                'payment_method_id': self.env.ref('payment.payment_method_card').id,
                'partner_id': self.client_partner.id,
                'provider_ref': 'pm_1',
            }
        )
        wanted = (self.provider.ids, self.client_partner.id)
        self.assertEqual(self.env['payment.token']._get_available_tokens(*wanted), token)
        public = self.env['payment.token'].with_user(self.env.ref('base.public_user')).sudo()
        self.assertFalse(public._get_available_tokens(*wanted))
