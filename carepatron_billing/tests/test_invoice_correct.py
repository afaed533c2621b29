from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .sessions_common import SessionsCommon


@tagged('post_install', '-at_install')
class TestInvoiceCorrect(SessionsCommon):
    """Undo while nobody has seen an invoice; afterwards correct it."""

    def sent_invoice(self, *events):
        items = self.env['practice.billing.item']._make_for_events(
            self.env['calendar.event'].union(*(events or [self.make_session()]))
        )
        items._invoice()
        invoice = items.invoice_id
        invoice.sudo().billing_link_ids.sent_at = fields.Datetime.now()
        return invoice

    def correct(self, invoice, user=None, price=None, **vals):
        wizard = (
            self.env['practice.invoice.correct']
            .with_user(user or self.front_desk)
            .create({'move_id': invoice.id, 'reason': "Wrong price", **vals})
        )
        if price is not None:
            wizard.line_ids[0].price_unit = price
        action = wizard.action_correct()
        return self.env['account.move'].browse(action['res_id'])

    def pay(self, invoice, amount):
        self.env['account.payment.register'].with_context(
            active_model='account.move', active_ids=invoice.ids
        ).create({'amount': amount, 'payment_difference_handling': 'open'})._create_payments()

    # === UNDO === #

    def test_unseen_invoice_is_undone_and_keeps_its_number(self):
        event = self.make_session()
        invoice = self.invoice(event)
        number = invoice.name
        self.assertTrue(invoice.billing_can_undo)
        invoice.with_user(self.front_desk).action_billing_undo()
        self.assertRecordValues(invoice, [{'state': 'cancel', 'name': number}])
        self.assertEqual(self.items(event).state, 'unbilled')

    def test_sent_invoice_is_not_undone(self):
        invoice = self.sent_invoice()
        self.assertRecordValues(invoice, [{'billing_can_undo': False, 'billing_can_correct': True}])
        with self.assertRaisesRegex(UserError, "Choose Correct instead"):
            invoice.with_user(self.front_desk).action_billing_undo()

    def test_invoice_of_a_closed_period_is_corrected_not_undone(self):
        invoice = self.invoice(self.make_session())
        today = self.company._billing_today()
        for lock in ('sale_lock_date', 'fiscalyear_lock_date', 'hard_lock_date'):
            invoice.invalidate_recordset()
            self.assertTrue(invoice.billing_can_undo)
            with self.env.cr.savepoint() as savepoint:
                self.company.sudo()[lock] = today
                invoice.invalidate_recordset()
                self.assertRecordValues(
                    invoice, [{'billing_can_undo': False, 'billing_can_correct': True}]
                )
                with self.assertRaisesRegex(UserError, "books are closed .* Choose Correct"):
                    invoice.with_user(self.front_desk).action_billing_undo()
                with self.assertRaisesRegex(UserError, "closed for today.*accountant"):
                    self.correct(invoice, price=80)
                self.assertEqual((invoice.state, invoice.payment_state), ('posted', 'not_paid'))
                savepoint.rollback()
            self.env.invalidate_all()

    # === CORRECT === #

    def test_corrected_invoice_is_credited_and_replaced(self):
        invoice = self.sent_invoice()
        item = invoice.billing_item_ids
        new = self.correct(invoice, price=80)
        self.assertNotEqual(new, invoice)
        self.assertRecordValues(
            invoice,
            [{'payment_state': 'reversed', 'amount_total': 115, 'billing_replaced_by_id': new.id}],
        )
        self.assertRecordValues(
            invoice.reversal_move_ids,
            [{'state': 'posted', 'ref': "Wrong price", 'amount_residual': 0}],
        )
        self.assertRecordValues(new, [{'state': 'posted', 'amount_total': 92}])
        self.assertRecordValues(
            item, [{'invoice_id': new.id, 'price_unit': 80, 'state': 'invoiced'}]
        )
        self.assertTrue(new.billing_link_ids)
        self.assertIn(new.name, invoice.message_ids[0].body)

    def test_old_link_leads_to_the_newest_invoice(self):
        first = self.sent_invoice()
        link = first.sudo().billing_link_ids
        second = self.correct(first, price=80)
        third = self.correct(second, price=70)
        self.assertEqual(link._status(), 'replaced')
        self.assertIn(link._page_values()['replaced_url'], third.sudo().billing_link_url)
        third.with_user(self.front_desk).action_billing_revoke_link()
        renewed = third.with_user(self.front_desk)._billing_payment_link()
        self.assertIn(link._page_values()['replaced_url'], renewed.url)
        self.assertFalse(link._claim_transaction())

    def test_part_payment_counts_for_the_new_invoice(self):
        invoice = self.sent_invoice()
        self.pay(invoice, 50)
        new = self.correct(invoice, price=80)
        self.assertRecordValues(new, [{'amount_residual': 42, 'payment_state': 'partial'}])

    def test_what_was_paid_too_much_stays_credit(self):
        invoice = self.sent_invoice()
        self.pay(invoice, 115)
        new = self.correct(invoice, price=80)
        self.assertIn(new.payment_state, ('paid', 'in_payment'))
        self.assertEqual(new.amount_residual, 0)
        rest = self.env['account.move.line'].search(
            [
                ('partner_id', '=', self.client.id),
                ('account_id.account_type', '=', 'asset_receivable'),
                ('reconciled', '=', False),
            ]
        )
        self.assertEqual(sum(rest.mapped('amount_residual')), -23)

    def test_credited_sessions_wait_again_or_are_closed_as_asked(self):
        waiting = self.sent_invoice()
        item = waiting.billing_item_ids
        self.correct(waiting, outcome='unbilled')
        self.assertEqual(item.state, 'unbilled')
        closed = self.sent_invoice(self.make_session(hours=-5))
        item = closed.billing_item_ids
        self.correct(closed, outcome='closed')
        self.assertRecordValues(item, [{'state': 'waived', 'waive_reason': "Wrong price"}])

    def test_line_taken_out_waits_to_be_invoiced(self):
        invoice = self.sent_invoice(self.make_session(), self.make_session(hours=-5))
        items = invoice.billing_item_ids.sorted('date')
        wizard = (
            self.env['practice.invoice.correct']
            .with_user(self.front_desk)
            .create({'move_id': invoice.id, 'reason': "Never took place"})
        )
        wizard.line_ids[1].unlink()
        wizard.action_correct()
        self.assertEqual(sorted(items.mapped('state')), ['invoiced', 'unbilled'])

    def test_second_correction_of_the_same_invoice_is_refused(self):
        invoice = self.sent_invoice()
        new = self.correct(invoice, price=80)
        with self.assertRaisesRegex(UserError, "not open to correction"):
            self.correct(invoice, price=70)
        self.assertEqual(self.correct(new, price=70).amount_untaxed, 70)

    def test_refused_correction_leaves_everything_as_it_was(self):
        invoice = self.sent_invoice()
        self.service.active = True
        journal = invoice.journal_id
        with self.assertRaises(UserError), self.env.cr.savepoint():
            wizard = self.env['practice.invoice.correct'].create(
                {'move_id': invoice.id, 'reason': "Wrong"}
            )
            wizard.line_ids.unlink()
            wizard.action_correct()
        self.assertRecordValues(invoice, [{'payment_state': 'not_paid', 'journal_id': journal.id}])

    def test_locked_period_is_credited_today(self):
        invoice = self.sent_invoice()
        today = self.company._billing_today()
        self.company.sudo().sale_lock_date = fields.Date.subtract(today, days=1)
        new = self.correct(invoice, price=80)
        self.assertEqual(invoice.reversal_move_ids.date, today)
        self.assertEqual(new.state, 'posted')

    def credit_part(self, invoice, price, post=True):
        """Credit a part of each unit, by Odoo's own credit note."""
        note = invoice._reverse_moves([{'invoice_date': self.company._billing_today()}])
        note.invoice_line_ids.price_unit = price
        if post:
            note.action_post()
        return note

    def open_credit(self):
        lines = self.env['account.move.line'].search(
            [
                ('partner_id', '=', self.client.id),
                ('account_id.account_type', '=', 'asset_receivable'),
                ('parent_state', '=', 'posted'),
            ]
        )
        return self.company.currency_id.round(sum(lines.mapped('amount_residual')))

    def test_rest_of_a_partly_credited_invoice_is_corrected(self):
        invoice = self.sent_invoice()
        item = invoice.billing_item_ids
        self.pay(invoice, 30)
        earlier = self.credit_part(invoice, 20)
        self.assertEqual(invoice.amount_residual, 62)
        new = self.correct(invoice, price=80)
        self.assertRecordValues(
            earlier | (invoice.reversal_move_ids - earlier),
            [
                {'amount_total': 23, 'amount_residual': 0, 'state': 'posted'},
                {'amount_total': 92, 'amount_residual': 0, 'state': 'posted'},
            ],
        )
        self.assertRecordValues(invoice, [{'payment_state': 'reversed', 'amount_residual': 0}])
        self.assertRecordValues(new, [{'amount_total': 92, 'amount_residual': 62}])
        self.assertRecordValues(item, [{'invoice_id': new.id, 'state': 'invoiced'}])
        self.assertEqual(self.open_credit(), 62)

    def test_what_was_given_back_is_not_counted_for_the_new_invoice(self):
        invoice = self.sent_invoice()
        self.pay(invoice, 115)
        self.pay(self.credit_part(invoice, 20), 23)
        new = self.correct(invoice, price=90)
        self.assertRecordValues(new, [{'amount_total': 103.5, 'amount_residual': 11.5}])
        self.assertEqual(self.open_credit(), 11.5)

    def test_draft_credit_note_is_settled_before_the_correction(self):
        invoice = self.sent_invoice()
        self.credit_part(invoice, 20, post=False)
        with self.assertRaisesRegex(UserError, "Confirm or delete it"):
            self.correct(invoice, price=80)

    # === TAX DUE WHEN PAID === #

    def make_tax_due_when_paid(self):
        transition = self.company_data['default_account_tax_sale'].copy({'reconcile': True})
        self.company.tax_exigibility = True
        self.tax.write(
            {'tax_exigibility': 'on_payment', 'cash_basis_transition_account_id': transition.id}
        )
        return transition

    def assertTaxes(self, due, waiting):
        """Check the tax that is owed to the state, and what waits for payments."""
        lines = self.env['account.move.line'].search(
            [('company_id', '=', self.company.id), ('parent_state', '=', 'posted')]
        )
        currency = self.company.currency_id
        for account, amount in (
            (self.company_data['default_account_tax_sale'], due),
            (self.tax.cash_basis_transition_account_id, waiting),
        ):
            own = lines.filtered(lambda line, account=account: line.account_id == account)
            self.assertEqual(currency.round(-sum(own.mapped('balance'))), amount, account.name)

    def test_tax_due_when_paid_follows_the_money_to_the_new_invoice(self):
        self.make_tax_due_when_paid()
        invoice = self.sent_invoice()
        self.pay(invoice, 46)
        self.assertTaxes(due=6, waiting=9)
        new = self.correct(invoice, price=80)
        self.assertRecordValues(new, [{'amount_residual': 46, 'payment_state': 'partial'}])
        self.assertTaxes(due=6, waiting=6)
        self.pay(new, 46)
        self.assertTaxes(due=12, waiting=0)
        self.correct(new, outcome='closed')
        self.assertTaxes(due=0, waiting=0)
        self.assertEqual(self.open_credit(), -92)

    def test_tax_due_when_paid_of_a_closed_period_is_taken_back_today(self):
        self.make_tax_due_when_paid()
        today = self.company._billing_today()
        with freeze_time(today - timedelta(days=40)):
            invoice = self.sent_invoice()
            self.pay(invoice, 46)
        self.company.sudo().fiscalyear_lock_date = today - timedelta(days=1)
        new = self.correct(invoice, price=80)
        self.assertRecordValues(new, [{'amount_residual': 46, 'date': today}])
        self.assertTaxes(due=6, waiting=6)

    def test_tax_due_when_paid_is_right_after_a_part_was_given_back(self):
        self.make_tax_due_when_paid()
        invoice = self.sent_invoice()
        self.pay(invoice, 115)
        self.pay(self.credit_part(invoice, 20), 23)
        self.assertTaxes(due=12, waiting=0)
        new = self.correct(invoice, price=90)
        self.assertTaxes(due=12, waiting=1.5)
        self.pay(new, 11.5)
        self.assertTaxes(due=13.5, waiting=0)

    def test_practitioner_corrects_nothing(self):
        invoice = self.sent_invoice()
        with self.assertRaises(AccessError):
            invoice.with_user(self.practitioner).action_billing_correct()
        with self.assertRaises(AccessError):
            invoice.with_user(self.practitioner)._billing_correct("x", [])
