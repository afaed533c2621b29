import base64
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from ..gateways import pdf_engine
from .common import BillingCommon
from .documents_common import text_of

SAMPLE = {'kind': 'invoice', 'lines': 4}


@tagged('post_install', '-at_install')
class TestInvoiceTemplateScreen(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls.env['res.users'].create(
            {
                'name': "Manager",
                'login': 'template_manager',
                'group_ids': [Command.link(cls.env.ref('carepatron_billing.group_manager').id)],
            }
        )
        cls.template = cls.company.billing_template_id.with_user(cls.manager)

    def preview(self, values, sample=None, template=None):
        # Each call of the web client is a transaction of its own.
        self.env.invalidate_all()
        return (self.template if template is None else template).get_preview(
            values, sample or SAMPLE
        )

    def text(self, values, sample=None, template=None):
        return text_of(base64.b64decode(self.preview(values, sample, template)['pdf']))

    # === PREVIEW === #

    def test_preview_shows_the_form_and_writes_nothing(self):
        self.assertIn("Fee note", self.text({'title': "Fee note", 'layout': 'modern'}))
        self.env.invalidate_all()
        self.assertFalse(self.template.title)
        self.assertEqual(self.template.layout, 'classic')

    def test_preview_of_a_template_that_was_never_saved(self):
        new = self.template.browse()
        self.assertIn("Alex Morgan", self.text({'layout': 'compact'}, template=new))

    def test_preview_takes_the_look_alone_from_the_form(self):
        other = self.env['res.company'].create({'name': "Other practice"})
        text = self.text({'company_id': other.id, 'title': "Fee note"})
        self.assertNotIn("Other practice", text)

    def test_what_is_wrong_with_the_form_is_said_in_words(self):
        broken = base64.b64encode(b'no picture').decode()
        for values, words in (
            ({'terms': "About {diagnosis}"}, "{diagnosis}"),
            ({'logo_choice': 'own', 'logo': broken}, "cannot be read"),
            ({'theme': 'own', 'main_color': "red"}, "#rrggbb"),
        ):
            with self.subTest(words=words):
                answer = self.preview(values)
                self.assertIn(words, answer['problem'])
                self.assertNotIn('pdf', answer)

    def test_samples_are_paid_credited_and_long(self):
        self.assertIn("Paid on", self.text({}, {'kind': 'paid', 'lines': 1}))
        self.assertIn("Credit Note", self.text({}, {'kind': 'credit', 'lines': 1}))
        self.assertIn("Page 2 of", self.text({}, {'kind': 'invoice', 'lines': 60}))

    def test_preview_shows_a_chosen_invoice_to_whoever_may_read_it(self):
        move = self.make_invoice_of_another()
        move.invoice_user_id = False
        self.assertIn(move.name, self.text({}, {'move_id': move.id}))
        template = self.template.with_user(self.practitioner)
        answer = self.preview({}, {'move_id': move.id}, template)
        self.assertEqual(list(answer), ['problem'])

    def test_preview_is_for_those_who_may_read_templates(self):
        nobody = new_test_user(self.env, 'nobody@example.com', groups='base.group_user')
        with self.assertRaises(AccessError):
            self.template.with_user(nobody).get_preview({}, SAMPLE)

    # === SCREENS === #

    def test_practice_shows_its_templates_and_opens_them(self):
        copy = self.template.copy()
        company = self.company.with_user(self.manager)
        company.invalidate_recordset()
        self.assertEqual(company.billing_template_ids, self.template | copy)
        self.assertEqual(copy.action_edit()['res_id'], copy.id)
        self.assertFalse(company.action_billing_new_template()['res_id'])

    def test_preview_says_what_keeps_documents_from_being_drawn(self):
        with patch.object(pdf_engine, 'find_problem', return_value='library'):
            self.assertIn("Pango", self.preview({})['problem'])

    def test_duplicate_opens_the_copy(self):
        action = self.template.action_duplicate()
        copy = self.template.browse(action['res_id'])
        self.assertIn("copy", copy.name)
        self.assertEqual(copy.layout, self.template.layout)

    def test_invoice_tells_which_template_it_is_printed_with(self):
        draft = self.make_invoice(120).copy()
        self.assertEqual(draft.billing_template_label, self.template.name)
        draft.billing_template_id = self.template.create({'name': "Another"})
        self.assertEqual(draft.billing_template_label, "Another")

    def test_a_sent_invoice_is_printed_as_it_was_sent(self):
        move = self.make_invoice(120)
        move.invoice_pdf_report_file = base64.b64encode(b'%PDF-1.4')
        move.invalidate_recordset()
        self.assertEqual(move.billing_template_label, "As it was sent")
