from datetime import datetime, timedelta

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import Form, HttpCase, new_test_user, tagged

from ..models.reminders.practice_reminder_rule_letter import Entry, Letter
from ..tools.privacy import CHANNELS
from .common import CLINICAL_CODE, CLINICAL_NAME, BillingCommon

REPORT = 'carepatron_billing.report_account_move'


@tagged('post_install', '-at_install')
class TestPrivacy(BillingCommon, HttpCase):
    """What really leaves by each way, at each level."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connect_provider()
        cls.move = cls.make_invoice()
        cls.manager = new_test_user(
            cls.env, 'manager@example.com', groups='carepatron_billing.group_manager'
        )

    def mail(self):
        before = self.mails_to('dana@example.com')
        dialogs = self.env['practice.payment.link.send'].with_user(self.front_desk)
        dialogs.create({'move_id': self.move.id, 'attach_invoice': False})._send()
        return self.mails_to('dana@example.com') - before

    def reminder(self):
        entry = Entry(self.move.id, self.move.invoice_date_due, None, 120.0, 120.0)
        [mail] = self.env['practice.reminder.rule']._compose(
            self.company, [Letter(self.client_partner.id, (entry,))]
        )
        return mail

    def read_subject(self):
        return f"{self.mail().subject} | {self.reminder()['subject']}"

    def read_mail(self):
        return f"{self.mail().body_html} | {self.reminder()['body']}"

    def read_document(self):
        return self.env['ir.actions.report']._render_qweb_html(REPORT, self.move.ids)[0].decode()

    def read_page(self):
        return self.url_open('/billing/pay/' + self.move.billing_link_url.rpartition('/')[2]).text

    def read_portal(self):
        token = self.move._portal_ensure_token()
        url = f'/my/invoices/{self.move.id}?access_token={token}&report_type=html'
        return self.url_open(url).text

    def read_invitation(self):
        """Everything that the client gets of a new session: mail, its frame and file, the page."""
        start = datetime.now().replace(microsecond=0) + timedelta(days=3)
        event = self.env['calendar.event'].create(
            {
                'name': f"{CLINICAL_NAME} ({CLINICAL_CODE})",
                'start': start,
                'stop': start + timedelta(hours=1),
                'user_id': self.practitioner.id,
                'partner_ids': [
                    Command.set((self.client_partner | self.practitioner.partner_id).ids)
                ],
                'billing_service_id': self.service.id,
            }
        )
        attendee = event.attendee_ids.filtered(lambda one: one.partner_id == self.client_partner)
        mails = self.env['mail.mail'].sudo()
        mail = mails.search([('model', '=', 'calendar.event'), ('res_id', '=', event.id)]).filtered(
            lambda mail: self.client_partner in mail.recipient_ids
        )
        self.assertEqual(len(mail), 1)
        files = mail.attachment_ids.mapped('raw')
        self.assertTrue(files)
        page = self.url_open(
            f'/calendar/meeting/view?token={attendee.access_token}&id={event.id}'
        ).text
        file = files[0].decode().replace('\r\n ', '')
        return f"{mail.subject} {mail.reply_to} {mail.body_html} {file} {page}"

    def read_stripe(self):
        return str(self.make_transaction(self.move)._billing_session_params())

    def set_levels(self, level, company=None):
        (company or self.company).write(
            {f'billing_privacy_{channel}': level for channel in CHANNELS}
        )

    def check(self, level, text, channel):
        self.assertEqual(CLINICAL_NAME in text, level != 'minimum', channel)
        self.assertEqual(CLINICAL_CODE in text, level == 'full', channel)

    def test_each_way_tells_what_its_level_allows_and_no_more(self):
        for level in ('minimum', 'names', 'full'):
            self.set_levels(level)
            for channel in CHANNELS:
                with self.subTest(f"{channel}, {level}"):
                    self.check(level, getattr(self, f'read_{channel}')(), channel)
            self.check('minimum', self.move.billing_link_url, "addresses")
        self.check('minimum', self.read_stripe(), "Stripe at full")

    def test_nothing_but_the_document_tells_unless_a_manager_says_so(self):
        other = self.env['res.company'].create({'name': "Elsewhere"})
        self.set_levels('full', other)
        for channel, level in CHANNELS.items():
            with self.subTest(channel):
                self.check(level, getattr(self, f'read_{channel}')(), channel)

    def test_one_way_does_not_open_another(self):
        self.company.billing_privacy_mail = 'names'
        self.check('names', self.read_mail(), 'mail')
        for channel in ('subject', 'page', 'portal', 'invitation'):
            self.check('minimum', getattr(self, f'read_{channel}')(), channel)

    def test_example_shows_what_would_leave_before_it_is_saved(self):
        practice = self.company.with_user(self.manager)
        form = Form(practice, view='carepatron_billing.res_company_billing_view_form')
        self.assertIn(self.move.name, form.billing_privacy_source)
        for level in ('names', 'full', 'minimum'):
            for channel in CHANNELS:
                with self.subTest(f"{channel}, {level}"):
                    form[f'billing_privacy_{channel}'] = level
                    example = form[f'billing_privacy_{channel}_example']
                    if channel == 'invitation' and level == 'full':
                        # The title of the session that it is drawn from.
                        self.assertIn("Session", example)
                    else:
                        self.check(level, example, channel)
            self.check('minimum', form.billing_privacy_stripe_example, 'stripe')
        form.billing_privacy_subject = 'names'
        self.assertIn(CLINICAL_NAME, form.billing_privacy_subject_example)
        self.check('minimum', self.read_subject(), "not saved")
        example = form.billing_privacy_subject_example
        form.save()
        self.assertIn(self.mail().subject, example)

    def test_example_is_made_up_where_there_is_no_invoice(self):
        fresh = self.env['res.company'].create({'name': "Fresh Practice"})
        self.env['account.chart.template']._load('generic_coa', fresh, install_demo=False)
        owner = new_test_user(
            self.env,
            'owner@example.com',
            groups='carepatron_billing.group_manager',
            company_id=fresh.id,
            company_ids=[Command.set(fresh.ids)],
        )
        links = self.env['practice.payment.link'].search_count([])
        practice = fresh.with_user(owner)
        form = Form(practice, view='carepatron_billing.res_company_billing_view_form')
        self.assertIn("made-up", form.billing_privacy_source)
        for channel in ('subject', 'mail', 'document', 'page', 'portal'):
            form[f'billing_privacy_{channel}'] = 'names'
            self.assertIn("Initial assessment", form[f'billing_privacy_{channel}_example'], channel)
        self.assertEqual(self.env['practice.payment.link'].search_count([]), links)

    def test_desk_reads_and_a_manager_changes(self):
        desk = self.company.with_user(self.front_desk)
        self.assertEqual(desk.billing_privacy_mail, 'minimum')
        self.assertIn(self.move.name, desk.billing_privacy_mail_example)
        with self.assertRaises(AccessError):
            desk.billing_privacy_mail = 'full'
        # A client of the web or of RPC cannot raise a level by its context either.
        forged = self.move.with_context(billing_privacy_tried=[self.company.id, 'mail', 'full'])
        self.assertEqual(forged._billing_told('mail'), [])
        self.company.with_user(self.manager).billing_privacy_mail = 'full'
        self.assertIn(CLINICAL_NAME, self.read_mail())

    # === WARNINGS === #

    def test_warning_follows_the_level(self):
        told = self.move._billing_clinical_words
        mail = f"{CLINICAL_NAME}, {CLINICAL_CODE}, Z63.0, see https://a.example/F32.1"
        self.assertEqual(told("", mail), [CLINICAL_CODE, CLINICAL_NAME, "Z63.0"])
        self.company.billing_privacy_mail = 'names'
        self.assertEqual(told("", mail), [CLINICAL_CODE, "Z63.0"])
        self.assertEqual(told(CLINICAL_NAME, ""), [CLINICAL_NAME])
        self.company.billing_privacy_mail = 'full'
        self.assertEqual(told("", mail), [])

    def test_mails_in_a_batch_are_warned_of_once(self):
        template = self.env.ref('carepatron_billing.mail_template_payment_link')
        template.body_html = f"<p>For {CLINICAL_NAME}</p>"
        dialog = (
            self.env['practice.payment.link.send.all']
            .with_user(self.front_desk)
            .create({'move_ids': [Command.set(self.move.ids)], 'attach_invoice': False})
        )
        self.assertEqual(dialog.action_send()['res_id'], dialog.id)
        self.assertEqual(dialog.clinical, CLINICAL_NAME)
        self.assertFalse(self.mails_to('dana@example.com'))
        dialog.with_context(billing_sends_anyway=True).action_send()
        self.assertEqual(len(self.mails_to('dana@example.com')), 1)
        practice = self.company.with_user(self.manager)
        self.assertIn(template.name, practice.billing_privacy_warning)
        preview = (
            self.env['practice.billing.preview']
            .with_user(self.front_desk)
            .create({'item_ids': [Command.set(self.move.invoice_line_ids.billing_item_id.ids)]})
        )
        self.assertFalse(preview.clinical)
        preview.send_links = True
        self.assertEqual(preview.clinical, CLINICAL_NAME)

    def test_reminder_whose_words_tell_is_switched_on_after_a_warning(self):
        rule = self.company.billing_reminder_rule_ids[:1].with_user(self.manager)
        rule.template_id = rule.template_id.sudo().copy({'subject': f"Your {CLINICAL_NAME}"})
        dialog = rule.action_switch_on()
        self.assertEqual(dialog['res_model'], 'practice.reminder.start')
        self.assertFalse(rule.is_on)
        self.assertEqual(rule.clinical, CLINICAL_NAME)
        self.env[dialog['res_model']].with_user(self.manager).browse(
            dialog['res_id']
        ).action_start()
        self.assertTrue(rule.is_on)

    def test_odoos_own_send_is_warned_of_too(self):
        accountant = new_test_user(
            self.env, 'accountant@example.com', groups='account.group_account_invoice'
        )
        wizards = self.env['account.move.send.wizard'].with_user(accountant)
        wizard = wizards.create({'move_id': self.move.id})
        self.assertFalse(wizard.billing_clinical)
        wizard.body = f"<p>{CLINICAL_NAME}</p>"
        self.assertEqual(wizard.billing_clinical, CLINICAL_NAME)
        self.assertEqual(wizard.action_send_and_print()['res_id'], wizard.id)
        self.assertFalse(self.move.is_move_sent)

    def test_odoos_own_send_of_several_is_warned_of_too(self):
        accountant = new_test_user(
            self.env, 'accountant@example.com', groups='account.group_account_invoice'
        )
        wizards = self.env['account.move.send.batch.wizard'].with_user(accountant)
        moves = self.move + self.make_invoice()
        wizard = wizards.create({'move_ids': [Command.set(moves.ids)]})
        self.assertFalse(wizard.billing_clinical)
        template = self.env.ref('account.email_template_edi_invoice')
        template.body_html = f"<p>{CLINICAL_NAME}</p>"
        wizard = wizards.create({'move_ids': [Command.set(moves.ids)]})
        self.assertEqual(wizard.billing_clinical, CLINICAL_NAME)
        self.assertEqual(wizard.action_send_and_print()['res_id'], wizard.id)
        self.assertFalse(self.move.sending_data)
        wizard.with_context(billing_sends_anyway=True).action_send_and_print()
        self.assertTrue(self.move.sending_data)

    def test_mail_to_a_sessions_attendees_is_warned_of_too(self):
        event = self.make_session()

        def compose(user, words):
            action = event.with_user(user).action_open_composer()
            composers = self.env[action['res_model']].with_user(user)
            return composers.with_context(**action['context']).create({'body': words})

        self.assertFalse(
            compose(self.practitioner, "<p>We moved to the first floor</p>").billing_clinical
        )
        wizard = compose(self.practitioner, f"<p>Your {CLINICAL_NAME}, {CLINICAL_CODE}</p>")
        self.assertEqual(wizard.billing_clinical, f"{CLINICAL_CODE}, {CLINICAL_NAME}")
        before = event.message_ids
        self.assertEqual(wizard.action_send_mail()['res_id'], wizard.id)
        self.assertEqual(wizard.action_schedule_message()['res_id'], wizard.id)
        self.assertEqual(event.message_ids, before)
        wizard.with_context(billing_sends_anyway=True).action_send_mail()
        self.assertEqual(len(event.message_ids - before), 1)
        plain = new_test_user(self.env, 'plain@example.com', groups='base.group_user')
        self.assertFalse(compose(plain, f"<p>{CLINICAL_NAME}</p>").billing_clinical)
        self.company.billing_privacy_invitation = 'full'
        self.assertFalse(compose(self.practitioner, f"<p>{CLINICAL_NAME}</p>").billing_clinical)

    # === THE CALENDAR === #

    def test_colleagues_see_sessions_without_their_services(self):
        event = self.make_session()
        other = self.env['res.company'].create({'name': "Elsewhere"})
        elsewhere = {'company_id': other.id, 'company_ids': [Command.set(other.ids)]}
        manager = 'carepatron_billing.group_manager'
        practitioner = 'carepatron_billing.group_practitioner'
        strangers = (
            new_test_user(self.env, 'plain@example.com', groups='base.group_user'),
            new_test_user(self.env, 'colleague@example.com', groups=practitioner),
            new_test_user(self.env, 'elsewhere@example.com', groups=manager, **elsewhere),
        )
        domain = [('id', '=', event.id), ('billing_service_id', '=', self.service.id)]
        for user, knows in (
            *((user, False) for user in strangers),
            (self.practitioner, True),
            (self.front_desk, True),
        ):
            with self.subTest(user.login):
                self.env.invalidate_all()
                seen = event.with_user(user)
                values = seen.read(['name', 'billing_service_id'])[0]
                self.assertEqual(values['name'], "Session")
                self.assertEqual(bool(values['billing_service_id']), knows)
                self.assertEqual(bool(seen.search(domain)), knows)
                groups = seen._read_group([('id', '=', event.id)], ['billing_service_id'])
                self.assertEqual(bool(groups), knows)

    def test_clients_login_reads_no_more_of_a_session_than_its_invitation_tells(self):
        event = self.make_session()
        event.write({'name': CLINICAL_NAME, 'description': f"<p>{CLINICAL_CODE}</p>"})
        portal = new_test_user(
            self.env,
            'portal@example.com',
            groups='base.group_portal',
            partner_id=self.client_partner.id,
        )
        names = ['name', 'display_name', 'description', 'billing_service_id']
        for level, told in (('minimum', False), ('names', False), ('full', True)):
            self.company.billing_privacy_invitation = level
            self.env.flush_all()
            self.env.invalidate_all()
            seen = event.with_user(portal)
            self.assertEqual(CLINICAL_NAME in str(seen.read(names)), told, level)
            self.assertEqual(CLINICAL_CODE in str(seen.read(names)), told, level)
        found = seen.search([('id', '=', event.id), ('description', 'ilike', CLINICAL_CODE)])
        self.assertFalse(found)

    def test_colleague_who_moves_a_session_neither_loses_nor_tells_its_service(self):
        event = self.make_session()
        plain = new_test_user(self.env, 'plain@example.com', groups='base.group_user')
        self.env.invalidate_all()
        seen = event.with_user(plain)
        self.assertFalse(seen.billing_service_id)
        self.assertEqual(seen.copy_data()[0]['billing_service_id'], self.service.id)
        seen.start += timedelta(hours=1)
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(event.billing_service_id, self.service)
