"""The invoice that a template is shown with where none was chosen."""

from odoo import api, fields, models
from odoo.fields import Command

from .document import qr_code


class AccountMoveReport(models.AbstractModel):
    _inherit = 'report.carepatron_billing.report_account_move'

    @api.model
    def _get_sample_values(self, data):
        """Return the values of a document that stands in no book.

        :param dict data: `template`
        :rtype: dict
        """
        company = data['template'].company_id
        report = self.with_company(company)
        move = report._make_sample(company)
        document = report._get_document(move, data)
        show = document['look']
        url = f"{company.get_base_url()}/billing/pay/sample"
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
                'link': {'url': url, 'qr_code': qr_code(url)} if show['show_qr_code'] else False,
                'bank': document['bank']
                or (
                    show['show_bank']
                    and {
                        'holder': company.name,
                        'number': "0000 1234 5678 90",
                        'bic': False,
                        'name': self.env._("The practice's bank"),
                    }
                ),
            }
        )
        document['has_codes'] = show['show_code']
        for number, item in enumerate(document['items']):
            item['code'] = f"S{number + 1:02}"
            item['time'] = show['show_session_time'] and "10:00\N{EN DASH}10:50"
        return {'documents': [document]}

    def _make_sample(self, company):
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
        lines = [
            (21, self.env._("Initial assessment"), 1, 180, 0),
            (14, self.env._("Session, 50 minutes"), 1, 120, 0),
            (7, self.env._("Session, 50 minutes"), 1, 120, 10),
            (7, self.env._("Workbook"), 2, 24.5, 0),
        ]
        return self.env['account.move'].new(
            {
                'move_type': 'out_invoice',
                'company_id': company.id,
                'journal_id': journal.id,
                'name': f'INV/{today.year}/00042',
                'payment_reference': f'INV/{today.year}/00042',
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
