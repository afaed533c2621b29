import io
import json
import re
import zipfile

from odoo import fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import format_date, format_datetime, formatLang, html2plaintext

from ...const import PROVIDER_CODE
from .client_export import section

MANAGER = 'carepatron_billing.group_manager'
# What a practice set for one client.
SETTINGS = (
    'billing_auto',
    'billing_auto_month_day',
    'billing_auto_pause_reason',
    'billing_auto_paused',
    'billing_auto_paused_until',
    'billing_auto_send',
    'billing_auto_weekday',
    'billing_is_private',
    'billing_reference',
    'billing_service_id',
    'billing_template_id',
)
CONTACT = (
    'name',
    'email',
    'phone',
    'street',
    'street2',
    'zip',
    'city',
    'country_id',
    'vat',
    'lang',
)
# Characters that fit into a column.
SHORT = 24
# What opens a page of ours, or of Odoo's, to whoever has it.
KEYS = re.compile(r'(/billing/\w+/|access_token=)[\w-]+')


class ResPartner(models.Model):
    """Everything that billing keeps of one client, to be handed over when the client asks.

    Of invoices that this contact pays for somebody else, only what is asked for is told: whose
    sessions they were is not this contact's to know. Nor is who works at the practice. Its words
    are in the contact's language; `billing.json` has names for machines beside them.
    """

    _inherit = 'res.partner'

    # === ACTION METHODS === #

    def action_billing_export(self):
        """Download everything that is kept of this client's billing.

        :rtype: dict
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

    def _billing_practices(self):
        """Return the companies that billed this contact, or sessions of this contact, or will.

        :rtype: recordset of `res.company`
        """
        partner_sudo = self.sudo()
        items_sudo = partner_sudo._billing_all_items()
        return (partner_sudo._billing_export_moves().company_id | items_sudo.company_id).sudo(False)

    def _billing_export_zip(self, companies):
        """Return the export as the content of a ZIP file, and note that it was made.

        :param companies: recordset of `res.company`: the practices whose data it holds
        :rtype: bytes
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
        for company in companies:
            self.env['practice.audit.log'].with_company(company)._note('export', self)
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

    def _billing_export_documents(self, companies):
        """Return names and contents of the invoices and receipts, by record.

        What cannot be drawn on this machine is left out; its row is there nevertheless.

        :rtype: dict[recordset, tuple[str, bytes | None]]
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

    # === SECTIONS === #

    def _billing_export_sections(self, companies, documents):
        """Return the tables of the export.

        :param dict documents: see `_billing_export_documents`
        :rtype: list[Section]
        """
        moves = self._billing_export_moves(companies)
        own = moves.filtered(lambda move: move.partner_id == self)
        return [
            self._billing_export_client(companies),
            self._billing_export_invoices(moves, documents),
            self._billing_export_services(moves),
            self._billing_export_sessions(companies),
            self._billing_export_money(companies, documents),
            self._billing_export_online(companies),
            self._billing_export_cards(companies),
            self._billing_export_autopay(companies),
            self._billing_export_links(companies),
            self._billing_export_mails(companies, own),
            self._billing_export_reminders(companies),
            self._billing_export_disputes(companies),
            self._billing_export_shares(companies),
            self._billing_export_log(companies, moves),
        ]

    def _billing_export_client(self, companies):
        rows = []
        for company in companies:
            partner = self.with_company(company)
            for name in (*CONTACT, *SETTINGS):
                field = self._fields[name]
                value = partner[name]
                if field.type == 'many2one':
                    value = value.display_name
                elif field.type == 'selection':
                    value = dict(field._description_selection(self.env)).get(value)
                if value:
                    label = field._description_string(self.env)
                    rows.append((company.name, label, value))
        columns = [
            ('practice', self.env._("Practice"), lambda row: row[0]),
            ('name', self.env._("Kept"), lambda row: row[1]),
            ('value', self.env._("Value"), lambda row: row[2]),
        ]
        return section('client', self.env._("Contact and settings"), columns, rows)

    def _billing_column(self, model, name, get=None, label=None):
        """Return a column that shows a field of a model."""
        field = self.env[model]._fields[name]

        def read(record):
            value = record[name]
            if field.type == 'many2one':
                value = value.display_name
            elif field.type == 'many2many':
                value = ", ".join(value.mapped('display_name'))
            elif field.type == 'selection':
                value = dict(field._description_selection(self.env)).get(value)
            elif field.type == 'html':
                value = html2plaintext(value or '')
            return value if value is not False or field.type == 'boolean' else None

        return (name, label or field._description_string(self.env), get or read)

    def _billing_columns(self, model, *names):
        return [self._billing_column(model, name) for name in names]

    def _billing_export_invoices(self, moves, documents):
        """Return the invoices; amounts that tell of others, too, stay with who pays."""

        def amount(name):
            return lambda move: (
                move[name] if move.partner_id == self or self._billing_is_whole(move) else None
            )

        column = self._billing_column
        columns = [
            *self._billing_columns(
                'account.move', 'company_id', 'name', 'move_type', 'state', 'invoice_date'
            ),
            column('account.move', 'invoice_date_due'),
            (
                'payer',
                self.env._("Paid by"),
                lambda move: (
                    self.env._("this contact")
                    if move.partner_id == self
                    else self.env._("somebody else")
                ),
            ),
            (
                'client',
                self.env._("For"),
                lambda move: (
                    self.env._("this contact")
                    if self._billing_is_whole(move)
                    else self.env._("others, too")
                ),
            ),
            column('account.move', 'currency_id'),
            column('account.move', 'amount_untaxed', amount('amount_untaxed')),
            column('account.move', 'amount_tax', amount('amount_tax')),
            column('account.move', 'amount_total', amount('amount_total')),
            column('account.move', 'amount_residual', amount('amount_residual')),
            column('account.move', 'payment_state'),
            ('document', self.env._("Document"), lambda move: documents.get(move, ("",))[0]),
        ]
        return section('invoices', self.env._("Invoices and credit notes"), columns, moves)

    def _billing_export_services(self, moves):
        columns = [
            ('invoice', self.env._("Invoice"), lambda line: line.move_id.name),
            *self._billing_columns(
                'account.move.line',
                'billing_service_date',
                'billing_code',
                'name',
                'quantity',
                'price_unit',
                'discount',
                'tax_ids',
                'price_total',
            ),
        ]
        lines = self._billing_export_lines(moves)
        return section('services', self.env._("Services on invoices"), columns, lines)

    def _billing_export_sessions(self, companies):
        items = self.env['practice.billing.item'].search(
            [('client_id', '=', self.id), ('company_id', 'in', companies.ids)], order='date, id'
        )
        columns = [
            *self._billing_columns(
                'practice.billing.item',
                'company_id',
                'date',
                'practitioner_id',
                'name',
                'code',
                'quantity',
                'price_unit',
                'tax_ids',
                'amount_total',
                'currency_id',
                'attendance',
                'state',
                'waive_reason',
            ),
            ('invoice', self.env._("Invoice"), lambda item: item.invoice_id.name or None),
        ]
        return section('sessions', self.env._("Sessions and other charges"), columns, items)

    def _billing_export_money(self, companies, documents):
        columns = [
            *self._billing_columns(
                'account.payment',
                'company_id',
                'name',
                'date',
                'payment_type',
                'journal_id',
                'amount',
                'currency_id',
                'memo',
                'billing_receipt_at',
                'billing_credit_kept_at',
            ),
            ('document', self.env._("Document"), lambda one: documents.get(one, ("",))[0]),
        ]
        payments = self._billing_export_payments(companies)
        return section('payments', self.env._("Payments and refunds"), columns, payments)

    def _billing_export_online(self, companies):
        """Return what was tried online; Stripe's own references open nothing for a client."""
        txs = self.env['payment.transaction'].search(
            [
                ('partner_id', '=', self.id),
                ('company_id', 'in', companies.ids),
                ('provider_code', '=', PROVIDER_CODE),
            ],
            order='id',
        )
        columns = self._billing_columns(
            'payment.transaction',
            'company_id',
            'create_date',
            'reference',
            'operation',
            'amount',
            'currency_id',
            'token_id',
            'state',
            'state_message',
            'billing_autopay',
            'billing_consent',
            'partner_name',
            'partner_email',
            'partner_phone',
            'partner_address',
            'partner_zip',
            'partner_city',
        )
        return section('online_payments', self.env._("Online payments and refunds"), columns, txs)

    def _billing_export_cards(self, companies):
        tokens = self._billing_all_cards(active_test=False)
        columns = [
            *self._billing_columns('payment.token', 'company_id', 'billing_brand'),
            ('last_four', self.env._("Last four digits"), lambda token: token.payment_details),
            *self._billing_columns(
                'payment.token',
                'billing_expires_on',
                'billing_consent',
                'billing_consent_at',
                'billing_expiry_told_at',
                'active',
            ),
        ]
        return section(
            'cards',
            self.env._("Saved cards"),
            columns,
            tokens.filtered(lambda token: token.company_id in companies),
        )

    def _billing_export_autopay(self, companies):
        holders = self.env['practice.card.holder'].search(
            [('partner_id', '=', self.id), ('company_id', 'in', companies.ids)]
        )
        columns = self._billing_columns(
            'practice.card.holder',
            'company_id',
            'autopay',
            'autopay_how',
            'autopay_at',
            'autopay_terms',
            'autopay_stopped',
        )
        return section('autopay', self.env._("Autopay"), columns, holders)

    def _billing_export_links(self, companies):
        """Return when payment links were sent and opened; the links themselves are keys."""
        links = self.env['practice.payment.link'].search(
            [('payer_id', '=', self.id), ('company_id', 'in', companies.ids)], order='id'
        )
        columns = [
            ('invoice', self.env._("Invoice"), lambda link: link.move_id.name or None),
            *self._billing_columns(
                'practice.payment.link', 'company_id', 'sent_at', 'viewed_at', 'revoked_at'
            ),
        ]
        return section('links', self.env._("Payment links"), columns, links)

    def _billing_export_mails(self, companies, own):
        """Return the mails to this contact.

        :param own: recordset of `account.move`: the invoices that this contact pays
        """
        payments = self._billing_export_payments(companies)
        holders = self.env['practice.card.holder'].search(
            [('partner_id', '=', self.id), ('company_id', 'in', companies.ids)]
        )
        about = Domain.OR(
            Domain('model', '=', records._name) & Domain('res_id', 'in', records.ids)
            for records in (own, payments, holders)
        )
        reminders = self.env['practice.reminder.mail'].search(
            [('payer_id', '=', self.id), ('company_id', 'in', companies.ids)], order='id'
        )
        messages = self.env['mail.message'].search(
            about
            & (
                Domain('message_type', '=', 'email_outgoing')
                | Domain('outgoing_email_to', '!=', False)
                | Domain('notified_partner_ids', 'in', self.ids)
            )
            # They stand beside, each once.
            & Domain('message_id', 'not in', reminders.mapped('message_ref')),
            order='id',
        )
        rows = [
            (one.date, one.outgoing_email_to or self.email, one.subject, one.body)
            for one in messages
        ] + [
            (one.attempted_at or one.create_date, one.email, one.subject, one.body)
            for one in reminders
        ]
        columns = [
            ('date', self.env._("Date"), lambda row: row[0]),
            ('to', self.env._("To"), lambda row: row[1]),
            ('subject', self.env._("Subject"), lambda row: row[2]),
            ('text', self.env._("Text"), lambda row: _plain(row[3] or '')),
        ]
        return section('mails', self.env._("Mails"), columns, sorted(rows, key=lambda row: row[0]))

    def _billing_export_reminders(self, companies):
        reminders = self.env['practice.reminder'].search(
            [('payer_id', '=', self.id), ('company_id', 'in', companies.ids)], order='id'
        )
        columns = self._billing_columns(
            'practice.reminder',
            'company_id',
            'day',
            'move_id',
            'due_date',
            'amount',
            'currency_id',
            'state',
            'reason',
        )
        return section('reminders', self.env._("Reminders"), columns, reminders)

    def _billing_export_disputes(self, companies):
        disputes = self.env['practice.dispute'].search(
            [('partner_id', '=', self.id), ('company_id', 'in', companies.ids)], order='id'
        )
        columns = self._billing_columns(
            'practice.dispute',
            'company_id',
            'opened_at',
            'amount',
            'currency_id',
            'reason',
            'state',
            'closed_at',
        )
        return section('disputes', self.env._("Disputes"), columns, disputes)

    def _billing_export_shares(self, companies):
        """Return who pays; another person is not named."""
        shares = self.env['practice.payer.share'].search(
            Domain('company_id', 'in', companies.ids)
            & (Domain('client_id', '=', self.id) | Domain('payer_id', '=', self.id))
        )

        def who(name):
            return lambda share: (
                self.env._("this contact") if share[name] == self else self.env._("somebody else")
            )

        columns = [
            *self._billing_columns('practice.payer.share', 'company_id'),
            ('client', self.env._("Client"), who('client_id')),
            ('payer', self.env._("Payer"), who('payer_id')),
            *self._billing_columns('practice.payer.share', 'kind', 'percent', 'amount'),
        ]
        return section('shares', self.env._("Who pays"), columns, shares)

    def _billing_export_log(self, companies, moves):
        rows = self.env['practice.audit.log'].search(
            Domain('company_id', 'in', companies.ids)
            & (
                Domain('partner_ref', '=', self.id)
                | (Domain('res_model', '=', 'account.move') & Domain('res_id', 'in', moves.ids))
            ),
            order='date, id',
        )
        model = 'practice.audit.log'
        columns = [
            *self._billing_columns(model, 'company_id', 'date', 'actor', 'act'),
            self._billing_column(model, 'name', label=self.env._("Record")),
            *self._billing_columns(model, 'detail'),
        ]
        return section('log', self.env._("Audit log"), columns, rows)


def _plain(html):
    """Return a mail's text without the part of its links that opens them."""
    text = re.sub(r'\n\s*\n\s*', '\n\n', html2plaintext(html)).strip()
    return KEYS.sub(r'\1…', text)


def _shape(value):
    """Return the class of a cell: what is short stays on one line."""
    if isinstance(value, float):
        return 'number'
    return 'short' if len(str(value)) <= SHORT else None
