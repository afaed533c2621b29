from odoo.exceptions import AccessError
from odoo.tests import HttpCase, new_test_user, tagged

from .common import CLINICAL_CODE, CLINICAL_NAME, BillingCommon

SECRET = 'sk_test_that_nobody_may_read'


@tagged('post_install', '-at_install')
class TestAuditLog(BillingCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connect_provider()
        cls.manager = new_test_user(
            cls.env,
            'audited',
            password='audited',
            groups='carepatron_billing.group_manager',
        )
        cls.env['practice.audit.log'].search([]).unlink()
        cls.move = cls.make_invoice()

    def rows(self, *acts):
        """Return the rows of some acts, the first one first."""
        return self.env['practice.audit.log'].search([('act', 'in', acts)], order='id')

    def told(self, row):
        return (row.actor, row.user_name, row.name, row.partner_name)

    def send(self, moves):
        dialogs = self.env['practice.payment.link.send.all'].with_user(self.front_desk)
        dialogs.create({'move_ids': moves.ids}).action_send()

    def test_each_act_leaves_one_row_that_says_who_did_what_with_which_invoice(self):
        by_desk = ('user', self.front_desk.name, self.move.name, "Dana Whitfield")
        self.send(self.move)
        self.assertEqual([*map(self.told, self.rows('link'))], [by_desk])
        self.assertEqual(self.rows('issue').name, self.move.name)
        move = self.move.with_user(self.front_desk)
        move.get_billing_document()
        move.get_billing_document()
        self.assertEqual([*map(self.told, self.rows('document'))], [by_desk])
        self.env['practice.payment.record'].with_user(self.front_desk).create(
            {'move_id': self.move.id}
        ).action_record()
        for act in ('payment', 'receipt'):
            row = self.rows(act)
            self.assertEqual((row.user_name, row.partner_name), (by_desk[1], by_desk[3]))
        self.env['practice.refund'].with_user(self.manager).create(
            {'move_id': self.move.id, 'reason': CLINICAL_NAME, 'way': 'hand'}
        ).action_refund()
        self.assertEqual(self.rows('refund').user_name, self.manager.name)
        items = self.env['practice.billing.item']._make_for_events(self.make_session())
        items.with_user(self.front_desk)._waive(CLINICAL_NAME)
        self.assertEqual(self.rows('waive')[-1].partner_name, "Dana Whitfield")
        told = " ".join(
            f"{row.name} {row.detail}" for row in self.env['practice.audit.log'].search([])
        )
        self.assertNotIn(CLINICAL_NAME, told)
        self.assertNotIn(CLINICAL_CODE, told)

    def test_somebody_with_the_link_is_noted_once_a_visit_and_without_more(self):
        link = self.move._billing_payment_link()
        path = '/billing/pay/' + link.url.rpartition('/')[2]
        for _look in range(2):
            self.assertEqual(self.url_open(path).status_code, 200)
        row = self.rows('page')
        self.assertEqual(self.told(row), ('link', False, self.move.name, "Dana Whitfield"))
        self.assertNotIn('127.0.0.1', str(row.read()))
        self.url_open(self.move.get_portal_url())
        self.assertEqual(self.told(self.rows('document')), self.told(row))
        self.authenticate('audited', 'audited')
        for url in (
            f'/report/pdf/carepatron_billing.report_account_move/{self.move.id}',
            f'/account/download_invoice_documents/{self.move.id}/pdf',
        ):
            self.assertEqual(self.url_open(url).status_code, 200)
        self.assertEqual(self.rows('document')[1:].mapped('user_name'), [self.manager.name])

    def test_nobody_below_an_administrator_writes_changes_or_deletes_a_row(self):
        row = self.rows('issue')
        for record in (row.with_user(self.manager), row.with_user(self.manager).sudo()):
            for change in (
                lambda record=record: record.write({'name': "Nothing"}),
                record.unlink,
            ):
                with self.assertRaises(AccessError):
                    change()
        with self.assertRaises(AccessError):
            row.with_user(self.manager).create(
                {'act': 'issue', 'actor': 'user', 'res_model': 'account.move'}
            )
        self.assertEqual(row.name, self.move.name)

    def test_changed_settings_are_told_from_what_to_what_and_secrets_are_not(self):
        company = self.company.with_user(self.manager)
        company.write({'billing_receipts': 'none', 'billing_service_id': self.service.id})
        self.assertEqual(
            self.rows('settings').detail,
            "Receipts: For every payment → Never by themselves; Usual Service changed",
        )
        company.write({'billing_receipts': 'none'})
        self.assertEqual(len(self.rows('settings')), 1)
        self.provider.write({'stripe_payment_link_secret_key': SECRET})
        row = self.rows('settings')[1]
        self.assertEqual(row.detail, "Stripe Secret Key changed")
        self.front_desk.group_ids += self.env.ref('carepatron_billing.group_manager')
        self.assertIn("Front desk", self.rows('role').detail)
        self.assertIn("→ Manager", self.rows('role').detail)

    def test_rows_outlive_what_they_tell_of(self):
        template = self.env['practice.invoice.template'].with_user(self.manager)
        template = template.create({'name': "Blue"})
        row = self.rows('settings').with_user(self.manager)
        self.assertEqual(row.action_open_record()['res_id'], template.id)
        template.unlink()
        self.assertEqual(self.rows('settings').mapped('name'), ["Blue", "Blue"])
        self.assertEqual(row.action_open_record()['tag'], 'display_notification')

    def test_a_batch_is_noted_by_one_query(self):
        moves = self.env['account.move'].union(*(self.make_invoice_of_another() for _ in 'abc'))
        self.env.flush_all()
        log = self.env['practice.audit.log']
        counts = []
        for records in (moves[:1], moves):
            before = self.env.cr.sql_log_count
            log._note('link', records)
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[1], 1)

    def test_export_of_billing_is_noted(self):
        self.move.with_user(self.manager).export_data(['name'])
        row = self.rows('export')
        self.assertEqual((row.user_name, row.name), (self.manager.name, "Journal Entry"))
