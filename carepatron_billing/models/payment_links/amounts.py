"""Amounts of money as people type them."""

import re
import unicodedata
from decimal import Decimal


def parse_amount(text: str, decimal_point: str, thousands_sep: str) -> float | None:
    """Return the amount that a person typed, in the format of their language or a plain one.

    A currency's sign or code around it and spaces within do no harm. One point or comma with one
    or two digits behind it is a decimal point in whatever language; with three it is what the
    language says.

    :param text: e.g. ``1,234.50``, ``1.234,50 €`` or ``50``
    :param decimal_point: the language's
    :param thousands_sep: the language's; may be empty
    :return: the amount; None if it is none, or not a positive one
    """
    plain = ''.join(str(unicodedata.decimal(character, character)) for character in text)
    plain = re.sub(r"(?<=\d)[\s'’](?=\d)", '', plain)
    typed = re.fullmatch(r'[^\d-]*(\d[\d.,]*)[^\d-]*', plain)
    if not typed:
        return None
    plain = typed[1]
    thousands = re.escape(thousands_sep if thousands_sep in ('.', ',') else '')
    point = re.escape(decimal_point)
    if re.fullmatch(rf'\d{{1,3}}({thousands}\d{{3}})+({point}\d*)?', plain) and thousands:
        plain = plain.replace(thousands_sep, '').replace(decimal_point, '.')
    elif re.fullmatch(rf'\d+({point}\d*)?', plain):
        plain = plain.replace(decimal_point, '.')
    elif re.fullmatch(r'\d+[.,]\d{1,2}', plain):
        plain = plain.replace(',', '.')
    else:
        return None
    amount = float(Decimal(plain))
    return amount if 0 < amount < 1e12 else None
