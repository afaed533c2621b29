from datetime import datetime, timezone

from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from .common import CLINICAL_CODE, CLINICAL_NAME, BillingCommon

# 23:30 on the 9th in New York.
LATE_IN_NEW_YORK = int(datetime(2026, 3, 10, 3, 30, tzinfo=timezone.utc).timestamp())
ANSWER_UNTIL = int(datetime(2099, 3, 20, 4, 59, tzinfo=timezone.utc).timestamp())


@tagged('post_install', '-at_install')
class TestDispute(BillingCommon):
    """What Stripe shows of a dispute is handed over as it was fetched; `tests/` fetches it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connect_provider()
        cls.manager = new_test_user(
            cls.env, 'manager@example.com', groups='carepatron_billing.group_manager'
        )
        cls.move = cls.make_invoice()
        cls.tx = cls.make_transaction(cls.move)
        cls.tx._billing_record(cls.session_of(cls.tx))
        cls.balance = cls.provider.journal_id.default_account_id

    def movement(self, name, amount, fee=0):
        return {
            'id': f'txn_{name}',
            'amount': amount,
            'fee': fee,
            'currency': 'usd',
            'created': LATE_IN_NEW_YORK,
        }

    def told(self, status, *movements, amount=12000, tx=None):
        """Take over a dispute as Stripe would show it."""
        return self.env['practice.dispute']._update_from_stripe(
            tx or self.tx,
            {
                'id': 'du_1',
                'object': 'dispute',
                'amount': amount,
                'currency': 'usd',
                'reason': 'fraudulent',
                'status': status,
                'created': LATE_IN_NEW_YORK,
                'evidence_details': {'due_by': ANSWER_UNTIL},
                'balance_transactions': list(movements),
            },
        )

    def sums(self, dispute):
        """Return what a dispute's entries came to, by the kind of account."""
        sums = {}
        for line in dispute.entry_ids.filtered(lambda move: move.state == 'posted').line_ids:
            kind = line.account_id.account_type
            sums[kind] = sums.get(kind, 0.0) + line.balance
        return {kind: total for kind, total in sums.items() if round(total, 2)}

    def test_money_withdrawn_waits_on_its_own_account_with_the_fee_booked(self):
        out = self.movement('out', -12000, 1500)
        for _again in range(2):
            dispute = self.told('needs_response', out)
        self.assertEqual(len(dispute.entry_ids), 1)
        self.assertEqual(str(dispute.entry_ids.date), '2026-03-09')
        self.assertEqual(dispute.entry_ids.partner_id, self.tx.payment_id.partner_id)
        self.assertEqual(
            self.sums(dispute), {'asset_cash': -135.0, 'asset_current': 120.0, 'expense': 15.0}
        )
        self.assertEqual(self.move.payment_state, 'paid', "the invoice stays as it is")
        self.assertEqual(self.move.billing_status, 'disputed')
        found = self.move.search([('billing_status', 'in', ('disputed',))])
        self.assertEqual(found, self.move)
        self.assertNotIn(self.move, found.search([('billing_status', 'in', ('paid',))]))

    def test_desk_sees_it_reminders_pause_and_the_manager_has_a_date(self):
        dispute = self.told('needs_response', self.movement('out', -12000))
        move = self.move.with_user(self.front_desk)
        self.assertIn("until 03/20/2099", move.billing_dispute_text)
        self.assertEqual(move.action_billing_open_dispute()['res_id'], dispute.id)
        self.assertEqual(str(dispute.activity_ids.date_deadline), '2099-03-20')
        self.assertEqual(dispute.pause_ids.reason, 'dispute')
        self.assertIn(self.move, self.move._billing_reminder_pauses())
        self.assertFalse(move.with_user(self.manager).billing_can_refund)
        self.assertIn('disputed', [entry['kind'] for entry in move.billing_timeline])
        overview = self.env['practice.overview'].with_user(self.front_desk)
        overview = overview.with_context(allowed_company_ids=self.company.ids)
        [told] = [one for one in overview.get_overview()['troubles'] if one['kind'] == 'disputes']
        self.assertIn("until 03/20/2099", told['advice'])
        domain = overview.open_trouble('disputes')['domain']
        self.assertEqual(dispute.search(domain), dispute)
        self.told('under_review', self.movement('out', -12000))
        self.assertFalse(dispute.activity_ids)
        self.assertFalse(dispute.search(domain))
        self.assertTrue(self.move._billing_reminder_pauses())

    def test_inquiry_moves_no_money_and_ends_quietly(self):
        dispute = self.told('warning_needs_response')
        self.assertFalse(dispute.entry_ids)
        self.assertTrue(self.move.with_user(self.manager).billing_can_refund)
        self.assertEqual(self.tx._billing_refundable_amount(), 120.0)
        self.told('warning_closed')
        self.assertFalse(dispute.activity_ids)
        self.assertFalse(self.move._billing_reminder_pauses())
        self.assertEqual(self.move.billing_status, 'paid')
        self.assertFalse(self.move.billing_dispute_text)

    def test_won_brings_the_money_back_and_closes_the_account(self):
        out, back = self.movement('out', -12000, 1500), self.movement('back', 12000, -1500)
        dispute = self.told('needs_response', out)
        # The money may come after the news, and the fee may stay.
        self.told('won', out)
        self.assertEqual(self.sums(dispute)['asset_current'], 120.0)
        self.told('won', out, back)
        self.assertEqual(self.sums(dispute), {})
        self.assertFalse(dispute._waiting_lines())
        self.assertFalse(self.move._billing_reminder_pauses())
        self.assertEqual(self.move.billing_status, 'paid')
        self.assertEqual(self.tx._billing_refundable_amount(), 120.0)

    def test_lost_opens_the_invoice_again_for_somebody_to_decide(self):
        out = self.movement('out', -12000, 1500)
        for status in ('needs_response', 'lost', 'lost'):
            dispute = self.told(status, out)
        self.assertEqual(self.move.amount_residual, 120.0)
        self.assertEqual(
            self.sums(dispute), {'asset_cash': -135.0, 'asset_receivable': 120.0, 'expense': 15.0}
        )
        self.assertFalse(dispute._waiting_lines())
        self.assertTrue(self.tx.payment_id._billing_receivable_lines().reconciled)
        self.assertIn("lost", dispute.activity_ids.summary)
        self.assertIn("open again", self.move.billing_dispute_text)
        self.assertTrue(self.move._billing_reminder_pauses(), "nobody is chased for it by itself")
        self.assertEqual(self.tx._billing_refundable_amount(), 0.0)
        self.pay_by_hand(self.move)
        self.assertFalse(self.move.billing_dispute_text)

    def test_loss_that_the_bank_takes_back_pays_the_invoice_again(self):
        out, back = self.movement('out', -12000), self.movement('back', 12000)
        self.told('lost', out)
        dispute = self.told('won', out, back)
        self.assertEqual(self.move.payment_state, 'paid')
        self.assertEqual(self.sums(dispute), {})

    def test_part_lost_leaves_the_rest_paid(self):
        dispute = self.told('lost', self.movement('out', -5000), amount=5000)
        self.assertEqual(self.move.amount_residual, 50.0)
        self.assertEqual(self.sums(dispute), {'asset_cash': -50.0, 'asset_receivable': 50.0})

    def test_disputed_invoice_is_neither_corrected_nor_charged_by_itself(self):
        self.told('needs_response', self.movement('out', -12000))
        move = self.move.with_user(self.front_desk)
        for press in (move.action_billing_correct, move.action_billing_undo):
            with self.assertRaisesRegex(UserError, "disputed"):
                press()
        # Lost, it is open again; whether the card is charged once more is a person's decision.
        self.told('lost', self.movement('out', -12000))
        self.env['practice.reminder.pause'].search([]).action_resume()
        self.env['payment.token'].create(
            {
                'provider_id': self.provider.id,
                'payment_method_id': self.env.ref('payment.payment_method_card').id,
                'partner_id': self.client_partner.id,
                'provider_ref': 'pm_1',
            }
        )
        holder = self.env['practice.card.holder']._for(self.client_partner, self.company)
        holder.write({'autopay': 'issue', 'autopay_how': "on the phone"})
        self.assertFalse(self.move._billing_chargeable()[1])
        self.assertFalse(self.move._billing_next_charge(holder).day)

    def test_fee_carries_the_tax_of_its_account_and_closed_books_move_the_entry(self):
        tax = self.env['account.tax'].create(
            {
                'name': "VAT 23%",
                'amount': 23.0,
                'type_tax_use': 'purchase',
                'company_id': self.company.id,
                'country_id': self.company.account_fiscal_country_id.id,
            }
        )
        self.company._billing_fee_account().tax_ids = tax
        self.company.fiscalyear_lock_date = '2026-03-31'
        dispute = self.told('needs_response', self.movement('out', -12000, 1500))
        entry = dispute.entry_ids
        fee = entry.line_ids.filtered('tax_ids')
        self.assertEqual((fee.balance, entry.line_ids.filtered('tax_line_id').balance), (12.2, 2.8))
        self.assertGreaterEqual(str(entry.date), '2026-04-01')
        self.assertIn("books are closed", dispute.message_ids[0].body)
        self.told('won', self.movement('out', -12000, 1500), self.movement('back', 12000, -1500))
        self.assertEqual(self.sums(dispute), {})

    def test_evidence_says_what_is_known_and_nothing_clinical(self):
        dispute = self.told('needs_response', self.movement('out', -12000))
        evidence = dispute.with_user(self.front_desk).evidence
        for fact in (self.move.name, "Session on", "Receipt sent to dana@example.com", "120.00"):
            self.assertIn(fact, evidence)
        for secret in (CLINICAL_NAME, CLINICAL_CODE):
            self.assertNotIn(secret, evidence)

    def test_dispute_is_of_its_company_and_not_for_practitioners(self):
        dispute = self.told('needs_response')
        self.assertTrue(dispute.with_user(self.front_desk).has_access('read'))
        self.assertFalse(dispute.with_user(self.front_desk).has_access('write'))
        self.assertFalse(dispute.with_user(self.practitioner).has_access('read'))
        self.assertEqual(self.move.with_user(self.practitioner).billing_status, 'disputed')
