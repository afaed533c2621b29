from datetime import timedelta

from odoo.exceptions import UserError
from odoo.tests import tagged

from .sessions_common import SessionsCommon


@tagged('post_install', '-at_install')
class TestBillingBatch(SessionsCommon):
    """Uninvoiced work: select, look, invoice."""

    def make_items(self, count=1):
        clients = self.env['res.partner'].create(
            [{'name': f"Client {n}", 'email': f'c{n}@example.com'} for n in range(count)]
        )
        events = self.env['calendar.event'].union(*(self.make_session(one) for one in clients))
        return self.env['practice.billing.item']._make_for_events(events)

    def preview(self, items, **vals):
        action = items.with_user(self.front_desk).action_billing_preview()
        wizard = self.env[action['res_model']].with_user(self.front_desk).browse(action['res_id'])
        wizard.write(vals)
        return wizard

    def run_cron(self):
        with self.enter_registry_test_mode():
            self.env.ref('carepatron_billing.ir_cron_invoice_batches').method_direct_trigger()
        self.env.invalidate_all()

    def test_preview_posts_nothing_and_says_what_comes(self):
        two = self.make_session() | self.make_session(hours=-5)
        items = self.env['practice.billing.item']._make_for_events(two) | self.make_items(2)
        wizard = self.preview(items)
        self.assertEqual(len(wizard.line_ids), 3)
        self.assertIn("460", wizard.summary)
        wizard.mode = 'session'
        self.assertEqual(len(wizard.line_ids), 4)
        self.assertFalse(items.invoice_id)

    def test_sessions_selected_in_the_calendar_are_previewed_together(self):
        sessions = self.make_session() | self.make_session(self.other_client, hours=24)
        meeting = self.make_session(billing_service_id=False)
        action = (sessions | meeting).with_user(self.front_desk).action_billing_preview()
        wizard = self.env[action['res_model']].browse(action['res_id'])
        self.assertEqual(wizard.item_ids.event_id, sessions)
        wizard.with_user(self.front_desk).action_invoice()
        action = sessions.with_user(self.front_desk).action_billing_preview()
        self.assertEqual(action['res_model'], 'account.move')

    def test_few_are_invoiced_at_once_as_chosen(self):
        items = self.make_items(3)
        day = self.company._billing_today().replace(day=1)
        template = self.env['practice.invoice.template'].create(
            {'name': "For insurers", 'company_id': self.company.id}
        )
        wizard = self.preview(items, invoice_date=day, template_id=template.id)
        wizard.action_invoice()
        self.assertEqual(items.invoice_id.billing_template_id, template)
        self.assertEqual(items.mapped('state'), ['invoiced'] * 3)
        self.assertEqual(set(items.invoice_id.mapped('invoice_date')), {day})
        self.assertEqual(items.invoice_id.create_uid, self.front_desk)

    def test_many_are_invoiced_in_the_background(self):
        items = self.make_items(21)
        action = self.preview(items).action_invoice()
        batch = self.env[action['res_model']].browse(action['res_id'])
        self.assertEqual((batch.total, batch.done, batch.is_open), (21, 0, True))
        self.run_cron()
        self.assertRecordValues(
            batch, [{'done': 21, 'failed': 0, 'progress': 100, 'is_open': False}]
        )
        self.assertEqual(items.invoice_id.create_uid, self.front_desk)

    def test_failure_is_named_on_its_item_and_the_rest_goes_on(self):
        items = self.make_items(3)
        bad = items[1]
        foreign = self.env['res.company'].create({'name': "Elsewhere"})
        # Found out only while posting.
        bad.sudo().client_id.property_account_receivable_id = False
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_partner SET company_id = %s WHERE id = %s", [foreign.id, bad.payer_id.id]
        )
        self.env.invalidate_all()
        self.preview(items).action_invoice()
        self.assertEqual(items.mapped('state'), ['invoiced', 'unbilled', 'invoiced'])
        self.assertTrue(bad.batch_error)

    def test_what_is_missing_is_said_before_anything_is_posted(self):
        items = self.make_items(4)
        items[0].confirm_reason = 'entered_late'
        items[1].price_unit = 0
        items[2].payer_id.email = False
        wizard = self.preview(items, send_links=True)
        kinds = {one.kind: one.item_ids for one in wizard.obstacle_ids}
        self.assertEqual(kinds, {'confirm': items[0], 'price': items[1], 'email': items[2]})
        self.assertEqual(wizard.line_ids.payer_id, items[2:].payer_id)
        mend = wizard.obstacle_ids.filtered(lambda one: one.kind == 'email').action_mend()
        self.assertEqual((mend['res_model'], mend['res_id']), ('res.partner', items[2].payer_id.id))

    def test_each_mend_leads_to_where_the_user_can_mend(self):
        items = self.make_items(1)
        self.service.active = False
        wizard = self.preview(items)
        self.assertEqual(wizard.summary, "Nothing can be invoiced yet")
        # Another service is the desk's to choose, the service itself is the manager's.
        mend = wizard.with_context(billing_mend=wizard.missing).action_mend()
        self.assertEqual((mend['res_model'], mend['res_id']), (items._name, items.id))
        mend = wizard.obstacle_ids.with_user(self.env.user).action_mend()
        self.assertEqual(
            (mend['res_model'], mend['res_id']),
            ('product.template', self.service.product_tmpl_id.id),
        )
        self.service.active = True
        today = self.company._billing_today()
        self.company.sale_lock_date = today - timedelta(days=3)
        wizard = self.preview(items, invoice_date=today - timedelta(days=5))
        mend = wizard.obstacle_ids.action_mend()
        self.assertEqual((mend['res_id'], wizard.invoice_date), (wizard.id, today))
        self.assertFalse(wizard.obstacle_ids)
        self.env['account.journal'].search(
            [('company_id', '=', self.company.id), ('type', '=', 'sale')]
        ).active = False
        wizard = self.preview(items)
        with self.assertRaisesRegex(UserError, "Ask your accountant"):
            wizard.obstacle_ids.action_mend()

    def test_closed_period_archived_service_and_missing_journal_are_named(self):
        items = self.make_items(1)
        today = self.company._billing_today()
        self.company.sale_lock_date = today
        self.assertEqual([one[0] for one in items._get_obstacles(today)], ['period'])
        self.company.sale_lock_date = False
        self.service.active = False
        self.assertEqual([one[0] for one in items._get_obstacles(today)], ['service'])
        self.service.active = True
        self.env['account.journal'].search(
            [('company_id', '=', self.company.id), ('type', '=', 'sale')]
        ).active = False
        self.assertEqual([one[0] for one in items._get_obstacles(today)], ['journal'])
        with self.assertRaisesRegex(UserError, "See what is missing"):
            self.preview(items).action_invoice()

    def test_sent_at_once_each_payer_gets_the_link(self):
        items = self.make_items(2)
        items[1].payer_id.email = False
        self.preview(items, send_links=True).action_invoice()
        self.run_cron()
        self.assertEqual(items.mapped('state'), ['invoiced', 'invoiced'])
        self.assertTrue(items[0].invoice_id.billing_link_sent_at)
        self.assertIn("not sent", items[1].batch_error)

    def test_batch_that_was_cut_off_goes_on_where_it_was(self):
        items = self.make_items(21)
        action = self.preview(items).action_invoice()
        items[:5]._invoice()
        self.run_cron()
        self.assertEqual(set(items.mapped('state')), {'invoiced'})
        self.assertEqual(len(items.invoice_line_ids), 21)
        self.assertEqual(self.env[action['res_model']].browse(action['res_id']).done, 21)

    def test_colleague_cannot_invoice_another_s_sessions(self):
        items = self.make_items(1)
        with self.assertRaisesRegex(Exception, "access|allowed"):
            items.with_user(self.colleague).action_billing_preview()

    def test_uninvoiced_sessions_are_found_in_the_calendar(self):
        waiting, invoiced = self.make_session(), self.make_session(hours=-5)
        self.invoice(invoiced)
        found = (
            self.env['calendar.event']
            .with_user(self.front_desk)
            .search([('billing_is_uninvoiced', '=', True), ('id', 'in', (waiting | invoiced).ids)])
        )
        self.assertEqual(found.sudo(), waiting.sudo())
