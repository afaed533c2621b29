from datetime import date, datetime, timedelta

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import CLINICAL_CODE, CLINICAL_NAME
from .reminders_common import NOW, RemindersCommon


@tagged('post_install', '-at_install')
class TestReminders(RemindersCommon):
    def test_rule_reads_itself_back(self):
        sentence = self.rule.sentence
        self.assertEqual(sentence, "7 days after the due date, then every 14 days, 2 times")
        self.rule.write({'when': 'before', 'days': 1, 'times': 0})
        self.assertEqual(self.rule.sentence, "1 day before the due date")

    def test_each_practice_gets_the_usual_rules_all_off(self):
        company = self.env['res.company'].create({'name': "New practice"})
        rules = company.billing_reminder_rule_ids
        self.assertEqual(len(rules), 5)
        self.assertFalse(any(rules.mapped('is_on')))

    def test_payer_gets_one_mail_a_day_with_all_that_is_due(self):
        first, second = self.make_due(), self.make_due(amount=80.0)
        self.run_cron()
        self.run_cron(hours=1)
        mail = self.Mail.search([('state', '=', 'sent')])
        self.assertEqual(len(mail), 1)
        self.assertEqual(mail.reminder_ids.move_id, first | second)
        for move in first | second:
            self.assertIn(move._billing_payment_link().url, mail.body)
            # Its history tells nothing of the other one, which not everybody may see.
            self.assertIn("dana@example.com", move.message_ids[:1].body)
            self.assertNotIn("/billing/pay/", move.message_ids[:1].body)
        everything = self.env['practice.payment.link']._for_payer(
            self.client_partner, self.company, first.currency_id
        )
        self.assertIn(everything.url, mail.body)
        for secret in (CLINICAL_NAME, CLINICAL_CODE):
            self.assertNotIn(secret, mail.body + mail.subject)

    def test_a_quarter_of_a_year_goes_by_the_rules(self):
        soon = self.make_rule(when='before', days=3)
        move = self.make_due(days_ago=-10)
        due = move.invoice_date_due
        for day in (6, 7, 8, 9, 10, 11, 16, 17, 18, 30, 31, 32, 44, 45, 46, 59):
            self.run_cron(days=day)
        self.assertEqual(
            [(one.rule_id, one.number, one.day) for one in self.sent(move)],
            [
                (soon, 0, due - timedelta(3)),
                (self.rule, 0, due + timedelta(7)),
                (self.rule, 1, due + timedelta(21)),
                (self.rule, 2, due + timedelta(35)),
            ],
        )

    def test_paid_credited_processing_and_cancelled_invoices_are_left_alone(self):
        paid, credited, processing, arrived, cancelled, part = (
            self.make_due(partner=self.client_partner.copy()) for _ in range(6)
        )
        self.pay_by_hand(paid)
        credited._reverse_moves(cancel=True)
        self.connect_provider()
        self.make_transaction(processing).state = 'pending'
        # Its money is at Stripe, and not in the books yet.
        self.make_transaction(arrived)._set_done()
        cancelled.button_cancel()
        self.pay_by_hand(part, 20.0)
        self.run_cron()
        reminder = self.sent()
        self.assertEqual(reminder.move_id, part)
        self.assertEqual(reminder.amount, 100.0)

    def test_what_is_paid_while_the_mail_waits_is_not_asked_for(self):
        move = self.make_due()
        mails, _left = self.Mail.with_company(self.company)._write_letters(self.company, set())
        self.pay_by_hand(move, 20.0)
        self.env.flush_all()
        self.assertFalse(mails._mark_sending())

    def test_money_that_arrives_while_the_mail_waits_is_not_asked_for(self):
        move = self.make_due()
        mails, _left = self.Mail.with_company(self.company)._write_letters(self.company, set())
        self.connect_provider()
        self.make_transaction(move)._set_done()
        self.env.flush_all()
        self.assertFalse(mails._mark_sending())

    def test_instalments_are_reminded_of_one_by_one(self):
        term = self.env['account.payment.term'].create(
            {
                'name': "Two parts",
                'line_ids': [
                    Command.create({'value': 'percent', 'value_amount': 50, 'nb_days': nb})
                    for nb in (0, 30)
                ],
            }
        )
        move = self.make_due(term=term)
        self.run_cron()
        self.assertEqual(self.sent(move).amount, 60.0)
        self.run_cron(days=30)
        self.assertEqual(self.sent(move)[-1].amount, 120.0)

    def test_nothing_leaves_at_night_on_weekends_or_while_it_is_off(self):
        move = self.make_due()
        self.run_cron(hours=12)
        self.run_cron(days=5)
        self.assertFalse(self.sent(move))
        self.rule.is_on = False
        self.run_cron()
        self.assertFalse(self.sent(move))
        self.rule.is_on = True
        self.run_cron(days=7)
        self.assertEqual(self.sent(move).number, 0)

    def test_hours_follow_the_practices_clock_through_its_changes(self):
        # New York goes to summer time on 8 March 2026.
        for utc, is_open in (
            (datetime(2026, 3, 6, 13, 30), False),
            (datetime(2026, 3, 6, 14, 30), True),
            (datetime(2026, 3, 9, 13, 30), True),
            (datetime(2026, 3, 9, 20, 30), True),
            (datetime(2026, 3, 9, 21, 30), False),
        ):
            with self.subTest(utc=utc), freeze_time(utc):
                self.assertEqual(self.company._billing_reminder_is_open(), is_open)

    def test_pauses_of_invoice_client_and_payer_hold_until_their_end(self):
        move = self.make_due()
        for subject in ({'move_id': move.id}, {'partner_id': self.client_partner.id}):
            pause = self.env['practice.reminder.pause'].create(
                {**subject, 'company_id': self.company.id, 'until': date(2026, 3, 18)}
            )
            self.run_cron()
            self.assertFalse(self.sent(move))
            self.assertIn("Paused until", move.billing_reminder_hold)
            self.assertIn("promise", move.billing_reminder_hold)
            self.assertIn("19", move.billing_reminder_next)
            pause.with_user(self.front_desk).action_resume()
        self.run_cron(days=1)
        self.assertTrue(self.sent(move))

    def test_link_sent_by_hand_keeps_reminders_quiet_for_some_days(self):
        move = self.make_due()
        move._billing_payment_link().sent_at = NOW - timedelta(days=1)
        self.run_cron()
        self.run_cron(days=1)
        self.assertFalse(self.sent(move))
        self.run_cron(days=2)
        self.assertTrue(self.sent(move))

    def test_audience_by_amount_template_and_tag(self):
        small, large = self.make_due(amount=20.0), self.make_due(amount=200.0)
        self.rule.write({'audience': 'amount', 'minimum': 50.0})
        found = self.Rule._load(self.company)
        self.assertEqual([one.invoice for one in found if one.timings], large.ids)
        look = self.company._billing_default_template().copy()
        small.billing_template_id = look
        self.rule.write({'audience': 'template', 'invoice_template_id': look.id})
        found = self.Rule._load(self.company)
        self.assertEqual([one.invoice for one in found if one.timings], small.ids)
        tag = self.env['res.partner.category'].create({'name': "Study"})
        self.rule.write({'audience': 'tag', 'tag_id': tag.id})
        self.assertFalse(any(one.timings for one in self.Rule._load(self.company)))
        self.client_partner.category_id = tag
        self.assertTrue(all(one.timings for one in self.Rule._load(self.company)))

    def test_switching_on_asks_about_what_is_overdue_already(self):
        self.rule.is_on = False
        old, new = self.make_due(days_ago=8), self.make_due(days_ago=6)
        dialog = self.env['practice.reminder.start'].create({'rule_id': self.rule.id})
        self.assertEqual(dialog.overdue_count, 1)
        dialog.action_start()
        self.run_cron()
        self.run_cron(days=1)
        self.assertEqual(self.sent().move_id, new)
        self.rule.is_on = False
        dialog.choice = 'include'
        dialog.action_start()
        self.run_cron(days=2)
        self.assertEqual(self.sent().move_id, new | old)

    def test_front_desk_reminds_now_once_a_day(self):
        move = self.make_due(days_ago=2)
        move = move.with_user(self.front_desk)
        self.patch(self.cr, 'commit', self.env.flush_all)
        move.action_billing_remind()
        reminder = self.sent(move)
        self.assertEqual(reminder.user_id, self.front_desk)
        with self.assertRaisesRegex(UserError, "today already"):
            move.action_billing_remind()
        self.run_cron()
        self.assertEqual(self.sent(move), reminder)

    def test_skipped_reminder_is_left_out_and_the_ones_after_it_go_on(self):
        move = self.make_due(days_ago=6)
        move.with_user(self.front_desk).action_billing_skip_reminder()
        self.run_cron(days=1)
        self.assertFalse(self.sent(move))
        self.run_cron(days=15)
        self.assertEqual(self.sent(move).number, 1)

    def test_contacts_reminded_on_one_day_can_be_merged(self):
        twin = self.client_partner.copy()
        moves = self.make_due() | self.make_due(partner=twin)
        self.run_cron()
        self.env['base.partner.merge.automatic.wizard']._merge(
            (twin | self.client_partner).ids, self.client_partner
        )
        self.assertEqual(self.sent().move_id, moves)
        self.assertEqual(moves.partner_id, self.client_partner)

    def test_plan_shows_what_goes_out_and_what_is_held_back(self):
        today, tomorrow = self.make_due(), self.make_due(days_ago=6)
        held = self.make_due(partner=self.client_partner.copy({'email': False}))
        self.make_due(days_ago=-20)
        Plan = self.env['practice.reminder.plan'].with_user(self.front_desk)
        action = Plan.action_open()
        rows = Plan.search(action['domain'])
        self.assertEqual({row.move_id: row.when for row in rows},
                         {today: '1', tomorrow: '2', held: '4'})  # fmt: skip
        self.assertIn("no e-mail", rows.filtered('hold').hold)
        rows.filtered(lambda row: row.move_id == today).action_skip()
        rows = Plan.search(action['domain'])
        self.assertEqual(rows.move_id, tomorrow | held)
        dialog = rows.filtered(lambda row: row.move_id == tomorrow).action_pause()
        pause = Plan.env[dialog['res_model']].with_context(**dialog['context']).create({})
        pause.action_done()
        rows = Plan.search(action['domain'])
        self.assertEqual(set(rows.mapped('when')), {'4'})
        paused = rows.filtered('is_paused')
        self.assertEqual(paused.move_id, tomorrow)
        paused.action_resume()
        rows = Plan.search(action['domain'])
        self.assertEqual({row.move_id: row.when for row in rows}, {tomorrow: '2', held: '4'})

    def test_effect_tells_who_paid_within_a_week_of_which_rule(self):
        paid, open_one = self.make_due(), self.make_due(partner=self.client_partner.copy())
        self.run_cron()
        with freeze_time(NOW + timedelta(days=3)):
            self.pay_by_hand(paid)
        effect = self.env['practice.reminder.effect'].search(
            [('move_id', 'in', (paid | open_one).ids)], order='id'
        )
        self.assertEqual(effect.rule_id, self.rule)
        self.assertEqual(effect.mapped('days_after_reminder'), [3, 0])
        self.assertEqual(effect.mapped('days_to_pay'), [10, 0])
        self.assertEqual(effect[0].paid_within_week, 100)
        never, by_hand = (
            self.make_due(days_ago=1, partner=self.client_partner.copy()) for _client in range(2)
        )
        (never | by_hand).mapped(lambda move: move._billing_payment_link())
        values = {'company_id': self.company.id, 'state': 'sent', 'user_id': self.env.uid}
        by_hand.billing_reminder_ids.create({**values, 'move_id': by_hand.id, 'day': NOW})
        rows = effect.search([('move_id', 'in', (paid | never | by_hand).ids)])
        self.assertEqual(
            {row.move_id: row.kind for row in rows},
            {paid: 'rule', never: 'none', by_hand: 'hand'},
        )
        self.pay_by_hand(never)
        [(of_the_rule,), (of_all,)] = (
            self.env['practice.reminder.effect']._read_group(
                [('move_id', 'in', (paid | never).ids), *domain], [], ['paid_within_week:avg']
            )[0]
            for domain in ([('rule_id', '=', self.rule.id)], [])
        )
        self.assertEqual((of_the_rule, of_all), (100, 100))
