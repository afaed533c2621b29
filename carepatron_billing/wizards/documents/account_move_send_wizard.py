from odoo import api, fields, models
from odoo.tools import html2plaintext


class AccountMoveSendWizard(models.TransientModel):
    """Odoo's own *Send*: clients' invoices are sent with the same care as by ours."""

    _inherit = 'account.move.send.wizard'

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
                told = wizard.move_id._billing_told_in(wizard.subject or '', text)
            wizard.billing_clinical = ", ".join(told)

    def action_send_and_print(self, allow_fallback_pdf=False):
        """Override of `account` to warn once if the mail tells what the client came for."""
        if self.billing_clinical and not self.env.context.get('billing_sends_anyway'):
            return {
                'type': 'ir.actions.act_window',
                'name': self.env._("Send"),
                'res_model': self._name,
                'res_id': self.id,
                'view_mode': 'form',
                'target': 'new',
            }
        return super().action_send_and_print(allow_fallback_pdf=allow_fallback_pdf)
