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

    def test_practitioner_corrects_nothing(self):
        invoice = self.sent_invoice()
        with self.assertRaises(AccessError):
            invoice.with_user(self.practitioner).action_billing_correct()
        with self.assertRaises(AccessError):
            invoice.with_user(self.practitioner)._billing_correct("x", [])
