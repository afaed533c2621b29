import io
import zipfile
from unittest.mock import patch

from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .documents_common import ODOO_REPORT, OUR_WORDS, DocumentsCommon, text_of


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
