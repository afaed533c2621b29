"""The tables of a client's export."""

from collections.abc import Iterable
from typing import NamedTuple

from odoo import models
from odoo.fields import Domain
from odoo.tools import html2plaintext

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


class Section(NamedTuple):
    """A table of the export.

    :param key: its name for machines
    :param title: its name for people
    :param labels: of the columns, by their name for machines
    :param rows: plain values, by column
    """

    key: str
    title: str
    labels: dict[str, str]
    rows: list[dict]


def section(key: str, title: str, columns: list[tuple], records: Iterable) -> Section:
    """Return a section of one row for each record.

    :param columns: of (name, label, getter), the last one a function of the record
    """
    return Section(
        key,
        title,
        {name: label for name, label, _get in columns},
        [{name: get(record) for name, _label, get in columns} for record in records],
    )


class ResPartner(models.Model):
    _inherit = 'res.partner'

    def _billing_export_sections(self, companies, documents: dict) -> list[Section]:
        """Return the tables of the export; later rooms add theirs.

        :param documents: see `_billing_export_documents`
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
