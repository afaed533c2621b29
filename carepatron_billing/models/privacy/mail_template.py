from odoo import models

from ...tools.privacy import Tried


class MailTemplate(models.Model):
    _inherit = 'mail.template'

    def _check_can_be_rendered(self, *args, **kwargs):
        """Override of `mail`, which tries the words with whatever record stands first: an entry
        without a partner perhaps. Nothing is made for it."""
        tried = self.with_context(billing_privacy_tried=Tried(0, '', ''))
        return super(MailTemplate, tried)._check_can_be_rendered(*args, **kwargs)
