from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common import CLINICAL_CODE, CLINICAL_NAME, BillingCommon


@tagged('post_install', '-at_install')
class TestPaymentLinkSend(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connect_provider()
        cls.move = cls.make_invoice()

    def dialog(self, **values):
        action = self.move.with_user(self.front_desk).action_billing_send_link()
        dialogs = self.env[action['res_model']].with_user(self.front_desk)
        return dialogs.with_context(**action['context']).create(values)

    def test_front_desk_sends_the_link_with_the_invoice(self):
        self.dialog().action_send()
        mail = self.mails_to('dana@example.com')
        self.assertEqual(len(mail), 1)
        self.assertIn(self.move._billing_payment_link().url, mail.body_html)
        self.assertIn(self.move.name, mail.subject)
        self.assertEqual(mail.attachment_ids.mapped('mimetype'), ['application/pdf'])
        self.assertTrue(self.move._billing_payment_link().sent_at)

    def test_mail_names_nothing_clinical(self):
        self.dialog().action_send()
        mail = self.mails_to('dana@example.com')
        for word in (CLINICAL_NAME, CLINICAL_CODE, "herapy"):
            self.assertNotIn(word, f"{mail.subject} {mail.body_html} {mail.attachment_ids.name}")

    def test_what_is_typed_into_a_mail_never_runs(self):
        code = "{{ 7 * 6 }} <t t-out='7 * 6'>x</t><script>alert(7)</script><b onclick='y()'>B</b>"
        self.dialog(subject="{{ 7 * 6 }} here", message=code).action_send()
        mail = self.mails_to('dana@example.com')
        self.assertEqual(mail.subject, "{{ 7 * 6 }} here")
        self.assertIn("{{ 7 * 6 }}", mail.body_html)
        for told in ("42", "<script", "onclick"):
            self.assertNotIn(told, mail.body_html)

    def test_mail_that_tells_of_the_session_is_warned_of_once(self):
        dialog = self.dialog()
        self.assertFalse(dialog.clinical)
        dialog.message = f"<p>For {CLINICAL_NAME.upper()}, <b>{CLINICAL_CODE}</b></p>"
        self.assertEqual(dialog.clinical, f"{CLINICAL_CODE}, {CLINICAL_NAME}")
        self.assertEqual(dialog.action_send()['res_id'], dialog.id)
        self.assertFalse(self.mails_to('dana@example.com'))
        dialog.with_context(billing_sends_anyway=True).action_send()
        self.assertEqual(len(self.mails_to('dana@example.com')), 1)

    def test_dialog_that_is_sent_twice_sends_once(self):
        dialog = self.dialog()
        dialog.action_send()
        dialog.action_send()
        self.assertEqual(len(self.mails_to('dana@example.com')), 1)

    def test_sending_again_attaches_the_document_that_was_kept(self):
        self.dialog().action_send()
        self.dialog().action_send()
        first, second = self.mails_to('dana@example.com')
        self.assertEqual(first.attachment_ids.checksum, self.move.invoice_pdf_report_id.checksum)
        self.assertEqual(first.attachment_ids, second.attachment_ids)

    def test_send_is_logged_on_the_invoice(self):
        self.dialog().action_send()
        message = self.move.message_ids.filtered('outgoing_email_to')
        self.assertEqual(message.outgoing_email_to, 'dana@example.com')
        self.assertEqual(message.author_id, self.front_desk.partner_id)

    def test_corrected_address_is_kept_when_asked(self):
        self.dialog(email='dana@example.net').action_send()
        self.assertEqual(self.client_partner.email, 'dana@example.com')
        self.dialog(email='Dana <dana@example.org>', keep_email=True).action_send()
        self.assertEqual(self.client_partner.email, 'dana@example.org')
        self.assertEqual(len(self.mails_to('dana@example.net')), 1)

    def bill_as_practitioner(self, partner):
        """Return the dialog in which the practitioner sends a link to a contact of own choice."""
        event = self.make_session()
        event.with_user(self.practitioner).billing_client_ids = partner
        item = self.env['practice.billing.item']._make_for_events(event)
        move = item.with_user(self.practitioner)._invoice()
        self.assertEqual(move.sudo().partner_id, partner)
        action = move.with_user(self.practitioner).action_billing_send_link()
        dialogs = self.env[action['res_model']].with_user(self.practitioner)
        return dialogs.with_context(**action['context']).create(
            {'email': 'attacker@example.org', 'keep_email': True}
        )

    def test_no_dialog_changes_where_a_login_or_the_practice_is_reached(self):
        """Whoever changed a manager's address had a new password mailed to the new one."""
        gone = new_test_user(self.env, 'gone@example.com', groups='base.group_user')
        gone.active = False
        portal = new_test_user(self.env, 'portal@example.com', groups='base.group_portal')
        for partner in (
            self.front_desk.partner_id,
            gone.partner_id,
            self.company.partner_id,
            portal.partner_id,
        ):
            with self.subTest(partner.name):
                partner.email = partner.email or 'practice@example.com'
                before = partner.email
                dialog = self.bill_as_practitioner(partner)
                self.assertFalse(dialog.can_keep_email)
                with self.assertRaisesRegex(UserError, "belongs to a login or to the practice"):
                    dialog.action_send()
                self.assertEqual(partner.email, before)
                self.assertFalse(self.mails_to('attacker@example.org'))

    def test_address_of_a_clients_login_is_kept_by_who_may_edit_the_contact(self):
        portal = new_test_user(self.env, 'portal@example.com', groups='base.group_portal')
        event = self.make_session()
        event.billing_client_ids = portal.partner_id
        self.move = self.env['practice.billing.item']._make_for_events(event)._invoice()
        self.dialog(email='new@example.org', keep_email=True).action_send()
        self.assertEqual(portal.partner_id.email, 'new@example.org')

    def test_kept_address_is_noted_in_the_audit_log(self):
        dialog = self.bill_as_practitioner(self.client_partner)
        self.assertTrue(dialog.can_keep_email)
        dialog.action_send()
        self.assertEqual(self.client_partner.email, 'attacker@example.org')
        row = self.env['practice.audit.log'].search([('act', '=', 'email')])
        self.assertEqual(row.user_id, self.practitioner)
        self.assertEqual(row.res_id, self.client_partner.id)

    def test_wrong_address_is_refused_with_words(self):
        for email in ("dana", "dana@", "a@example.com, b@example.com", " "):
            with self.subTest(email), self.assertRaisesRegex(UserError, "not an e-mail address"):
                self.dialog(email=email).action_send()
        self.assertFalse(self.mails_to('dana'))

    def test_mail_without_document_when_not_wanted(self):
        self.dialog(attach_invoice=False).action_send()
        self.assertFalse(self.mails_to('dana@example.com').attachment_ids)

    def test_paid_or_draft_invoice_has_no_link_to_send(self):
        self.pay_by_hand(self.move)
        with self.assertRaisesRegex(UserError, "Nothing is due"):
            self.move.with_user(self.front_desk).action_billing_send_link()
        draft = self.move.copy()
        with self.assertRaisesRegex(UserError, "issued"):
            draft.with_user(self.front_desk).action_billing_send_link()

    def test_invoice_paid_while_the_dialog_was_open_is_not_sent(self):
        dialog = self.dialog()
        self.pay_by_hand(self.move)
        with self.assertRaisesRegex(UserError, "Nothing is due"):
            dialog.action_send()
        self.assertFalse(self.mails_to('dana@example.com'))

    def test_other_users_send_nothing(self):
        user = new_test_user(self.env, 'user@example.com', groups='base.group_user')
        with self.assertRaises(AccessError):
            self.move.with_user(user).action_billing_send_link()

    def test_link_for_everything_due_is_sent_once_and_logged_on_each_invoice(self):
        other = self.make_invoice(price=80.0)
        action = self.client_partner.with_user(self.front_desk).action_billing_send_link()
        dialogs = self.env[action['res_model']].with_user(self.front_desk)
        dialog = dialogs.with_context(**action['context']).create({})
        dialog.action_send()
        dialog.action_send()
        mail = self.mails_to('dana@example.com')
        self.assertEqual(len(mail), 1)
        self.assertIn(dialog.url, mail.body_html)
        for move in self.move | other:
            self.assertIn(move.name, mail.body_html)
            self.assertTrue(move.is_move_sent)
        self.assertEqual(self.move.message_ids[0].outgoing_email_to, 'dana@example.com')
        self.assertIn('dana@example.com', other.message_ids[0].body)
        for word in (CLINICAL_NAME, CLINICAL_CODE, "herapy"):
            self.assertNotIn(word, f"{mail.subject} {mail.body_html}")

    def test_each_currency_has_a_link_of_its_own_and_the_dialog_says_so(self):
        euro = self.env.ref('base.EUR')
        euro.active = True
        foreign = self.move.copy({'currency_id': euro.id})
        foreign.invoice_line_ids.price_unit = 80.0
        foreign.action_post()
        action = self.client_partner.with_user(self.front_desk).action_billing_send_link()
        dialogs = self.env[action['res_model']].with_user(self.front_desk)
        dialog = dialogs.with_context(**action['context']).create({})
        self.assertIn("120.00", dialog.due)
        self.assertIn("80.00", dialog.other_due)
        self.assertNotIn(foreign.name, dialog.message)
        action = dialog.action_other_currency()
        other = dialogs.with_context(**action['context']).create({})
        self.assertIn("80.00", other.due)
        self.assertIn("120.00", other.other_due)
        self.assertIn(foreign.name, other.message)
        self.assertNotIn(self.move.name, other.message)
        self.assertNotEqual(dialog.url, other.url)
        one = dialogs.create({'move_id': self.move.id})
        self.assertFalse(one.other_due)

    def test_nobody_sends_the_link_of_invoices_that_they_may_not_see(self):
        other = new_test_user(
            self.env, 'other@example.com', groups='carepatron_billing.group_practitioner'
        )
        link = self.move._billing_payment_link()
        with self.assertRaises(AccessError):
            self.env['practice.payment.link.send'].with_user(other).create({'link_id': link.id})

    def test_preview_is_the_mail_as_it_is_sent(self):
        dialog = self.dialog(show_preview=True)
        preview = str(dialog.preview)
        dialog.action_send()
        self.assertEqual(preview, self.mails_to('dana@example.com').body_html)

    def test_several_addresses_get_it_and_a_wrong_one_stops_all(self):
        with self.assertRaisesRegex(UserError, "“nobody” is not an e-mail address"):
            self.dialog(other_emails="a@example.com, nobody").action_send()
        self.dialog(other_emails="a@example.com; B@example.com,dana@example.com").action_send()
        mail = self.mails_to('dana@example.com')
        self.assertEqual(
            mail.email_to.split(','), ['dana@example.com', 'a@example.com', 'b@example.com']
        )

    def test_test_goes_to_the_user_alone_and_leaves_no_trace(self):
        self.dialog().action_send_test()
        mail = self.mails_to(self.front_desk.email)
        self.assertTrue(mail.subject.startswith("Test:"))
        self.assertEqual(len(mail.attachment_ids), 1)
        self.assertFalse(self.mails_to('dana@example.com'))
        self.assertFalse(self.move.is_move_sent)
        self.assertFalse(self.move.billing_link_ids.sent_at)

    def test_selection_is_sent_and_who_gets_nothing_is_named(self):
        nobody = self.make_invoice_of_another()
        nobody.partner_id.write({'name': "No Address", 'email': False})
        paid = self.make_invoice()
        self.pay_by_hand(paid)
        moves = (self.move | nobody | paid).with_user(self.front_desk)
        action = moves.action_billing_send_links()
        wizard = self.env[action['res_model']].with_user(self.front_desk).browse(action['res_id'])
        self.assertEqual(wizard.ready_ids._origin, self.move)
        self.assertEqual(wizard.without_email_ids.name, "No Address")
        self.assertIn(paid.name, wizard.unpayable)
        wizard.action_send()
        wizard.action_send()
        self.assertEqual(len(self.mails_to('dana@example.com')), 1)
