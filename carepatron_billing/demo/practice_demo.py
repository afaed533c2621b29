"""The part of the demo data that depends on today: books, sessions and invoices."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from odoo import api, models
from odoo.fields import Command

SILENT = {
    'dont_notify': True,
    'mail_create_nolog': True,
    'mail_create_nosubscribe': True,
    'mail_notrack': True,
    'no_mail_to_attendees': True,
    'skip_attendee_notification': True,
    'skip_contact_description': True,
    'tracking_disable': True,
}

# Practitioner, hours of one-to-one sessions on each working day, services in turn.
DIARIES = [
    ('user_maya', (9, 11, 14), ('physiotherapy', 'follow_up', 'massage')),
    ('user_tom', (10, 13), ('counselling', 'initial_consultation', 'couples')),
    ('user_priya', (9, 15), ('initial_consultation', 'physiotherapy', 'follow_up')),
]
# Practitioner, client, service, weekday, hour of a weekly series.
SERIES = [('user_tom', 24, 'counselling', 1, 16), ('user_priya', 25, 'physiotherapy', 3, 11)]
# The class of the first five clients on Wednesday evening.
GROUP = ('user_maya', (1, 2, 3, 4, 5), 'group_class', 2, 17)
WEEKS_BACK, WEEKS_AHEAD = 2, 2


class PracticeDemo(models.AbstractModel):
    _name = 'practice.demo'
    _description = "Demo Practice"

    @api.model
    def _load(self):
        """Fill the demo practice around today. Sends nothing and calls nobody."""
        company = self._ref('company_riverside')
        demo = self.with_context(**SILENT, allowed_company_ids=company.ids)
        demo._load_books(company)
        demo._load_users()
        demo._load_calendars()
        demo._load_sessions(company)
        demo._load_invoices(company)

    @api.model
    def _ref(self, name):
        return self.env.ref(f'carepatron_billing.{name}')

    @api.model
    def _client(self, number):
        return self._ref(f'client_{number:02d}')

    @api.model
    def _service(self, name):
        return self._ref(f'service_{name}')

    @api.model
    def _load_books(self, company):
        # `try_loading` would add the demo invoices of a furniture shop.
        self.env['account.chart.template']._load('generic_coa', company, install_demo=False)
        default_tax = company.account_sale_tax_id
        tax_group = default_tax.tax_group_id.copy({'name': "Sales tax"})
        tax = default_tax.copy(
            {
                'name': "Sales tax 6%",
                'amount': 6.0,
                'invoice_label': "6%",
                'tax_group_id': tax_group.id,
            }
        )
        exempt = default_tax.copy(
            {
                'name': "Exempt",
                'amount': 0.0,
                'invoice_label': "Exempt",
                'tax_group_id': default_tax.tax_group_id.copy({'name': "Exempt"}).id,
                'invoice_legal_notes': "<p>Health service exempt from sales tax.</p>",
            }
        )
        company.account_sale_tax_id = tax
        # The furniture shop of Odoo's own demo data keeps its services to itself.
        self.env['product.template'].search(
            [('type', '=', 'service'), ('company_id', '=', False)]
        ).company_id = self.env.ref('base.main_company')
        services = self.env['product.template'].search([('company_id', '=', company.id)])
        services.taxes_id = tax
        services.supplier_taxes_id = False
        self._service('counselling').taxes_id = exempt
        company.billing_payment_term_id = self.env['account.payment.term'].create(
            {
                'name': "7 days",
                'company_id': company.id,
                'note': "<p>Payable within 7 days.</p>",
                'line_ids': [
                    Command.create({'value': 'percent', 'value_amount': 100, 'nb_days': 7})
                ],
            }
        )
        if not self.env['account.journal'].search_count(
            [('company_id', '=', company.id), ('type', '=', 'cash')]
        ):
            self.env['account.journal'].create(
                {'name': "Cash", 'type': 'cash', 'code': "CSH1", 'company_id': company.id}
            )
        for journal in self.env['account.journal'].search(
            [
                ('company_id', '=', company.id),
                ('type', 'in', ('bank', 'cash')),
            ]
        ):
            journal.inbound_payment_method_line_ids.payment_account_id = journal.default_account_id

    @api.model
    def _load_users(self):
        """Spare the newcomer Odoo's own greeting, which covers a phone's screen."""
        users = self.env['res.users'].search(
            [('company_id', '=', self._ref('company_riverside').id)]
        )
        if 'odoobot_state' in users._fields:
            users.odoobot_state = 'disabled'

    @api.model
    def _load_calendars(self):
        """Let the desk and the manager see the practitioners' calendars at once."""
        self.env['calendar.filters'].create(
            [
                {'user_id': self._ref(user).id, 'partner_id': self._ref(practitioner).partner_id.id}
                for user in ('user_front_desk', 'user_manager')
                for practitioner, _hours, _services in DIARIES
            ]
        )

    @api.model
    def _load_sessions(self, company):
        zone = ZoneInfo(company.billing_timezone)
        today = company._billing_today()
        monday = today - timedelta(days=today.weekday(), weeks=WEEKS_BACK)
        weeks = WEEKS_BACK + WEEKS_AHEAD

        def session(practitioner, clients, service, day, hour):
            product = self._service(service)
            start = datetime.combine(day, time(hour), zone).astimezone(ZoneInfo('UTC'))
            start = start.replace(tzinfo=None)
            user = self._ref(practitioner)
            partners = user.partner_id
            for client in clients:
                partners |= client
            return {
                'name': clients[0].name if len(clients) == 1 else product.name,
                'user_id': user.id,
                'partner_ids': [Command.set(partners.ids)],
                'start': start,
                'stop': start + timedelta(minutes=round(product.billing_duration * 60)),
                'billing_service_id': product.product_variant_id.id,
                'privacy': 'private' if service in ('counselling', 'couples') else False,
            }

        vals_list, turn = [], 0
        for week in range(weeks):
            for weekday in range(5):
                for practitioner, hours, services in DIARIES:
                    for hour in hours:
                        client = self._client(turn % 23 + 1)
                        vals_list.append(
                            session(
                                practitioner,
                                [client],
                                services[turn % len(services)],
                                monday + timedelta(weeks=week, days=weekday),
                                hour,
                            )
                        )
                        turn += 1
        practitioner, numbers, service, weekday, hour = GROUP
        vals_list += [
            session(
                practitioner,
                [self._client(number) for number in numbers],
                service,
                monday + timedelta(weeks=week, days=weekday),
                hour,
            )
            for week in range(weeks)
        ]
        for practitioner, number, service, weekday, hour in SERIES:
            values = session(
                practitioner,
                [self._client(number)],
                service,
                monday + timedelta(days=weekday),
                hour,
            )
            vals_list.append(
                {
                    **values,
                    'recurrency': True,
                    'rrule_type': 'weekly',
                    'interval': 1,
                    'end_type': 'count',
                    'count': weeks,
                    'event_tz': company.billing_timezone,
                    ('mon', 'tue', 'wed', 'thu', 'fri')[weekday]: True,
                }
            )
        self.env['calendar.event'].create(vals_list)
        self.env.flush_all()
        events = self.env['calendar.event'].search(
            [
                ('billing_service_id.company_id', '=', company.id),
            ]
        )
        events.attendee_ids.state = 'accepted'
        self.env.flush_all()
        # They were booked a while ago, but one, which the desk is to confirm.
        self.env.cr.execute(
            """
            UPDATE calendar_event SET create_date = start - interval '9 days'
             WHERE id IN %s AND id NOT IN (
                SELECT id FROM calendar_event WHERE id IN %s AND stop < now() at time zone 'UTC'
                 ORDER BY start DESC LIMIT 1
             )
            """,
            [tuple(events.ids)] * 2,
        )
        events.invalidate_recordset(['create_date'])

    @api.model
    def _load_invoices(self, company):
        Item = self.env['practice.billing.item'].with_company(company)
        Item._make_for_events(self.env['calendar.event'].browse(Item._get_ended_event_ids()))
        items = Item.search([('company_id', '=', company.id)], order='date, id')
        # The last days wait for the desk.
        recent = company._billing_today() - timedelta(days=3)
        # One invoice for each payer and week.
        groups = items.filtered(
            lambda item: item.state == 'unbilled' and item.service_date < recent
        ).grouped(lambda item: (item.service_date.isocalendar()[:2], item.payer_id))
        vals_list = [
            {**group._prepare_invoice(), 'invoice_date': max(group.mapped('service_date'))}
            for group in groups.values()
        ]
        invoices = (
            self.env['account.move']
            .with_company(company)
            .create(sorted(vals_list, key=lambda values: values['invoice_date']))
        )
        invoices._post(soft=False)
        self._pay(invoices[::2], company)
        unpaid = invoices[1::2]
        half = company.currency_id.round(unpaid[3].amount_total / 2)
        self._pay(unpaid[3], company, amount=half)
        cancelled, credited = unpaid[5:6], unpaid[7:8]
        cancelled.button_draft()
        cancelled.button_cancel()
        credited._reverse_moves(
            [{'invoice_date': company._billing_today(), 'ref': "Booked twice"}],
            cancel=True,
        )

    @api.model
    def _pay(self, invoices, company, **values):
        self.env['account.payment.register'].with_context(
            active_model='account.move',
            active_ids=invoices.ids,
        ).create(
            {
                'payment_date': company._billing_today(),
                'group_payment': False,
                **values,
            }
        )._create_payments()
