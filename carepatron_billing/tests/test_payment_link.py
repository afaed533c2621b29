from contextlib import contextmanager
from datetime import datetime
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from ..gateways.stripe_gateway import StripeGatewayError
from ..models.stripe.one_way_to_pay import ROUNDS
from .common import BillingCommon

LONG_AGO = datetime(2020, 1, 1)


@tagged('post_install', '-at_install')
class TestPaymentLink(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connect_provider()
        cls.move = cls.make_invoice()
        cls.link = cls.move._billing_payment_link()
        cls.token = cls.link.url.rpartition('/')[2]

    def test_invoice_keeps_its_one_link(self):
        self.assertEqual(self.move._billing_payment_link(), self.link)
        self.assertEqual(self.link.company_id, self.company)

    def test_mails_come_beside_whatever_stands_first_and_make_nothing_for_it(self):
        """Odoo tries the words of a mail with the first record that it finds."""
        journal = self.env['account.journal'].search(
            [('type', '=', 'general'), ('company_id', '=', self.company.id)], limit=1
        )
        account = self.env['account.account'].search(
            [('account_type', '=', 'expense'), ('company_ids', 'in', self.company.ids)], limit=1
        )
        line = {'name': "Opening", 'account_id': account.id}
        lines = [Command.create({**line, 'debit': 5}), Command.create({**line, 'credit': 5})]
        moves = self.env['account.move'].create(
            [
                {'move_type': 'entry', 'journal_id': journal.id, 'line_ids': lines},
                {'move_type': 'in_invoice'},
                {'move_type': 'out_invoice'},
            ]
        )
        moves[0].action_post()
        templates = self.env['mail.template'].search(
            [('model', 'in', ('account.move', 'account.payment'))]
        )
        own = templates.filtered(
            lambda one: one.get_external_id()[one.id].startswith('carepatron_billing.')
        )
        self.assertGreater(len(own), 7)
        payment = self.env['account.payment'].create({'amount': 5, 'date': '2950-01-01'})
        self.assertEqual(self.env['account.payment'].search([], limit=1), payment)
        for day, move in enumerate(moves):
            self.env.flush_all()
            self.env.cr.execute(
                "UPDATE account_move SET date = %s WHERE id = %s", (f'29{day + 10}-01-01', move.id)
            )
            self.env.invalidate_all()
            with self.subTest(move.move_type):
                self.assertEqual(self.env['account.move'].search([], limit=1), move)
                for template in own:
                    template.copy()
                self.assertFalse(move.sudo().billing_link_ids)
        holders = self.env['practice.card.holder'].search([('partner_id', '=', False)])
        self.assertFalse(holders)

    def test_token_opens_its_link_and_nothing_near_it_does(self):
        links = self.env['practice.payment.link']
        self.assertEqual(links._from_token(self.token), self.link)
        flipped = self.token[:-1] + ('A' if self.token[-1] != 'A' else 'B')
        for token in (flipped, self.token[:-1], self.token + 'A', self.token[:10], '', 'x' * 32):
            with self.subTest(token):
                self.assertFalse(links._from_token(token))

    def test_token_holds_128_bits_that_are_never_the_same(self):
        other = self.make_invoice()._billing_payment_link()
        self.assertGreaterEqual(len(self.link.proof) * 6, 128)
        self.assertNotEqual(self.link.proof, other.proof)

    def test_desk_sees_the_address_and_not_its_parts(self):
        link = self.link.with_user(self.front_desk)
        self.assertIn(self.token, link.url)
        self.assertNotIn('proof', link.read()[0])

    def test_practitioner_sees_links_of_own_sessions_only(self):
        other = new_test_user(
            self.env, 'other@example.com', groups='carepatron_billing.group_practitioner'
        )
        self.assertIn(self.token, self.link.with_user(self.practitioner).url)
        with self.assertRaises(AccessError):
            self.link.with_user(other).read(['url'])

    def test_status_follows_the_ledger(self):
        self.assertEqual(self.link._status(), 'due')
        self.pay_by_hand(self.move, 20.0)
        self.assertEqual(self.link._status(), 'part_paid')
        self.assertEqual(self.link._page_values()['amount_due'], '$\xa0100.00')
        self.pay_by_hand(self.move)
        self.assertEqual(self.link._status(), 'paid')

    def test_credited_invoice_has_nothing_to_pay(self):
        self.move._reverse_moves([{'invoice_date': fields.Date.today()}], cancel=True)
        self.assertEqual(self.link._status(), 'credited')

    def test_revoked_link_is_over_and_the_invoice_gets_another(self):
        self.link.with_user(self.front_desk).action_revoke()
        self.assertEqual(self.link._status(), 'revoked')
        self.assertNotEqual(self.move._billing_payment_link(), self.link)

    def test_without_stripe_the_page_says_so(self):
        self.provider.state = 'disabled'
        self.assertEqual(self.link._status(), 'unavailable')

    def test_pending_bank_debit_shows_as_processing(self):
        tx = self.make_transaction(self.move)
        tx._billing_record(
            self.session_of(
                tx, payment_status='unpaid', payment_intent={'id': 'pi_1', 'status': 'processing'}
            )
        )
        self.assertEqual(self.link._status(), 'processing')

    def test_page_shows_no_whole_address_to_whoever_holds_the_link(self):
        tx = self.make_transaction(self.move)
        tx._billing_record(self.session_of(tx))
        self.assertEqual(self.link._page_values()['receipts'][0]['email'], 'd•••@example.com')

    # === WHAT IS DUE ===#

    def allow_parts(self, minimum):
        self.company.write({'billing_part_payment': True, 'billing_part_payment_minimum': minimum})

    def instalments(self):
        """Return a link to an invoice of 120 that is due in two halves, today and in 30 days."""
        term = self.env['account.payment.term'].create(
            {
                'name': "Two halves",
                'line_ids': [
                    Command.create({'value_amount': 50, 'nb_days': 0}),
                    Command.create({'value_amount': 50, 'nb_days': 30}),
                ],
            }
        )
        self.client_partner.property_payment_term_id = term
        return self.make_invoice(price=120.0)._billing_payment_link()

    def test_instalment_is_due_now_and_the_rest_later(self):
        link = self.instalments()
        due = link._due()
        self.assertEqual((due.now, due.total), (60.0, 120.0))
        self.assertFalse(link._explain_amount(due, 120.0))
        tx = link._create_transaction()
        self.assertEqual(tx.amount, 60.0)
        tx.stripe_payment_link_session = 'cs_test_1'
        tx._billing_record(self.session_of(tx))
        self.assertEqual((link._status(), link._due().now), ('part_paid', 60.0))

    def test_part_is_taken_only_where_the_practice_takes_it_and_enough(self):
        due = self.link._due()
        self.assertIn("does not take", self.link._explain_amount(due, 50.0))
        self.allow_parts(20.0)
        self.assertEqual(self.link._explain_amount(due, 50.0), '')
        self.assertIn("at least", self.link._explain_amount(due, 19.99))
        self.assertIn("more than", self.link._explain_amount(due, 120.01))

    def test_rest_below_the_minimum_can_still_be_paid(self):
        self.allow_parts(50.0)
        self.pay_by_hand(self.move, 100.0)
        self.assertEqual(self.link._explain_amount(self.link._due(), 20.0), '')

    def test_open_session_fits_until_what_is_due_changes(self):
        self.allow_parts(20.0)
        tx = self.link._create_transaction(50.0)
        self.assertTrue(self.link._fits(tx))
        self.assertTrue(self.link._fits(tx, 50.0))
        self.assertFalse(self.link._fits(tx, 120.0))
        self.pay_by_hand(self.move, 100.0)
        self.assertFalse(self.link._fits(tx))

    def test_typed_amount_is_read_in_the_readers_format(self):
        self.allow_parts(20.0)
        self.assertEqual(self.link._typed_amount("1,0")[0], 1.0)
        self.assertEqual(self.link._typed_amount("$ 50.25"), (50.25, ''))
        for text in ("fifty", "", "50.255", "-50"):
            with self.subTest(text):
                amount, mistake = self.link._typed_amount(text)
                self.assertIsNone(amount)
                self.assertIn("120.00", mistake)

    # === EVERYTHING DUE ===#

    def link_for_all(self):
        action = self.client_partner.with_user(self.front_desk).action_billing_send_link()
        return self.env['practice.payment.link'].sudo().browse(action['context']['default_link_id'])

    def test_one_link_pays_everything_that_is_due(self):
        other = self.make_invoice(price=80.0)
        link = self.link_for_all()
        self.assertEqual(link, self.link_for_all())
        self.assertEqual(link._due().now, 200.0)
        tx = link._create_transaction()
        self.assertEqual(tx.invoice_ids, self.move | other)
        tx.stripe_payment_link_session = 'cs_test_1'
        tx._billing_record(self.session_of(tx))
        self.assertEqual((self.move | other).mapped('payment_state'), ['paid', 'paid'])
        self.assertEqual(link._status(), 'paid')
        self.assertTrue(link._page_values()['receipts'])

    def test_money_beyond_what_is_due_stays_credit(self):
        other = self.make_invoice(price=80.0)
        link = self.link_for_all()
        tx = link._create_transaction()
        tx.stripe_payment_link_session = 'cs_test_1'
        self.pay_by_hand(other)
        tx._billing_record(self.session_of(tx))
        self.assertEqual(self.move.payment_state, 'paid')
        receivable = tx.payment_id.move_id.line_ids.filtered(
            lambda line: line.account_type == 'asset_receivable'
        )
        self.assertEqual(receivable.amount_residual, -80.0)

    def test_other_payers_invoices_are_not_in_it(self):
        link = self.link_for_all()
        self.make_invoice_of_another()
        self.assertEqual(link._due().moves, self.move)

    def test_two_ways_to_one_invoice_do_not_stay_open_together(self):
        link = self.link_for_all()
        tx = self.make_transaction(self.move)
        self.assertEqual(link._unfit_transactions(None), tx)
        self.assertFalse(self.link._unfit_transactions(None))

    @contextmanager
    def begun_elsewhere_at_each_commit(self):
        """Have somebody begin to pay everything due whenever a transaction is committed.

        Gives a list of what they began.
        """
        link, begun = self.link_for_all().sudo(), []

        def commit():
            self.env.flush_all()
            self.env.invalidate_all()
            if not link._open_transaction():
                begun.append(link._create_transaction())
                # Its time is over, so that it is closed without Stripe.
                begun[-1].stripe_payment_link_session_expires_at = LONG_AGO

        commit()
        with patch.object(self.cr, 'commit', commit):
            yield begun

    def test_others_who_begin_again_and_again_end_in_an_answer_for_the_payer(self):
        with (
            self.begun_elsewhere_at_each_commit() as begun,
            self.assertRaises(StripeGatewayError) as caught,
        ):
            self.link._pay()
        self.assertEqual(caught.exception.kind, 'busy')
        self.assertEqual(len(begun), 1 + ROUNDS)
        self.assertFalse(self.link.sudo().transaction_ids)
        told = self.provider._billing_explain(caught.exception)
        self.assertIn("another window", told)

    def test_form_answers_the_same_where_others_begin_again_and_again(self):
        tx = self.make_transaction(self.move)
        tx.billing_link_id = False
        with self.begun_elsewhere_at_each_commit():
            self.assertEqual(tx._get_specific_rendering_values({}), {})
        self.assertEqual(tx.state, 'error')
        self.assertIn("another window", tx.state_message)

    def test_one_who_began_in_between_is_closed(self):
        other = self.link_for_all().sudo()
        other._create_transaction().stripe_payment_link_session_expires_at = LONG_AGO
        with patch.object(self.cr, 'commit', self.env.flush_all):
            tx = self.link._claim_transaction()
        self.assertEqual(other.transaction_ids.state, 'cancel')
        self.assertEqual((tx.state, tx.amount), ('draft', 120.0))

    def test_many_invoices_make_a_reference_that_stripe_takes(self):
        for _index in range(12):
            self.make_invoice()
        link = self.link_for_all()
        tx = link._create_transaction()
        params = tx._billing_session_params()
        self.assertLessEqual(len(params['client_reference_id']), 200)
        label = params['line_items'][0]['price_data']['product_data']['name']
        self.assertLessEqual(len(label), 200)

    def test_pending_bank_debit_keeps_its_invoice_out_of_everything_due(self):
        other = self.make_invoice(price=80.0)
        link = self.link_for_all()
        self.make_transaction(self.move)._set_pending()
        self.assertEqual(link._due().moves, other)

    def test_link_for_everything_is_the_front_desks_and_needs_something_due(self):
        with self.assertRaises(AccessError):
            self.client_partner.with_user(self.practitioner).action_billing_send_link()
        link = self.link_for_all()
        with self.assertRaises(AccessError):
            link.with_user(self.practitioner).read(['url'])
        self.pay_by_hand(self.move)
        with self.assertRaisesRegex(UserError, "Nothing is due"):
            self.client_partner.with_user(self.front_desk).action_billing_send_link()

    # === AT THE DESK ===#

    def test_desk_shows_the_link_as_a_qr_code(self):
        action = self.move.with_user(self.front_desk).action_billing_show_qr()
        link = self.env[action['res_model']].with_user(self.front_desk).browse(action['res_id'])
        self.assertEqual(link.url, self.link.url)
        self.assertTrue(link.qr_code)

    def test_desk_revokes_the_link_on_the_invoice(self):
        self.move.with_user(self.front_desk).action_billing_revoke_link()
        self.assertEqual(self.link._status(), 'revoked')
        self.assertFalse(self.move.billing_link_url)
        self.move.with_user(self.front_desk).action_billing_revoke_link()
