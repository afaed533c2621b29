from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .sessions_common import SessionsCommon


@tagged('post_install', '-at_install')
class TestSettings(SessionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company_data_2 = cls.setup_other_company()
        cls.manager = cls.make_user('manager')
        cls.practice = cls.company.with_user(cls.manager)

    # === BILLING SETTINGS === #

    def test_days_to_pay_are_odoos_payment_terms(self):
        self.practice.write({'billing_due_days': 21})
        term = self.company.billing_payment_term_id
        self.assertEqual(term.line_ids.mapped('nb_days'), [21])
        self.practice.write({'billing_due_days': 0})
        self.assertFalse(self.company.billing_payment_term_id)
        self.practice.write({'billing_due_days': 21})
        self.assertEqual(self.company.billing_payment_term_id, term)
        invoice = self.invoice(self.make_session())
        self.assertEqual((invoice.invoice_date_due - invoice.invoice_date).days, 21)

    def test_terms_with_instalments_and_days_take_each_others_place(self):
        instalments = self.env['account.payment.term'].create(
            {
                'name': "Two halves",
                'line_ids': [
                    Command.create({'value': 'percent', 'value_amount': 50, 'nb_days': days})
                    for days in (0, 30)
                ],
            }
        )
        self.practice.write(
            {'billing_due_kind': 'terms', 'billing_payment_term_id': instalments.id}
        )
        self.assertEqual(self.company.billing_payment_term_id, instalments)
        self.assertEqual(self.practice.billing_due_kind, 'terms')
        self.practice.write({'billing_due_kind': 'days'})
        self.assertFalse(self.company.billing_payment_term_id)

    def test_days_that_make_no_sense_are_refused(self):
        for days in (-1, 1000):
            with self.assertRaises(UserError):
                self.practice.write({'billing_due_days': days})

    def test_currency_and_numbers_are_free_until_the_first_entry_and_say_why_afterwards(self):
        fresh = self.env['res.company'].create({'name': "Fresh Practice"})
        self.env['account.chart.template']._load('generic_coa', fresh, install_demo=False)
        owner = self.make_user('manager', login='owner', company=fresh)
        practice = fresh.with_user(owner)
        euro = self.env.ref('base.EUR')
        euro.active = False
        self.assertFalse(practice.billing_currency_fixed)
        self.assertFalse(practice.billing_number_fixed)
        practice.write({'currency_id': euro.id, 'billing_number_prefix': 'rv'})
        self.assertEqual((fresh.currency_id, euro.active), (euro, True))
        year = fresh._billing_today().year
        self.assertEqual(practice.billing_next_number, f"RV/{year}/00001")

        self.assertTrue(self.invoice(self.make_session()))
        self.assertIn("Fixed since", self.practice.billing_currency_fixed)
        self.assertIn("Fixed since", self.practice.billing_number_fixed)
        with self.assertRaises(UserError):
            self.practice.write({'currency_id': self.env.ref('base.CHF').id})
        with self.assertRaises(UserError):
            self.practice.write({'billing_number_prefix': 'NEW'})

    def test_next_number_is_the_one_that_the_next_invoice_gets(self):
        self.invoice(self.make_session())
        self.practice.invalidate_recordset()
        expected = self.practice.billing_next_number
        self.assertEqual(self.invoice(self.make_session(hours=-5)).name, expected)

    def test_prefix_that_other_entries_use_is_refused(self):
        fresh = self.env['res.company'].create({'name': "Fresh Practice"})
        self.env['account.chart.template']._load('generic_coa', fresh, install_demo=False)
        for prefix in ('MISC', "A B", "TOOLONG", ''):
            with self.assertRaises(UserError):
                fresh.write({'billing_number_prefix': prefix})

    # === TAX RATES === #

    def add_rate(self, user=None, **values):
        Wizard = self.env['practice.tax.rate'].with_user(user or self.manager)
        with Form(Wizard) as form:
            for name, value in values.items():
                setattr(form, name, value)
        form.record.action_save()
        return self.env['account.tax'].search([('name', '=', values['name'])])

    def change_rate(self, tax, **values):
        action = tax.with_user(self.manager).action_billing_change()
        Wizard = self.env['practice.tax.rate'].with_user(self.manager)
        with Form(Wizard.with_context(**action['context'])) as form:
            for name, value in values.items():
                setattr(form, name, value)
        form.record.action_save()
        # What was read as superuser has other companies' taxes too.
        self.env.invalidate_all()
        return self.env['account.tax'].search(
            [('name', '=', values.get('name', tax.name)), ('company_id', '=', tax.company_id.id)]
        )

    def test_rate_of_one_line_has_the_accounts_and_grids_of_the_usual_one(self):
        usual = self.company.account_sale_tax_id
        tag = self.env['account.account.tag'].create(
            {'name': "Box 1", 'applicability': 'taxes', 'country_id': usual.country_id.id}
        )
        usual.invoice_repartition_line_ids.tag_ids = tag
        tax = self.add_rate(name="Reduced", amount=6.5, is_included=True)
        self.assertEqual((tax.amount, tax.invoice_label, tax.price_include), (6.5, "6.5%", True))
        self.assertEqual(tax.tax_group_id.name, "Reduced")
        for one, other in zip(tax.repartition_line_ids, usual.repartition_line_ids, strict=True):
            self.assertEqual(one.account_id, other.account_id)
            self.assertEqual(one.tag_ids, other.tag_ids)
        line = tax.repartition_line_ids.filtered(lambda line: line.repartition_type == 'tax')
        self.assertTrue(line.account_id)

    def test_exemption_prints_why_and_has_no_grid_of_a_taxed_sale(self):
        with self.assertRaises(UserError):
            self.add_rate(name="Exempt", is_exempt=True, note=" ")
        note = "Exempt under Article 132 <of the directive>."
        usual = self.company.account_sale_tax_id
        usual.repartition_line_ids.tag_ids = self.env['account.account.tag'].create(
            {'name': "Box 1", 'applicability': 'taxes', 'country_id': usual.country_id.id}
        )
        tax = self.add_rate(name="Exempt", is_exempt=True, note=note)
        self.assertEqual((tax.amount, tax.invoice_label), (0, "Exempt"))
        self.assertEqual(tax.billing_note, note)
        self.assertFalse(tax.repartition_line_ids.tag_ids)

    def test_rate_that_makes_no_sense_is_refused(self):
        for values in ({'amount': 0}, {'amount': -3}, {'amount': 101}):
            with self.assertRaises(UserError):
                self.add_rate(name="Odd", **values)
        with self.assertRaises(UserError):
            self.add_rate(name=self.company.account_sale_tax_id.name, amount=5)

    def test_unused_rate_is_changed_in_place(self):
        tax = self.add_rate(name="Reduced", amount=6)
        self.assertEqual(self.change_rate(tax, amount=7), tax)
        self.assertEqual((tax.amount, tax.invoice_label, tax.active), (7, "7%", True))

    def test_used_rate_stays_as_it_was_and_a_new_one_takes_its_place(self):
        tax = self.add_rate(name="Reduced", amount=6, is_default=True)
        self.assertEqual(self.company.account_sale_tax_id, tax)
        self.service.taxes_id = tax
        invoice = self.invoice(self.make_session())
        late = self.env['practice.billing.item']._make_for_events(self.make_session(hours=-5))
        before = invoice.amount_total
        new = self.change_rate(tax, amount=8)
        self.assertNotEqual(new, tax)
        self.assertEqual((tax.amount, tax.active, tax.name), (6, False, "Reduced"))
        self.assertEqual((new.amount, self.service.taxes_id), (8, new))
        self.assertEqual(self.company.account_sale_tax_id, new)
        self.assertEqual((invoice.amount_total, invoice.invoice_line_ids.tax_ids), (before, tax))
        self.assertEqual(late.tax_ids, new)
        self.assertEqual(late.amount_total, 108)

    def test_work_of_before_may_keep_the_rate_that_was_put_away(self):
        tax = self.add_rate(name="Reduced", amount=6)
        self.service.taxes_id = tax
        self.invoice(self.make_session())
        late = self.env['practice.billing.item']._make_for_events(self.make_session(hours=-5))
        self.change_rate(tax, amount=8, with_waiting=False)
        self.env.invalidate_all()
        self.assertEqual((late.tax_ids, late.amount_total), (tax, 106))
        late._invoice()
        self.assertEqual(late.invoice_id.invoice_line_ids.tax_ids, tax)
        self.assertEqual(late.invoice_id.amount_total, 106)

    def test_rate_is_put_away_only_when_nothing_new_gets_it_and_comes_back(self):
        tax = self.add_rate(name="Reduced", amount=6)
        mine = tax.with_user(self.manager)
        self.service.taxes_id = tax
        with self.assertRaisesRegex(UserError, self.service.name):
            mine.action_billing_archive()
        self.service.taxes_id = False
        mine.action_billing_archive()
        self.assertFalse(tax.active)
        mine.action_billing_restore()
        self.assertTrue(tax.active)
        with self.assertRaises(UserError):
            self.company.account_sale_tax_id.with_user(self.manager).action_billing_archive()

    def test_only_managers_of_the_practice_touch_its_rates(self):
        tax = self.company.account_sale_tax_id
        with self.assertRaises(AccessError):
            tax.with_user(self.front_desk).action_billing_change()
        with self.assertRaises(AccessError):
            self.env['practice.tax.rate'].with_user(self.front_desk).create({'name': "Mine"})
        with self.assertRaises(AccessError):
            tax.with_user(self.manager).write({'amount': 1})
        other = self.env['res.company'].create({'name': "Other Practice"})
        stranger = self.make_user('manager', login='stranger', company=other)
        with self.assertRaises(AccessError):
            tax.with_user(stranger).action_billing_archive()
        wizard = self.env['practice.tax.rate'].with_user(stranger)
        with self.assertRaises(AccessError):
            wizard.create({'name': "X", 'amount': 5, 'company_id': self.company.id})

    # === FIRST STEPS AND OVERVIEW === #

    def overview(self, user=None):
        return (
            self.env['practice.overview']
            .with_user(user or self.front_desk)
            .with_context(allowed_company_ids=self.company.ids)
            .get_overview()
        )

    def figures(self, user=None):
        return {figure['key']: figure for figure in self.overview(user)['figures']}

    def test_first_steps_are_told_by_the_facts(self):
        def done():
            self.env.invalidate_all()
            return {step['key']: step['done'] for step in self.overview(self.manager)['steps']}

        self.company.write({'street': False, 'city': "Riverton", 'email': "a@example.com"})
        self.assertFalse(done()['settings'])
        self.practice.write({'street': "1 Quay"})
        self.assertTrue(done()['settings'])
        self.assertFalse(done()['payments'])
        self.assertEqual(
            done()['invoice'],
            bool(
                self.env['account.move'].search_count(
                    [
                        ('company_id', '=', self.company.id),
                        ('move_type', '=', 'out_invoice'),
                        ('state', '=', 'posted'),
                    ]
                )
            ),
        )
        self.invoice(self.make_session())
        self.assertTrue(done()['invoice'])
        self.practice.action_billing_hide_first_steps()
        self.assertTrue(self.overview(self.manager)['steps_hidden'])
        self.practice.action_billing_hide_first_steps(False)
        self.assertFalse(self.overview(self.manager)['steps_hidden'])
        self.assertFalse(self.overview()['steps'])

    def test_figures_follow_the_money(self):
        before = self.figures()
        event = self.make_session()
        items = self.env['practice.billing.item']._make_for_events(event)
        after = self.figures()
        self.assertEqual(after['uninvoiced']['count'], before['uninvoiced']['count'] + 1)
        items._invoice()
        invoice = items.invoice_id
        after = self.figures()
        self.assertEqual(after['waiting']['count'], before['waiting']['count'] + 1)
        self.assertEqual(after['overdue']['count'], before['overdue']['count'])
        invoice.invoice_date_due = fields.Date.add(self.company._billing_today(), days=-1)
        self.assertEqual(self.figures()['overdue']['count'], before['overdue']['count'] + 1)
        self.env['account.payment.register'].with_context(
            active_model='account.move', active_ids=invoice.ids
        ).create({})._create_payments()
        after = self.figures()
        self.assertEqual(after['paid']['count'], before['paid']['count'] + 1)
        self.assertEqual(after['waiting']['count'], before['waiting']['count'])

    def test_practitioner_sees_own_figures_and_sessions_only(self):
        self.invoice(self.make_session(user=self.colleague))
        mine = self.make_session(hours=0)
        theirs = self.make_session(user=self.colleague, hours=0)
        shown = self.overview(self.practitioner)
        figures = {figure['key']: figure['count'] for figure in shown['figures']}
        self.assertEqual((figures['waiting'], figures['uninvoiced']), (0, 0))
        self.assertNotIn('paid', figures)
        today = self.company._billing_today()
        if self.company._billing_day(mine.start) == today:
            sessions = [session['id'] for session in shown['sessions']]
            self.assertIn(mine.id, sessions)
            self.assertNotIn(theirs.id, sessions)
            desk = [session['id'] for session in self.overview()['sessions']]
            self.assertLessEqual({mine.id, theirs.id}, set(desk))

    def test_figures_of_several_practices_are_told_apart(self):
        other = self.company_data_2['company']
        desk = self.make_user('front_desk', login='both')
        desk.company_ids += other
        service = self.env['product.product'].create(
            {'name': "Session", 'type': 'service', 'list_price': 70, 'taxes_id': False}
        )
        self.env['practice.billing.item'].create(
            [
                {'client_id': self.client.id, 'service_id': service.id, 'company_id': company.id}
                for company in (self.company, other)
            ]
        )
        both = (
            self.env['practice.overview']
            .with_user(desk)
            .with_context(allowed_company_ids=(self.company + other).ids)
            .get_overview()
        )
        lines = both['figures'][0]['lines']
        self.assertEqual({line['company'] for line in lines}, {self.company.name, other.name})
        self.assertEqual({line['company'] for line in self.figures()['uninvoiced']['lines']}, {''})

    def test_overview_is_not_for_others(self):
        plain = self.make_user('practitioner', login='plain')
        plain.group_ids = self.env.ref('base.group_user')
        with self.assertRaises(AccessError):
            self.overview(plain)

    def test_what_failed_is_told_and_leads_to_it(self):
        event = self.make_session()
        items = self.env['practice.billing.item']._make_for_events(event)
        items.batch_error = "No price"
        kinds = [trouble['kind'] for trouble in self.overview()['troubles']]
        self.assertIn('failed', kinds)
        action = self.env['practice.overview'].with_user(self.front_desk).open_trouble('failed')
        found = self.env['practice.billing.item'].search(action['domain'])
        self.assertIn(items, found)

    def test_mail_that_came_back_is_told_until_it_was_sent_again(self):
        invoice = self.invoice(self.make_session())

        def send(status):
            message = invoice.message_post(body="Link", subtype_xmlid='mail.mt_note')
            self.env['mail.notification'].create(
                {
                    'mail_message_id': message.id,
                    'res_partner_id': self.client.id,
                    'notification_type': 'email',
                    'notification_status': status,
                }
            )

        def told():
            domain = self.env['practice.overview'].with_user(self.front_desk)._unsent_invoices()
            return invoice in self.env['account.move'].search(domain)

        send('bounce')
        self.assertTrue(told())
        send('sent')
        self.assertFalse(told())

    # === TAKINGS === #

    def test_desk_reads_clients_payments_and_changes_none(self):
        invoice = self.invoice(self.make_session())
        payment = (
            self.env['account.payment.register']
            .with_context(active_model='account.move', active_ids=invoice.ids)
            .create({})
            ._create_payments()
        )
        supplier = self.env['account.payment'].create(
            {'partner_type': 'supplier', 'payment_type': 'outbound', 'amount': 5}
        )
        Payment = self.env['account.payment'].with_user(self.front_desk)
        found = Payment.search([('id', 'in', (payment | supplier).ids)])
        self.assertEqual(found, payment)
        self.assertTrue(found.read(['memo', 'journal_id', 'amount_company_currency_signed']))
        for operation in ('write', 'create', 'unlink'):
            self.assertFalse(found.has_access(operation))
        accountant = self.make_user('front_desk', login='books')
        accountant.group_ids += self.env.ref('account.group_account_invoice')
        self.assertIn(supplier, self.env['account.payment'].with_user(accountant).search([]))
