from datetime import timedelta

from odoo import Command, fields
from odoo.tests import new_test_user

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

GROUP = 'carepatron_billing.group_%s'


class SessionsCommon(AccountTestInvoicingCommon):
    """A practice in New York with two practitioners, a front desk, two clients and a service."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref(GROUP % 'manager')
        cls.company = cls.company_data['company']
        cls.company.billing_timezone = 'America/New_York'
        cls.practitioner = cls.make_user('practitioner')
        cls.colleague = cls.make_user('practitioner', login='colleague')
        cls.front_desk = cls.make_user('front_desk')
        cls.client = cls.env['res.partner'].create({'name': "Ada", 'email': 'ada@example.com'})
        cls.other_client = cls.env['res.partner'].create({'name': "Bo", 'email': 'bo@example.com'})
        cls.tax = cls.company_data['default_tax_sale']
        cls.service = cls.env['product.product'].create(
            {
                'name': "Consultation",
                'type': 'service',
                'default_code': 'C50',
                'list_price': 100.0,
                'taxes_id': [Command.set(cls.tax.ids)],
            }
        )

    @classmethod
    def make_user(cls, role, login=None, company=None):
        company = company or cls.company
        return new_test_user(
            cls.env,
            login or f'test_{role}',
            groups=GROUP % role,
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
            tz='America/New_York',
        )

    def make_session(self, clients=None, user=None, hours=-2, booked=-48, **vals):
        """Make a session that begins in some hours and was booked some hours from now."""
        user = user or self.practitioner
        clients = self.client if clients is None else clients
        start = fields.Datetime.now().replace(minute=0, second=0) + timedelta(hours=hours)
        event = (
            self.env['calendar.event']
            .sudo()
            .with_context(no_mail_to_attendees=True, skip_contact_description=True)
            .create(
                {
                    'name': "Something private",
                    'user_id': user.id,
                    'start': start,
                    'stop': start + timedelta(hours=1),
                    'partner_ids': [Command.set((user.partner_id + clients).ids)],
                    'billing_service_id': self.service.id,
                    **vals,
                }
            )
        )
        events = event.recurrence_id.calendar_event_ids | event
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE calendar_event SET create_date = %s WHERE id IN %s",
            [fields.Datetime.now() + timedelta(hours=booked), tuple(events.ids)],
        )
        self.env.invalidate_all()
        return event.sudo(False)

    def invoice(self, event, user=None):
        """Click *Invoice* on a session, and return its invoices."""
        event.with_user(user or self.front_desk).action_billing_invoice()
        return self.items(event).invoice_id

    def items(self, event):
        return self.env['practice.billing.item'].search([('event_id', 'in', event.ids)])

    def credit(self, invoice):
        return invoice._reverse_moves(
            [{'invoice_date': self.company._billing_today()}], cancel=True
        )
