import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError

TEXTS = ('title', 'introduction', 'payment_instructions', 'terms', 'footer')
PLACEHOLDERS = (
    'client',
    'practice',
    'number',
    'date',
    'due_date',
    'total',
    'amount_due',
)
PLACEHOLDER = re.compile(r'\{([^{}\n]*)\}')


class PracticeInvoiceTemplate(models.Model):
    """The texts of a practice's invoices, with placeholders for what differs."""

    _inherit = 'practice.invoice.template'

    title = fields.Char(
        translate=True,
        help="Empty: Invoice, or Tax Invoice where the law asks for it; a credit note and a"
        " receipt always say what they are.",
    )
    introduction = fields.Text(translate=True)
    payment_instructions = fields.Text(translate=True)
    terms = fields.Text(translate=True)
    footer = fields.Text(translate=True, help="Empty: the footer of the practice's documents.")

    @api.constrains(*TEXTS)
    def _check_placeholders(self):
        for template in self:
            for name in TEXTS:
                template._check_text(template[name])

    def _check_text(self, text):
        """Raise unless a text takes none but the known placeholders.

        :raise ValidationError: it names the one that is unknown
        """
        for name in PLACEHOLDER.findall(text or ''):
            if name not in PLACEHOLDERS:
                raise ValidationError(
                    self.env._(
                        "{%(name)s} is unknown. These can be used: %(known)s.",
                        name=name,
                        known=", ".join(f"{{{known}}}" for known in PLACEHOLDERS),
                    )
                )

    def _update_field_translations(self, field_name, translations, digest=None, source_lang=''):
        """Override of the ORM to check the placeholders of translations."""
        if field_name in TEXTS:
            for text in translations.values():
                self._check_text(text)
        return super()._update_field_translations(
            field_name, translations, digest=digest, source_lang=source_lang
        )

    def _fill_text(self, name: str, values: dict) -> str:
        """Return a text with its placeholders filled in.

        :param name: of one of the fields in `TEXTS`
        :param values: what stands for each of `PLACEHOLDERS`
        """
        return PLACEHOLDER.sub(
            lambda found: str(values.get(found[1], found[0]) or ''), (self[name] or '').strip()
        )
