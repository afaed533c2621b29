from collections import defaultdict
from datetime import date
from operator import attrgetter
from typing import NamedTuple

from odoo import api, models
from odoo.tools import format_date, formatLang, groupby

from ..payment_links.practice_payment_link import LIVE
from .plan import Step


class Entry(NamedTuple):
    """One instalment of an invoice that a letter is about.

    :param step: the reminder that is due; None where a person reminds besides the rules
    :param residual: what was open on the whole invoice when the letter was written
    :param amount: what of the invoice is due, in its currency
    """

    invoice: int
    due: date
    step: Step | None
    residual: float
    amount: float


class Letter(NamedTuple):
    """What one payer is reminded of in one mail."""

    payer: int
    entries: tuple[Entry, ...]

    @property
    def lead(self) -> Entry:
        """The entry that sets the tone: of those by a rule, what has been due the longest."""
        return min(self.entries, key=lambda entry: (not entry.step, entry.due, entry.invoice))


class PracticeReminderRule(models.Model):
    """From what is due to the words of the mails."""

    _inherit = 'practice.reminder.rule'

    @api.model
    def _letters(self, instalments, day, by_hand: bool = False) -> list[Letter]:
        """Return the letters that are to be written on a day, one for each payer.

        :param list[Instalment] instalments: all that is open, of some payers
        :param by_hand: whether a person asks for them: also of what is held back
        """
        by_payer = defaultdict(list)
        place = attrgetter('payer', 'invoice')
        for (payer, _invoice), found in groupby(instalments, place):
            found = sorted(found, key=attrgetter('due'))
            wanted = [(one, one.wanted(day)) for one in found]
            chosen = [(one, step) for one, step in wanted if step and day >= one.free_on]
            if by_hand:
                # One record tells of the whole invoice: a step of the rules counts as sent.
                chosen = [next((pair for pair in wanted if pair[1]), wanted[0])]
            last = max((day, *(one.due for one, _step in chosen)))
            amount = sum(one.amount for one in found if one.due <= last)
            by_payer[payer] += [
                Entry(one.invoice, one.due, step, one.residual, amount) for one, step in chosen
            ]
        return [Letter(payer, tuple(entries)) for payer, entries in by_payer.items() if entries]

    @api.model
    def _compose(
        self, company, letters: list[Letter], template: models.Model | None = None
    ) -> list[dict]:
        """Return the mails of letters as values of `practice.reminder.mail`.

        :param letters: to payers of one company
        :param template: the words, instead of those of the rules
        """
        Move = self.env['account.move'].sudo().with_company(company)
        moves = Move.browse({entry.invoice for letter in letters for entry in letter.entries})
        links, payer_links = self._pay_links(moves)
        words = self._words(letters, template)
        values = []
        for letter in letters:
            subject, text = words[letter]
            lead = Move.browse(letter.lead.invoice)
            lang = lead.partner_id.lang or self.env.lang or 'en_US'
            body = self._frame(lead.with_context(lang=lang), letter, text, links, payer_links)
            values.append(
                {
                    'company_id': company.id,
                    'payer_id': letter.payer,
                    'subject': subject,
                    'body': body,
                    'email': lead.partner_id.email_normalized,
                    'lang': lang,
                }
            )
        return values

    # === HELPERS === #

    def _words(self, letters, template=None):
        """Return subject and text of each letter, in its payer's language."""
        rules = self.sudo().browse(
            {letter.lead.step.rule for letter in letters if letter.lead.step}
        )
        usual = self.env.ref('carepatron_billing.mail_template_reminder_kind').sudo()
        by_rule = {rule.id: rule.template_id for rule in rules}
        by_template = defaultdict(list)
        for letter in letters:
            step = letter.lead.step
            by_template[template or (by_rule[step.rule] if step else usual)].append(letter)
        words = {}
        for chosen, group in by_template.items():
            ids = [letter.lead.invoice for letter in group]
            subjects = chosen._render_field('subject', ids, compute_lang=True)
            texts = chosen._render_field(
                'body_html', ids, compute_lang=True, options={'post_process': True}
            )
            for letter, move in zip(group, ids, strict=True):
                words[letter] = subjects[move] + self._subject_details(letter), texts[move]
        return words

    def _subject_details(self, letter):
        moves = self.env['account.move'].sudo().browse({one.invoice for one in letter.entries})
        lang = moves.partner_id.lang or self.env.lang
        return moves.with_context(lang=lang)._billing_told_subject()

    def _pay_links(self, moves) -> tuple[dict, dict]:
        """Return the addresses of the pay pages: of invoices, and of all that payers owe.

        :return: by invoice; by payer and currency
        """
        Link = self.env['practice.payment.link'].sudo()
        links = Link.search([*LIVE, ('move_id', 'in', moves.ids)])
        missing = moves - links.move_id
        links |= Link.create([{'move_id': move.id} for move in missing])
        company = moves.company_id
        everything = Link.search(
            [
                *LIVE,
                ('move_id', '=', False),
                ('company_id', '=', company.id),
                ('payer_id', 'in', moves.partner_id.ids),
            ]
        )
        found = {(link.payer_id.id, link.currency_id.id) for link in everything}
        wanted = {(move.partner_id.id, move.currency_id.id) for move in moves}
        several = {
            place
            for place in wanted - found
            if len(moves.filtered(lambda move, place=place: move.partner_id.id == place[0])) > 1
        }
        everything |= Link.create(
            [
                {'payer_id': payer, 'company_id': company.id, 'currency_id': currency}
                for payer, currency in sorted(several)
            ]
        )
        base = company.get_base_url()
        return (
            {link.move_id.id: base + link._path() for link in links},
            {(link.payer_id.id, link.currency_id.id): base + link._path() for link in everything},
        )

    def _frame(self, lead, letter, text, links, payer_links):
        """Return the inside of a mail: the words, what is due with its links, how to answer."""
        env = lead.env
        rows, currencies = {}, self.env['res.currency']
        for entry in sorted(letter.entries, key=attrgetter('due', 'invoice')):
            if entry.invoice in rows:
                continue
            move = lead.browse(entry.invoice)
            rows[entry.invoice] = {
                'number': move.name,
                'due': format_date(env, entry.due, date_format='long'),
                'amount': formatLang(env, entry.amount, currency_obj=move.currency_id),
                'url': links[entry.invoice],
                'told': move._billing_told('mail'),
            }
            currencies |= move.currency_id
        everything = [
            {'url': payer_links[letter.payer, currency.id], 'currency': currency.name}
            for currency in currencies
            if len(rows) > 1
        ]
        return env['ir.qweb']._render(
            'carepatron_billing.mail_reminder',
            {'text': text, 'rows': list(rows.values()), 'everything': everything},
        )
