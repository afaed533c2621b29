from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import CLINICAL_CODE, CLINICAL_NAME, BillingCommon


@tagged('post_install', '-at_install')
class TestAutopay(BillingCommon):
    """When a card is charged by itself, and when not; nothing here reaches Stripe."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connect_provider()
        cls.move = cls.make_invoice()
        cls.today = cls.company._billing_today()
        cls.card = cls.make_card('pm_1')
        cls.holder = cls.env['practice.card.holder']._for(cls.client_partner, cls.company)
        cls.company.billing_autopay_notice_days = 3
        cls.holder.write({'autopay': 'due', 'autopay_how': "on the phone"})

    @classmethod
    def make_card(cls, reference):
        return cls.env['payment.token'].create(
            {
                'provider_id': cls.provider.id,
                'payment_method_id': cls.env.ref('payment.payment_method_card').id,
                'partner_id': cls.client_partner.id,
                'provider_ref': reference,
                'payment_details': '4242',
                'billing_brand': 'visa',
                'billing_expires_on': cls.today + timedelta(400),
                'billing_preferred_at': fields.Datetime.now(),
            }
        )

    def plan(self):
        return self.move._billing_next_charge(self.holder)

    def announce(self):
        self.holder._autopay_one(self.move)

    def decline(self, code, days_ago=0):
        """Let the card be declined by itself, as Stripe tells it."""
        tx = self.move._billing_new_charge(self.card, 120.0, billing_autopay=True)
        tx._set_pending()
        tx._billing_record(
            {
                'id': f'pi_{tx.id}',
                'object': 'payment_intent',
                'status': 'requires_payment_method',
                'amount': 12000,
                'currency': 'usd',
                'last_payment_error': {'code': 'card_declined', 'decline_code': code},
            }
        )
        tx.last_state_change = fields.Datetime.now() - timedelta(days_ago)
        return tx

    def test_nothing_is_charged_without_recorded_consent(self):
        self.holder.autopay = 'off'
        with self.assertRaisesRegex(UserError, "how the client agreed"):
            self.holder.autopay = 'due'
        self.holder.write({'autopay': 'due', 'autopay_how': "signed form"})
        self.assertIn("on its due date", self.holder.autopay_terms)
        self.assertTrue(self.holder.autopay_at)

    def test_desk_changes_nothing_else_of_a_holder(self):
        holder = self.holder.with_user(self.front_desk)
        with self.assertRaises(AccessError):
            holder.partner_id = self.env.user.partner_id
        with self.assertRaises(AccessError):
            holder.with_user(self.practitioner).read(['autopay'])

    def test_payer_is_told_the_amount_days_before(self):
        self.move.invoice_date_due = self.today + timedelta(10)
        self.announce()
        self.assertFalse(self.mails_to('dana@example.com'))
        self.assertEqual(self.plan().day, self.today + timedelta(10))
        self.move.invoice_date_due = self.today + timedelta(3)
        self.announce()
        mail = self.mails_to('dana@example.com')
        self.assertEqual(len(mail), 1)
        self.assertIn("120.00", mail.body_html)
        self.assertIn("Visa •••• 4242", mail.body_html)
        for word in (CLINICAL_NAME, CLINICAL_CODE):
            self.assertNotIn(word, f"{mail.subject} {mail.body_html}")
        self.announce()
        self.assertEqual(len(self.mails_to('dana@example.com')), 1)

    def test_late_announcement_moves_the_charge_not_the_notice(self):
        self.move.invoice_date_due = self.today - timedelta(5)
        self.announce()
        plan = self.plan()
        self.assertTrue(plan.is_told)
        self.assertEqual(plan.day, self.today + timedelta(3))
        self.assertEqual(self.move.billing_autopay_on, plan.day)

    def test_pause_dispute_or_payment_under_way_holds_it(self):
        self.env['practice.reminder.pause'].create(
            {'move_id': self.move.id, 'company_id': self.company.id, 'reason': 'dispute'}
        )
        self.assertFalse(self.plan().day)

    def test_soft_decline_is_asked_again_on_day_one_three_and_seven(self):
        self.company.billing_autopay_notice_days = 0
        self.move.invoice_date_due = self.today - timedelta(9)
        for days in (1, 3, 7):
            self.decline('insufficient_funds')
            self.assertEqual(self.plan().day, self.today + timedelta(days))
            self.assertEqual(self.holder.autopay, 'due')
        self.decline('insufficient_funds')
        self.assertEqual(self.holder.autopay, 'off')
        self.assertIn("not enough money", self.holder.autopay_stopped)
        mail = self.mails_to('dana@example.com')
        self.assertIn("switched autopay off", mail.body_html)
        self.assertTrue(self.move.activity_ids)

    def test_hard_decline_ends_it_at_once(self):
        self.decline('lost_card')
        self.assertEqual(self.holder.autopay, 'off')
        self.assertNotIn("lost", self.holder.autopay_stopped)

    def test_card_whose_owner_must_confirm_gets_the_link_and_keeps_autopay(self):
        self.decline('authentication_required')
        self.assertEqual(self.holder.autopay, 'due')
        self.assertFalse(self.plan().day)
        self.assertTrue(self.move.billing_link_sent_at)

    def test_new_card_begins_anew(self):
        self.company.billing_autopay_notice_days = 0
        self.decline('insufficient_funds')
        self.make_card('pm_2')
        self.assertFalse(
            self.move._billing_autopay_retry(self.client_partner._billing_card(self.company))
        )

    def test_archived_contact_loses_cards_and_autopay(self):
        self.client_partner.active = False
        self.assertFalse(self.card.active)
        self.assertTrue(self.card.stripe_payment_link_to_detach)
        self.assertEqual(self.holder.autopay, 'off')

    def test_merged_contact_keeps_cards_and_link(self):
        other = self.client_partner.copy({'name': "Dana W."})
        wizard = self.env['base.partner.merge.automatic.wizard'].create({})
        wizard._merge([self.client_partner.id, other.id], other)
        self.assertEqual(other._billing_card(self.company), self.card)
        self.assertEqual(self.holder.partner_id, other)

    def test_evening_summary_names_numbers_and_amounts_only(self):
        self.decline('insufficient_funds')
        txs = self.company._billing_autopay_of(self.today)
        summary = self.company._billing_autopay_summary(txs)
        self.assertEqual(summary['charged_count'], 0)
        self.assertEqual(
            summary['declined'],
            [
                {
                    'invoice': self.move.name,
                    'amount': "$\xa0120.00",
                    'why': "There is not enough money on the card.",
                }
            ],
        )
        manager = self.company._billing_manager()
        manager.email = 'manager@example.com'
        self.holder._autopay_summaries()
        self.company._billing_autopay_mail_summary(self.today)
        # In the evening the first call has sent one, too.
        mail = self.mails_to('manager@example.com')[:1]
        self.assertIn(self.move.name, mail.body_html)
        self.assertNotIn("Dana", mail.body_html)

    def test_clients_are_found_by_how_their_autopay_goes(self):
        client = self.client_partner.with_user(self.front_desk).with_company(self.company)

        def state():
            self.env.invalidate_all()
            now = client.billing_autopay
            others = {'on', 'off', 'expiring', 'declined', 'stopped'} - {now}
            self.assertTrue(client.search([('id', '=', client.id), ('billing_autopay', '=', now)]))
            self.assertFalse(
                client.search([('id', '=', client.id), ('billing_autopay', 'in', list(others))])
            )
            return now

        self.assertEqual(state(), 'on')
        self.card.billing_expires_on = self.today + timedelta(20)
        self.assertEqual(state(), 'expiring')
        self.decline('insufficient_funds')
        self.assertEqual(state(), 'declined')
        self.decline('lost_card')
        self.assertEqual(state(), 'stopped')
        self.holder.autopay_stopped = False
        self.assertEqual(state(), 'off')

    def test_expiring_card_is_told_once(self):
        self.card.billing_expires_on = self.today + timedelta(20)
        for _again in range(2):
            self.holder._autopay_notify_expiring()
        self.assertEqual(len(self.mails_to('dana@example.com')), 1)
