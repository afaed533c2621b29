"""Parts that every document shares."""

import base64
import io
import unicodedata
from functools import lru_cache

import qrcode
from markupsafe import Markup

from odoo.tools import is_html_empty
from odoo.tools.mimetypes import guess_mimetype

SWITCHES = (
    'show_code',
    'show_practitioner',
    'show_session_time',
    'show_quantity',
    'show_discount',
    'show_taxes',
    'show_client_address',
    'show_client_reference',
    'show_payer',
    'show_qr_code',
    'show_bank',
    'show_page_numbers',
)
# What the fonts of the templates lack is taken from these, which the system may have.
OTHER_FONTS = (
    '"Tajawal", "Noto Sans", "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans Hebrew", '
    '"Noto Naskh Arabic", "Droid Sans Fallback", "DejaVu Sans", sans-serif'
)


def letterhead(record, template):
    """Return the values of letterhead, footer and page that any document begins with.

    :param record: a record with `company_id`, in the reader's language
    :param template: the invoice template
    :rtype: dict
    """
    company = record.company_id.with_context(lang=record.env.lang)
    language = record.env['res.lang']._get_data(code=record.env.lang or 'en_US')
    return {
        'look': look(template),
        'company': company,
        'company_address': in_lines(postal_address(company.partner_id)),
        'tax_label': company.account_fiscal_country_id.vat_label,
        'logo': image_url(template._get_logo()),
        'footer': company.report_footer if not is_html_empty(company.report_footer) else False,
        'lang_code': record.env.lang,
        'lang': (language.code or 'en_US').replace('_', '-').partition('@')[0],
        'direction': language.direction or 'ltr',
    }


def look(template):
    """Return how a document of a template looks: its layout, its own CSS and its switches.

    :rtype: dict
    """
    colors = ''.join(f'--{name}:{color};' for name, color in template._get_palette().items())
    css = (
        f'@page{{size:{template.paper}}}'
        f':root{{{colors}}}'
        f'html{{font-family:"{template.font}",{OTHER_FONTS}}}'
    )
    return {
        'layout': template.layout,
        'font': template.font,
        'paper': template.paper,
        # Nothing in it was typed: choices of lists and colours that were looked at.
        'css': Markup(css),
        **{name: template[name] for name in SWITCHES},
    }


def postal_address(partner):
    """Return the postal address, without the name and without empty lines.

    :rtype: str
    """
    lines = partner._display_address(without_company=True).splitlines()
    return "\n".join(line.strip() for line in lines if line.strip())


def in_lines(text):
    """Return the lines of a text as HTML, each one in the direction that it is read in.

    An address stays in its own order on a document that is read the other way.

    :rtype: markupsafe.Markup
    """
    return Markup("<br/>").join(
        Markup('<bdi dir="%s">%s</bdi>') % (_direction(line), line) for line in text.splitlines()
    )


def _direction(line):
    # As the `auto` of HTML has it, which the engine does not know.
    for character in line:
        kind = unicodedata.bidirectional(character)
        if kind in ('L', 'R', 'AL'):
            return 'ltr' if kind == 'L' else 'rtl'
    return 'ltr'


def image_url(content):
    """Return an image field's content as a `data:` URL, or False.

    :param bytes content: base64
    """
    if not content:
        return False
    content = content.encode() if isinstance(content, str) else content
    mimetype = guess_mimetype(base64.b64decode(content))
    return f'data:{mimetype};base64,{content.decode()}'


@lru_cache(maxsize=256)
def qr_code(text):
    """Return `text` as a QR code: a PNG of two pixels a module, as a `data:` URL.

    The printer scales it; as vectors the same code takes 50 ms more to draw.
    """
    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, box_size=2, border=0)
    code.add_data(text)
    output = io.BytesIO()
    code.make_image().save(output, 'PNG')
    return 'data:image/png;base64,' + base64.b64encode(output.getvalue()).decode()
