from lxml import etree

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .sessions_common import SessionsCommon


@tagged('post_install', '-at_install')
class TestSecurity(SessionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls.make_user('manager')

    def make_invoices(self):
        """Return an invoice of each practitioner."""
        mine = self.invoice(self.make_session())
        theirs = self.invoice(self.make_session(self.other_client, user=self.colleague))
        return mine, theirs

    def visible(self, model, user, domain=()):
        return self.env[model].with_user(user).search([*domain])

    # === FRONT DESK === #

    def test_front_desk_does_the_main_job_without_accounting_groups(self):
        for group in ('invoice', 'readonly', 'user', 'manager', 'basic'):
            self.assertFalse(self.front_desk.has_group(f'account.group_account_{group}'))
        event = self.make_session()
        self.env['practice.billing.item']._make_for_events(event)
        self.env.invalidate_all()
        items = self.visible('practice.billing.item', self.front_desk)
        action = items.action_billing_invoice()
        self.env.invalidate_all()
        invoice = self.env['account.move'].with_user(self.front_desk).browse(action['res_id'])
        views = invoice.get_views(action['views'] + [(False, 'list')])
        shown = invoice.read(
            [
                name
                for name, field in views['models']['account.move']['fields'].items()
                if name in views['views']['form']['arch'] and field['type'] != 'one2many'
            ]
        )[0]
        self.assertEqual(shown['billing_status'], 'unpaid')
        self.assertTrue(invoice.invoice_line_ids.read(['name', 'price_subtotal', 'tax_ids']))
        self.assertTrue(invoice.tax_totals)

    def test_front_desk_sees_every_invoice_and_changes_none(self):
        mine, theirs = self.make_invoices()
        visible = self.visible('account.move', self.front_desk)
        self.assertLessEqual(mine | theirs, visible)
        for operation in ('write', 'create', 'unlink'):
            self.assertFalse((mine | theirs).with_user(self.front_desk).has_access(operation))

    def test_front_desk_sees_no_bill_and_no_journal_entry(self):
        bill = self.init_invoice('in_invoice', products=self.service, post=True)
        entry = self.env['account.move'].create({'move_type': 'entry'})
        visible = self.visible('account.move', self.front_desk)
        self.assertFalse((bill | entry) & visible)
        self.assertFalse(
            self.visible(
                'account.move.line', self.front_desk, [('move_id', 'in', (bill | entry).ids)]
            )
        )

    def test_nobody_of_ours_reads_payment_providers(self):
        for user in (self.practitioner, self.front_desk, self.manager):
            with self.assertRaises(AccessError):
                self.env['payment.provider'].with_user(user).search([]).read(['name'])

    def test_front_desk_keeps_clients_but_not_services(self):
        client = self.env['res.partner'].with_user(self.front_desk).create({'name': "New"})
        client.email = 'new@example.com'
        self.assertFalse(
            self.env['product.template'].with_user(self.front_desk).has_access('create')
        )

    # === PRACTITIONER === #

    def test_practitioner_sees_only_own_items_and_invoices(self):
        mine, theirs = self.make_invoices()
        moves = self.visible('account.move', self.practitioner)
        self.assertIn(mine, moves)
        self.assertNotIn(theirs, moves)
        lines = self.visible('account.move.line', self.practitioner)
        self.assertEqual(lines.move_id, mine)
        items = self.visible('practice.billing.item', self.practitioner)
        self.assertEqual(items.practitioner_id, self.practitioner)

    def test_practitioner_invoices_own_sessions_only(self):
        self.assertTrue(self.invoice(self.make_session(), self.practitioner))
        foreign = self.make_session(user=self.colleague)
        with self.assertRaises(AccessError):
            self.invoice(foreign, self.practitioner)
        self.env.invalidate_all()
        self.assertFalse(self.items(foreign).invoice_id)

    def test_practitioner_shares_an_invoice_with_a_colleague(self):
        events = self.make_session() | self.make_session(user=self.colleague, hours=-6)
        items = self.env['practice.billing.item']._make_for_events(events)
        items._invoice()
        self.assertEqual(len(items.invoice_id), 1)
        for user in (self.practitioner, self.colleague):
            self.assertIn(items.invoice_id, self.visible('account.move', user))

    # === OTHERS === #

    def test_other_company_sees_nothing(self):
        other = self.env['res.company'].create({'name': "Other Practice"})
        stranger = self.make_user('manager', login='stranger', company=other)
        event = self.make_session()
        invoice = self.invoice(event)
        self.assertFalse(self.visible('practice.billing.item', stranger))
        self.assertNotIn(invoice, self.visible('account.move', stranger))
        shown = event.with_user(stranger).read(['billing_clients', 'billing_state'])[0]
        self.assertEqual((shown['billing_clients'], shown['billing_state']), (False, False))

    def test_other_company_cannot_invoice(self):
        other = self.env['res.company'].create({'name': "Other Practice"})
        stranger = self.make_user('front_desk', login='stranger', company=other)
        event = self.make_session()
        with self.assertRaises(AccessError):
            self.invoice(event, stranger)

    def test_internal_user_without_our_groups_sees_nothing_of_ours(self):
        user = new_test_user(self.env, 'plain', groups='base.group_user')
        event = self.make_session()
        self.invoice(event)
        for model in ('practice.billing.item', 'account.move'):
            with self.assertRaises(AccessError):
                self.env[model].with_user(user).search([])
        with self.assertRaises(AccessError):
            event.with_user(user).read(['billing_clients'])
        with self.assertRaises(AccessError):
            event.with_user(user).action_billing_invoice()

    def test_accountant_without_our_groups_works_as_before(self):
        accountant = new_test_user(
            self.env,
            'accountant',
            groups='account.group_account_manager',
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        event = self.make_session()
        invoice = self.invoice(event)
        entry = self.env['account.move'].create({'move_type': 'entry'})
        self.env.invalidate_all()
        self.assertLessEqual(invoice | entry, self.visible('account.move', accountant))
        self.env['account.payment.register'].with_user(accountant).with_context(
            active_model='account.move', active_ids=invoice.ids
        ).create({})._create_payments()
        self.assertEqual(invoice.payment_state, 'paid')
        self.credit(invoice.with_user(accountant))
        self.env.invalidate_all()
        self.assertEqual(self.items(event).state, 'unbilled')

    def test_accountant_with_our_group_still_sees_everything(self):
        both = new_test_user(
            self.env,
            'both',
            groups='account.group_account_manager,carepatron_billing.group_practitioner',
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        theirs = self.make_invoices()[1]
        entry = self.env['account.move'].create({'move_type': 'entry'})
        self.assertLessEqual(theirs | entry, self.visible('account.move', both))

    # === MANAGER === #

    def test_manager_changes_the_settings_and_nothing_else_of_the_company(self):
        company = self.company.with_user(self.manager)
        company.write({'phone': "+1 555 0123", 'billing_timezone': 'Europe/Paris'})
        self.assertEqual(self.company.partner_id.tz, 'Europe/Paris')
        for values in ({'name': "Mine"}, {'parent_id': False}):
            with self.assertRaises(AccessError):
                company.write(values)
        other = self.env['res.company'].create({'name': "Other Practice"})
        with self.assertRaises(AccessError):
            other.with_user(self.manager).write({'phone': "0"})
        with self.assertRaises(AccessError):
            self.company.with_user(self.front_desk).write({'phone': "0"})

    def test_settings_page_opens_for_a_manager(self):
        action = self.env['res.company'].with_user(self.manager)._billing_action_settings()
        self.assertEqual(action['res_id'], self.company.id)
        view = self.env.ref('carepatron_billing.res_company_billing_view_form')
        arch = self.env['res.company'].with_user(self.manager).get_view(view.id, 'form')['arch']
        self.assertNotIn('edit', etree.fromstring(arch).attrib)
        # An action in the database could be opened without a company, to make a new one.
        self.assertFalse(self.env['ir.actions.act_window'].search([('view_id', '=', view.id)]))

    def test_waiving_is_refused_where_the_item_is_not_one_s_own(self):
        item = self.env['practice.billing.item']._make_for_events(
            self.make_session(user=self.colleague)
        )
        self.env.invalidate_all()
        with self.assertRaises(AccessError):
            item.with_user(self.practitioner).action_billing_waive()
