import base64
import io
import zipfile
from contextlib import contextmanager
from unittest.mock import patch

from pypdf import PdfReader

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import config, mute_logger

from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.addons.base.models import ir_actions_report as base_report

from ..gateways import pdf_engine
from ..models.documents import ir_actions_report as billing_report
from .test_pdf_engine import CountingServer

REPORT = 'carepatron_billing.account_move_report'
RECEIPT = 'carepatron_billing.account_payment_receipt_report'
ODOO_REPORT = 'account.account_invoices'
# Only our document has these words; Odoo's says *Payment Communication*.
OUR_WORDS = "Bill to"


def text_of(pdf):
    """Return a PDF's text, its lines and fixed spaces as single spaces."""
    pages = PdfReader(io.BytesIO(pdf)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


class DocumentsCommon(AccountTestInvoicingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.company_data['company']
        cls.company.write(
            {'name': "Mill Lane Practice", 'vat': '93-1234567', 'street': "14 Mill Lane"}
        )
        cls.payer = cls.env['res.partner'].create(
            {'name': "Alex Morgan", 'email': 'alex@example.com', 'street': "8 Orchard Road"}
        )
        cls.front_desk = new_test_user(
            cls.env,
            'docs_front_desk',
            groups='carepatron_billing.group_front_desk',
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    def make_invoice(self, post=True, move_type='out_invoice', lines=None, **vals):
        lines = lines or [{'name': "Physiotherapy, 50 minutes", 'price_unit': 120}]
        invoice = self.env['account.move'].create(
            {
                'move_type': move_type,
                'partner_id': self.payer.id,
                'invoice_date': '2026-11-20',
                'invoice_line_ids': [
                    Command.create({'tax_ids': [Command.clear()], **line}) for line in lines
                ],
                **vals,
            }
        )
        if move_type == 'out_invoice':
            invoice.invoice_date_due = '2026-12-04'
        if post:
            invoice.action_post()
        return invoice

    def render(self, records, report=REPORT, user=None, **context):
        reports = self.env['ir.actions.report'].with_user(user or self.env.user)
        return reports.with_context(force_report_rendering=True, **context)._render_qweb_pdf(
            report, records.ids
        )[0]

    def pay(self, invoice, amount):
        wizard = self.env['account.payment.register'].with_context(
            active_model='account.move', active_ids=invoice.ids
        )
        return wizard.create({'amount': amount, 'payment_date': '2026-11-21'})._create_payments()

    @contextmanager
    def real_rendering(self):
        """Lift the shortcut by which Odoo gives HTML for PDF while tests run."""
        Report = self.registry['ir.actions.report']
        shortcut = Report._pre_render_qweb_pdf

        def render(self, *args, **kwargs):
            return shortcut(self.with_context(force_report_rendering=True), *args, **kwargs)

        with patch.object(Report, '_pre_render_qweb_pdf', render):
            yield

    @contextmanager
    def no_wkhtmltopdf(self):
        def missing(*args, **kwargs):
            raise AssertionError("wkhtmltopdf was called")

        absent = base_report.WkhtmlInfo('install', False, 'wkhtmltopdf', '', False, '', None)
        with (
            patch.object(base_report, '_wkhtml', lambda: absent),
            patch.object(base_report, '_run_wkhtmltopdf', missing),
        ):
            yield


@tagged('post_install', '-at_install')
class TestDocuments(DocumentsCommon):
    # === CONTENT === #

    def test_invoice_shows_what_it_holds(self):
        tax = self.company_data['default_tax_sale']
        tax.invoice_legal_notes = "<p>Taxed under section 7.</p>"
        invoice = self.make_invoice(
            lines=[
                {
                    'name': "Initial assessment",
                    'price_unit': 180,
                    'billing_service_date': '2026-11-03',
                },
                {
                    'name': "Resistance band",
                    'price_unit': 24.5,
                    'quantity': 2,
                    'discount': 10,
                    'tax_ids': [Command.set(tax.ids)],
                },
            ],
            narration="<p>See you soon.</p>",
            ref="Claim 55",
        )
        text = text_of(self.render(invoice))
        for expected in (
            "Mill Lane Practice", "14 Mill Lane", "93-1234567",
            "Alex Morgan", "8 Orchard Road",
            invoice.name, "11/20/2026", "12/04/2026", "Claim 55",
            "11/03/2026 Initial assessment 1 180.00",
            "Resistance band 2 24.50 10% 15% 44.10",
            "Subtotal $ 224.10", "$ 44.10", "$ 6.62", "Total (USD) $ 230.72",
            "Taxed under section 7.", "See you soon.", "Page 1 of 1",
        ):  # fmt: skip
            self.assertIn(expected, text)

    def test_columns_are_shown_only_when_used(self):
        text = text_of(self.render(self.make_invoice()))
        self.assertNotIn("Discount", text)
        self.assertNotIn("Tax Amount", text)
        self.assertNotIn("Date Description", text)

    def test_payment_and_rest_are_shown(self):
        invoice = self.make_invoice()
        self.pay(invoice, 50)
        text = text_of(self.render(invoice))
        self.assertIn("Paid on 11/21/2026 \N{MINUS SIGN}$ 50.00", text)
        self.assertIn("Amount due $ 70.00", text)

    def test_report_without_payments_leaves_them_out(self):
        invoice = self.make_invoice()
        self.pay(invoice, 50)
        text = text_of(self.render(invoice, 'account.account_invoices_without_payment'))
        self.assertIn(OUR_WORDS, text)
        self.assertNotIn("Paid on", text)

    def test_credit_note_names_its_invoice(self):
        term = self.env['account.payment.term'].create(
            {'name': "Week", 'note': "<p>Payable within 7 days.</p>"}
        )
        invoice = self.make_invoice(invoice_payment_term_id=term.id)
        self.assertIn("Payable within 7 days.", text_of(self.render(invoice)))
        credit_note = invoice._reverse_moves([{'invoice_date': fields.Date.to_date('2026-11-22')}])
        credit_note.action_post()
        text = text_of(self.render(credit_note))
        self.assertRegex(text, f"Credit Note ?{credit_note.name}")
        self.assertIn(f"For invoice {invoice.name}", text)
        self.assertIn("Total credit $ 120.00", text)
        self.assertNotIn("Payable within", text)

    def test_draft_and_cancelled_are_marked(self):
        invoice = self.make_invoice(post=False)
        self.assertIn("Draft", text_of(self.render(invoice)))
        invoice.action_post()
        self.assertNotIn("Draft", text_of(self.render(invoice)))
        invoice.button_cancel()
        self.assertIn("Cancelled", text_of(self.render(invoice)))

    def test_many_lines_repeat_the_header_on_each_page(self):
        lines = [{'name': f"Session {number}", 'price_unit': 100 + number} for number in range(80)]
        invoice = self.make_invoice(lines=lines)
        pages = PdfReader(io.BytesIO(self.render(invoice))).pages
        self.assertGreater(len(pages), 2)
        for number, page in enumerate(pages, 1):
            text = " ".join(page.extract_text().split())
            self.assertIn("Description Quantity Price Amount", text)
            self.assertIn(f"Page {number} of {len(pages)}", text)
        text = text_of(self.render(invoice))
        for number in range(80):
            self.assertIn(f"Session {number} 1 {100 + number}.00", text)

    def test_total_block_is_never_torn_apart(self):
        for count in range(14, 24):
            lines = [{'name': f"Session {number}", 'price_unit': 10} for number in range(count)]
            invoice = self.make_invoice(lines=lines)
            pages = PdfReader(io.BytesIO(self.render(invoice))).pages
            last = " ".join(pages[-1].extract_text().split())
            self.assertIn("Payment reference", last)
            self.assertIn("Total (USD)", last)

    def test_client_reads_own_language_and_dates(self):
        self.env['res.lang']._activate_lang('fr_FR')
        self.payer.lang = 'fr_FR'
        invoice = self.make_invoice(lines=[{'name': "Consultation", 'price_unit': 1110.5}])
        pdf = self.render(invoice)
        text = text_of(pdf)
        self.assertIn("20/11/2026", text)
        self.assertIn("1 110,50", text.replace("\N{NARROW NO-BREAK SPACE}", " "))
        self.assertEqual(PdfReader(io.BytesIO(pdf)).trailer['/Root']['/Lang'], 'fr-FR')

    def test_right_to_left_language_sets_the_direction(self):
        self.env['res.lang']._activate_lang('ar_001')
        self.payer.lang = 'ar_001'
        invoice = self.make_invoice()
        html = self.env['ir.actions.report']._render_qweb_html(REPORT, invoice.ids)[0].decode()
        self.assertIn('dir="rtl"', html)
        self.assertTrue(self.render(invoice))

    def test_foreign_currency_is_named(self):
        currency = self.setup_other_currency('EUR')
        invoice = self.make_invoice(currency_id=currency.id)
        text = text_of(self.render(invoice))
        self.assertIn("Total (EUR) 120.00 €", text)
        self.assertIn("Amount due 120.00 €", text)

    def test_receipt_shows_payment_and_rest(self):
        invoice = self.make_invoice()
        payment = self.pay(invoice, 50)
        text = text_of(self.render(payment, RECEIPT))
        for expected in (
            "Receipt", "Mill Lane Practice", "Received from Alex Morgan", "11/21/2026",
            "Amount received $ 50.00",
            f"{invoice.name} 11/20/2026 $ 120.00 $ 50.00 $ 70.00",
            "Amount still due $ 70.00",
        ):  # fmt: skip
            self.assertIn(expected, text)

    # === PAYMENT LINK === #

    def test_link_is_printed_only_while_it_can_be_paid(self):
        invoice = self.make_invoice()
        self.assertNotIn("/billing/pay/", text_of(self.render(invoice)), "payments not set up")
        provider = self.company._billing_provider_sudo()
        with patch.object(type(provider), 'state', 'test'):
            url = invoice._billing_payment_link().url
            text = text_of(self.render(invoice))
            self.assertIn("Pay online", text)
            self.assertIn(url, text.replace(" ", ""))
            self.pay(invoice, 120)
            self.assertNotIn("/billing/pay/", text_of(self.render(invoice)), "nothing is due")
            draft = self.make_invoice(post=False)
            self.assertNotIn("/billing/pay/", text_of(self.render(draft)), "not issued")

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

    def give_back(self, invoice, amount):
        self.env['practice.refund'].with_context(default_move_id=invoice.id).create(
            {'reason': "Too long", 'way': 'hand', 'scope': 'part', 'amount': amount}
        ).action_refund()

    def test_document_says_what_was_given_back_and_the_kept_one_is_made_anew(self):
        self.env.user.group_ids |= self.env.ref('carepatron_billing.group_manager')
        paid, unpaid = self.make_invoice(), self.make_invoice()
        self.pay(paid, 120)

        def keep(invoices):
            with self.real_rendering():
                sends = self.env['account.move.send']
                sends._generate_and_send_invoices(invoices, sending_methods=[])
            return invoices[:1].invoice_pdf_report_id

        first = keep(paid | unpaid)
        self.assertIn("Invoice Paid", text_of(first.raw))
        sent = unpaid.invoice_pdf_report_id.raw
        self.pay(unpaid, 120)
        for amount, words in ((50, "Partly refunded"), (70, "Refunded")):
            self.give_back(paid, amount)
            text = text_of(self.render(paid))
            self.assertIn(f"Invoice {words} {paid.name}", text)
            self.assertFalse(paid.invoice_pdf_report_id)
            self.assertIn(f"Invoice {words}", text_of(keep(paid).raw))
        self.assertEqual(first.exists().res_id, paid.id, "what was mailed stays")
        # The money comes back to the practice.
        paid.reversal_move_ids[0].line_ids.remove_move_reconcile()
        self.assertIn("Invoice Partly refunded", text_of(self.render(paid)))
        # What was sent before it was paid never said so.
        self.give_back(unpaid, 120)
        self.assertEqual(self.render(unpaid), sent)

    def test_batch_asks_the_books_once_what_was_given_back(self):
        invoices = self.make_invoice() | self.make_invoice() | self.make_invoice()
        for invoice in invoices:
            self.pay(invoice, 120)
        Move = self.registry['account.move']
        asked = []
        given_back = Move._billing_given_back_by_id

        def count(moves):
            asked.append(moves.ids)
            return given_back(moves)

        self.env.invalidate_all()
        with patch.object(Move, '_billing_given_back_by_id', count):
            text = text_of(self.render(invoices))
        self.assertEqual(text.count("Invoice Paid"), 3)
        self.assertEqual([len(ids) for ids in asked], [3])

    def test_document_that_asks_for_money_tells_of_unused_credit(self):
        payers = self.payer | self.payer.copy({'email': 'b@example.com'}) | self.payer.copy()
        for payer in payers:
            lines = [{'name': "Came too late", 'price_unit': 50}]
            self.make_invoice(move_type='out_refund', lines=lines, partner_id=payer.id)
        invoices = self.env['account.move']
        for payer in payers:
            invoices |= self.make_invoice(partner_id=payer.id)
        template = self.company.billing_template_id.sudo()
        for layout in ('classic', 'modern', 'compact', 'statement'):
            template.layout = layout
            text = text_of(self.render(invoices[0]))
            with self.subTest(layout=layout):
                self.assertRegex(text, r"Your unused credit on [\d/]+ \$ ?50\.00")
                self.assertRegex(text, r"(Total|Amount due) \$ ?120\.00")
        queries = []
        for some in (invoices[:1].sudo(), invoices.sudo()):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.assertEqual(some.mapped('billing_credit'), [50.0] * len(some))
            queries.append(self.env.cr.sql_log_count - before)
        self.assertEqual(*queries)
        invoices[0].sudo()._billing_use_credit()
        self.env.invalidate_all()
        text = text_of(self.render(invoices[0]))
        self.assertNotIn("unused credit", text)
        self.assertRegex(text, r"Credited on \S+ .\$ ?50\.00")
        payers[1].parent_id = payers[2]
        invoice = self.make_invoice(partner_id=payers[1].id)
        self.assertGreater(invoice.sudo().billing_credit, 0.0)
        self.assertNotIn("unused credit", text_of(self.render(invoice)))

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


@tagged('post_install', '-at_install')
class TestDocumentDownloads(DocumentsCommon, HttpCase):
    def test_download_button_gives_our_document_to_the_front_desk(self):
        invoice = self.make_invoice()
        action = invoice.with_user(self.front_desk).action_billing_download()
        self.authenticate('docs_front_desk', 'docs_front_desk')
        with self.real_rendering(), self.no_wkhtmltopdf():
            response = self.url_open(action['url'])
        self.assertEqual(response.status_code, 200)
        self.assertIn(OUR_WORDS, text_of(response.content))
        self.assertIn(
            f'{invoice.name.replace("/", "_")}.pdf', response.headers['Content-Disposition']
        )

    def test_download_of_several_is_a_zip_of_our_documents(self):
        invoices = self.make_invoice() | self.make_invoice()
        action = invoices.with_user(self.front_desk).action_billing_download()
        self.authenticate('docs_front_desk', 'docs_front_desk')
        with self.real_rendering(), self.no_wkhtmltopdf():
            response = self.url_open(action['url'])
        with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
            texts = {name: text_of(archive.read(name)) for name in archive.namelist()}
        self.assertEqual(len(texts), 2)
        for invoice in invoices:
            text = texts[f'{invoice.name.replace("/", "_")}.pdf']
            self.assertIn(OUR_WORDS, text)
            self.assertIn(invoice.name, text)

    def test_download_refuses_strangers(self):
        invoice = self.make_invoice()
        new_test_user(self.env, 'docs_stranger', groups='base.group_user')
        self.authenticate('docs_stranger', 'docs_stranger')
        with self.real_rendering(), mute_logger('odoo.http', 'odoo.addons.base.models.ir_model'):
            response = self.url_open(invoice.action_billing_download()['url'])
        self.assertNotEqual(response.status_code, 200)

    def test_print_menu_gives_our_document(self):
        invoice = self.make_invoice()
        self.authenticate('docs_front_desk', 'docs_front_desk')
        name = self.env.ref(ODOO_REPORT).report_name
        with self.real_rendering(), self.no_wkhtmltopdf():
            response = self.url_open(f'/report/pdf/{name}/{invoice.id}')
        self.assertIn(OUR_WORDS, text_of(response.content))

    def test_portal_gives_our_document_before_it_was_sent(self):
        invoice = self.make_invoice()
        url = f'/my/invoices/{invoice.id}?access_token={invoice._portal_ensure_token()}'
        with self.real_rendering(), self.no_wkhtmltopdf():
            for query in ('&report_type=pdf&download=true', '&report_type=pdf'):
                response = self.url_open(url + query)
                self.assertEqual(response.headers['Content-Type'], 'application/pdf')
                text = text_of(response.content)
                self.assertRegex(text, f"Invoice ?{invoice.name}")
                self.assertNotIn("Proforma", text)

    def test_every_download_gives_the_file_that_was_sent(self):
        invoice = self.make_invoice()
        link = invoice._billing_payment_link()
        token = invoice._portal_ensure_token()
        with self.real_rendering():
            self.env['account.move.send']._generate_and_send_invoices(invoice, sending_methods=[])
        sent = invoice.invoice_pdf_report_id.raw
        self.assertIn(OUR_WORDS, text_of(sent))
        template = self.company.billing_template_id.sudo()
        template.write({'layout': 'modern', 'terms': "Never seen before"})
        self.pay(invoice, 50)
        report = self.env.ref(ODOO_REPORT).report_name
        self.authenticate('docs_front_desk', 'docs_front_desk')
        with self.real_rendering():
            for url in (
                f'/my/invoices/{invoice.id}?access_token={token}&report_type=pdf&download=true',
                f'{link._path()}/invoice',
                invoice.with_user(self.front_desk).action_billing_download()['url'],
                f'/report/pdf/{report}/{invoice.id}',
            ):
                with self.subTest(url=url):
                    self.assertEqual(self.url_open(url).content, sent)

    def test_portal_shows_no_invoice_of_a_practice_as_proforma(self):
        invoice = self.make_invoice()
        url = f'/my/invoices/{invoice.id}?access_token={invoice._portal_ensure_token()}'
        page = self.url_open(url + '&report_type=html').text
        self.assertIn(invoice.name, page)
        self.assertNotIn("Proforma", page)

    def test_web_client_downloads_without_asking_for_wkhtmltopdf(self):
        invoice = self.make_invoice()
        rendered = []
        Report = self.registry['ir.actions.report']
        render = Report._render_qweb_pdf

        def watch(self, *args, **kwargs):
            result = render(self, *args, **kwargs)
            rendered.append(result[0])
            return result

        with (
            self.real_rendering(),
            self.no_wkhtmltopdf(),
            patch.object(Report, '_render_qweb_pdf', watch),
        ):
            self.browser_js(
                '/odoo',
                f"""
                const {{ Component }} = odoo.loader.modules.get("@odoo/owl");
                Component.env.services.action.doAction({{
                    type: "ir.actions.report",
                    report_type: "qweb-pdf",
                    report_name: "{self.env.ref(ODOO_REPORT).report_name}",
                    context: {{ active_ids: [{invoice.id}] }},
                }}).then(() => console.log("test successful"));
                """,
                ready="odoo.isReady === true",
                login='docs_front_desk',
            )
        self.assertEqual(len(rendered), 1)
        self.assertIn(OUR_WORDS, text_of(rendered[0]))
