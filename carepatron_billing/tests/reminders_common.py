from datetime import datetime, timedelta

from freezegun import freeze_time

from odoo.fields import Command

from .common import BillingCommon

# A Monday, 10 in the morning in New York.
NOW = datetime(2026, 3, 16, 14)


class RemindersCommon(BillingCommon):
    """A practice with one rule that is on: a week after the due date, then twice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        clock = freeze_time(NOW)
        clock.start()
        cls.addClassCleanup(clock.stop)
        cls.Rule = cls.env['practice.reminder.rule']
        cls.Mail = cls.env['practice.reminder.mail']
        cls.Rule.search([]).is_on = False
        cls.rule = cls.make_rule(days=7, every=14, times=2)

    @classmethod
    def make_rule(cls, **values):
        template = cls.env.ref('carepatron_billing.mail_template_reminder_kind')
        return cls.Rule.create(
            {
                'company_id': cls.company.id,
                'template_id': template.id,
                'attach_invoice': False,
                'is_on': True,
                **values,
            }
        )

    @classmethod
    def make_due(cls, days_ago=7, partner=None, amount=120.0, term=None):
        """Return an invoice that was due some days ago."""
        today = cls.company._billing_today()
        move = cls.env['account.move'].create(
            {
                'move_type': 'out_invoice',
                'partner_id': (partner or cls.client_partner).id,
                'invoice_date': today - timedelta(days_ago),
                'invoice_date_due': today - timedelta(days_ago),
                'invoice_payment_term_id': term and term.id,
                'invoice_line_ids': [
                    Command.create({'product_id': cls.service.id, 'price_unit': amount})
                ],
            }
        )
        move.action_post()
        return move

    def run_cron(self, days=0, hours=0):
        """Let time go on, then let the scheduler work."""
        with freeze_time(NOW + timedelta(days=days, hours=hours)), self.enter_registry_test_mode():
            self.env.ref('carepatron_billing.ir_cron_send_reminders').method_direct_trigger()
        self.env.invalidate_all()

    def sent(self, move=None):
        domain = [('state', '=', 'sent')]
        if move:
            domain.append(('move_id', '=', move.id))
        return self.env['practice.reminder'].search(domain, order='id')
