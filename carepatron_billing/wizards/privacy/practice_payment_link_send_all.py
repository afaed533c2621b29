from odoo import fields, models


class PracticePaymentLinkSendAll(models.TransientModel):
    _name = 'practice.payment.link.send.all'
    _inherit = ['practice.payment.link.send.all', 'practice.clinical.warning']

    clinical = fields.Char(
        readonly=True,
        help="Names and codes of services that the mails tell, though they may not.",
    )

    def _send(self, dialogs) -> dict:
        """Override to warn once if the mails tell what the clients came for."""
        words = {word for told in dialogs.mapped('clinical') if told for word in told.split(", ")}
        self.clinical = ", ".join(sorted(words))
        warning = self._billing_warn_of(self.clinical, self.env._("Send payment links"))
        return warning or super()._send(dialogs)
