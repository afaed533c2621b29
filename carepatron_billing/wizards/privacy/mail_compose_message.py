from odoo import api, fields, models
from odoo.tools import html2plaintext

from ...tools.clinical import told_of_sessions


class MailComposeMessage(models.TransientModel):
    """The mail by *Contact attendees* of sessions: of clinical words it is warned of once."""

    _name = 'mail.compose.message'
    _inherit = ['mail.compose.message', 'practice.clinical.warning']

    billing_clinical = fields.Char(
        compute='_compute_billing_clinical',
        help="Names and codes of services that the mail tells, though it may not.",
    )

    @api.depends('model', 'res_ids', 'subject', 'body', 'subtype_is_log')
    def _compute_billing_clinical(self):
        for wizard in self:
            told = []
            if wizard.model == 'calendar.event' and not wizard.subtype_is_log:
                events = self.env['calendar.event'].browse(wizard._evaluate_res_ids())
                text = f"{wizard.subject or ''}\n{html2plaintext(wizard.body or '')}"
                # Whoever may not know what a session is for does not learn it by trying words.
                told = told_of_sessions(events._billing_filter_known(), text)
            wizard.billing_clinical = ", ".join(told)

    def action_send_mail(self):
        """Override of `mail` to warn once if the mail tells what the clients come for."""
        return self._billing_warning() or super().action_send_mail()

    def action_schedule_message(self):
        """Override of `mail`: the same for what is sent later."""
        return self._billing_warning() or super().action_schedule_message()

    def _billing_warning(self) -> dict | None:
        told = any(wizard.billing_clinical for wizard in self)
        return self._billing_warn_of(told, self.env._("Contact Attendees"))
