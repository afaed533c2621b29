from odoo import http
from odoo.http import request

from odoo.addons.account.controllers.download_docs import AccountDocumentDownloadController
from odoo.addons.account.controllers.portal import PortalAccount
from odoo.addons.web.controllers.report import ReportController


def _writes(_controller, _rule, _args):
    """Whether a route may only read: the audit log is written."""
    return False


class BillingReportController(ReportController):
    """Printed and downloaded documents, noted in the audit log."""

    @http.route(readonly=_writes)
    def report_routes(self, reportname, docids=None, converter=None, **data):
        """Override of `web` to note who looks at invoices and receipts."""
        response = super().report_routes(reportname, docids=docids, converter=converter, **data)
        report = request.env['ir.actions.report']._get_report(reportname)
        if docids and report.model in ('account.move', 'account.payment'):
            ids = [int(one) for one in docids.split(',') if one.isdigit()]
            _note(request.env[report.model].browse(ids))
        return response


class BillingDocumentDownload(AccountDocumentDownloadController):
    """Downloaded invoices, noted in the audit log."""

    @http.route()
    def download_invoice_documents_filetype(self, invoices, filetype, allow_fallback=True):
        """Override of `account` to note who downloads invoices."""
        response = super().download_invoice_documents_filetype(
            invoices, filetype, allow_fallback=allow_fallback
        )
        _note(invoices)
        return response


class BillingPortalDocument(PortalAccount):
    """A client's invoice in the portal, noted in the audit log."""

    @http.route()
    def portal_my_invoice_detail(
        self, invoice_id, access_token=None, report_type=None, download=False, **kw
    ):
        """Override of `account` to note who looks at an invoice; a refused visitor is led away."""
        response = super().portal_my_invoice_detail(
            invoice_id,
            access_token=access_token,
            report_type=report_type,
            download=download,
            **kw,
        )
        if response.status_code == 200:
            _note(request.env['account.move'].browse(invoice_id), by_link=bool(access_token))
        return response


def _note(records, by_link=False):
    """Note that documents are looked at.

    :param records: recordset of `account.move` or `account.payment`; the right to it was checked
    """
    records = records.sudo().with_context(billing_by_link=by_link)
    if records._name == 'account.move':
        records._billing_note_document()
    else:
        clients = records.filtered(lambda payment: payment.partner_type == 'customer')
        records.env['practice.audit.log']._note_opened('document', clients)
