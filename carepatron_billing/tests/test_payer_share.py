from hypothesis import given, settings
from hypothesis import strategies as st

from odoo import Command
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import format_date

from .sessions_common import SessionsCommon


@tagged('post_install', '-at_install')
class TestPayerShare(SessionsCommon):
    """Who pays for a client."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.insurer, cls.mother = cls.env['res.partner'].create(
            [{'name': "Insurer", 'email': 'i@example.com'}, {'name': "Mia"}]
        )

    def share(self, payer, kind='remainder', value=0.0):
        return self.env['practice.payer.share'].create(
            {
                'client_id': self.client.id,
                'payer_id': payer.id,
                'company_id': self.company.id,
                'kind': kind,
                'percent': value if kind == 'percent' else 0,
                'amount': value if kind == 'amount' else 0,
            }
        )

    def make_items(self):
        return self.env['practice.billing.item']._make_for_events(self.make_session())

    def test_another_payer_gets_the_whole_bill(self):
        self.share(self.mother)
        item = self.make_items()
        self.assertRecordValues(
            item,
            [{'payer_id': self.mother.id, 'client_id': self.client.id, 'amount_total': 115}],
        )
        item._invoice()
        self.assertEqual(item.invoice_id.partner_id, self.mother)
        self.assertIn("Ada", item.invoice_id.invoice_line_ids.name)

    def test_each_payer_gets_one_invoice_and_link_of_own_share(self):
        self.share(self.insurer, 'percent', 80)
        self.share(self.mother, 'amount', 10)
        items = self.make_items()
        items._invoice()
        totals = {item.payer_id: item.invoice_id.amount_total for item in items}
        self.assertEqual(totals, {self.insurer: 92, self.mother: 10, self.client: 13})
        self.assertEqual(len(items.invoice_id.billing_link_ids), 3)
        for item in items:
            self.assertEqual(item.invoice_id.amount_total, item.amount_total)

    def test_amount_above_the_price_takes_no_more_than_the_price(self):
        self.share(self.insurer, 'amount', 500)
        self.assertRecordValues(
            self.make_items(), [{'payer_id': self.insurer.id, 'amount_total': 115}]
        )

    def test_payer_who_is_exempt_pays_a_share_without_tax(self):
        exempt = self.tax.copy({'name': "Exempt", 'amount': 0})
        position = self.env['account.fiscal.position'].create({'name': "Exempt"})
        exempt.write(
            {'fiscal_position_ids': position.ids, 'original_tax_ids': [Command.set(self.tax.ids)]}
        )
        self.insurer.with_company(self.company).property_account_position_id = position
        self.share(self.insurer, 'percent', 50)
        items = self.make_items()
        totals = {item.payer_id: item.amount_total for item in items}
        self.assertEqual(totals, {self.insurer: 50, self.client: 57.5})

    def test_impossible_shares_are_refused(self):
        self.share(self.insurer, 'percent', 60)
        with self.assertRaisesRegex(ValidationError, "more than 100"):
            self.share(self.mother, 'percent', 41)
        self.env.invalidate_all()

    def test_two_payers_of_what_is_left_are_refused(self):
        self.share(self.mother)
        with self.assertRaisesRegex(ValidationError, "Only one payer"):
            self.share(self.insurer)

    def test_no_show_fee_is_billed_to_the_client_alone(self):
        self.share(self.insurer, 'percent', 80)
        fee_service = self.env['product.product'].create(
            {'name': "Missed appointment", 'type': 'service', 'taxes_id': False}
        )
        self.env['practice.fee.rule'].create(
            {
                'company_id': self.company.id,
                'attendance': 'no_show',
                'percent': 50,
                'fee_service_id': fee_service.id,
            }
        )
        items = self.make_items()
        items.action_billing_no_show()
        fee = items.filtered('is_fee')
        self.assertRecordValues(fee, [{'payer_id': self.client.id, 'amount_total': 50}])
        self.assertEqual((items - fee).state, 'not_billable')
        items.action_billing_attended()
        self.assertEqual(sum(items.mapped('amount_total')), 115)
        self.assertEqual(items.mapped('state'), ['unbilled', 'unbilled'])

    def test_new_service_is_shared_anew(self):
        self.share(self.insurer, 'percent', 80)
        event = self.make_session()
        self.env['practice.billing.item']._make_for_events(event)
        event.billing_service_id = self.env['product.product'].create(
            {
                'name': "Longer",
                'type': 'service',
                'list_price': 200,
                'taxes_id': [Command.set(self.tax.ids)],
            }
        )
        totals = {item.payer_id: item.amount_total for item in self.items(event)}
        self.assertEqual(totals, {self.insurer: 184, self.client: 46})

    def test_shares_add_up_to_the_whole_to_the_cent(self):
        share = self.share(self.insurer, 'percent', 50)
        second = self.share(self.mother, 'amount', 1)
        event = self.make_session()
        rates = {
            rate: self.tax.copy({'name': str(rate), 'amount': rate}) for rate in (0, 6, 7.7, 19)
        }

        @settings(max_examples=40, deadline=None)
        @given(
            st.integers(1, 30000),
            st.integers(1, 10000),
            st.integers(1, 5000),
            st.sampled_from(sorted(rates)),
            st.booleans(),
            st.sampled_from(['round_per_line', 'round_globally']),
        )
        def check(cents, percent, amount, rate, included, rounding):
            self.company.tax_calculation_rounding_method = rounding
            rates[rate].price_include_override = 'tax_included' if included else 'tax_excluded'
            self.service.write(
                {'list_price': cents / 100, 'taxes_id': [Command.set(rates[rate].ids)]}
            )
            share.percent = percent / 100
            second.amount = amount / 100
            Item = self.env['practice.billing.item']
            values = {
                'company_id': self.company.id,
                'client_id': self.client.id,
                'date': event.start,
                'service_id': self.service.id,
            }
            whole = Item.new(values)
            items = Item.create(Item._split_among_payers([values]))
            currency = self.company.currency_id
            self.assertEqual(
                currency.round(sum(items.mapped('amount_total'))),
                currency.round(whole.amount_total),
            )
            items.sudo().unlink()

        check()

    def test_invoices_of_shares_add_up_to_the_whole(self):
        self.tax.amount = 7.7
        self.service.list_price = 99.99
        self.share(self.insurer, 'percent', 33.33)
        self.share(self.mother, 'percent', 33.33)
        whole = self.env['practice.billing.item'].new(
            {
                'company_id': self.company.id,
                'client_id': self.other_client.id,
                'service_id': self.service.id,
            }
        )
        total = whole.amount_total
        items = self.make_items()
        items._invoice()
        self.assertEqual(
            self.company.currency_id.round(sum(items.invoice_id.mapped('amount_total'))), total
        )
        for item in items:
            self.assertEqual(item.invoice_id.amount_total, item.amount_total)

    # === EMPLOYERS === #

    def file_under_employer(self):
        employer = self.env['res.partner'].create(
            {'name': "Acme", 'is_company': True, 'vat': "US-77"}
        )
        self.client.parent_id = employer
        return employer

    def log_in(self, partner):
        return new_test_user(
            self.env, f'portal_{partner.id}', groups='base.group_portal', partner_id=partner.id
        )

    def test_client_filed_under_an_employer_pays_as_a_person(self):
        employer = self.file_under_employer()
        invoice = self.invoice(self.make_session())
        self.assertRecordValues(
            invoice, [{'partner_id': self.client.id, 'commercial_partner_id': self.client.id}]
        )
        self.assertEqual(invoice.line_ids.partner_id, self.client)
        self.assertFalse(self.client.vat)
        employer.write({'vat': "US-78", 'ref': "New"})
        self.assertFalse(self.client.vat)
        self.env['account.payment.register'].with_context(
            active_model='account.move', active_ids=invoice.ids
        ).create({})._create_payments()
        self.assertEqual(invoice.matched_payment_ids.partner_id, self.client)

    def test_employer_s_logins_do_not_see_a_client_s_invoices(self):
        employer = self.file_under_employer()
        invoice = self.invoice(self.make_session())
        own = self.env['account.move'].create(
            {
                'move_type': 'out_invoice',
                'partner_id': employer.id,
                'invoice_line_ids': [Command.create({'name': "A course", 'price_unit': 10})],
            }
        )
        own.action_post()
        colleague = self.env['res.partner'].create({'name': "Chief", 'parent_id': employer.id})
        for partner, seen in (
            (employer, own),
            (colleague, own),
            (self.client, invoice),
        ):
            user = self.log_in(partner)
            found = self.env['account.move'].with_user(user).search([('move_type', '!=', 'entry')])
            self.assertEqual(found.sudo(), seen.sudo(), partner.name)
            lines = self.env['account.move.line'].with_user(user).search([])
            self.assertEqual(lines.move_id.sudo(), seen.sudo())

    def test_employer_who_pays_sees_the_own_share_alone(self):
        employer = self.file_under_employer()
        self.client.billing_share_ids = [
            Command.create({'payer_id': employer.id, 'kind': 'percent', 'percent': 50})
        ]
        event = self.make_session()
        self.invoice(event)
        shares = self.items(event).grouped('payer_id')
        for partner in (employer, self.client):
            found = self.env['account.move'].with_user(self.log_in(partner)).search([])
            self.assertEqual(found.sudo(), shares[partner].invoice_id.sudo())

    def test_client_filed_under_an_employer_later_stays_private(self):
        event = self.make_session()
        self.env['practice.billing.item']._make_for_events(event)
        self.file_under_employer()
        self.assertEqual(self.invoice(event).commercial_partner_id, self.client)
        [warning] = [
            one
            for one in self.items(event)._get_obstacles(self.company._billing_today())
            if one[0] == 'filed'
        ]
        self.assertFalse(warning[3])

    # === WHAT A PAYER SEES === #

    def bill(self, sessions):
        return self.env['practice.billing.item']._make_for_events(sessions)._invoice()

    def pages_of(self, move):
        """Return a document as it is sent, and as Odoo shows it to the payer's login."""
        reports = self.env['ir.actions.report']
        return [
            reports._render_qweb_html(report, move.ids)[0].decode()
            for report in ('carepatron_billing.report_account_move', 'account.account_invoices')
        ]

    def test_who_pays_for_another_sees_amount_tax_and_period_alone(self):
        share = self.share(self.mother)
        sessions = [self.make_session(hours=hours, booked=-500) for hours in (-400, -200)]
        move = self.bill(sessions[0] | sessions[1])
        lines = move.invoice_line_ids
        told = (self.service.name, self.service.default_code, self.practitioner.name)
        first, last = (format_date(self.env, line.billing_service_date) for line in lines)
        for page in self.pages_of(move):
            self.assertIn(f"Professional services, {first} to {last}", page)
            self.assertIn("200.00", page)
            self.assertIn("230.00", page)
            self.assertFalse([word for word in told if word in page])
        self.company.billing_privacy_page = 'full'
        self.assertFalse(move._billing_told('page'))
        share.shows_sessions = True
        self.assertTrue(move._billing_told('page'))
        for page in self.pages_of(move):
            self.assertIn(self.service.name, page)

    def test_own_sessions_stand_beside_what_is_not_shown_of_others(self):
        self.share(self.mother)
        move = self.bill(self.make_session() | self.make_session(self.mother))
        own = move.invoice_line_ids.filtered(
            lambda line: line.billing_item_id.client_id == self.mother
        )
        [shown, neutral] = move._get_move_lines_to_report()
        self.assertEqual(shown, own)
        self.assertEqual(neutral.price_total, move.amount_total - own.price_total)
        self.assertIn("Professional services", neutral.name)

    def test_what_is_not_shown_is_not_read_by_rpc_or_sent_as_xml(self):
        self.share(self.mother)
        move = self.bill(self.make_session())
        as_payer = move.with_user(self.log_in(self.mother))
        self.assertEqual(as_payer.amount_total, move.amount_total)
        self.env.invalidate_all()
        lines = as_payer.line_ids.search([])
        self.assertEqual(set(lines.mapped('display_type')), {'payment_term', 'tax'})
        with self.assertRaises(AccessError):
            move.invoice_line_ids.with_user(as_payer.env.user).read(['name'])
        self.env.invalidate_all()
        # What Odoo's page of the payer's invoices needs.
        values = as_payer._get_invoice_portal_extra_values()
        self.assertEqual(values['amount_due'], move.amount_total)
        if 'ubl_cii_xml_id' in move._fields:
            self.assertFalse(move._need_ubl_cii_xml('facturx'))

    def test_client_s_own_invoice_shows_the_sessions_and_a_permission_of_the_client_does(self):
        move = self.invoice(self.make_session())
        self.assertFalse(move._billing_hidden_lines())
        typed = self.env['account.move'].create(
            {
                'move_type': 'out_invoice',
                'partner_id': self.insurer.id,
                'billing_client_id': self.client.id,
                'invoice_line_ids': [
                    Command.create({'name': "Report", 'price_unit': 9.0}),
                    Command.create({'display_type': 'line_note', 'name': "Relapse"}),
                ],
            }
        )
        self.assertTrue(typed.billing_hides_sessions)
        self.assertEqual(typed._get_move_lines_to_report().name, "Professional services")
        self.client.billing_shows_sessions = True
        self.assertFalse(typed._billing_hidden_lines())
