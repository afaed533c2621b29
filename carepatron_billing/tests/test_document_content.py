"""What a document says, and where it says it, in every layout."""

import re
from datetime import date
from unittest.mock import patch

import pymupdf
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from odoo import Command, fields
from odoo.tests import tagged
from odoo.tools import format_date, formatLang

from .documents_common import DocumentsCommon

LAYOUTS = ('classic', 'modern', 'compact', 'statement')
# What an invoice is called in the languages that documents are translated into.
TITLES = {
    'en_US': "Invoice",
    'es_ES': "Factura",
    'fr_FR': "Facture",
    'de_DE': "Rechnung",
    'pt_PT': "Fatura",
    'nl_NL': "Factuur",
}
# Names that letters of the fonts can write, with what could be taken for markup.
NAMES = st.text(
    st.characters(codec='latin-1', categories=('L', 'N'), include_characters=" .,-/&<>{}'\"%"),
    min_size=1,
    max_size=90,
).filter(str.strip)
LINES = st.lists(
    st.fixed_dictionaries(
        {
            'name': NAMES,
            'price_unit': st.integers(-20000, 500000).map(lambda cents: cents / 100),
            'quantity': st.sampled_from([1, 2, 0.5, 12.25, 0]),
            'discount': st.sampled_from([0, 0, 10, 12.5, 100]),
            'billing_service_date': st.dates(date(2025, 1, 1), date(2026, 12, 31)),
            'taxes': st.sets(st.sampled_from([0, 1, 2]), max_size=2),
        }
    ),
    min_size=1,
    max_size=45,
)


def squeezed(text):
    """Return a text without the spaces and marks that setting it in type adds or takes."""
    return re.sub(r'[\s\u00ad\u200e\u200f\u202a-\u202e\u2066-\u2069]', '', text)


def words_of(page):
    """Return the words of a page with their places: x0, y0, x1, y1, word, in points."""
    return [word[:5] for word in page.get_text('words')]


class DocumentContentCommon(DocumentsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for language in (*TITLES, 'ar_001'):
            cls.env['res.lang']._activate_lang(language)
        cls.env.ref('base.JPY').active = True
        cls.template = cls.company.billing_template_id
        group = cls.env['account.tax.group'].search([('company_id', '=', cls.company.id)], limit=1)
        cls.taxes = cls.env['account.tax'].create(
            [
                {
                    'name': f"Tax of {amount}",
                    'amount': amount,
                    'invoice_label': f"T{amount:g}",
                    'type_tax_use': 'sale',
                    'tax_group_id': group.copy({'name': f"Group {amount:g}"}).id,
                }
                for amount in (6, 2.5, 21)
            ]
        )

    def draw(self, move, **look):
        """Return the pages of a document in a look that is not saved."""
        template = self.template.new(look, origin=self.template)
        return pymupdf.open('pdf', template._render_preview_pdf(move))


@tagged('post_install', '-at_install')
class TestDocumentContent(DocumentContentCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        addon = cls.env['ir.module.module'].search([('name', '=', 'carepatron_billing')])
        addon._update_translations(list(TITLES))
        instalments, discount = cls.env['account.payment.term'].create(
            [
                {
                    'name': "A third at once",
                    'line_ids': [
                        Command.create({'value': 'percent', 'value_amount': 30, 'nb_days': 7}),
                        Command.create({'value': 'percent', 'value_amount': 70, 'nb_days': 45}),
                    ],
                },
                {
                    'name': "Two percent off",
                    'early_discount': True,
                    'discount_days': 7,
                    'discount_percentage': 2,
                    'early_pay_discount_computation': 'included',
                    'line_ids': [
                        Command.create({'value': 'percent', 'value_amount': 100, 'nb_days': 30})
                    ],
                },
            ]
        )
        cls.terms = {
            'due date': cls.env['account.payment.term'],
            'instalments': instalments,
            'early discount': discount,
        }

    @settings(
        max_examples=10,
        deadline=None,
        derandomize=True,
        # A smaller counterexample costs minutes; the one that failed says enough.
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        lines=LINES,
        language=st.sampled_from(list(TITLES)),
        layout=st.sampled_from(LAYOUTS),
        foreign=st.booleans(),
        term=st.sampled_from(['due date', 'instalments', 'early discount']),
    )
    def test_document_says_what_the_invoice_says(self, lines, language, layout, foreign, term):
        self.payer.lang = language
        move = self.make_invoice(
            post=False,
            lines=[
                {
                    **{key: value for key, value in line.items() if key != 'taxes'},
                    'tax_ids': [Command.set([self.taxes[index].id for index in line['taxes']])],
                }
                for line in lines
            ],
            **({'currency_id': self.env.ref('base.JPY').id} if foreign else {}),
            invoice_payment_term_id=self.terms[term].id,
        )
        # A total below nothing is a credit note's, which Odoo does not post as an invoice.
        if move.currency_id.compare_amounts(move.amount_total, 0.0) >= 0:
            move.action_post()
        document = self.draw(move, layout=layout)
        text = squeezed("".join(page.get_text() for page in document))
        env = self.env(context={**self.env.context, 'lang': language})
        place = 0
        for line in move.invoice_line_ids:
            for expected in self.row_of(env, line):
                found = text.find(squeezed(expected), place)
                self.assertGreaterEqual(found, 0, f"{expected!r} is missing from {layout}")
                place = found + len(squeezed(expected))
        for expected in self.sums_of(env, move):
            found = text.find(squeezed(expected), place)
            self.assertGreaterEqual(found, 0, f"{expected!r} is missing below the lines")
        for expected in (*self.head_of(env, move), *self.terms_of(env, move)):
            self.assertIn(squeezed(expected), text, f"in {language}, {layout}, {term}")

    def row_of(self, env, line):
        digits = line.currency_id.decimal_places
        yield format_date(env, line.billing_service_date)
        yield line.name
        quantity = formatLang(env, line.quantity, digits=2).rstrip('0').rstrip('.,')
        yield quantity or '0'
        price = line.price_unit
        finest = next(count for count in range(digits, 3) if round(price, count) == price)
        yield formatLang(env, price, digits=finest)
        if line.discount:
            yield formatLang(env, line.discount, digits=2).rstrip('0').rstrip('.,')
        for tax in line.tax_ids:
            yield tax.invoice_label
        yield formatLang(env, line.price_subtotal, digits=digits)

    def sums_of(self, env, move):
        def amount(value):
            return formatLang(env, value, currency_obj=move.currency_id)

        if move.line_ids.tax_ids:
            yield amount(move.amount_untaxed)
        by_group = {}
        for line in move.line_ids.filtered('tax_line_id'):
            group = line.tax_line_id.tax_group_id
            by_group[group] = by_group.get(group, 0.0) - line.amount_currency
        for total in by_group.values():
            yield amount(total)
        yield amount(move.amount_total)

    def head_of(self, env, move):
        yield self.payer.name
        yield self.company.name
        yield format_date(env, move.invoice_date)
        if move.state == 'posted':
            yield TITLES[env.lang]
            yield move.name
            yield formatLang(env, move.amount_residual, currency_obj=move.currency_id)

    def terms_of(self, env, move):
        """Say when what is due, by the ledger."""
        dues = move.line_ids.filtered(lambda line: line.display_type == 'payment_term')
        for line in dues:
            yield format_date(env, line.date_maturity)
        if move.state != 'posted' or move.currency_id.is_zero(move.amount_total):
            return
        for line in dues:
            amount = line.amount_currency
            if line.discount_date:
                yield format_date(env, line.discount_date)
                amount = line.discount_amount_currency
            yield formatLang(env, amount, currency_obj=move.currency_id)

    def test_three_hundred_lines(self):
        lines = [{'name': f"Session {number}", 'price_unit': 10} for number in range(1, 301)]
        move = self.make_invoice(lines=lines)
        for layout in LAYOUTS:
            with self.subTest(layout=layout):
                document = self.draw(move, layout=layout)
                for number, page in enumerate(document, 1):
                    text = page.get_text()
                    sessions = [int(found) for found in re.findall(r'Session (\d+)', text)]
                    self.assertIn("Description", text)
                    if number > 1:
                        before = 10 * (sessions[0] - 1)
                        self.assertIn(f"Brought forward $ {before:,}.00", text.replace("\xa0", " "))
                    if number < len(document):
                        self.assertIn(
                            f"Carried forward $ {10 * sessions[-1]:,}.00", text.replace("\xa0", " ")
                        )
                self.assertNotIn("Carried", text)
                self.assertIn("3,000.00", text)


@tagged('post_install', '-at_install')
class TestDocumentLayout(DocumentContentCommon):
    def cases(self):
        """Return documents that are hard to set: few and many lines, right to left, taxes."""
        long_name = "Wilhelmina Featherstonehaugh-Cholmondeley von Württemberg-Hohenzollern"
        one = self.make_invoice()
        many = self.make_invoice(
            lines=[{'name': f"Session {number}", 'price_unit': number} for number in range(40)]
        )
        taxed = self.make_invoice(
            lines=[
                {
                    'name': "Session " * 12,
                    'price_unit': 1234567.89,
                    'tax_ids': [Command.set(self.taxes.ids)],
                },
                {'name': "Goodwill", 'price_unit': -25},
                {'name': "Telephone call", 'price_unit': 0},
            ],
            partner_id=self.payer.copy({'name': long_name}).id,
        )
        arabic = self.make_invoice(
            lines=[{'name': "جلسة علاج طبيعي", 'price_unit': 120}],
            partner_id=self.payer.copy({'name': "ليلى حسن", 'lang': 'ar_001'}).id,
        )
        source = self.make_invoice()
        credit = source._reverse_moves([{'invoice_date': fields.Date.to_date('2026-11-22')}])
        credit.action_post()
        bank = self.env['res.partner.bank'].create(
            {
                'acc_number': "DE89 3704 0044 0532 0130 00",
                'acc_holder_name': f"{long_name} and Daughters, Practice for Physiotherapy",
                'partner_id': self.company.partner_id.id,
                'allow_out_payment': True,
                'bank_id': self.env['res.bank']
                .create({'name': f"Savings and Loan Association of {long_name}"})
                .id,
            }
        )
        banked = self.make_invoice(
            partner_id=self.payer.copy({'name': f"{long_name}, {long_name}"}).id,
            partner_bank_id=bank.id,
        )
        return {
            'one': one,
            'many': many,
            'taxed': taxed,
            'arabic': arabic,
            'credit': credit,
            'banked': banked,
        }

    def test_nothing_overlaps_or_leaves_the_page(self):
        # With a link, so that its QR code and address take their room, too.
        provider = self.company._billing_provider_sudo()
        self.enterContext(patch.object(type(provider), 'state', 'test'))
        for name, move in self.cases().items():
            for layout in LAYOUTS:
                for paper, size in (('A4', (595, 842)), ('Letter', (612, 792))):
                    if paper == 'Letter' and name not in ('many', 'taxed'):
                        continue
                    with self.subTest(case=name, layout=layout, paper=paper):
                        document = self.draw(move, layout=layout, paper=paper)
                        for page in document:
                            self.assertEqual(
                                (round(page.rect.width), round(page.rect.height)), size
                            )
                            self.check_words(page)

    def check_words(self, page):
        words = words_of(page)
        self.assertTrue(words)
        margin = 20
        for x0, y0, x1, y1, word in words:
            self.assertGreaterEqual(x0, margin, word)
            self.assertLessEqual(x1, page.rect.width - margin, word)
            self.assertGreaterEqual(y0, margin, word)
            self.assertLessEqual(y1, page.rect.height - margin / 2, word)
        for index, (x0, y0, x1, y1, word) in enumerate(words):
            for other_x0, other_y0, other_x1, other_y1, other in words[index + 1 :]:
                width = min(x1, other_x1) - max(x0, other_x0)
                height = min(y1, other_y1) - max(y0, other_y0)
                # The boxes of words hold the space above and below their letters.
                self.assertFalse(
                    width > 1 and height > min(y1 - y0, other_y1 - other_y0) * 0.45,
                    f"{word!r} and {other!r} overlap",
                )

    def test_amounts_stand_at_one_edge(self):
        move = self.make_invoice(
            lines=[{'name': "Line", 'price_unit': price} for price in (5, 1234.5, -20)]
        )
        for layout in LAYOUTS:
            with self.subTest(layout=layout):
                (page,) = self.draw(move, layout=layout)
                edges = {
                    round(x1) for _x0, _y0, x1, _y1, word in words_of(page)
                    if word in ('Amount', '5.00', '1,234.50') or (word.endswith('20.00')
                    and not word.startswith('1,2'))
                }  # fmt: skip
                self.assertLessEqual(len({edge for edge in edges if edge > 525}), 1, edges)

    def test_codes_of_capitals_are_not_torn(self):
        for code in ('RM60', 'MWM60', 'GRPW'):
            service = self.env['product.product'].create({'name': "Class", 'default_code': code})
            move = self.make_invoice(lines=[{'product_id': service.id, 'price_unit': 85}])
            for layout in LAYOUTS:
                with self.subTest(layout=layout, code=code):
                    (page,) = self.draw(move, layout=layout)
                    self.assertIn(code, page.get_text().split())

    def test_layouts_differ_in_composition(self):
        move = self.make_invoice()
        places = {layout: self.places(self.draw(move, layout=layout)[0]) for layout in LAYOUTS}
        # The band of the modern one: title and practice side by side, its figures below both.
        self.assertLess(places['modern']['Invoice'][1], places['modern']['Bill'][1])
        self.assertLess(places['modern']['Due'][1], places['modern']['Bill'][1])
        self.assertLess(places['modern']['Invoice'][0], 100)
        # The letterhead of the classic one stands in the middle, above everything.
        practice = places['classic']['Mill']
        self.assertLess(practice[1], places['classic']['Invoice'][1])
        self.assertGreater(practice[0], 150)
        # The compact one sets its lines higher up than all others.
        for layout in ('classic', 'modern', 'statement'):
            self.assertLess(
                places['compact']['Description'][1], places[layout]['Description'][1] - 30
            )
        # The statement ends with a slip at the foot of the page.
        self.assertGreater(places['statement']['slip'][1], 600)

    def places(self, page):
        places = {}
        for x0, y0, _x1, _y1, word in words_of(page):
            places.setdefault(word, (x0, y0))
        return places

    def test_totals_are_never_alone_nor_torn(self):
        for layout in LAYOUTS:
            for count in (15, 22, 30):
                with self.subTest(layout=layout, count=count):
                    move = self.make_invoice(
                        lines=[
                            {
                                'name': f"Session {number}",
                                'price_unit': 10,
                                'tax_ids': [Command.set(self.taxes.ids)],
                            }
                            for number in range(count)
                        ]
                    )
                    pages = [page.get_text() for page in self.draw(move, layout=layout)]
                    (total_page,) = [text for text in pages if "Total (USD)" in text]
                    for words in ("Subtotal", "Group 6", "Group 2.5", "Group 21", "Session"):
                        self.assertIn(words, total_page)
