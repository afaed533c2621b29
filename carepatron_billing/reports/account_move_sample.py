"""The invoice that a template is shown with where none was chosen."""

from odoo import api, fields, models
from odoo.fields import Command
from odoo.tools import format_date, formatLang

from ..tools.qr_code import qr_code
from .account_move_report_totals import MINUS
from .document import sample_link_url

MAX_LINES = 300


class AccountMoveReport(models.AbstractModel):
    _inherit = 'report.carepatron_billing.report_account_move'

    @api.model
    def _get_sample_values(self, data: dict) -> dict:
        """Return the values of a document that stands in no book.

        :param data: `template`; `sample`: `kind` (`invoice`, `paid` or `credit`) and the
            number of `lines`, both optional
        """
        company = data['template'].company_id
        report = self.with_company(company)
        sample = data.get('sample') or {}
        is_credit = sample.get('kind') == 'credit'
        is_paid = sample.get('kind') == 'paid'
        lines = min(max(int(sample.get('lines') or 4), 1), MAX_LINES)
        move = report._make_sample(company, 'out_refund' if is_credit else 'out_invoice', lines)
        document = report._get_document(move, data)
        show = document['look']
        url = sample_link_url(company)
        document.update(
            {
                'client_references': ["HX-20771"] if show['show_client_reference'] else [],
                'clients': [],
                'practitioners': [
                    {
                        'name': self.env._("Maya Lindgren"),
                        'registration': "PSY 40172",
                        'provider': "1184620357",
                    }
                ]
                if show['show_practitioner']
                else [],
                'link': {'url': url, 'qr_code': qr_code(url)}
                if show['show_qr_code'] and document['to_pay']
                else False,
                'bank': document['bank']
                or (
                    show['show_bank']
                    and document['to_pay']
                    and {
                        'holder': company.name,
                        'number': "0000 1234 5678 90",
                        'bic': False,
                        'name': self.env._("The practice's bank"),
                    }
                ),
            }
        )
        if is_paid:
            self._pay_sample(move, document)
        document['has_codes'] = show['show_code']
        for number, item in enumerate(document['items']):
            item['code'] = f"S{number + 1:02}"
            item['time'] = show['show_session_time'] and "10:00\N{EN DASH}10:50"
        return {'documents': [document]}

    def _pay_sample(self, move, document):
        total = self._get_sums(move)[0]
        paid = formatLang(self.env, total, currency_obj=move.currency_id)
        nothing = formatLang(self.env, 0, currency_obj=move.currency_id)
        day = format_date(self.env, move.invoice_date)
        document.update(
            {
                'mark_kind': 'paid',
                'mark': self.env._("Paid"),
                'facts': [*document['facts'][:-1], (self.env._("Amount due"), nothing)],
                'payments': [(self.env._("Paid on %s", day), f"{MINUS}{paid}")],
                'due': nothing,
                'to_pay': False,
                'link': False,
                'bank': False,
                'payment_reference': False,
                'payment_instructions': False,
            }
        )

    def _make_sample(self, company, move_type, count):
        today = company._billing_today()
        journal = self.env['account.journal'].search(
            [('type', '=', 'sale'), ('company_id', 'parent_of', company.id)], limit=1
        )
        taxes = company.account_sale_tax_id
        client = self.env['res.partner'].new(
            {
                'name': self.env._("Alex Morgan"),
                'street': self.env._("8 Orchard Road"),
                'city': company.city or self.env._("Riverton"),
                'state_id': company.state_id.id,
                'zip': company.zip,
                'country_id': company.country_id.id,
            }
        )
        services = [
            (21, self.env._("Initial assessment"), 1, 180, 0),
            (14, self.env._("Session, 50 minutes"), 1, 120, 0),
            (7, self.env._("Session, 50 minutes"), 1, 120, 10),
            (7, self.env._("Workbook"), 2, 24.5, 0),
        ]
        lines = [services[number % len(services)] for number in range(count)]
        prefix = 'RINV' if move_type == 'out_refund' else 'INV'
        return self.env['account.move'].new(
            {
                'move_type': move_type,
                'company_id': company.id,
                'journal_id': journal.id,
                'name': f'{prefix}/{today.year}/00042',
                'payment_reference': f'{prefix}/{today.year}/00042',
                'partner_id': client.id,
                'invoice_date': today,
                'invoice_date_due': fields.Date.add(today, days=14),
                'invoice_line_ids': [
                    Command.create(
                        {
                            'name': name,
                            'quantity': quantity,
                            'price_unit': price,
                            'discount': discount,
                            'tax_ids': [Command.set(taxes.ids)],
                            'account_id': journal.default_account_id.id,
                            'billing_service_date': fields.Date.subtract(today, days=days),
                        }
                    )
                    for days, name, quantity, price, discount in lines
                ],
            }
        )
