"""Parts that every document shares."""

import base64
import io
from functools import lru_cache

import qrcode

from odoo.tools import is_html_empty
from odoo.tools.mimetypes import guess_mimetype


def letterhead(record):
    """Return the values of letterhead, footer and page that any document begins with.

    :param record: a record with `company_id`, in the reader's language
    :rtype: dict
    """
    company = record.company_id.with_context(lang=record.env.lang)
    language = record.env['res.lang']._get_data(code=record.env.lang or 'en_US')
    return {
        'company': company,
        'company_address': postal_address(company.partner_id),
        'tax_label': company.account_fiscal_country_id.vat_label,
        # The square that a new company starts with is no logo.
        'logo': not company.uses_default_logo and image_url(company.partner_id.image_512),
        'footer': company.report_footer if not is_html_empty(company.report_footer) else False,
        'lang': (language.code or 'en_US').replace('_', '-').partition('@')[0],
        'direction': language.direction or 'ltr',
    }


def postal_address(partner):
    """Return the postal address, without the name and without empty lines.

    :rtype: str
    """
    lines = partner._display_address(without_company=True).splitlines()
    return "\n".join(line.strip() for line in lines if line.strip())


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
