from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .common import BillingCommon


@tagged('post_install', '-at_install')
class TestRefund(BillingCommon):
    """What was paid is given back from the invoice's page; Stripe is asked in `tests/`."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connect_provider()
        cls.manager = new_test_user(
            cls.env, 'manager@example.com', groups='carepatron_billing.group_manager'
        )
        cls.move = cls.make_invoice()

    def pay_online(self, move=None):
        tx = self.make_transaction(move or self.move)
        tx._billing_record(self.session_of(tx))
        return tx

    def wizard(self, move=None, user=None, **values):
        move = move or self.move
        return (
            self.env['practice.refund']
            .with_user(user or self.manager)
            .with_context(default_move_id=move.id)
            .create({'reason': "Session was cancelled", **values})
        )

    def invoice_two_sessions(self):
        sessions = self.make_session() | self.make_session()
        return self.env['practice.billing.item']._make_for_events(sessions)._invoice()

    def refund(self, move=None, user=None, **values):
        wizard = self.wizard(move, user, **values)
        wizard.action_refund()
        return wizard

    def begin_at_stripe(self, **values):
        """Return the refund as it stands before Stripe is asked."""
        wizard = self.wizard(**values)
        wizard._carry_out(wizard._source_sudo())
        return wizard.refund_id.sudo()

    def answer(self, refund, status='succeeded', **values):
        """Let Stripe answer, or tell later, how a refund stands."""
        refund._billing_record(
            {
                'id': 're_1',
                'object': 'refund',
                'status': status,
                'amount': refund._billing_minor_amount(),
                'currency': 'usd',
                'metadata': refund._billing_metadata(),
                'balance_transaction': None,
                'failure_balance_transaction': None,
                **values,
            }
        )

    def found(self, status):
        return self.move.search([('id', '=', self.move.id), ('billing_status', 'in', (status,))])

    def test_badge_filter_and_pay_page_say_what_was_given_back(self):
        self.pay_online()
        link = self.move._billing_payment_link()
        self.assertEqual(self.move.billing_status, 'paid')
        for amount, status, is_all in ((50.0, 'part_refunded', False), (70.0, 'refunded', True)):
            self.refund(way='hand', scope='part', amount=amount)
            self.assertEqual(self.move.billing_status, status)
            self.assertEqual(self.found(status), self.move)
            self.assertFalse(self.found('paid'))
            self.assertEqual(link._page_values()['refund']['is_all'], is_all)
        self.assertEqual(self.move.payment_state, 'paid', "the books call it paid")

    def test_badges_of_a_list_take_one_query(self):
        moves = self.move | self.make_invoice() | self.make_invoice()
        for move in moves:
            self.pay_by_hand(move)
            self.refund(move, way='hand', scope='all')
        queries = []
        for some in (moves[:1], moves):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.assertEqual(set(some.mapped('billing_status')), {'refunded'})
            queries.append(self.env.cr.sql_log_count - before)
        self.assertEqual(*queries)

    def test_credit_that_was_never_paid_out_is_no_refund(self):
        self.pay_online()
        self.refund(way='credit')
        self.assertEqual(self.move.billing_status, 'paid')

    def test_receipt_of_a_hand_payment_tells_of_the_money_given_back(self):
        self.pay_by_hand(self.move, 80.0)
        self.pay_by_hand(self.move)
        newest, first = self.move._billing_payments().sorted('id', reverse=True)
        self.refund(way='hand', scope='part', amount=60.0)
        self.assertEqual([one._billing_refunded() for one in (newest, first)], [40.0, 20.0])
        Report = self.env['report.carepatron_billing.report_account_payment_receipt']
        marks = [
            document['mark']
            for document in Report._get_report_values((newest | first).ids)['documents']
        ]
        self.assertEqual(marks, ["Refunded", False])

    def entries(self, move):
        return {
            (line.account_id.account_type, line.debit, line.credit, line.reconciled)
            for line in move.line_ids
            if line.account_id.account_type in ('asset_receivable', 'asset_cash')
        }

    def test_refund_to_the_card_posts_its_credit_note_when_the_money_is_gone(self):
        self.pay_online()
        refund = self.begin_at_stripe()
        note = self.move.reversal_move_ids
        self.assertEqual((note.state, refund.state), ('draft', 'draft'))
        self.assertEqual(self.move.billing_refund_under_way, 120.0)
        self.answer(refund)
        self.assertEqual((note.state, note.amount_total), ('posted', 120.0))
        self.assertEqual(note.ref, "Session was cancelled")
        self.assertEqual(note.invoice_date, self.company._billing_today())
        self.assertEqual(
            self.entries(refund.payment_id.move_id),
            {('asset_receivable', 120.0, 0.0, True), ('asset_cash', 0.0, 120.0, False)},
        )
        receivable = refund.payment_id._billing_receivable_lines()
        self.assertEqual(receivable.matched_credit_ids.credit_move_id.move_id, note)
        self.assertFalse(self.move.billing_refund_under_way)
        self.assertFalse(self.move.with_user(self.manager).billing_can_refund)
        self.assertFalse(self.move.activity_ids)

    def test_part_of_a_part_paid_invoice_leaves_its_rest_due(self):
        self.pay_by_hand(self.move, 50.0)
        self.refund(way='hand', scope='part', amount=30.0)
        self.assertEqual(self.move.amount_residual, 70.0)
        self.assertEqual(self.move.reversal_move_ids.amount_total, 30.0)
        self.assertEqual(self.move.reversal_move_ids.amount_residual, 0.0)
        with self.assertRaisesRegex(UserError, "At most"):
            self.refund(way='hand', scope='part', amount=20.01)
        self.refund(way='hand')
        self.assertEqual(self.move.amount_residual, 70.0)
        self.assertEqual(sum(self.move.reversal_move_ids.mapped('amount_total')), 50.0)

    def test_money_handed_over_is_matched_with_the_credit_note(self):
        self.pay_by_hand(self.move)
        wizard = self.refund(way='hand')
        payment = self.env['account.payment'].search([('payment_type', '=', 'outbound')])
        self.assertEqual(payment.journal_id, wizard.journal_id)
        self.assertEqual(payment.amount, 120.0)
        note = self.move.reversal_move_ids
        self.assertEqual((note.state, note.amount_residual), ('posted', 0.0))
        self.assertTrue(payment._billing_receivable_lines().reconciled)
        kinds = [entry['kind'] for entry in self.move.billing_timeline]
        self.assertEqual(kinds.count('refunded'), 1)
        self.assertEqual(kinds.count('credited'), 1)

    def test_credit_pays_another_invoice(self):
        self.pay_online()
        self.refund(way='credit', scope='part', amount=50.0)
        note = self.move.reversal_move_ids
        self.assertEqual(note.billing_status, 'open_credit')
        self.assertEqual(note.amount_residual, 50.0)
        other = self.make_invoice()
        credit = note.line_ids.filtered(
            lambda line: line.account_id.account_type == 'asset_receivable'
        )
        other.js_assign_outstanding_line(credit.id)
        self.assertEqual(other.amount_residual, 70.0)

    def test_chosen_services_are_credited_and_billed_no_more_unless_wanted(self):
        for sessions, state in (('closed', 'waived'), ('unbilled', 'unbilled')):
            with self.subTest(sessions):
                move = self.invoice_two_sessions()
                items = move.billing_item_ids
                self.pay_by_hand(move)
                wizard = self.wizard(move, way='hand', scope='lines', sessions=sessions)
                wizard.line_ids[0].is_picked = True
                self.assertEqual(wizard.amount, 120.0)
                wizard.action_refund()
                self.assertEqual(move.reversal_move_ids.amount_total, 120.0)
                self.assertEqual(sorted(items.mapped('state')), sorted(['invoiced', state]))

    def test_service_that_was_taken_back_is_not_taken_back_again(self):
        move = self.invoice_two_sessions()
        move.button_draft()
        move.invoice_line_ids = [Command.create({'name': "Insoles", 'price_unit': 120.0})]
        move.action_post()
        self.pay_by_hand(move)
        lines = move.invoice_line_ids
        desk, other_desk = (self.wizard(move, way='hand', scope='lines') for _desk in range(2))
        for wizard in (desk, other_desk):
            self.assertEqual(wizard.line_ids.line_id, lines)
            wizard.line_ids[0].is_picked = True
        desk.action_refund()
        with self.assertRaisesRegex(UserError, "meanwhile"):
            other_desk.action_refund()
        wizard = self.wizard(move, way='hand', scope='lines')
        self.assertEqual(wizard.line_ids.line_id, lines[1:])
        wizard.line_ids[-1].is_picked = True
        wizard.action_refund()
        self.assertEqual(self.wizard(move, scope='lines').line_ids.line_id, lines[1])
        self.assertEqual(move.reversal_move_ids.mapped('amount_total'), [120.0] * 2)

    def test_services_are_not_taken_back_beside_a_credit_that_covers_them(self):
        self.pay_by_hand(self.move)
        self.refund(way='credit', scope='part', amount=50.0)
        wizard = self.wizard(way='hand', scope='lines')
        wizard.line_ids.is_picked = True
        with self.assertRaisesRegex(UserError, "70.00"):
            wizard.action_refund()
        self.refund(way='credit', scope='part', amount=70.0)
        self.refund(way='hand')
        self.assertEqual(sum(self.move.reversal_move_ids.mapped('amount_total')), 120.0)

    def test_service_taken_back_has_its_credit_note_beside_credit_that_stands(self):
        move = self.invoice_two_sessions()
        self.pay_by_hand(move)
        for way in ('credit', 'hand'):
            wizard = self.wizard(move, way=way, scope='lines')
            wizard.line_ids[0].is_picked = True
            wizard.action_refund()
        self.assertEqual(
            move.reversal_move_ids.invoice_line_ids.billing_credited_line_id,
            move.invoice_line_ids,
        )
        self.assertEqual(move._billing_open_credit(), 120.0)
        self.assertEqual(move._billing_refundable(), 120.0)

    def test_clicked_twice_it_gives_back_once(self):
        self.pay_by_hand(self.move)
        wizard = self.refund(way='hand', scope='part', amount=50.0)
        wizard.action_refund()
        self.assertEqual(len(self.move.reversal_move_ids), 1)

    def test_what_is_under_way_is_not_given_back_once_more(self):
        self.pay_online()
        self.begin_at_stripe(scope='part', amount=100.0)
        for way in ('hand', 'credit'):
            with self.subTest(way), self.assertRaisesRegex(UserError, "20.00"):
                self.refund(way=way, scope='part', amount=20.01)

    def test_refusal_throws_the_draft_away_and_failure_later_reopens_the_credit(self):
        self.pay_online()
        refund = self.begin_at_stripe()
        self.answer(refund, 'pending')
        self.assertEqual(refund.state, 'pending')
        self.answer(refund, 'failed')
        self.assertFalse(self.move.reversal_move_ids)
        self.assertIn("failed", self.move.activity_ids.summary)
        self.move.activity_ids.unlink()
        again = self.begin_at_stripe()
        self.answer(again, id='re_2')
        note = self.move.reversal_move_ids
        self.answer(again, 'failed', id='re_2')
        self.assertEqual(note.billing_status, 'open_credit')
        self.assertIn("failed", self.move.activity_ids.summary)
        # Given back by hand after all: the credit note is there already.
        self.refund(way='hand')
        self.assertEqual(self.move.reversal_move_ids, note)
        self.assertEqual(note.amount_residual, 0.0)

    def test_money_that_is_gone_is_booked_although_its_credit_note_cannot_be(self):
        self.pay_online()
        refund = self.begin_at_stripe()
        self.move.reversal_move_ids.invoice_line_ids.unlink()
        self.answer(refund)
        self.assertEqual(refund.payment_id.state, 'paid')
        self.assertEqual(self.move.billing_given_back, 120.0)
        self.assertIn("credit note", self.move.activity_ids.summary)

    def test_only_managers_refund_unless_the_practice_lets_the_desk(self):
        self.pay_by_hand(self.move)
        move = self.move.with_user(self.front_desk)
        self.assertFalse(move.billing_can_refund)
        with self.assertRaisesRegex(AccessError, "Manager"):
            self.refund(user=self.front_desk, way='hand')
        self.company.billing_desk_refunds = True
        move.invalidate_recordset()
        self.assertTrue(move.billing_can_refund)
        self.refund(user=self.front_desk, way='hand')
        self.assertEqual(self.move.reversal_move_ids.state, 'posted')

    def test_part_is_credited_with_its_taxes(self):
        tax = self.env['account.tax'].create(
            {'name': "19 %", 'amount': 19.0, 'price_include_override': 'tax_excluded'}
        )
        self.service.taxes_id = [Command.set(tax.ids)]
        move = self.make_invoice(99.99)
        self.pay_by_hand(move)
        self.refund(move, way='hand', scope='part', amount=33.33)
        note = move.reversal_move_ids
        self.assertEqual((note.amount_total, note.amount_tax), (33.33, 5.32))
