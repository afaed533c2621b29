from odoo import models


class PaymentToken(models.Model):
    _inherit = 'payment.token'

    def _get_available_tokens(self, providers_ids, partner_id, is_validation=False, **kwargs):
        """Override of `payment`: who merely holds an invoice's link is shown no saved card."""
        if self.env.user._is_public():
            return self.browse()
        return super()._get_available_tokens(
            providers_ids, partner_id, is_validation=is_validation, **kwargs
        )
