"""Nobody reads a secret through Odoo; keys can stay out of the database; copies hold none."""

import os
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.fields import NO_ACCESS
from odoo.modules.neutralize import neutralize_database
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ..gateways.stripe_gateway import StripeGateway
from ..models.payment_links.practice_bearer_link import FINDER_LENGTH
from .access_common import MODULE, ROLES, AccessCommon

KEY = 'sk_test_ofTheServersConfiguration'


def secret_fields(env):
    """Return the stored fields of the addon that nobody reads, found by looking."""
    return sorted(
        (model, name)
        for model in env.registry
        if not env[model]._abstract
        for name, field in env[model]._fields.items()
        if MODULE in field._modules and field.groups == NO_ACCESS and field.store
    )


@tagged('post_install', '-at_install')
class TestSecrets(AccessCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.own = cls.sides['own']
        cls.provider = cls.own['provider'].sudo()
        cls.markers = {}
        for number, (model, name) in enumerate(secret_fields(cls.env)):
            record = cls.make(model, cls.own, cls.practitioner).sudo()
            marker = f'Marker{number:02d}'.ljust(FINDER_LENGTH if name == 'finder' else 22, 'x')
            record[name] = marker
            cls.markers[model, name] = record, marker
        cls.env.flush_all()

    # === NOBODY READS THEM === #

    def test_secrets_are_those_that_are_meant(self):
        meant = {
            ('payment.provider', 'stripe_payment_link_secret_key'),
            ('payment.provider', 'stripe_payment_link_webhook_secret'),
            ('payment.transaction', 'stripe_payment_link_session'),
            ('practice.card.holder', 'finder'),
            ('practice.card.holder', 'nonce'),
            ('practice.card.holder', 'proof'),
            ('practice.payment.link', 'finder'),
            ('practice.payment.link', 'proof'),
        }
        self.assertLessEqual(meant, set(self.markers))

    def test_no_role_and_no_administrator_learns_a_secret_by_any_question(self):
        told = []
        users = {role: self.roles[role] for role in ROLES}
        users['administrator'] = self.env.ref('base.user_admin')
        for (model, name), (record_sudo, marker) in self.markers.items():
            for role, user in users.items():
                record = record_sudo.with_env(self.env(user=user, su=False, context={}))
                ways = self.questions(record, name, marker) | self.detours(record, name, marker)
                for way, ask in ways.items():
                    self.env.invalidate_all()
                    try:
                        with self.env.cr.savepoint():
                            ask()
                    except (AccessError, UserError, ValueError):
                        continue
                    told.append((model, name, role, way))
        self.assertFalse(told)

    def questions(self, record, name, marker):
        """Return the ways to ask a model for a field; each has to be refused."""
        return {
            'read': lambda: record.read([name]),
            'web_read': lambda: record.web_read({name: {}}),
            'export': lambda: record.export_data([name]),
            'search_read': lambda: record.search_read([], [name]),
            'web_search_read': lambda: record.web_search_read([], {name: {}}),
            'equal': lambda: record.search([(name, '=', marker)]),
            'begins': lambda: record.search_count([(name, '=like', f'{marker[:1]}%')]),
            'not': lambda: record.search([('id', '=', record.id), '!', (name, '=', False)]),
            'order': lambda: record.search([], order=f'{name} desc'),
            'name_search': lambda: record.name_search('', [(name, '=', marker)]),
            'group': lambda: record.formatted_read_group([], [name], ['__count']),
            'having': lambda: record.formatted_read_group([], [], [f'{name}:count_distinct']),
            'array': lambda: record.formatted_read_group([], [], [f'{name}:array_agg']),
            'panel': lambda: record.search_panel_select_range(name),
            'write': lambda: record.write({name: 'sk_test_ofSomebodyElse'}),
            'onchange': lambda: self._told(
                record.onchange({}, [], {name: {}, 'display_name': {}}), marker
            ),
            'onchange of it': lambda: self._told(
                record.onchange({name: False}, [name], {name: {}, 'display_name': {}}), marker
            ),
            'copy': lambda: self._told(record.copy_data(), marker),
            'fields': lambda: self._told(record.fields_get([name]), name),
            # The address of a page is for who may send it; what it is made of is nobody's.
            'everything': lambda: self._told(list(record.read()[0]), name),
        }

    def detours(self, record, name, marker):
        """Return the ways by a record that leads to this one."""
        ways = {}
        for model in ('payment.transaction', 'payment.token', 'practice.stripe.event'):
            other = self.own['made'][model].with_env(record.env)
            for field in other._fields.values():
                if field.type == 'many2one' and field.comodel_name == record._name and field.store:
                    path = f'{field.name}.{name}'
                    ways |= {
                        path: lambda o=other, p=path: o.search([(p, '=', marker)]),
                        f'any {path}': lambda o=other, f=field: o.search(
                            [(f.name, 'any', [(name, '!=', False)])]
                        ),
                        f'export {path}': lambda o=other, p=path: o.export_data(
                            [p.replace('.', '/')]
                        ),
                        f'web_read {path}': lambda o=other, f=field: self._told(
                            o.web_read({f.name: {'fields': {name: {}}}}), marker
                        ),
                    }
        return ways

    def _told(self, answer, secret):
        """Take an answer that tells a secret; any other is as good as none."""
        if f"'{secret}'" not in str(answer):
            raise ValueError

    @mute_logger('odoo.addons.mail.models.mail_template')
    def test_no_template_of_an_administrator_tells_a_secret(self):
        admin = self.env.ref('base.user_admin')
        told = []
        for (model, name), (record, marker) in self.markers.items():
            values = {
                'name': "Curious",
                'model_id': self.env['ir.model']._get_id(model),
                'email_to': 'curious@example.com',
                'subject': f'{{{{ object.{name} }}}}',
                'body_html': f'<p t-out="object.{name}"/>',
            }
            try:
                with self.env.cr.savepoint():
                    template = self.env['mail.template'].with_user(admin).create(values)
                    mail = self.env['mail.mail'].sudo().browse(template.send_mail(record.id))
                    if marker in f'{mail.subject} {mail.body_html}':
                        told.append((model, name))
            except (AccessError, UserError):
                continue
        self.assertFalse(told)

    # === KEYS OUTSIDE THE DATABASE === #

    def server_holds(self, **secrets):
        """Let the server's environment hold secrets of the practice's provider."""
        names = {
            self.provider._billing_server_name(kind).upper(): value
            for kind, value in secrets.items()
        }
        return patch.dict(os.environ, names)

    def stripe_opens(self, account):
        """Let Stripe's answer be, to whoever asks, that the key opens this account."""
        answer = {'id': account, 'charges_enabled': True}
        return patch.object(StripeGateway, 'account', lambda _gateway: answer)

    def connected_by_server(self):
        """Connect by a key of the server's, as its manager does."""
        company = self.company.with_user(self.manager)
        self.own['made']['payment.transaction'].sudo().state = 'cancel'
        with self.server_holds(key=KEY), self.stripe_opens('acct_1'):
            setup = self.env['practice.stripe.setup'].with_user(self.manager)
            dialog = setup.create({'company_id': company.id})
            self.assertTrue(dialog.has_server_key)
            dialog.action_connect()
        return company

    def test_key_of_the_server_is_used_and_stored_nowhere(self):
        company = self.connected_by_server()
        self.assertEqual(self.provider.state, 'test')
        self.assertFalse(self.provider.stripe_payment_link_secret_key)
        self.assertFalse(self.provider.stripe_payment_link_webhook_secret)
        with self.server_holds(key=KEY):
            self.provider._billing_gateway()
            note = company.billing_stripe_server_note
            self.assertIn(self.provider._billing_server_name('key'), note)
            self.assertNotIn(KEY, note)
        self.assert_nowhere(KEY)

    def assert_nowhere(self, secret):
        """Look for a secret in each text of the tables that a set-up writes to."""
        self.env.flush_all()
        tables = {'payment_provider', 'practice_stripe_setup', 'mail_message', 'ir_attachment'}
        for table in tables | {'res_company', 'ir_config_parameter', 'mail_tracking_value'}:
            self.env.cr.execute(
                SQL(
                    "SELECT count(*) FROM %s AS row WHERE row::text LIKE %s",
                    SQL.identifier(table),
                    f'%{secret}%',
                )
            )
            self.assertEqual(self.env.cr.fetchone(), (0,), table)

    def test_key_of_the_server_is_another_databases_no_more_than_another_providers(self):
        other = self.sides['foreign']['provider'].sudo()
        with self.server_holds(key=KEY):
            self.assertFalse(other._billing_server_key())
            self.env['ir.config_parameter'].sudo().set_param('database.uuid', '0ther-database')
            self.assertFalse(self.provider._billing_server_key())

    def test_key_of_the_server_that_is_gone_or_changed_says_what_to_do(self):
        self.connected_by_server()
        with self.assertRaisesRegex(UserError, "holds no key"):
            self.provider._billing_gateway()
        for key in ('sk_live_ofTheServersConfiguration', 'rubbish'):
            with self.server_holds(key=key), self.assertRaisesRegex(UserError, "not of the kind"):
                self.provider._billing_gateway()
        with self.server_holds(key=KEY), self.stripe_opens('acct_2'):
            self.provider._billing_refresh()
        self.company.invalidate_recordset()
        self.assertEqual(self.provider.stripe_payment_link_account, 'acct_1')
        self.assertIn("another account", self.company.billing_stripe_problem)

    def test_pasted_key_is_refused_where_the_server_holds_one(self):
        setup = self.env['practice.stripe.setup'].with_user(self.manager)
        with self.server_holds(key=KEY), self.assertRaisesRegex(UserError, "server's config"):
            setup.create({'company_id': self.company.id, 'secret_key': 'sk_test_pasted_by_hand'})
            self.env.flush_all()

    def test_disconnecting_says_that_the_key_still_stands_in_the_servers_configuration(self):
        for held in ({'key': KEY}, {}):
            company = self.connected_by_server()
            with self.server_holds(**held), self.stripe_opens('acct_1'):
                action = company.action_billing_stripe_disconnect()
            name = self.provider._billing_server_name('key')
            self.assertIn(name, action['params']['message'])
            self.assertEqual(self.provider.state, 'disabled')
            with self.server_holds(key=KEY), self.assertRaisesRegex(UserError, "not set up"):
                self.provider._billing_gateway()

    def test_webhook_secret_of_the_server_counts_where_an_account_is_connected_alone(self):
        self.provider.stripe_payment_link_webhook_secret = False
        with self.server_holds(webhook_secret='whsec_ofTheServer'):
            self.assertFalse(self.provider._billing_signing_secret())
            self.provider.stripe_payment_link_connection = 'server'
            self.assertEqual(self.provider._billing_signing_secret(), 'whsec_ofTheServer')

    # === COPIES === #

    def test_copied_database_holds_no_secret_and_touches_neither_stripe_nor_clients(self):
        provider, made = self.provider, self.own['made']
        provider.write(
            {
                'state': 'test',
                'stripe_payment_link_connection': 'key',
                'stripe_payment_link_account': 'acct_1',
            }
        )
        card, tx = made['payment.token'].sudo(), made['payment.transaction'].sudo()
        holder = made['practice.card.holder'].sudo()
        holder.write({'customer': 'cus_1', 'account': 'acct_1:test'})
        holder.write({'autopay': 'issue', 'autopay_how': "On the phone"})
        card.stripe_payment_link_to_detach = True
        tx.write({'state': 'draft', 'landing_route': holder._path()})
        event = made['practice.stripe.event'].sudo()
        event.state = 'new'
        link = made['practice.payment.link'].sudo()
        known = [link.url, holder.url]
        note = holder.partner_id.message_post(body=f"Pay at {link.url} or {holder.url} please")
        rules = self.env['practice.reminder.rule'].search([])
        rules.is_on = True
        self.env.flush_all()
        neutralize_database(self.env.cr)
        self.env.invalidate_all()
        for (model, name), (record, marker) in self.markers.items():
            self.assertNotEqual(record[name], marker, (model, name))
        self.assertFalse({link.url, holder.url} & set(known))
        # As long as those that the controllers look for.
        self.assertEqual((len(link.finder), len(link.proof)), (FINDER_LENGTH, 22))
        self.assertNotIn(link._path(), note.body)
        for url in known:
            self.assertNotIn(url.rpartition('/')[2], note.body)
        self.assertFalse(tx.landing_route)
        self.assertEqual((tx.state, event.state), ('cancel', 'ignored'))
        self.assertEqual((holder.autopay, holder.customer), ('off', False))
        self.assertEqual((card.active, card.stripe_payment_link_to_detach), (False, False))
        self.assertFalse(any(rules.mapped('is_on')))
        self.run_everything()

    def run_everything(self):
        """Run each job of the addon; nothing may ask Stripe, nothing may be written to anybody."""
        mails = self.env['mail.mail'].search([])
        jobs = self.env['ir.model.data'].search(
            [('module', '=', MODULE), ('model', '=', 'ir.cron')]
        )
        self.assertTrue(jobs)
        with (
            patch.object(StripeGateway, '__init__', return_value=None) as asked,
            self.enter_registry_test_mode(),
        ):
            for job in self.env['ir.cron'].browse(jobs.mapped('res_id')):
                job.method_direct_trigger()
        asked.assert_not_called()
        self.assertEqual(self.env['mail.mail'].search([]), mails)
