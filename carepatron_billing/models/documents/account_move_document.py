from odoo import SUPERUSER_ID, fields, models

from ...const import PRACTITIONER
from ..invoices.account_move_status import SETTLED


class AccountMove(models.Model):
    """The document that was kept when an invoice was sent, and whether it still tells the truth.

    One that says *Paid* stops doing so when the money goes back. It stays with the messages that
    carried it, and whoever asks for the document next gets a new one.
    """

    _inherit = 'account.move'

    # Localisations whose document differs from Odoo's own in its title and tax label only.
    _BILLING_TAX_INVOICE_REPORTS = (
        'l10n_au.report_invoice_document',
        'l10n_nz.report_invoice_document',
    )

    billing_document_mark = fields.Selection(
        [('paid', "Paid"), ('part_refunded', "Partly refunded"), ('refunded', "Refunded")],
        help="What the kept document says of its payment. Empty: nothing.",
        readonly=True,
        copy=False,
        groups=PRACTITIONER,
    )

    def _billing_paid_mark(self) -> str | bool:
        """Return what the document says now of its payment; False for nothing.

        :return: ``paid``, ``part_refunded`` or ``refunded``
        """
        self.ensure_one()
        if (
            self.state != 'posted'
            or SETTLED.get(self.payment_state) != 'paid'
            or self.move_type not in ('out_invoice', 'out_receipt')
            or self.currency_id.is_zero(self.amount_total)
        ):
            return False
        is_given_back = self.billing_status in ('part_refunded', 'refunded')
        return self.billing_status if is_given_back else 'paid'

    def _billing_keep_mark(self):
        """Note what the documents (sudo) say that are kept just now."""
        for move in self:
            mark = move._billing_paid_mark()
            if move.billing_document_mark != mark:
                move.billing_document_mark = mark

    def _billing_renew_documents(self):
        """Part from the kept documents (sudo) that say of a payment what is no longer so."""
        stale = self.filtered(
            lambda move: (
                move.billing_document_mark
                and move.billing_document_mark != move._billing_paid_mark()
            )
        )
        if stale:
            # Its name tells clients who did so: nobody in particular.
            stale.with_user(SUPERUSER_ID)._detach_attachments()
            stale.billing_document_mark = False
            stale.invalidate_recordset(['invoice_pdf_report_file', 'invoice_pdf_report_id'])

    # === OUR DOCUMENT === #

    def _billing_filter_documents(self):
        """Return those that are printed as our document.

        Documents to vendors keep Odoo's, and so do those to which a country's localisation gives
        a layout of its own: it holds what the law there asks for.
        """
        reports = ('account.report_invoice_document', *self._BILLING_TAX_INVOICE_REPORTS)
        return self.filtered(
            lambda move: (
                move.is_sale_document(include_receipts=True)
                and move._get_name_invoice_report() in reports
            )
        )

    def _billing_filter_final(self):
        """Return those that clients see as what they are before they were sent, not as proforma.

        Invoices of companies that are no practice stay as Odoo has them.
        """
        return self._billing_filter_documents().filtered(
            lambda move: move.sudo().billing_link_ids or move.company_id._billing_is_practice()
        )

    def _get_invoice_pdf_proforma(self):
        """Override of `account` to hand out the invoice itself before it was sent.

        Our clients open it from a payment link, where nothing of it is provisional.
        """
        if not self._billing_filter_final():
            return super()._get_invoice_pdf_proforma()
        report = self.env['account.move.send'].sudo()._get_default_pdf_report_id(self.sudo())
        Report = self.env['ir.actions.report'].with_company(self.company_id)
        content, report_type = Report._pre_render_qweb_pdf(report.report_name, self.ids)
        content_by_id = Report._get_splitted_report(report.report_name, content, report_type)
        return {
            'filename': self.sudo()._get_invoice_report_filename(report=report),
            'filetype': 'pdf',
            'content': content_by_id[self.id],
        }

    def _billing_document_pdf(self) -> tuple[str, bytes]:
        """Override to draw our document, of a draft too."""
        if self.sudo().invoice_pdf_report_id or not self._billing_filter_documents():
            return super()._billing_document_pdf()
        self.check_access('read')
        content = self._billing_template()._render_preview_pdf(self)
        return self.sudo()._get_invoice_report_filename(), content

    def _billing_prefetch_documents(self):
        """Read at once what drawing each of these documents (sudo) asks the database for.

        Rooms add what they print.
        """
        (self.line_ids | self.invoice_line_ids).mapped('tax_ids.name')
        for move in self:
            move._billing_paid_mark()

    def _billing_sending_fields(self) -> set[str]:
        """Override: the mark is noted while an invoice is sent."""
        return super()._billing_sending_fields() | {'billing_document_mark'}
