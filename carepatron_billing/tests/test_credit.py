from odoo.tests import new_test_user, tagged

from .common import BillingCommon


@tagged('post_install', '-at_install')
class TestCredit(BillingCommon):
    """What was paid too much or credited pays other invoices; receipts say what was paid."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connect_provider()
        cls.manager = new_test_user(
            cls.env, 'manager@example.com', groups='carepatron_billing.group_manager'
        )

    def credit(self, amount=50.0):
        """Give the client credit of a paid invoice; return its credit note."""
        move = self.make_invoice()
        self.pay_by_hand(move)
        self.env['practice.refund'].with_user(self.manager).with_context(
            default_move_id=move.id
        ).create(
            {'reason': "Too long", 'way': 'credit', 'scope': 'part', 'amount': amount}
        ).action_refund()
        return move.reversal_move_ids

    def overpay(self):
        """Return an invoice that was paid by hand and online."""
        move = self.make_invoice()
        tx = self.make_transaction(move)
        self.pay_by_hand(move)
        tx._billing_record(self.session_of(tx))
        return move, tx

    def test_credit_shows_at_the_client_and_pays_by_one_click(self):
        note = self.credit()
        self.overpay()
        client = self.client_partner.with_user(self.front_desk)
        self.assertEqual(client.billing_credit, 170.0)
        self.assertIn(
            note, self.env['account.move'].search(client.action_billing_credit()['domain'])
        )
        move = self.make_invoice().with_user(self.front_desk)
        self.assertEqual(move.billing_credit, 170.0)
        move.action_billing_use_credit()
        self.assertEqual(move.payment_state, 'paid')
        self.assertEqual(note.amount_residual, 0.0, "the oldest comes first")
        client.invalidate_recordset()
        self.assertEqual(client.billing_credit, 50.0)
        move.action_billing_use_credit()
        self.assertEqual(client.billing_credit, 50.0)

    def overview(self):
        return (
            self.env['practice.overview']
            .with_user(self.front_desk)
            .with_context(allowed_company_ids=self.company.ids)
        )

    def test_overview_tells_of_credit_and_leads_to_the_clients(self):
        def told():
            return sum(amount for *_key, amount, _count in self.overview()._read_credit())

        before = told()
        self.credit()
        self.overpay()
        self.assertEqual(round(told() - before, 2), 170.0)
        figures = {figure['key']: figure for figure in self.overview().get_overview()['figures']}
        self.assertTrue(figures['credit']['lines'])
        client = self.client_partner.with_user(self.front_desk)
        client = client.with_context(allowed_company_ids=self.company.ids)
        found = client.search([('billing_credit', '>', 0)])
        self.assertIn(client, found)
        self.assertTrue(all(one.billing_credit > 0.0 for one in found))

    def test_receipt_that_did_not_go_out_is_told_until_it_was_sent_again(self):
        tx = self.pay_online(self.make_invoice())
        self.receipts().write({'state': 'exception'})

        def told():
            troubles = self.overview().get_overview()['troubles']
            return [one['count'] for one in troubles if one['kind'] == 'receipts']

        self.assertEqual(told(), [1])
        domain = self.overview().open_trouble('receipts')['domain']
        payment = self.env['account.payment'].with_user(self.front_desk).search(domain)
        self.assertEqual(payment, tx.payment_id)
        problems = [one for one in tx.invoice_ids.billing_timeline if one['is_problem']]
        self.assertIn("was not sent", problems[0]['text'])
        payment.action_billing_send_receipts()
        self.assertEqual(told(), [])

    def test_credit_is_offered_before_a_link_asks_for_everything(self):
        self.credit()
        moves = self.make_invoice() | self.make_invoice()
        link = self.env['practice.payment.link']._for_payer(
            self.client_partner, self.company, moves.currency_id
        )
        dialog = self.env['practice.payment.link.send'].with_user(self.front_desk)
        dialog = dialog.create({'link_id': link.id})
        self.assertEqual(dialog.credit, 50.0)
        told = dialog.action_use_credit()['params']['message']
        self.assertIn("Still due: $\xa0190.00", told)
        self.assertEqual(moves.mapped('amount_residual'), [70.0, 120.0])

    def test_pay_page_tells_of_credit(self):
        link = self.make_invoice()._billing_payment_link()
        self.assertEqual(link._page_values()['credit'], '')
        self.credit()
        link.invalidate_recordset()
        self.assertIn("$\xa050.00 of unused credit", link._page_values()['credit'])

    def test_draft_says_what_credit_there_is(self):
        self.credit()
        draft = (
            self.env['account.move']
            .with_user(self.front_desk)
            .new(
                {
                    'move_type': 'out_invoice',
                    'partner_id': self.client_partner.id,
                    'currency_id': self.company.currency_id.id,
                }
            )
        )
        self.assertEqual(draft.billing_credit, 50.0)

    def test_new_invoices_use_credit_by_themselves_where_that_is_wanted(self):
        self.credit()
        self.company.billing_use_credit = True
        self.assertEqual(self.make_invoice().amount_residual, 70.0)

    def test_credit_that_is_being_given_back_pays_nothing(self):
        _move, tx = self.overpay()
        tx._create_child_transaction(120.0, is_refund=True)
        other = self.make_invoice()
        self.assertEqual(other.billing_credit, 0.0)
        other.action_billing_use_credit()
        self.assertEqual(other.amount_residual, 120.0)

    def test_another_payers_credit_is_not_offered(self):
        self.credit()
        self.assertEqual(self.make_invoice_of_another().billing_credit, 0.0)

    def receipts(self):
        return self.mails_to('dana@example.com').filtered(
            lambda mail: mail.model == 'account.payment'
        )

    def test_receipts_follow_the_setting_and_the_desks_choice(self):
        wanted = {'all': (1, 1), 'online': (0, 1), 'none': (0, 0)}
        for setting, (by_hand, online) in wanted.items():
            self.company.billing_receipts = setting
            for count, pay in ((by_hand, self.pay_at_desk), (online, self.pay_online)):
                with self.subTest(setting=setting, pay=pay.__name__):
                    before = self.receipts()
                    pay(self.make_invoice())
                    self.assertEqual(len(self.receipts() - before), count)
        record = (
            self.env['practice.payment.record']
            .with_user(self.front_desk)
            .create({'move_id': self.make_invoice().id})
        )
        self.assertFalse(record.send_receipt)
        record.send_receipt = True
        before = self.receipts()
        record.action_record()
        self.assertEqual(len(self.receipts() - before), 1)

    def pay_at_desk(self, move):
        return self.pay_by_hand(move, receipt=None)

    def pay_online(self, move):
        tx = self.make_transaction(move)
        tx._billing_record(self.session_of(tx))
        return tx

    def test_refund_is_told_to_the_payer_and_stands_on_the_receipt(self):
        tx = self.pay_online(self.make_invoice())
        child = tx._create_child_transaction(50.0, is_refund=True)
        before = self.receipts()
        for _again in range(2):
            child._billing_record(
                {
                    'id': 're_1',
                    'object': 'refund',
                    'status': 'succeeded',
                    'amount': 5000,
                    'currency': 'usd',
                    'metadata': {},
                    'balance_transaction': None,
                }
            )
        told = self.receipts() - before
        self.assertEqual(told.subject, f"Refund from {self.company.name}")
        self.assertIn("50.00", told.body_html)
        report = self.env['report.carepatron_billing.report_account_payment_receipt']
        [document] = report._get_report_values(tx.payment_id.ids)['documents']
        self.assertIn("Amount refunded", [label for label, _value in document['facts']])
        self.assertFalse(document['mark'])

    def test_desk_downloads_the_receipts_of_an_invoice(self):
        move = self.make_invoice()
        self.pay_by_hand(move, 20.0)
        tx = self.pay_online(move)
        action = move.with_user(self.front_desk).action_billing_receipts()
        self.assertEqual(len(action['context']['active_ids']), 2)
        self.assertIn(tx.payment_id.id, action['context']['active_ids'])
