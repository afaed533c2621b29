import base64
import io

from PIL import Image

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged

from ..tools.colors import READABLE, WHITE, contrast
from ..tools.themes import THEMES, palette
from .common import CLINICAL_CODE, BillingCommon
from .documents_common import text_of


def picture(image_format='PNG', size=(60, 40), mode='RGB'):
    output = io.BytesIO()
    Image.new(mode, size, 'teal' if mode == 'RGB' else None).save(output, image_format)
    return base64.b64encode(output.getvalue())


@tagged('post_install', '-at_install')
class TestInvoiceTemplate(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template = cls.company.billing_template_id
        cls.manager = cls.env['res.users'].create(
            {
                'name': "Manager",
                'login': 'template_manager',
                'group_ids': [Command.link(cls.env.ref('carepatron_billing.group_manager').id)],
            }
        )

    def make_template(self, **vals):
        return self.template.create({'name': "Another", 'company_id': self.company.id, **vals})

    # === THE DEFAULT === #

    def test_each_practice_has_a_default(self):
        self.assertTrue(self.template)
        self.assertTrue(self.template.is_default)
        company = self.env['res.company'].create({'name': "New practice"})
        self.assertEqual(company.billing_template_id.company_id, company)

    def test_default_is_neither_deleted_nor_archived(self):
        with self.assertRaisesRegex(UserError, "default"):
            self.template.unlink()
        with self.assertRaisesRegex(UserError, "default"):
            self.template.action_archive()

    def test_another_can_become_the_default(self):
        template = self.make_template().with_user(self.manager)
        template.action_set_default()
        self.assertTrue(template.is_default)
        self.assertFalse(self.template.is_default)
        self.template.action_archive()

    def test_branch_chooses_among_its_parents_templates(self):
        branch = self.env['res.company'].create({'name': "Branch", 'parent_id': self.company.id})
        self.manager.company_ids += branch
        other = self.make_template()
        in_branch = other.with_user(self.manager).with_company(branch)
        self.assertTrue(self.template.with_company(branch).is_default, "its parent's")
        in_branch.action_set_default()
        in_branch.invalidate_recordset()
        self.assertTrue(in_branch.is_default)
        self.assertEqual(branch._billing_default_template(), other)
        self.assertEqual(self.company.billing_template_id, self.template)
        self.assertFalse(other.with_company(self.company).is_default)
        with self.assertRaisesRegex(UserError, "default of Branch"):
            other.action_archive()

    def test_duplicate_is_told_from_its_original(self):
        copy = self.template.copy()
        self.assertNotEqual(copy.name, self.template.name)
        self.assertFalse(copy.is_default)

    # === WHO MAY === #

    def test_managers_write_and_the_others_read(self):
        self.template.with_user(self.manager).name = "Ours"
        for user in (self.front_desk, self.practitioner):
            self.assertEqual(self.template.with_user(user).name, "Ours")
            with self.assertRaises(AccessError):
                self.template.with_user(user).name = "Mine"
            with self.assertRaises(AccessError):
                self.template.with_user(user).action_use_for_drafts()

    def test_templates_of_other_practices_are_hidden(self):
        other = self.env['res.company'].create({'name': "Other"}).billing_template_id
        with self.assertRaises(AccessError):
            other.with_user(self.manager).read(['name'])

    def test_those_outside_the_practice_still_duplicate_contacts(self):
        self.client_partner.billing_reference = "POL 5"
        outsider = new_test_user(
            self.env, 'contacts@example.com', groups='base.group_user,base.group_partner_manager'
        )
        self.assertTrue(self.client_partner.with_user(outsider).copy())

    # === COLOURS === #

    def test_texts_can_be_read_on_every_theme(self):
        for name, colors in (*THEMES.items(), ('pale', ('#ffe680', '#f5f5f5'))):
            with self.subTest(theme=name):
                found = palette(*colors)
                self.assertGreaterEqual(contrast(found['on-main'], found['main']), READABLE)
                for text in ('main-text', 'accent-text'):
                    for ground in (WHITE, found['tint']):
                        self.assertGreaterEqual(contrast(found[text], ground), READABLE)

    def test_pale_own_colours_are_warned_of(self):
        with Form(self.template.with_user(self.manager)) as form:
            self.assertFalse(form.contrast_warning)
            form.theme = 'own'
            self.assertEqual(form.main_color, THEMES['harbour'][0])
            form.main_color = '#ffe680'
            self.assertIn('#ffe680', form.contrast_warning)
            form.main_color = '#203040'
            self.assertFalse(form.contrast_warning)

    def test_what_is_no_colour_is_refused(self):
        with self.assertRaisesRegex(ValidationError, '#rrggbb'):
            self.template.write({'theme': 'own', 'main_color': 'red;} body{display:none'})

    # === LOGO === #

    def test_logos_of_every_kind_are_shown(self):
        svg = base64.b64encode(
            b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 3"><path d="M0 0h9v3z"/></svg>'
        )
        logos = [picture(kind) for kind in ('PNG', 'JPEG', 'WEBP')]
        for logo in (*logos, svg):
            template = self.make_template(logo_choice='own').with_user(self.manager)
            template.logo = logo
            self.assertIn('class="logo"', template._render_preview_html())

    def test_large_logo_is_made_small_once(self):
        template = self.make_template(logo_choice='own', logo=picture(size=(4000, 1000)))
        kept = Image.open(io.BytesIO(base64.b64decode(template.logo)))
        self.assertEqual(kept.size, (900, 225))

    def test_broken_and_busy_logos_are_refused_in_words(self):
        for content, words in (
            (picture()[:80], "cannot be read"),
            (picture('JPEG')[:400], "cannot be read"),
            (base64.b64encode(b'%PDF-1.4 not a picture'), "cannot be read"),
            (picture('PNG', (9000, 9000)), "too large"),
            (
                base64.b64encode(
                    b'<svg xmlns="http://www.w3.org/2000/svg"><image href="http://x/y"/></svg>'
                ),
                "plain SVG",
            ),
            (
                base64.b64encode(
                    b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
                ),
                "plain SVG",
            ),
        ):
            for record in (self.template, self.company):
                with (
                    self.subTest(words=words, record=record),
                    self.assertRaisesRegex(UserError, words),
                ):
                    record.with_user(self.manager).write({'logo': content})

    # === TEXTS === #

    def test_placeholders_say_what_the_invoice_says(self):
        self.template.introduction = "{client}: {amount_due} by {due_date} for {number}. {practice}"
        move = self.make_invoice(120)
        text = text_of(self.template._render_preview_pdf(move))
        self.assertIn("Dana Whitfield: $ 120.00 by ", text)
        self.assertIn(f"for {move.name}. {self.company.name}", text)

    def test_texts_are_text_and_never_run(self):
        code = "[<t t-out='7 * 6'/> <%= 7 * 6 %> <script>alert(7)</script> %(x)s]"
        self.template.write(dict.fromkeys(('introduction', 'terms', 'footer', 'title'), code))
        page = self.template._render_preview_html(self.make_invoice(120), with_stylesheet=False)
        self.assertIn("[&lt;t t-out=", page)
        self.assertNotIn("<script", page)
        self.assertNotIn("[42", page)
        with self.assertRaisesRegex(ValidationError, "7"):
            self.template.introduction = "{{ 7 * 6 }}"

    def test_unknown_placeholder_is_refused_by_its_name(self):
        with self.assertRaisesRegex(ValidationError, "{diagnosis}"):
            self.template.terms = "About {diagnosis}"
        self.env['res.lang']._activate_lang('fr_FR')
        self.template.terms = "By {due_date}"
        with self.assertRaisesRegex(ValidationError, "{date_due}"):
            self.template.update_field_translations('terms', {'fr_FR': "Avant {date_due}"})

    def test_what_a_client_is_called_is_no_markup(self):
        self.template.introduction = "Dear {client}"
        self.client_partner.name = "<b>{number}</b>"
        html = self.template._render_preview_html(self.make_invoice(120))
        self.assertIn("Dear &lt;b&gt;{number}&lt;/b&gt;", html)

    def test_texts_are_in_the_clients_language(self):
        self.env['res.lang']._activate_lang('fr_FR')
        self.template.terms = "Thank you"
        self.template.update_field_translations('terms', {'fr_FR': "Merci"})
        self.client_partner.lang = 'fr_FR'
        self.assertIn("Merci", self.template._render_preview_html(self.make_invoice(120)))

    def test_own_title_is_for_invoices_only(self):
        self.template.title = "Statement of fees"
        move = self.make_invoice(120)
        self.assertIn("<h1>Statement of fees", self.template._render_preview_html(move))
        credit = move._reverse_moves()
        credit.action_post()
        self.assertIn("<h1>Credit Note", self.template._render_preview_html(credit))

    # === WHAT SHOWS === #

    def test_each_switch_takes_its_part_away(self):
        session = self.make_session()
        item = self.env['practice.billing.item']._make_for_events(session)
        self.practitioner.partner_id.billing_registration_number = "REG 77"
        self.client_partner.write({'street': "8 Orchard Road", 'billing_reference': "POL 5"})
        self.company.partner_id.bank_ids = [
            Command.create({'acc_number': "1234567890", 'allow_out_payment': True})
        ]
        self.connect_provider()
        self.service.list_price = 120
        self.service.taxes_id = self.env['account.tax'].create(
            {'name': "Tax 7", 'amount': 7, 'invoice_label': "TX7"}
        )
        item = self.env['practice.billing.item']._make_for_events(self.make_session())
        move = item._invoice()
        move.button_draft()
        move.invoice_line_ids.discount = 12.5
        move.action_post()
        for switch, words in (
            ('show_code', CLINICAL_CODE),
            ('show_practitioner', "REG 77"),
            ('show_session_time', "\N{EN DASH}"),
            ('show_quantity', "Quantity"),
            ('show_discount', "12.5%"),
            ('show_taxes', "TX7"),
            ('show_client_address', "8 Orchard Road"),
            ('show_client_reference', "POL 5"),
            ('show_qr_code', "Pay online"),
            ('show_bank', "1234567890"),
            ('show_page_numbers', "page-number"),
        ):
            with self.subTest(switch=switch):
                self.template[switch] = True
                self.assertIn(words, self.page_of(move))
                self.template[switch] = False
                self.assertNotIn(words, self.page_of(move))
                self.template[switch] = True

    def page_of(self, move):
        return self.template._render_preview_html(move, with_stylesheet=False)

    def test_client_is_named_beside_a_payer(self):
        parent = self.env['res.partner'].create({'name': "Robin Whitfield"})
        item = self.env['practice.billing.item']._make_for_events(self.make_session())
        item.payer_id = parent
        move = item._invoice()
        page = self.page_of(move)
        self.assertIn("<strong>Robin Whitfield</strong>", page)
        self.assertIn("<strong>Dana Whitfield</strong>", page)
        self.template.show_payer = False
        self.assertNotIn("<strong>Dana Whitfield</strong>", self.page_of(move))

    # === WHICH ONE === #

    def test_invoice_then_client_then_practitioner_then_practice(self):
        item = self.env['practice.billing.item']._make_for_events(self.make_session())
        move = item._invoice()
        self.assertEqual(move._billing_template(), self.template)
        practitioner, client, invoice = (self.make_template(name=name) for name in "ABC")
        as_manager = self.practitioner.partner_id.with_user(self.manager)
        as_manager.billing_practitioner_template_id = practitioner
        self.assertEqual(move._billing_template(), practitioner)
        self.client_partner.with_user(self.manager).billing_template_id = client
        self.assertEqual(move._billing_template(), client)
        move.billing_template_id = invoice
        self.assertEqual(move._billing_template(), invoice)
        invoice.action_archive()
        self.assertEqual(move._billing_template(), client)

    def test_use_for_all_drafts_leaves_issued_ones(self):
        issued = self.make_invoice(120)
        draft = issued.copy()
        template = self.make_template()
        template.with_user(self.manager).action_use_for_drafts()
        self.assertEqual(draft.billing_template_id, template)
        self.assertFalse(issued.billing_template_id)

    # === PREVIEW === #

    def test_preview_of_what_is_not_saved(self):
        template = self.template.with_user(self.manager)
        unsaved = template.new({'layout': 'modern', 'title': "Bill"}, origin=template)
        page = unsaved._render_preview_html()
        self.assertIn('class="article modern"', page)
        self.assertIn("<h1>Bill", page)
        self.assertTrue(unsaved._render_preview_pdf(self.make_invoice(120)).startswith(b'%PDF'))

    def test_preview_leaves_nothing_behind(self):
        before = self.env['account.move'].search_count([])
        self.template.with_user(self.manager)._render_preview_pdf()
        self.env.flush_all()
        self.assertEqual(self.env['account.move'].search_count([]), before)

    def test_preview_makes_no_payment_link(self):
        self.connect_provider()
        move = self.make_invoice(120)
        move.billing_link_ids.unlink()
        preview = self.template.with_user(self.manager)._render_preview_html
        self.assertIn("/billing/pay/sample", preview(move))
        self.assertFalse(move.billing_link_ids)
        link = move._billing_payment_link()
        self.assertIn(link.url, preview(move))

    def test_preview_needs_the_right_to_read_the_invoice(self):
        move = self.make_invoice_of_another()
        move.invoice_user_id = False
        with self.assertRaises(AccessError):
            self.template.with_user(self.practitioner)._render_preview_html(move)
