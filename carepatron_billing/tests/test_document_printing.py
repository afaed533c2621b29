import base64
import io
from unittest.mock import patch

from pypdf import PdfReader

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import config, mute_logger

from odoo.addons.base.models import ir_actions_report as base_report

from ..gateways import pdf_engine
from ..models.documents import ir_actions_report as billing_report
from .documents_common import ODOO_REPORT, OUR_WORDS, REPORT, DocumentsCommon, text_of
from .test_pdf_engine import CountingServer


@tagged('post_install', '-at_install')
class TestDocumentPrinting(DocumentsCommon):
    # === WHERE IT IS USED === #

    def test_odoos_invoice_report_prints_our_document(self):
        self.assertIn(OUR_WORDS, text_of(self.render(self.make_invoice(), ODOO_REPORT)))

    def test_no_wkhtmltopdf_is_needed(self):
        invoice = self.make_invoice()
        with self.no_wkhtmltopdf():
            self.assertIn(OUR_WORDS, text_of(self.render(invoice, ODOO_REPORT)))
            self.assertIn(OUR_WORDS, text_of(self.render(invoice)))

    def test_batch_merges_every_invoice_in_order(self):
        invoices = self.env['account.move']
        for number in range(5):
            invoices += self.make_invoice(lines=[{'name': f"Item {number}", 'price_unit': 10}])
        pdf = self.render(invoices, ODOO_REPORT)
        pages = PdfReader(io.BytesIO(pdf)).pages
        self.assertEqual(len(pages), 5)
        for page, invoice in zip(pages, invoices, strict=True):
            self.assertIn(invoice.name, page.extract_text())

    def test_vendor_bill_keeps_odoos_document(self):
        bill = self.make_invoice(move_type='in_invoice')
        report = self.env.ref(ODOO_REPORT)
        own = self.env['ir.actions.report']._billing_own_documents(
            report, bill + self.make_invoice()
        )
        self.assertEqual(own.mapped('move_type'), ['out_invoice'])
        with self.no_wkhtmltopdf(), self.assertRaisesRegex(UserError, "Wkhtmltopdf"):
            self.render(bill, ODOO_REPORT)

    def test_localised_document_is_kept(self):
        invoice = self.make_invoice()
        with patch.object(
            type(invoice),
            '_get_name_invoice_report',
            lambda self: 'l10n_sa.report_invoice_document',
        ):
            own = self.env['ir.actions.report']._billing_own_documents(
                self.env.ref(ODOO_REPORT), invoice
            )
        self.assertFalse(own)

    def test_print_and_send_keeps_our_document(self):
        invoice = self.make_invoice()
        with self.real_rendering(), self.no_wkhtmltopdf():
            wizard = self.env['account.move.send.wizard'].with_context(
                active_model='account.move', active_ids=invoice.ids
            )
            wizard.create({'sending_methods': ['email']}).action_send_and_print()
        self.assertIn(OUR_WORDS, text_of(invoice.invoice_pdf_report_id.raw))
        sent = invoice.message_ids.attachment_ids.filtered(
            lambda attachment: attachment.mimetype == 'application/pdf'
        )
        self.assertIn(OUR_WORDS, text_of(sent[0].raw))

    def test_what_was_sent_keeps_its_look(self):
        invoice = self.make_invoice()
        with self.real_rendering():
            self.env['account.move.send']._generate_and_send_invoices(invoice, sending_methods=[])
        sent = invoice.invoice_pdf_report_id.raw
        template = self.company.billing_template_id.sudo()
        template.write({'layout': 'modern', 'theme': 'plum', 'terms': "Never seen before"})
        self.pay(invoice, 120)
        self.assertEqual(self.render(invoice), sent)
        self.assertEqual(self.render(invoice, ODOO_REPORT), sent)
        self.assertEqual(invoice._get_invoice_legal_documents('pdf')['content'], sent)
        self.assertIn("Never seen before", text_of(self.render(self.make_invoice())))

    def test_batch_print_and_send_keeps_our_documents(self):
        invoices = self.make_invoice() + self.make_invoice()
        with self.real_rendering(), self.no_wkhtmltopdf():
            wizard = self.env['account.move.send.batch.wizard'].with_context(
                active_model='account.move', active_ids=invoices.ids
            )
            wizard.create({}).action_send_and_print(force_synchronous=True)
        for invoice in invoices:
            self.assertIn(invoice.name, text_of(invoice.invoice_pdf_report_id.raw))

    def test_print_and_send_offers_one_layout(self):
        wizard = self.env['account.move.send.wizard'].create({'move_id': self.make_invoice().id})
        self.assertEqual(wizard.pdf_report_id, self.env.ref(ODOO_REPORT))
        self.assertFalse(wizard.display_pdf_report_id)

    def test_report_chosen_for_a_payer_wins(self):
        chosen = self.env['ir.actions.report'].create(
            {
                'name': "Chosen",
                'model': 'account.move',
                'report_name': 'account.report_invoice_chosen',
                'is_invoice_report': True,
            }
        )
        invoice = self.make_invoice()
        self.payer.invoice_template_pdf_report_id = chosen
        send = self.env['account.move.send']
        self.assertEqual(send._get_default_pdf_report_id(invoice), chosen)
        self.assertFalse(self.env['ir.actions.report']._billing_own_documents(chosen, invoice))

    def test_electronic_invoice_is_embedded_into_our_document(self):
        if 'account.edi.xml.cii' not in self.env:
            self.skipTest("account_edi_ubl_cii is not installed")
        self.company.country_id = self.env.ref('base.fr')
        self.payer.write(
            {'country_id': self.env.ref('base.fr').id, 'invoice_edi_format': 'facturx'}
        )
        invoice = self.make_invoice()
        data = {'pdf_report': self.env.ref(ODOO_REPORT), 'invoice_edi_format': 'facturx'}
        send = self.env['account.move.send']
        send._hook_invoice_document_before_pdf_report_render(invoice, data)
        with self.real_rendering():
            send._prepare_invoice_pdf_report({invoice: data})
        with patch.dict(config.options, {'test_enable': False}):
            send._hook_invoice_document_after_pdf_report_render(invoice, data)
        pdf = PdfReader(io.BytesIO(data['pdf_attachment_values']['raw']))
        self.assertIn(OUR_WORDS, text_of(data['pdf_attachment_values']['raw']))
        names = pdf.trailer['/Root']['/Names']['/EmbeddedFiles']['/Names']
        self.assertIn('factur-x.xml', names)
        self.assertIn(b'pdfaid:part', pdf.trailer['/Root']['/Metadata'].get_data())
        self.assertIn('/StructTreeRoot', pdf.trailer['/Root'])

    # === ACCESS === #

    def test_front_desk_prints_without_accounting_groups(self):
        invoice = self.make_invoice()
        self.assertFalse(self.front_desk.has_group('account.group_account_readonly'))
        self.assertIn(OUR_WORDS, text_of(self.render(invoice, user=self.front_desk)))

    def test_document_needs_read_access(self):
        invoice = self.make_invoice()
        stranger = new_test_user(self.env, 'docs_stranger', groups='base.group_user')
        for report in (REPORT, ODOO_REPORT):
            with self.assertRaises(AccessError), mute_logger('odoo.addons.base.models.ir_model'):
                self.render(invoice, report, user=stranger)

    def test_web_client_is_told_what_needs_no_wkhtmltopdf(self):
        invoice = self.make_invoice()
        bill = self.make_invoice(move_type='in_invoice')
        reports = self.env['ir.actions.report']
        name = self.env.ref(ODOO_REPORT).report_name
        self.assertTrue(reports.billing_draws(name, invoice.ids))
        self.assertFalse(reports.billing_draws(name, bill.ids))
        self.assertFalse(reports.billing_draws(name, (invoice + bill).ids))
        self.assertFalse(reports.billing_draws('account.report_original_vendor_bill', bill.ids))

    def test_sending_asks_for_no_layout_but_ours(self):
        self.company.external_report_layout_id = False
        admin = self.env.ref('base.user_admin')
        admin.company_ids += self.company
        invoice = self.make_invoice().with_user(admin).with_company(self.company)
        wizards = 'account.move.send.wizard', 'base.document.layout'
        self.assertEqual(invoice.action_invoice_sent()['res_model'], wizards[0])
        with patch.object(pdf_engine, 'find_problem', lambda: 'package'):
            self.assertEqual(invoice.action_invoice_sent()['res_model'], wizards[1])

    # === WHEN THINGS GO WRONG === #

    def test_data_from_a_web_client_chooses_no_template(self):
        invoice = self.make_invoice()
        page = self.env['ir.actions.report']._render_qweb_html(
            REPORT, invoice.ids, data={'template': "modern"}
        )[0]
        self.assertIn(b'class="article classic"', page)

    def test_hostile_texts_fetch_nothing(self):
        server = CountingServer()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        hostile = (
            f'<p>Hello<img src="{server.url}/a.png"/>'
            f'<span style="background-image: url({server.url}/b.png)">there</span>'
            '<img src="file:///etc/passwd"/></p>'
        )
        self.company.report_footer = hostile
        invoice = self.make_invoice(narration=hostile)
        # As an importer or an earlier, laxer version may have left it.
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_move SET narration = %s WHERE id = %s", [hostile, invoice.id]
        )
        invoice.invalidate_recordset()
        text = text_of(self.render(invoice))
        self.assertIn("Hello", text)
        self.assertEqual(server.requests, [])

    def test_broken_logo_leaves_the_document(self):
        self.company.partner_id.image_1920 = False
        invoice = self.make_invoice()
        with patch.object(
            type(self.company.partner_id), 'image_512', base64.b64encode(b'\x89PNG broken')
        ):
            self.assertIn(OUR_WORDS, text_of(self.render(invoice)))

    def test_too_long_a_render_says_what_to_do(self):
        invoice = self.make_invoice()
        with (
            patch.object(pdf_engine, 'MAX_HTML_CHARS', 10),
            self.assertRaisesRegex(UserError, "too long or too complicated"),
            mute_logger(billing_report.__name__),
        ):
            self.render(invoice)

    def test_missing_engine_gives_odoos_document_and_a_message(self):
        self.assertFalse(self.company.billing_document_problem)
        printed = []

        def print_odoos(self, bodies, report_ref=False, **kwargs):
            printed.append(self._get_report(report_ref).report_name)
            return b'%PDF-odoo'

        for problem, word in (('package', "WeasyPrint"), ('library', "Pango"), ('version', "old")):
            with (
                patch.object(pdf_engine, 'find_problem', lambda problem=problem: problem),
                patch.object(base_report.IrActionsReport, '_run_wkhtmltopdf', print_odoos),
                patch.object(
                    base_report.IrActionsReport, 'get_wkhtmltopdf_state', lambda self: 'ok'
                ),
                mute_logger(billing_report.__name__),
            ):
                self.company.invalidate_recordset(['billing_document_problem'])
                self.assertIn(word, self.company.billing_document_problem)
                self.assertEqual(self.render(self.make_invoice()), b'%PDF-odoo')
        self.assertEqual(printed, ['account.report_invoice_with_payments'] * 3)
        self.company.invalidate_recordset(['billing_document_problem'])
        self.assertFalse(self.company.billing_document_problem)
