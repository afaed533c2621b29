from odoo import api, models


class AccountMoveSend(models.AbstractModel):
    _inherit = 'account.move.send'

    @api.model
    def _prepare_invoice_pdf_report(self, invoices_data):
        """Override of `account` to draw an archivable document where XML will be embedded."""
        drawing = self._billing_with_embedded_files()
        return super(AccountMoveSend, drawing)._prepare_invoice_pdf_report(invoices_data)

    @api.model
    def _prepare_invoice_proforma_pdf_report(self, invoice, invoice_data):
        """Override of `account` to draw an archivable document where XML will be embedded."""
        drawing = self._billing_with_embedded_files()
        return super(AccountMoveSend, drawing)._prepare_invoice_proforma_pdf_report(
            invoice, invoice_data
        )

    @api.model
    def _link_invoice_documents(self, invoices_data):
        """Override of `account` to note what is said of payments in the documents that are kept."""
        result = super()._link_invoice_documents(invoices_data)
        kept_ids = [
            move.id for move, data in invoices_data.items() if data.get('pdf_attachment_values')
        ]
        self.env['account.move'].sudo().browse(kept_ids)._billing_keep_mark()
        return result

    def _billing_with_embedded_files(self):
        # `account_edi_ubl_cii` embeds Factur-X into every invoice that is sent. A finished PDF
        # cannot be made PDF/A afterwards without losing its tags, so it is drawn as such.
        embeds = 'account.edi.xml.cii' in self.env
        return self.with_context(billing_embeds_files=embeds)
