from odoo import api, fields, models
from odoo.tools import html2plaintext


class AccountMoveSendWizard(models.TransientModel):
    """Odoo's own *Send*: clients' invoices are sent with the same care as by ours."""

    _name = 'account.move.send.wizard'
    _inherit = ['account.move.send.wizard', 'practice.clinical.warning']

    billing_clinical = fields.Char(
        compute='_compute_billing_clinical',
        help="Names and codes of services that the mail tells, though it may not.",
    )

    @api.depends('move_id', 'subject', 'body', 'sending_methods')
    def _compute_billing_clinical(self):
        for wizard in self:
            told = []
            if 'email' in (wizard.sending_methods or ()) and (
                wizard.move_id._billing_is_of_sessions()
            ):
                text = html2plaintext(wizard.body or '')
                told = wizard.move_id._billing_clinical_words(wizard.subject or '', text)
            wizard.billing_clinical = ", ".join(told)

    def action_send_and_print(self, allow_fallback_pdf=False):
        """Override of `account` to warn once if the mail tells what the client came for."""
        warning = self._billing_warn_of(self.billing_clinical, self.env._("Send"))
        return warning or super().action_send_and_print(allow_fallback_pdf=allow_fallback_pdf)
