import io
from contextlib import contextmanager
from unittest.mock import patch

from pypdf import PdfReader

from odoo import Command
from odoo.tests import new_test_user

from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.addons.base.models import ir_actions_report as base_report

from .common import real_rendering

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

    def real_rendering(self):
        return real_rendering(self.registry)

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
