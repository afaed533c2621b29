"""The part of the demo data that depends on today: books, sessions and invoices."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

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


def load(env):
    """Fill the demo practice around today. Sends nothing and calls nobody."""
    company = _ref(env, 'company_riverside')
    env = company.with_context(**SILENT, allowed_company_ids=company.ids).env
    _load_books(env, company)
    _load_users(env)
    _load_calendars(env)
    _load_sessions(env, company)
    _load_invoices(env, company)


def _ref(env, name):
    return env.ref(f'carepatron_billing.{name}')


def _client(env, number):
    return _ref(env, f'client_{number:02d}')


def _service(env, name):
    return _ref(env, f'service_{name}')


def _load_books(env, company):
    # `try_loading` would add the demo invoices of a furniture shop.
    env['account.chart.template']._load('generic_coa', company, install_demo=False)
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
    env['product.template'].search(
        [('type', '=', 'service'), ('company_id', '=', False)]
    ).company_id = env.ref('base.main_company')
    services = env['product.template'].search([('company_id', '=', company.id)])
    services.taxes_id = tax
    services.supplier_taxes_id = False
    _service(env, 'counselling').taxes_id = exempt
    company.billing_payment_term_id = env['account.payment.term'].create(
        {
            'name': "7 days",
            'company_id': company.id,
            'note': "<p>Payable within 7 days.</p>",
            'line_ids': [Command.create({'value': 'percent', 'value_amount': 100, 'nb_days': 7})],
        }
    )
    if not env['account.journal'].search_count(
        [('company_id', '=', company.id), ('type', '=', 'cash')]
    ):
        env['account.journal'].create(
            {'name': "Cash", 'type': 'cash', 'code': "CSH1", 'company_id': company.id}
        )
    for journal in env['account.journal'].search(
        [
            ('company_id', '=', company.id),
            ('type', 'in', ('bank', 'cash')),
        ]
    ):
        journal.inbound_payment_method_line_ids.payment_account_id = journal.default_account_id


def _load_users(env):
    """Spare the newcomer Odoo's own greeting, which covers a phone's screen."""
    users = env['res.users'].search([('company_id', '=', _ref(env, 'company_riverside').id)])
    if 'odoobot_state' in users._fields:
        users.odoobot_state = 'disabled'


def _load_calendars(env):
    """Let the desk and the manager see the practitioners' calendars at once."""
    env['calendar.filters'].create(
        [
            {'user_id': _ref(env, user).id, 'partner_id': _ref(env, practitioner).partner_id.id}
            for user in ('user_front_desk', 'user_manager')
            for practitioner, _hours, _services in DIARIES
        ]
    )


def _load_sessions(env, company):
    zone = ZoneInfo(company.billing_timezone)
    today = company._billing_today()
    monday = today - timedelta(days=today.weekday(), weeks=WEEKS_BACK)
    weeks = WEEKS_BACK + WEEKS_AHEAD

    def session(practitioner, clients, service, day, hour):
        product = _service(env, service)
        start = datetime.combine(day, time(hour), zone).astimezone(ZoneInfo('UTC'))
        start = start.replace(tzinfo=None)
        user = _ref(env, practitioner)
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
                    client = _client(env, turn % 23 + 1)
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
            [_client(env, number) for number in numbers],
            service,
            monday + timedelta(weeks=week, days=weekday),
            hour,
        )
        for week in range(weeks)
    ]
    for practitioner, number, service, weekday, hour in SERIES:
        values = session(
            practitioner,
            [_client(env, number)],
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
    env['calendar.event'].create(vals_list)
    env.flush_all()
    events = env['calendar.event'].search(
        [
            ('billing_service_id.company_id', '=', company.id),
        ]
    )
    events.attendee_ids.state = 'accepted'
    env.flush_all()
    # They were booked a while ago, but one, which the desk is to confirm.
    env.cr.execute(
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


def _load_invoices(env, company):
    Item = env['practice.billing.item'].with_company(company)
    Item._make_for_events(env['calendar.event'].browse(Item._get_ended_event_ids()))
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
        env['account.move']
        .with_company(company)
        .create(sorted(vals_list, key=lambda values: values['invoice_date']))
    )
    invoices._post(soft=False)
    _pay(env, invoices[::2], company)
    unpaid = invoices[1::2]
    half = company.currency_id.round(unpaid[3].amount_total / 2)
    _pay(env, unpaid[3], company, amount=half)
    cancelled, credited = unpaid[5:6], unpaid[7:8]
    cancelled.button_draft()
    cancelled.button_cancel()
    credited._reverse_moves(
        [{'invoice_date': company._billing_today(), 'ref': "Booked twice"}],
        cancel=True,
    )


def _pay(env, invoices, company, **values):
    env['account.payment.register'].with_context(
        active_model='account.move',
        active_ids=invoices.ids,
    ).create(
        {
            'payment_date': company._billing_today(),
            'group_payment': False,
            **values,
        }
    )._create_payments()
