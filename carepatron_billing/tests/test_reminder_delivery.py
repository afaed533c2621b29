from email.message import EmailMessage

from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.modules.neutralize import neutralize_database
from odoo.tests import tagged

from ..models.reminders.sms_length import sms_count
from .common import CLINICAL_NAME
from .reminders_common import RemindersCommon


@tagged('post_install', '-at_install')
class TestReminderDelivery(RemindersCommon):
    def test_address_that_mails_come_back_from_stops_until_it_is_corrected(self):
        move = self.make_due()
        self.run_cron()
        move._message_receive_bounce('dana@example.com', self.client_partner)
        self.assertEqual(move.billing_reminder_ids.state, 'bounced')
        self.assertTrue(move.activity_ids)
        self.run_cron(days=1)
        self.assertEqual(len(move.billing_reminder_ids), 1)
        self.client_partner.email = 'dana.whitfield@example.com'
        self.run_cron(days=1)
        self.assertEqual(self.sent(move).mail_id.email, 'dana.whitfield@example.com')

    def test_mail_that_comes_back_by_the_gateway_stops_reminders_and_tells_the_desk(self):
        self.company.alias_domain_id = self.env['mail.alias.domain'].create(
            {'name': 'practice.example', 'bounce_alias': 'returned'}
        )
        moves = self.make_due() | self.make_due(amount=80.0)
        self.run_cron()
        mail = self.sent().mail_id
        original = EmailMessage()
        original['Message-Id'] = mail.message_ref
        original.set_content("A reminder.")
        # As RFC 3464 has it.
        report = (
            "From: MAILER-DAEMON@mx.example\nTo: returned@practice.example\n"
            "Subject: Undelivered Mail Returned to Sender\nMessage-Id: <back@mx.example>\n"
            "MIME-Version: 1.0\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="part"\n\n'
            "--part\nContent-Type: text/plain\n\nThe address does not exist.\n"
            "--part\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"
            "Final-Recipient: rfc822; dana@example.com\nAction: failed\nStatus: 5.1.1\n\n"
            f"--part\nContent-Type: message/rfc822\n\n{original.as_string()}\n--part--\n"
        )
        self.env['mail.thread'].message_process('account.move', report)
        self.assertEqual(mail.state, 'bounced')
        self.assertEqual(set(moves.billing_reminder_ids.mapped('state')), {'bounced'})
        self.assertIn("check the e-mail address", moves.activity_ids.summary)
        for day in (1, 14, 15):
            self.run_cron(days=day)
        self.assertFalse(self.sent())
        self.assertIn("come back", moves[0].billing_reminder_hold)

    def test_text_message_goes_once_beside_the_mail_where_odoo_has_them(self):
        if 'sms.sms' not in self.env:
            self.skipTest("Odoo's sms is not installed")
        self.rule.also_sms = True
        self.client_partner.phone = '+1 415 555 2671'
        silent = self.make_due(partner=self.client_partner.copy({'phone': False}))
        one = self.make_due()
        self.run_cron()
        self.run_cron(hours=1)
        sms = self.env['sms.sms'].search([])
        self.assertEqual(self.sent().move_id, one | silent)
        self.assertEqual((sms.partner_id, sms.state), (self.client_partner, 'outgoing'))
        self.assertIn(one._billing_payment_link().url, sms.body)
        self.assertIn("$ 120.00", sms.body)
        self.assertNotIn(CLINICAL_NAME, sms.body)
        self.assertIn(sms.mail_message_id, one.message_ids)
        self.assertFalse(self.mails_to('dana@example.com'))
        self.make_due(amount=80.0)
        self.make_due(amount=90.0)
        self.run_cron(days=1)
        everything = self.env['practice.payment.link']._for_payer(
            self.client_partner, self.company, one.currency_id
        )
        self.assertIn(f"2 invoices are waiting to be paid. See and pay: {everything.url}",
                      (self.env['sms.sms'].search([]) - sms).body)  # fmt: skip

    def test_words_of_a_text_message_are_the_practices_own_and_always_lead_to_paying(self):
        move = self.make_due()
        self.run_cron()
        reminder = move.billing_reminder_ids
        reminder.rule_id.sms_words = "{practice} asks for {amount}. {url}"
        self.assertEqual(
            reminder.mail_id._sms_words(reminder),
            f"{self.company.name} asks for $ 120.00. {move._billing_payment_link().url}",
        )
        for words in ("{url} {company.secret}", "Please pay {amount}"):
            with self.assertRaises(ValidationError):
                reminder.rule_id.sms_words = words
        self.assertIn("1 message", reminder.rule_id.sms_measure)
        self.assertEqual(sms_count("a" * 161), (161, 2))
        self.assertEqual(sms_count("[" * 80), (160, 1))
        self.assertEqual(sms_count("ć" * 71), (71, 2))

    def test_mail_that_was_cut_off_is_uncertain_and_never_sent_again(self):
        move = self.make_due()
        mails, _left = self.Mail.with_company(self.company)._write_letters(self.company, set())
        self.assertTrue(mails._mark_sending())
        self.run_cron(hours=1)
        self.run_cron(days=1)
        self.assertEqual(move.billing_reminder_ids.state, 'uncertain')
        [told] = [one for one in move.billing_timeline if one['kind'] == 'reminded']
        self.assertTrue(told['is_problem'])
        self.assertTrue(move.activity_ids)
        mails.with_user(self.front_desk).action_it_did_not_arrive()
        self.run_cron(days=1)
        self.assertEqual(self.sent(move).number, 0)

    def test_neutralised_copy_reminds_nobody(self):
        move = self.make_due()
        mails, _left = self.Mail.with_company(self.company)._write_letters(self.company, set())
        self.env.flush_all()
        neutralize_database(self.env.cr)
        self.env.invalidate_all()
        self.assertEqual(mails.state, 'failed')
        self.run_cron(days=1)
        self.assertFalse(self.sent(move))

    def test_words_that_cannot_be_written_are_named_and_the_rest_goes_on(self):
        broken = self.rule.template_id.copy(
            {'subject': "{{ object.partner_id.ref == 'Broken' and object.nothing_of_that_name }}"}
        )
        tag = self.env['res.partner.category'].create({'name': "Broken"})
        # Odoo tries the words with any invoice that there is.
        other = self.client_partner.copy({'category_id': [Command.set(tag.ids)], 'ref': 'Broken'})
        self.make_rule(days=8, template_id=broken.id, audience='tag', tag_id=tag.id)
        bad, good = self.make_due(days_ago=8, partner=other), self.make_due()
        self.run_cron()
        self.assertEqual(self.sent().move_id, good)
        self.assertEqual(bad.billing_reminder_ids.state, 'failed')
        self.assertTrue(bad.billing_reminder_ids.reason)

    def test_preview_shows_the_mail_with_a_real_invoice_and_sends_nothing(self):
        move = self.make_due()
        action = self.rule.action_preview()
        preview = self.env[action['res_model']].browse(action['res_id'])
        preview.move_id = move
        self.assertIn(move.name, preview.body)
        self.assertFalse(self.env['practice.reminder'].search([('move_id', '=', move.id)]))

    def test_client_reads_the_reminder_in_their_language(self):
        self.env['res.lang']._activate_lang('es_ES')
        self.env['ir.module.module']._load_module_terms(['carepatron_billing'], ['es_ES'])
        self.client_partner.lang = 'es_ES'
        self.make_due()
        self.run_cron()
        mail = self.sent().mail_id
        self.assertIn("Ver y pagar", mail.body)
        self.assertIn("recordatorio", mail.subject)
