from odoo import api, models
from odoo.tools import format_date, formatLang

from ...tools.colors import darkened, is_color, text_on
from .amounts import parse_amount
from .practice_payment_link import Due

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
    'email',
    'name',
    'parent_path',
    'partner_id',
    'phone',
    'primary_color',
    'uses_default_logo',
]
CURRENCY_FIELDS = ['decimal_places', 'name', 'position', 'rounding', 'symbol']
# How a link stands where the invoice is still to be paid, where it can be looked at, and where the
# link opens nothing any more.
PAYABLE = ('due', 'part_paid')
READABLE = (*PAYABLE, 'processing', 'unavailable', 'paid')
GONE = ('revoked', 'replaced')
# The page's ground, see `pay.css`.
GROUND = '#f4f6f8'


class PracticePaymentLink(models.Model):
    """What the payer reads: every word of the pay page that depends on the data."""

    _inherit = 'practice.payment.link'

    def _page_values(self) -> dict:
        """Return what the pay page shows, in the words and formats of the context's language."""
        self.ensure_one()
        self = self.with_context(prefetch_fields=False)
        self._page_fetch()
        due = self._due()
        provider_sudo = self._provider()
        status = self._status(due, provider_sudo)
        return {
            **self._page_frame_values(),
            'status': status,
            'test_mode': provider_sudo.state == 'test',
            **self._page_parts(status, due),
        }

    def _page_parts(self, status: str, due: Due) -> dict:
        """Return what the pay page tells of how this link stands; rooms add their parts."""
        is_readable = status in READABLE
        return {
            'title': self.company_id.name if status in GONE else self._page_title(),
            'subject': status not in GONE and self._page_title(),
            'sentence': self._page_sentence(status),
            'pay_url': self._path(),
            'download_url': self.move_id and is_readable and f'{self._path()}/invoice',
            'replaced_url': status == 'replaced' and self._successor()._path(),
            **self._page_amounts(due, status in PAYABLE or status == 'unavailable'),
            'invoices': [self._page_invoice(move, due) for move in due.open]
            if is_readable and not self.move_id
            else [],
        }

    def _page_fetch_people(self):
        """Read who asks and who pays, in two queries."""
        self.company_id.fetch(self._page_company_fields())
        (self.payer_id | self.company_id.partner_id).fetch(['lang', 'tz'])

    @api.model
    def _page_company_fields(self) -> list[str]:
        """Return what the page reads of the practice; rooms add what they read."""
        return COMPANY_FIELDS

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
            'due_on': due_date and format_date(self.env, due_date),
            'part_hint': takes_part
            and self.env._(
                "From %(minimum)s to %(total)s",
                minimum=self._format(minimum),
                total=self._format(due.total),
            ),
            'part_label': self.env._("Amount in %s", self.currency_id.name),
        }

    def _page_invoice(self, move, due: Due) -> dict:
        """Return what the list of open invoices tells of one; rooms add to it."""
        now = move.amount_residual
        if move in due.moves:
            now = self._due_now(move, self._terms(move))
        return {
            'number': move.name,
            'amount': self._format(now),
            'due_on': move.invoice_date_due and format_date(self.env, move.invoice_date_due),
            'is_pending': move not in due.moves,
            'url': f'{self._path()}/invoice/{move.id}',
            'download': self.env._("Download invoice %s", move.name),
        }

    def _typed_amount(self, text: str) -> tuple[float | None, str]:
        """Return the amount that a payer typed and why it can not be paid, one of them empty."""
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
