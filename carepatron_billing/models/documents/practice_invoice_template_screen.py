import base64

from odoo import api, models
from odoo.exceptions import UserError

from ...tools.themes import THEMES
from .practice_invoice_template import SWITCHES
from .practice_invoice_template_texts import TEXTS

# What a form may have changed before it is saved; all of the look and nothing else.
PREVIEWED = (
    'layout',
    'theme',
    'main_color',
    'accent_color',
    'font',
    'paper',
    'logo_choice',
    'logo',
    *TEXTS,
    *SWITCHES,
)


class PracticeInvoiceTemplate(models.Model):
    _inherit = 'practice.invoice.template'

    # === ACTION METHODS === #

    def action_edit(self) -> dict:
        """Open the template with its preview."""
        self.ensure_one()
        return {**self._get_form_action(), 'res_id': self.id}

    @api.model
    def action_new(self) -> dict:
        """Open a new template."""
        return self._get_form_action()

    def _get_form_action(self):
        action = self.env['ir.actions.act_window']._for_xml_id(
            'carepatron_billing.practice_invoice_template_action'
        )
        views = [view for view in action['views'] if view[1] == 'form']
        return {**action, 'views': views, 'view_mode': 'form'}

    def action_duplicate(self) -> dict:
        """Copy the template and open the copy."""
        self.ensure_one()
        return self.copy().action_edit()

    # === BUSINESS METHODS === #

    @api.model
    def get_themes(self) -> dict[str, tuple[str, str]]:
        """Return the main colour and the accent of each theme."""
        return THEMES

    def get_preview(self, values: dict, sample: dict) -> dict:
        """Draw a document in the look that a form shows, saved or not. The form is not saved.

        :param values: of the form; fields that are no part of the look are left out
        :param sample: `move_id`, an invoice; else `kind` and `lines` of a made-up one, as
            `_get_sample_values` takes them
        :return: `pdf` as base64, or what is wrong with the form as `problem`
        """
        self.check_access('read')
        values = {name: values[name] for name in PREVIEWED if name in values}
        move = self.env['account.move'].browse(sample.get('move_id') or [])
        try:
            template = self.new(self._prepare_logo(values), origin=self)
            template._check_placeholders()
            template._check_colors()
            pdf = template._render_preview_pdf(move.exists(), sample)
        except UserError as error:
            return {'problem': str(error)}
        return {'pdf': base64.b64encode(pdf).decode()}
