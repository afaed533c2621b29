from odoo.tests import BaseCase

from ..models.payment_links.amounts import parse_amount
from ..tools.colors import contrast, darkened, text_on


class TestAmounts(BaseCase):
    def test_amounts_are_read_as_people_of_the_language_type_them(self):
        for text, point, thousands, amount in (
            ("50", '.', ',', 50.0),
            ("$1,234.50", '.', ',', 1234.5),
            ("1.234,50 €", ',', '.', 1234.5),
            ("1 234,50", ',', '\u202f', 1234.5),
            ("1\u202f234,50\xa0€", ',', '\u202f', 1234.5),
            ("CHF 1'234.50", '.', "'", 1234.5),
            ("12.50", ',', '.', 12.5),
            ("12,5", '.', ',', 12.5),
            ("1.234", ',', '.', 1234.0),
            ("٥٠", '٫', '٬', 50.0),
        ):
            with self.subTest(text):
                self.assertEqual(parse_amount(text, point, thousands), amount)

    def test_what_is_no_amount_is_none(self):
        for text in ("", " ", "abc", "-5", "0", "1e5", "12abc34", "1,2,3", "1..2", "nan", "9" * 40):
            with self.subTest(text):
                self.assertIsNone(parse_amount(text, '.', ','))


class TestColors(BaseCase):
    def test_contrast_is_that_of_wcag(self):
        self.assertAlmostEqual(contrast('#ffffff', '#000000'), 21.0)
        self.assertAlmostEqual(contrast('#ffffff', '#767676'), 4.54, places=2)

    def test_every_practice_color_gives_text_that_can_be_read(self):
        for color in ('#ffffff', '#ffff00', '#ff8800', '#777777', '#0b6e69', '#000000', '#ff0000'):
            with self.subTest(color):
                self.assertGreaterEqual(contrast(text_on(color), color), 4.5)
                self.assertGreaterEqual(contrast(darkened(color, '#f4f6f8'), '#f4f6f8'), 4.5)
