import io
import json
import zipfile

from odoo import fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import format_date, format_datetime, formatLang

from ...const import MANAGER

# Characters that fit into a column.
SHORT = 24


class ResPartner(models.Model):
    """Everything that billing keeps of one client, to be handed over when the client asks.

    Of invoices that this contact pays for somebody else, only what is asked for is told: whose
    sessions they were is not this contact's to know. Nor is who works at the practice. Its words
    are in the contact's language; `billing.json` has names for machines beside them.
    """

    _inherit = 'res.partner'

    # === ACTION METHODS === #

    def action_billing_export(self) -> dict:
        """Download everything that is kept of this client's billing.

        :raise AccessError: if the user is no manager
        """
        self.ensure_one()
        self._billing_check_rights_manager()
        return {
            'type': 'ir.actions.act_url',
            'url': f'/billing/client/{self.id}/export',
            'target': 'download',
        }

    # === BUSINESS METHODS === #

    def _billing_check_rights_manager(self):
        self.check_access('read')
        if not self.env.user.has_group(MANAGER):
            raise AccessError(
                self.env._("Only a manager hands over or anonymises what is kept of a client.")
            )
        practices = self._billing_practices()
        if practices and not practices & self.env.user.company_ids:
            raise AccessError(self.env._("This is a client of another practice."))

    def _billing_practices(self) -> models.Model:
        """Return the companies that billed this contact, or sessions of this contact, or will."""
        partner_sudo = self.sudo()
        items_sudo = partner_sudo._billing_all_items()
        return (partner_sudo._billing_export_moves().company_id | items_sudo.company_id).sudo(False)

    def _billing_export_zip(self, companies) -> bytes:
        """Return the export as the content of a ZIP file.

        :param companies: recordset of `res.company`: the practices whose data it holds
        :raise AccessError: if the user is no manager
        """
        self.ensure_one()
        self._billing_check_rights_manager()
        partner_sudo = self.sudo().with_context(lang=self.lang or self.env.lang)
        documents = partner_sudo._billing_export_documents(companies)
        sections = partner_sudo._billing_export_sections(companies, documents)
        content = io.BytesIO()
        with zipfile.ZipFile(content, 'w', zipfile.ZIP_DEFLATED) as archive:
            page = partner_sudo._billing_export_page(sections)
            archive.writestr(partner_sudo.env._("billing.html"), page)
            data = {one.key: one.rows for one in sections}
            archive.writestr('billing.json', json.dumps(data, default=str, indent=1))
            for name, document in documents.values():
                if document:
                    archive.writestr(name, document)
        return content.getvalue()

    def _billing_export_moves(self, companies=None):
        """Return the invoices (sudo) that this contact pays, or whose sessions were this
        contact's.

        :param companies: recordset of `res.company`: whose they are; anybody's unless given
        """
        return self.env['account.move'].search(
            Domain('move_type', 'in', ('out_invoice', 'out_refund'))
            & Domain('state', '!=', 'draft')
            & (Domain.TRUE if companies is None else Domain('company_id', 'in', companies.ids))
            & (
                Domain('partner_id', '=', self.id)
                | Domain('billing_client_id', '=', self.id)
                | Domain('invoice_line_ids.billing_item_id.client_id', '=', self.id)
            ),
            order='invoice_date, id',
        )

    def _billing_export_lines(self, moves):
        """Return those lines of invoices that tell of this contact and of nobody else."""
        return moves.invoice_line_ids.filtered(
            lambda line: self._billing_whose(line) == self and line.display_type == 'product'
        )

    def _billing_whose(self, line):
        move = line.move_id
        return line.billing_item_id.client_id or move.billing_client_id or move.partner_id

    def _billing_is_whole(self, move):
        """Whether all of an invoice tells of this contact alone."""
        return all(self._billing_whose(line) == self for line in move.invoice_line_ids)

    def _billing_export_payments(self, companies):
        return self.env['account.payment'].search(
            [
                ('partner_id', '=', self.id),
                ('partner_type', '=', 'customer'),
                ('company_id', 'in', companies.ids),
                ('state', 'in', ('in_process', 'paid')),
            ],
            order='date, id',
        )

    def _billing_export_documents(self, companies) -> dict[models.Model, tuple[str, bytes | None]]:
        """Return names and contents of the invoices and receipts, by record.

        What cannot be drawn on this machine is left out; its row is there nevertheless.
        """
        moves = self._billing_export_moves(companies)
        drawn = {
            record: method
            for records, method in (
                (moves.filtered(self._billing_is_whole), '_billing_document_pdf'),
                (self._billing_export_payments(companies), '_billing_receipt_pdf'),
            )
            for record in records
        }
        documents, folder = {}, self.env._("documents")
        for record, method in drawn.items():
            try:
                name, content = getattr(record, method)()
            except UserError:
                continue
            documents[record] = (f"{folder}/{record.id}-{name.replace('/', '_')}", content)
        return documents

    def _billing_export_page(self, sections):
        companies = ", ".join(dict.fromkeys(row['practice'] for row in sections[0].rows))
        page = self.env['ir.qweb']._render(
            'carepatron_billing.client_export',
            {
                'client': self.name,
                'about': self.env._(
                    "What is kept for billing by %(practices)s, as of %(made)s."
                    " The same for machines: billing.json",
                    practices=companies,
                    made=format_datetime(self.env, fields.Datetime.now()),
                ),
                'sections': sections,
                'word': self._billing_export_word,
                'shape': _shape,
                'lang': self.env.lang,
            },
        )
        return f'<!DOCTYPE html>\n{page}'

    def _billing_export_word(self, value):
        """Return a value as people read it."""
        if isinstance(value, bool) or value is None:
            return "✓" if value else ""
        if isinstance(value, float):
            return formatLang(self.env, value, digits=2)
        if hasattr(value, 'hour'):
            return format_datetime(self.env, value)
        if hasattr(value, 'year'):
            return format_date(self.env, value)
        return str(value)


def _shape(value):
    """Return the class of a cell: what is short stays on one line."""
    if isinstance(value, float):
        return 'number'
    return 'short' if len(str(value)) <= SHORT else None
