from odoo import api, fields, models
from odoo.tools import html2plaintext


class AccountMoveSendBatchWizard(models.TransientModel):
    """Odoo's own *Send* of several invoices, with the care of the one for a single invoice."""

    _name = 'account.move.send.batch.wizard'
    _inherit = ['account.move.send.batch.wizard', 'practice.clinical.warning']

    billing_clinical = fields.Char(
        compute='_compute_billing_clinical',
        help="Names and codes of services that the mails tell, though they may not.",
    )

    @api.depends('move_ids')
    def _compute_billing_clinical(self):
        for wizard in self:
            told = set()
            for move in wizard.move_ids._origin.filtered(lambda one: one._billing_is_of_sessions()):
                settings = self._get_default_sending_settings(move)
                if 'email' in settings['sending_methods']:
                    text = html2plaintext(settings['mail_body'] or '')
                    told.update(move._billing_clinical_words(settings['mail_subject'] or '', text))
            wizard.billing_clinical = ", ".join(sorted(told))

    def action_send_and_print(self, force_synchronous=False, allow_fallback_pdf=False):
        """Override of `account` to warn once if the mails tell what the clients came for."""
        warning = self._billing_warn_of(self.billing_clinical, self.env._("Send"))
        return warning or super().action_send_and_print(
            force_synchronous=force_synchronous, allow_fallback_pdf=allow_fallback_pdf
        )
