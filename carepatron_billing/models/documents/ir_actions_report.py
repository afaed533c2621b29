import io
import logging
import re
from collections import OrderedDict
from functools import lru_cache
from pathlib import Path

from markupsafe import Markup

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools.misc import file_path

from ...gateways import pdf_engine

_logger = logging.getLogger(__name__)

INVOICE = 'carepatron_billing.report_account_move'
RECEIPT = 'carepatron_billing.report_account_payment_receipt'

# Fonts that come with Odoo's web client, so that a document looks alike on every machine: weights
# and styles as CSS has them, and their files.
GOOGLE = 'web/static/fonts/google'
FONTS = {
    'Roboto': {
        (400, 'normal'): f'{GOOGLE}/Roboto/Roboto-Regular.ttf',
        (400, 'italic'): f'{GOOGLE}/Roboto/Roboto-Italic.ttf',
        (500, 'normal'): f'{GOOGLE}/Roboto/Roboto-Medium.ttf',
        (700, 'normal'): f'{GOOGLE}/Roboto/Roboto-Bold.ttf',
    },
    'Open Sans': {
        (400, 'normal'): f'{GOOGLE}/Open_Sans/Open_Sans-Regular.ttf',
        (400, 'italic'): f'{GOOGLE}/Open_Sans/Open_Sans-Italic.ttf',
        (500, 'normal'): f'{GOOGLE}/Open_Sans/Open_Sans-SemiBold.ttf',
        (700, 'normal'): f'{GOOGLE}/Open_Sans/Open_Sans-Bold.ttf',
    },
    'Lato': {
        (400, 'normal'): 'web/static/fonts/lato/Lato-Reg-webfont.ttf',
        (400, 'italic'): 'web/static/fonts/lato/Lato-RegIta-webfont.ttf',
        (500, 'normal'): 'web/static/fonts/lato/Lato-Bol-webfont.ttf',
        (700, 'normal'): 'web/static/fonts/lato/Lato-Bol-webfont.ttf',
    },
    'Montserrat': {
        (400, 'normal'): f'{GOOGLE}/Montserrat/Montserrat-Regular.ttf',
        (400, 'italic'): f'{GOOGLE}/Montserrat/Montserrat-Italic.ttf',
        (500, 'normal'): f'{GOOGLE}/Montserrat/Montserrat-Medium.ttf',
        (700, 'normal'): f'{GOOGLE}/Montserrat/Montserrat-Bold.ttf',
    },
    'Raleway': {
        (400, 'normal'): f'{GOOGLE}/Raleway/Raleway-Regular.ttf',
        (400, 'italic'): f'{GOOGLE}/Raleway/Raleway-Italic.ttf',
        (500, 'normal'): f'{GOOGLE}/Raleway/Raleway-Medium.ttf',
        (700, 'normal'): f'{GOOGLE}/Raleway/Raleway-Bold.ttf',
    },
    'Tajawal': {
        (400, 'normal'): f'{GOOGLE}/Tajawal/Tajawal-Regular.ttf',
        (500, 'normal'): f'{GOOGLE}/Tajawal/Tajawal-Medium.ttf',
        (700, 'normal'): f'{GOOGLE}/Tajawal/Tajawal-Bold.ttf',
    },
}
DEFAULT_FONT = 'Roboto'
ARABIC_FONT = 'Tajawal'
RIGHT_TO_LEFT = re.compile(r'dir="rtl"|[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]')
ISOLATION = re.compile('</?bdi[^>]*>')
SHEETS = ('document', 'layout_classic', 'layout_modern', 'layout_compact', 'layout_statement')


class IrActionsReport(models.Model):
    _inherit = 'ir.actions.report'

    # Odoo's report, by name, and ours that takes its place for the documents that are ours.
    _BILLING_REPLACEMENTS = {
        'account.report_invoice': INVOICE,
        'account.report_invoice_with_payments': INVOICE,
        'account.report_payment_receipt': RECEIPT,
        INVOICE: INVOICE,
        RECEIPT: RECEIPT,
    }
    # Those that print the very document which is sent.
    _BILLING_SENT = (INVOICE, 'account.report_invoice_with_payments')
    # What is printed in place of ours where our documents cannot be drawn.
    _BILLING_FALLBACKS = {
        INVOICE: 'account.report_invoice_with_payments',
        RECEIPT: 'account.report_payment_receipt',
    }

    # === ENGINE === #

    @api.model
    def _billing_pdf_engine_problem(self) -> str | bool:
        """Tell what keeps this machine from drawing our documents.

        :return: a text for the settings page, saying what to do, or False
        """
        texts = {
            None: False,
            'package': self.env._(
                "Invoices are printed with Odoo's own layout, because the Python package "
                "WeasyPrint is missing. Install it (pip install weasyprint) and restart Odoo."
            ),
            'version': self.env._(
                "Invoices are printed with Odoo's own layout, because the Python package "
                "WeasyPrint is too old. Update it (pip install --upgrade weasyprint) and restart "
                "Odoo."
            ),
            'library': self.env._(
                "Invoices are printed with Odoo's own layout, because WeasyPrint does not find "
                "the system library Pango. Install it (on Debian and Ubuntu: apt install "
                "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0) and restart Odoo."
            ),
        }
        return texts[pdf_engine.find_problem()]

    @api.model
    def billing_draws(self, report_name: str, res_ids: list) -> bool:
        """Tell the web client whether all these documents are drawn without wkhtmltopdf.

        :param report_name: the report's template
        :param res_ids: ids of the report's model
        """
        if report_name not in self._BILLING_REPLACEMENTS or not res_ids:
            return False
        report = self._get_report(report_name)
        records = self.env[report.model].browse(res_ids)
        return self._billing_own_documents(report, records) == records

    def _billing_own_documents(self, report, records):
        """Return those of `records` that `report` prints as our document."""
        if report.report_name not in self._BILLING_REPLACEMENTS or pdf_engine.find_problem():
            return records.browse()
        records.check_access('read')
        return records.sudo()._billing_filter_documents().sudo(records.env.su)

    def _is_invoice_report(self, report_ref):
        """Override of `account`: what is done to Odoo's invoice report is done to ours."""
        is_ours = self._get_report(report_ref).report_name == INVOICE
        return is_ours or super()._is_invoice_report(report_ref)

    # === RENDERING === #

    def _render_qweb_pdf(self, report_ref, res_ids=None, data=None):
        """Override of `base` to look for our report once: each step would search for its name."""
        return super()._render_qweb_pdf(self._billing_find(report_ref), res_ids=res_ids, data=data)

    def _pre_render_qweb_pdf(self, report_ref, res_ids=None, data=None):
        """Override of `base`: sending begins here."""
        report_ref = self._billing_find(report_ref)
        return super()._pre_render_qweb_pdf(report_ref, res_ids=res_ids, data=data)

    def _billing_find(self, report_ref):
        report = self._get_report(report_ref)
        return report if report.report_name in self._BILLING_REPLACEMENTS else report_ref

    def _render_qweb_pdf_prepare_streams(self, report_ref, data, res_ids=None):
        """Override of `base` to draw our documents ourselves.

        Each is passed on alone, in a context in which the four methods below answer in place of
        wkhtmltopdf: what other addons do to a finished document (attach files, append a payment
        slip) then happens to ours too.
        """
        # Another addon may come here from within one of our documents, for one that is not ours.
        plain = super(IrActionsReport, self.with_context(billing_document=False))
        report = self._get_report(report_ref)
        if report.report_name not in self._BILLING_REPLACEMENTS:
            return plain._render_qweb_pdf_prepare_streams(report_ref, data, res_ids=res_ids)
        foreign_ref = self._BILLING_FALLBACKS.get(report.report_name, report_ref)
        if problem := self._billing_pdf_engine_problem():
            _logger.warning("%s", problem)
            return plain._render_qweb_pdf_prepare_streams(foreign_ref, data, res_ids=res_ids)
        wanted_ids = list(dict.fromkeys(res_ids or []))
        records = self.env[report.model].browse(wanted_ids)
        own_ids = self._billing_own_documents(report, records).ids
        if not own_ids:
            return plain._render_qweb_pdf_prepare_streams(foreign_ref, data, res_ids=res_ids)
        foreign_ids = [res_id for res_id in wanted_ids if res_id not in own_ids]
        streams = {}
        if foreign_ids:
            streams = plain._render_qweb_pdf_prepare_streams(
                foreign_ref, dict(data or {}), res_ids=foreign_ids
            )
        # What was sent stays as it was sent, whatever its template looks like today.
        streams.update(self._billing_sent_streams(report, records.browse(own_ids), data))
        # Read access was checked; a front desk without accounting groups may print all of it.
        missing_ids = [res_id for res_id in own_ids if res_id not in streams]
        if report.model == 'account.move':
            records.sudo().browse(missing_ids)._billing_prefetch_documents()
        for res_id in missing_ids:
            drawing = self.sudo().with_context(billing_document=res_id)
            streams.update(
                super(IrActionsReport, drawing)._render_qweb_pdf_prepare_streams(
                    report.id, dict(data or {}), res_ids=[res_id]
                )
            )
        ordered = OrderedDict((key, streams.pop(key)) for key in wanted_ids if key in streams)
        ordered.update(streams)
        return ordered

    def _billing_sent_streams(self, report, records, data):
        """Return the documents that were made for sending, as streams by record id."""
        if report.report_name not in self._BILLING_SENT or (data or {}).get('proforma'):
            return {}
        return {
            move.id: {'stream': io.BytesIO(move.invoice_pdf_report_id.raw), 'attachment': None}
            for move in records.sudo()
            if move.invoice_pdf_report_id
        }

    @api.model
    def get_wkhtmltopdf_state(self):
        """Override of `base`: our documents do without."""
        return 'ok' if self.env.context.get('billing_document') else super().get_wkhtmltopdf_state()

    @api.model
    def _render_qweb_html(self, report_ref, docids, data=None):
        """Override of `base` to write our document where Odoo's was asked for."""
        report = self._get_report(report_ref)
        drawing = self.env.context.get('billing_document')
        if report.report_name not in self._BILLING_REPLACEMENTS or not (
            drawing or self._billing_is_portal_page(report, docids)
        ):
            return super()._render_qweb_html(report_ref, docids, data=data)
        data = dict(data or {}, print_with_payments=report.report_name != 'account.report_invoice')
        company = self.env[report.model].browse(docids).company_id[:1]
        own_name = self._BILLING_REPLACEMENTS[report.report_name]
        return super(IrActionsReport, self.with_company(company))._render_qweb_html(
            # A name would be searched for.
            report if report.report_name == own_name else own_name,
            docids,
            data=data,
        )

    def _billing_is_portal_page(self, report, docids):
        """Whether the portal shows our documents as a page: Odoo's would tell all of them."""
        if self.env.context.get('billing_channel') != 'portal':
            return False
        records_sudo = self.env[report.model].sudo().browse(docids)
        return records_sudo._billing_filter_documents() == records_sudo

    def _get_rendering_context(self, report, docids, data):
        """Override of `base` to add what our pages need beside their content."""
        values = super()._get_rendering_context(report, docids, data)
        if report.report_name in self._BILLING_FALLBACKS:
            # A browser has no stylesheet of ours; the engine has it parsed already.
            drawing = self.env.context.get('billing_document')
            # A stylesheet from our own files.
            css = False if drawing else Markup(screen_css(DEFAULT_FONT))  # noqa: S704
            values['stylesheet'] = css
            values['portal'] = self.env.context.get('billing_channel') == 'portal'
        if self.env.context.get('proforma_invoice') and report.model == 'account.move':
            # The portal's page of an invoice that was not sent yet.
            moves = self.env[report.model].browse(docids)
            values['proforma'] = moves._billing_filter_final() != moves
        return values

    def _prepare_html(self, html, report_model=False):
        """Override of `base`: our documents are whole pages, not parts for wkhtmltopdf."""
        res_id = self.env.context.get('billing_document')
        if not res_id:
            return super()._prepare_html(html, report_model=report_model)
        return [html.decode()], [res_id], '', '', {}

    @api.model
    def _run_wkhtmltopdf(self, bodies, *args, **kwargs):
        """Override of `base` to draw our document.

        :raises UserError: it is too large, or takes too long
        """
        if not self.env.context.get('billing_document'):
            return super()._run_wkhtmltopdf(bodies, *args, **kwargs)
        embeds = self.env.context.get('billing_embeds_files')
        return self._billing_draw(
            bodies[0], pdf_engine.ARCHIVE if embeds else pdf_engine.ACCESSIBLE
        )

    @api.model
    def _billing_draw(self, html: str, variant: str = pdf_engine.ACCESSIBLE) -> bytes:
        """Return a document as PDF.

        :param html: the whole page
        :param variant: `pdf_engine.ACCESSIBLE` or `pdf_engine.ARCHIVE`
        :raises UserError: it is too large, or takes too long
        """
        if not RIGHT_TO_LEFT.search(html):
            # Nothing has to be kept apart; each part costs as much time as a word.
            html = ISOLATION.sub('', html)
        try:
            return pdf_engine.render(html, stylesheet(_find_font(html)), variant)
        except pdf_engine.PdfError as error:
            _logger.warning("A document was not drawn: %s", error)
            raise UserError(
                self.env._(
                    "This document is too long or too complicated to print. Shorten its notes or "
                    "the footer, use simpler images, or split it, then try again."
                )
            ) from error


def _find_font(html):
    # All that the engine is handed of a report is its page.
    found = re.search(r'<html[^>]*\bdata-font="([^"]+)"', html)
    return found[1] if found and found[1] in FONTS else DEFAULT_FONT


@lru_cache(maxsize=len(FONTS))
def stylesheet(font: str) -> pdf_engine.Stylesheet:
    """Return the stylesheet of all documents with one font: one with all of them takes a second
    to be parsed.

    :param font: a key of `FONTS`
    """
    faces, files = [], {}
    for family in dict.fromkeys((font, ARABIC_FONT)):
        for (weight, style), path in FONTS[family].items():
            name = Path(path).name
            try:
                files[name] = Path(file_path(path))
            except FileNotFoundError:
                _logger.warning("Font %s is missing from Odoo's web addon", name)
                continue
            faces.append(
                f'@font-face {{ font-family: "{family}"; font-weight: {weight}; '
                f'font-style: {style}; src: url("stylesheet:{name}"); }}'
            )
    sheets = (
        Path(file_path(f'carepatron_billing/reports/{name}.css')).read_text(encoding='utf-8')
        for name in SHEETS
    )
    return pdf_engine.Stylesheet('\n'.join((*faces, *sheets)), files)


def screen_css(font: str) -> str:
    """Return the stylesheet for a browser, which fetches the fonts from Odoo itself.

    :param font: a key of `FONTS`
    """
    css = stylesheet(font).css
    for family in dict.fromkeys((font, ARABIC_FONT)):
        for path in FONTS[family].values():
            css = css.replace(f'stylesheet:{Path(path).name}', f'/{path}')
    return css
