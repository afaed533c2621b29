from odoo import fields, models
from odoo.tools import format_date, formatLang


class PracticeReminderRule(models.Model):
    _inherit = 'practice.reminder.rule'

    also_sms = fields.Boolean(
        string="Send a text message too (SMS)",
        help="To payers with a phone number: practice, invoice, amount, due date and link.",
    )
    offers_sms = fields.Boolean(compute='_compute_offers_sms')

    def _compute_offers_sms(self):
        self.offers_sms = 'sms.sms' in self.env


class PracticeReminderMail(models.Model):
    """Text messages beside the mails, where Odoo's `sms` is installed, which need not be."""

    _inherit = 'practice.reminder.mail'

    def _log(self):
        """Override to send text messages too: what is logged once is texted once."""
        new = self.filtered(lambda mail: mail.state == 'sent' and not mail.is_logged)
        result = super()._log()
        if 'sms.sms' in self.env:
            new._text()
        return result

    def _text(self):
        """Put text messages into the queue of Odoo's `sms`, and into the invoices' history."""
        for mail in self:
            today = mail.company_id._billing_today()
            reminders = mail.reminder_ids.filtered('rule_id.also_sms')
            # One that was found to have arrived days later is not news.
            if not reminders or not mail.payer_id.phone or mail.day != today:
                continue
            move = reminders[0].move_id
            move._message_sms(
                mail._sms_words(reminders),
                partner_ids=mail.payer_id.ids,
                author_id=mail.company_id.partner_id.id,
                put_in_queue=True,
            )

    def _sms_words(self, reminders):
        """Return a text message about invoices, in the payer's language.

        :rtype: str
        """
        first = reminders[0]
        env = self.with_context(lang=self.lang).env
        alike = reminders.filtered(lambda reminder: reminder.currency_id == first.currency_id)
        if len(alike) == 1:
            return env._(
                "%(practice)s: invoice %(number)s, %(amount)s, due %(date)s. See and pay: %(url)s",
                practice=self.company_id.name,
                number=first.move_id.name,
                amount=formatLang(env, first.amount, currency_obj=first.currency_id),
                date=format_date(env, first.due_date),
                url=first.move_id._billing_payment_link().url,
            )
        everything = env['practice.payment.link']._for_payer(
            self.payer_id, self.company_id, first.currency_id
        )
        return env._(
            "%(practice)s: %(count)s invoices are waiting to be paid. See and pay: %(url)s",
            practice=self.company_id.name,
            count=len(alike),
            url=everything.url,
        )
