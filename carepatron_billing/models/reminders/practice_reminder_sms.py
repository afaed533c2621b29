import secrets

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_date, formatLang

from ..documents.practice_invoice_template_texts import PLACEHOLDER
from ..payment_links.practice_bearer_link import FINDER_LENGTH, PROOF_BYTES
from .sms_length import plain, sms_count

WORDS = ('practice', 'number', 'amount', 'date', 'url')


class PracticeReminderRule(models.Model):
    _inherit = 'practice.reminder.rule'

    also_sms = fields.Boolean(
        string="Send a text message too (SMS)",
        help="To payers with a phone number: practice, invoice, amount, due date and link.",
    )
    sms_words = fields.Text(
        string="Words of the text message",
        translate=True,
        help="{practice}, {number}, {amount}, {date} and {url} are filled in. Left empty, the"
        " usual words are sent. Several invoices are told in the usual words.",
    )
    sms_measure = fields.Char(compute='_compute_sms_measure')
    offers_sms = fields.Boolean(compute='_compute_offers_sms')

    def _compute_offers_sms(self):
        self.offers_sms = 'sms.sms' in self.env

    @api.depends('sms_words', 'company_id')
    def _compute_sms_measure(self):
        for rule in self:
            length, number = sms_count(rule._sms_fill(rule._sms_sample()))
            rule.sms_measure = (
                self.env._("About %s characters: sent as 1 message.", length)
                if number == 1
                else self.env._(
                    "About %(length)s characters: sent as %(number)s messages.",
                    length=length,
                    number=number,
                )
            )

    @api.constrains('sms_words')
    def _check_sms_words(self):
        for rule in self:
            used = PLACEHOLDER.findall(rule.sms_words or '')
            unknown = [name for name in used if name not in WORDS]
            if unknown:
                raise ValidationError(
                    self.env._(
                        "{%(name)s} is unknown. These can be used: %(known)s.",
                        name=unknown[0],
                        known=", ".join(f"{{{known}}}" for known in WORDS),
                    )
                )
            if (rule.sms_words or '').strip() and 'url' not in used:
                raise ValidationError(
                    self.env._("Put {url} into the text message: nobody can pay without it.")
                )

    def _sms_fill(self, values: dict) -> str:
        """Return the text message about one invoice, in the words of the context's language.

        :param values: what stands for each of `WORDS`
        """
        words = (self.sms_words or '').strip()
        if words:
            return plain(PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), words))
        return plain(
            self.env._(
                "%(practice)s: invoice %(number)s, %(amount)s, due %(date)s. See and pay: %(url)s",
                **values,
            )
        )

    def _sms_sample(self):
        company = self.company_id or self.env.company
        token = 'x' * (FINDER_LENGTH + len(secrets.token_urlsafe(PROOF_BYTES)))
        return {
            'practice': company.name or '',
            'number': 'INV/2026/00012',
            'amount': formatLang(self.env, 120.0, currency_obj=company.currency_id),
            'date': format_date(self.env, company._billing_today()),
            'url': f'{self.get_base_url()}/billing/pay/{token}',
        }


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

    def _sms_words(self, reminders) -> str:
        """Return a text message about invoices, in the payer's language."""
        first = reminders[0]
        env = self.with_context(lang=self.lang).env
        alike = reminders.filtered(lambda reminder: reminder.currency_id == first.currency_id)
        if len(alike) == 1:
            return first.rule_id.with_context(lang=self.lang)._sms_fill(
                {
                    'practice': self.company_id.name,
                    'number': first.move_id.name,
                    'amount': formatLang(env, first.amount, currency_obj=first.currency_id),
                    'date': format_date(env, first.due_date),
                    'url': first.move_id._billing_payment_link().url,
                }
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
