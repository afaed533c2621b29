from odoo import api, models
from odoo.tools import format_date, formatLang

from ...tools.colors import darkened, is_color, text_on
from .amounts import parse_amount

# What the page reads of records with a hundred columns, which Odoo would fetch all of. A field that
# is missing here costs a query, nothing more.
MOVE_FIELDS = [
    'amount_residual',
    'amount_total',
    'currency_id',
    'invoice_date_due',
    'invoice_payment_term_id',
    'move_type',
    'name',
    'payment_state',
    'state',
]
LINE_FIELDS = [
    'amount_residual',
    'amount_residual_currency',
    'currency_id',
    'date_maturity',
    'display_type',
    'reconciled',
]
COMPANY_FIELDS = [
    'billing_part_payment',
    'billing_part_payment_minimum',
    'billing_privacy_page',
    'billing_second_check',
    'email',
    'name',
    'parent_path',
    'partner_id',
    'phone',
    'primary_color',
    'uses_default_logo',
]
CURRENCY_FIELDS = ['decimal_places', 'name', 'position', 'rounding', 'symbol']
# The page's ground, see `pay.css`.
GROUND = '#f4f6f8'


class PracticePaymentLink(models.Model):
    """What the payer reads: every word of the pay page that depends on the data."""

    _inherit = 'practice.payment.link'

    def _page_values(self):
        """Return what the pay page shows, in the words and formats of the context's language.

        :rtype: dict
        """
        self.ensure_one()
        self = self.with_context(prefetch_fields=False)
        self._page_fetch()
        due = self._due()
        provider_sudo = self._provider()
        status = self._status(due, provider_sudo)
        is_payable = status in ('due', 'part_paid')
        is_open = is_payable or status in ('processing', 'unavailable')
        is_gone = status in ('revoked', 'replaced')
        return {
            **self._page_frame_values(),
            'status': status,
            'test_mode': provider_sudo.state == 'test',
            'title': self.company_id.name if is_gone else self._page_title(),
            'subject': not is_gone and self._page_title(),
            'sentence': self._page_sentence(status),
            'pay_url': self._path(),
            'consent': is_payable and self._page_consent(),
            'details': self.move_id._billing_told('page')
            if self.move_id and (is_open or status == 'paid')
            else [],
            'download_url': self.move_id
            and (is_open or status == 'paid')
            and f'{self._path()}/invoice',
            'replaced_url': status == 'replaced' and self._successor()._path(),
            'credit': is_payable and self._page_credit(due),
            'refund': status == 'paid' and self._page_refund(),
            'receipts': [] if is_gone else self._page_receipts(),
            **self._page_amounts(due, is_payable or status == 'unavailable'),
            'invoices': self._page_invoices(due) if is_open and not self.move_id else [],
        }

    def _page_consent(self):
        """Return what the payer agrees to who has a card kept.

        :rtype: str
        """
        return self.env._(
            "If you tick this, %s keeps this card at Stripe, to charge it for invoices that you"
            " owe when you agreed to that. You can remove it at any time.",
            self.company_id.name,
        )

    def _page_fetch_people(self):
        """Read who asks and who pays, in two queries."""
        self.company_id.fetch(COMPANY_FIELDS)
        (self.payer_id | self.company_id.partner_id).fetch(['lang', 'tz'])

    def _page_fetch(self):
        moves = self._moves()
        moves.fetch(MOVE_FIELDS)
        moves.line_ids.fetch(LINE_FIELDS)
        self.currency_id.fetch(CURRENCY_FIELDS)

    def _page_frame_values(self):
        """Return what every page of the practice shows: who it is, its colours, the language."""
        return self._page_frame_of(self.company_id)

    @api.model
    def _page_frame_of(self, company):
        return {
            **self._page_lang_values(),
            'practice': company.name,
            'phone': company.phone,
            'email': company.email,
            'logo': not company.uses_default_logo
            and f'/web/binary/company_logo?company={company.id}',
            'colors': _page_colors(company.primary_color),
        }

    @api.model
    def _page_go_on_values(self, company, url, host):
        """Return what the page shows from which the payer goes on to Stripe's."""
        return {
            **self._page_frame_of(company),
            'title': company.name,
            'url': url,
            'sentence': self.env._("It is a secure page of Stripe at %s.", host),
        }

    def _page_lang_values(self):
        lang = self._page_language()
        return {
            'html_lang': (lang.url_code or 'en').replace('_', '-'),
            'html_dir': lang.direction or 'ltr',
        }

    def _page_language(self):
        return self.env['res.lang']._get_data(code=self.env.lang or 'en_US')

    def _page_title(self):
        if self.move_id:
            return self.env._("Invoice %s", self.move_id.name)
        return self.env._("Your open invoices")

    def _page_sentence(self, status):
        """Return the sentence that says how it stands, where that needs a name or an amount."""
        move, practice = self.move_id, self.company_id.name
        sentences = {
            'revoked': lambda: self.env._("Please ask %s for a new one.", practice),
            'replaced': lambda: self.env._(
                "%s has corrected the invoice. Its new link is here:", practice
            ),
            'withdrawn': lambda: self.env._(
                "%s is changing this invoice and will write to you.", practice
            ),
            'cancelled': lambda: self.env._(
                "Invoice %s has been cancelled. You owe nothing on it.", move.name
            ),
            'credited': lambda: self.env._(
                "Invoice %s has been credited. You owe nothing on it.", move.name
            ),
            'unavailable': lambda: self.env._(
                "Online payment is not available at the moment. Please ask %s how to pay.",
                practice,
            ),
            'part_paid': lambda: self.env._(
                "%(paid)s of %(total)s has been paid. Thank you.",
                paid=self._format(move.amount_total - move.amount_residual),
                total=self._format(move.amount_total),
            ),
        }
        return sentences[status]() if status in sentences else ''

    def _page_amounts(self, due, is_due):
        """Return the amounts, as texts, and which of them may be paid."""
        move = self.move_id
        if not is_due:
            amount = move.amount_residual if move else 0
            return {
                'amount_due': amount and self._format(amount),
                'amount_total': move and self._format(move.amount_total),
            }
        is_all = not self.currency_id.compare_amounts(due.now, due.total)
        minimum = self._part_minimum(due)
        takes_part = minimum is not False and self.currency_id.compare_amounts(minimum, due.total)
        due_date = move and (due.terms.get('next_due_date') or move.invoice_date_due)
        return {
            'amount_due': self._format(due.now),
            # A discount for early payment makes it less, not later.
            'amount_all': not is_all
            and due.terms.get('installment_state') != 'epd'
            and self._format(due.total),
            'discount': due.terms.get('epd_discount_msg'),
            'due_date': due_date and format_date(self.env, due_date),
            'part_hint': takes_part
            and self.env._(
                "From %(minimum)s to %(total)s",
                minimum=self._format(minimum),
                total=self._format(due.total),
            ),
            'part_label': self.env._("Amount in %s", self.currency_id.name),
        }

    def _page_invoices(self, due):
        return [
            {
                'number': move.name,
                'amount': self._format(
                    self._due_now(move, self._terms(move))
                    if move in due.moves
                    else move.amount_residual
                ),
                'due_date': move.invoice_date_due and format_date(self.env, move.invoice_date_due),
                'is_processing': move not in due.moves,
                'details': move._billing_told('page'),
                'url': f'{self._path()}/invoice/{move.id}',
                'download': self.env._("Download invoice %s", move.name),
            }
            for move in due.open
        ]

    def _page_credit(self, due):
        """Return the sentence about what the payer has left over of other invoices; '' without."""
        credit = due.moves[:1]._billing_told_credit()
        if not credit:
            return ''
        return self.env._(
            "You have %(credit)s of unused credit at %(practice)s. You may ask for it to be used"
            " before you pay.",
            credit=self._format(credit),
            practice=self.company_id.name,
        )

    def _page_refund(self):
        """Return what was given back of a paid invoice: whether all of it, and a sentence."""
        given_back = self.move_id._billing_given_back_by_id().get(self.move_id.id)
        if not given_back:
            return False
        text = self.env._("%s was given back to you.", self._format(given_back.amount))
        return {'is_all': given_back.is_all, 'text': text}

    def _page_receipts(self):
        """Return the receipts of what was paid by this link: texts and addresses."""
        return [
            {
                'label': self.env._(
                    "Receipt for %(amount)s of %(date)s",
                    amount=formatLang(self.env, tx.amount, currency_obj=tx.currency_id),
                    date=format_date(self.env, tx.payment_id.date),
                ),
                'email': tx.payment_id.billing_receipt_at and _hint_at(tx.partner_email),
                'url': f'{self._path()}/receipt/{tx.id}',
            }
            for tx in self._paid_transactions()
        ]

    def _paid_transactions(self):
        return self.sudo().transaction_ids.filtered(lambda tx: tx.state == 'done' and tx.payment_id)

    def _typed_amount(self, text):
        """Return the amount that a payer typed and why it can not be paid, one of them empty.

        :rtype: tuple[float | None, str]
        """
        lang = self._page_language()
        amount = parse_amount(text, lang.decimal_point, lang.thousands_sep)
        if amount is None or self.currency_id.round(amount) != amount:
            example = formatLang(self.env, self._due().now, digits=self.currency_id.decimal_places)
            return None, self.env._("Please enter an amount like %s.", example)
        return amount, self._explain_amount(self._due(), amount)


def _page_colors(color):
    """Return the practice's colour and those that can be read on and beside it; None without."""
    if not is_color(color):
        return None
    return {'accent': color, 'on_accent': text_on(color), 'accent_dark': darkened(color, GROUND)}


def _hint_at(email):
    """Return an address so that its owner knows it and others do not learn it."""
    name, _at, domain = (email or '').partition('@')
    return f'{name[:1]}•••@{domain}'
