import re

from odoo import models
from odoo.fields import Domain
from odoo.tools import html2plaintext

from ...const import PROVIDER_CODE
from .client_export import section

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
# What opens a page of ours, or of Odoo's, to whoever has it.
KEYS = re.compile(r'(/billing/\w+/|access_token=)[\w-]+')


class ResPartner(models.Model):
    """The tables of a client's export."""

    _inherit = 'res.partner'

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

    def _billing_export_own(self, model, companies, by='partner_id', more=(), order='id'):
        """Return the records of a model that are this contact's, of these practices."""
        domain = [(by, '=', self.id), ('company_id', 'in', companies.ids), *more]
        return self.env[model].search(domain, order=order)

    def _billing_export_sessions(self, companies):
        items = self._billing_export_own(
            'practice.billing.item', companies, 'client_id', order='date, id'
        )
        columns = [
            *self._billing_columns(
                'practice.billing.item',
                *('company_id', 'date', 'practitioner_id', 'name', 'code', 'quantity'),
                *('price_unit', 'tax_ids', 'amount_total', 'currency_id', 'attendance', 'state'),
                'waive_reason',
            ),
            ('invoice', self.env._("Invoice"), lambda item: item.invoice_id.name or None),
        ]
        return section('sessions', self.env._("Sessions and other charges"), columns, items)

    def _billing_export_money(self, companies, documents):
        columns = [
            *self._billing_columns(
                'account.payment',
                *('company_id', 'name', 'date', 'payment_type', 'journal_id', 'amount'),
                *('currency_id', 'memo', 'billing_receipt_at', 'billing_credit_kept_at'),
            ),
            ('document', self.env._("Document"), lambda one: documents.get(one, ("",))[0]),
        ]
        payments = self._billing_export_payments(companies)
        return section('payments', self.env._("Payments and refunds"), columns, payments)

    def _billing_export_online(self, companies):
        """Return what was tried online; Stripe's own references open nothing for a client."""
        txs = self._billing_export_own(
            'payment.transaction', companies, more=[('provider_code', '=', PROVIDER_CODE)]
        )
        columns = self._billing_columns(
            'payment.transaction',
            *('company_id', 'create_date', 'reference', 'operation', 'amount', 'currency_id'),
            *('token_id', 'state', 'state_message', 'billing_autopay', 'billing_consent'),
            *('partner_name', 'partner_email', 'partner_phone'),
            *('partner_address', 'partner_zip', 'partner_city'),
        )
        return section('online_payments', self.env._("Online payments and refunds"), columns, txs)

    def _billing_export_cards(self, companies):
        tokens = self._billing_all_cards(active_test=False)
        columns = [
            *self._billing_columns('payment.token', 'company_id', 'billing_brand'),
            ('last_four', self.env._("Last four digits"), lambda token: token.payment_details),
            *self._billing_columns(
                'payment.token',
                *('billing_expires_on', 'billing_consent', 'billing_consent_at'),
                *('billing_expiry_told_at', 'active'),
            ),
        ]
        own = tokens.filtered(lambda token: token.company_id in companies)
        return section('cards', self.env._("Saved cards"), columns, own)

    def _billing_export_autopay(self, companies):
        holders = self._billing_export_own('practice.card.holder', companies)
        columns = self._billing_columns(
            'practice.card.holder',
            *('company_id', 'autopay', 'autopay_how', 'autopay_at', 'autopay_terms'),
            'autopay_stopped',
        )
        return section('autopay', self.env._("Autopay"), columns, holders)

    def _billing_export_links(self, companies):
        """Return when payment links were sent and opened; the links themselves are keys."""
        links = self._billing_export_own('practice.payment.link', companies, 'payer_id')
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
        holders = self._billing_export_own('practice.card.holder', companies)
        about = Domain.OR(
            Domain('model', '=', records._name) & Domain('res_id', 'in', records.ids)
            for records in (own, payments, holders)
        )
        reminders = self._billing_export_own('practice.reminder.mail', companies, 'payer_id')
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
        reminders = self._billing_export_own('practice.reminder', companies, 'payer_id')
        columns = self._billing_columns(
            'practice.reminder',
            *('company_id', 'day', 'move_id', 'due_date', 'amount', 'currency_id', 'state'),
            'reason',
        )
        return section('reminders', self.env._("Reminders"), columns, reminders)

    def _billing_export_disputes(self, companies):
        disputes = self._billing_export_own('practice.dispute', companies)
        columns = self._billing_columns(
            'practice.dispute',
            *('company_id', 'opened_at', 'amount', 'currency_id', 'reason', 'state', 'closed_at'),
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


def _plain(html):
    """Return a mail's text without the part of its links that opens them."""
    text = re.sub(r'\n\s*\n\s*', '\n\n', html2plaintext(html)).strip()
    return KEYS.sub(r'\1…', text)
