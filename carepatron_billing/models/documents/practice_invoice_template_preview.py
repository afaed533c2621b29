from odoo import models
from odoo.exceptions import UserError

from .ir_actions_report import INVOICE, screen_css


class PracticeInvoiceTemplate(models.Model):
    _inherit = 'practice.invoice.template'

    def _render_preview_html(
        self, move=None, with_stylesheet: bool = True, sample: dict | None = None
    ) -> str:
        """Return an invoice, or a sample one, in the look of this template.

        The template may be one that is not saved yet (a `new()` record).

        :param move: an invoice that the user may read; None: a sample
        :param with_stylesheet: for a browser; the engine has it parsed already
        :param sample: `kind` and `lines`, as `_get_sample_values` takes them
        :return: the whole page
        """
        self.ensure_one()
        data = {'template': self.sudo(), 'sample': sample or {}}
        Report = self.env[f'report.{INVOICE}'].sudo()
        if move:
            move.with_env(self.env).check_access('read')
            values = Report._get_report_values(move.ids, data)
        else:
            values = Report._get_sample_values(data)
        values['stylesheet'] = screen_css(self.font) if with_stylesheet else False
        return str(Report.env['ir.qweb']._render(INVOICE, values))

    def _render_preview_pdf(self, move=None, sample: dict | None = None) -> bytes:
        """Return an invoice, or a sample one, in the look of this template, as PDF.

        :param move: an invoice that the user may read; None: a sample
        :param sample: `kind` and `lines`, as `_get_sample_values` takes them
        :raise UserError: this machine cannot draw documents; it says what is missing
        """
        Report = self.env['ir.actions.report']
        if problem := Report._billing_pdf_engine_problem():
            raise UserError(problem)
        html = self._render_preview_html(move, with_stylesheet=False, sample=sample)
        return Report._billing_draw(html)
