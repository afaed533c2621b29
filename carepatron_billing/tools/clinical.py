"""Words that tell what a client came for."""

import re
from collections.abc import Iterable

from odoo import models
from odoo.tools import html2plaintext

from .privacy import FULL, MINIMUM, level_of

# Shorter ones stand in other words and numbers by chance.
SHORTEST = 3
# ICD-10 (F43.1, DSM-5 uses the same) and ICD-11 (6B40.1), with their point: https://icd.who.int
DIAGNOSIS = re.compile(
    r'(?<![\w/.-])(?:[A-Z]\d[\dA-Z]\.[\dA-Z]{1,4}|[\dA-Z][A-HJ-NP-Z]\d[\dA-HJ-NP-Z]\.[\dA-Z]{1,2})'
    r'(?![\w.])'
)


def told_of(lines: models.BaseModel, text: str, level: str = MINIMUM) -> list[str]:
    """Return what a text tells of the services of invoice lines though it may not: their names and
    codes, and codes of diagnoses.

    :param lines: recordset of `account.move.line`
    :param text: plain
    :param level: what the text may tell, see `privacy.level_of`
    """
    if level == FULL:
        return []
    codes = {*lines.product_id.mapped('default_code'), *lines.mapped('billing_code')}
    return _find(lines.product_id.mapped('name'), codes, text, level)


def told_of_sessions(events: models.BaseModel, text: str) -> list[str]:
    """Return what a text to the clients of sessions tells though it may not.

    :param events: recordset of `calendar.event`, of whose billing the user may know
    :param text: plain
    """
    found: set[str] = set()
    for fact in events._billing_facts().values():
        if fact.service:
            level = level_of(fact.company, 'invitation')
            names, codes = fact.service.mapped('name'), fact.service.mapped('default_code')
            found.update(_find(names, codes, text, level))
    return sorted(found)


def told_by_templates(
    company: models.BaseModel, templates: models.BaseModel, levels: tuple[str, str] | None = None
) -> list[str]:
    """Return what the words of mail templates tell of any of a practice's services though they may
    not, in whichever language.

    :param company: the practice
    :param templates: those that it sends
    :param levels: of subject and text, instead of the practice's
    """
    subject_level, mail_level = levels or (level_of(company, 'subject'), level_of(company, 'mail'))
    if subject_level == mail_level == FULL or not templates:
        return []
    services_sudo = company.env['product.product'].sudo()
    services_sudo = services_sudo.search(
        [*services_sudo._check_company_domain(company), ('type', '=', 'service')]
    )
    found: set[str] = set()
    for lang, _name in company.env['res.lang'].get_installed():
        words_sudo = services_sudo.with_context(lang=lang)
        names, codes = words_sudo.mapped('name'), words_sudo.mapped('default_code')
        for template_sudo in templates.sudo().with_context(lang=lang):
            body = html2plaintext(template_sudo.body_html or '')
            found.update(_find(names, codes, template_sudo.subject or '', subject_level))
            found.update(_find(names, codes, body, mail_level))
    return sorted(found)


def _find(names: Iterable[str], codes: Iterable[str], text: str, level: str) -> list[str]:
    """Return those of the words that a text holds and may not; names only at the lowest level."""
    if level == FULL:
        return []
    words = {*codes, *(names if level == MINIMUM else ())}
    # The end of an address may look like anything.
    text = re.sub(r'https?://\S+', ' ', text)
    found = {
        word
        for word in words
        if word
        and len(word.strip()) >= SHORTEST
        and re.search(rf'(?<!\w){re.escape(word.strip())}(?!\w)', text, re.IGNORECASE)
    }
    return sorted(found | set(DIAGNOSIS.findall(text)))
