from odoo import api, fields, models
from odoo.tools import html2plaintext


class PracticePaymentLinkSend(models.TransientModel):
    """What the mail with a payment link tells of sessions, and what it may not."""

    _name = 'practice.payment.link.send'
    _inherit = ['practice.payment.link.send', 'practice.clinical.warning']

    clinical = fields.Char(
        compute='_compute_clinical',
        help="Names and codes of services that the mail tells, though an e-mail is no secret.",
    )

    @api.depends('link_id', 'message', 'subject')
    def _compute_clinical(self):
        for wizard in self:
            wizard._check_link()
            moves_sudo = wizard.link_id.sudo()._moves()
            text = html2plaintext(wizard.message or '')
            words = moves_sudo._billing_clinical_words(wizard.subject or '', text)
            wizard.clinical = ", ".join(words)

    def action_send(self) -> dict:
        """Override to warn once if the mail tells what the client came for."""
        self.ensure_one()
        warning = self._billing_warn_of(self.clinical, self.env._("Send payment link"))
        return warning or super().action_send()

    @api.model
    def _words(self, record) -> tuple[str, str]:
        """Override to name services in the subject, where the practice allows it."""
        subject, body = super()._words(record)
        record_sudo = record.sudo()
        is_invoice = record._name == 'account.move'
        payer_sudo = record_sudo.partner_id if is_invoice else record_sudo.payer_id
        record_sudo = record_sudo.with_context(lang=payer_sudo.lang or self.env.lang)
        moves_sudo = record_sudo if is_invoice else record_sudo._due().moves
        return subject + moves_sudo._billing_told_subject(), body
