from odoo import models


class PracticeDialogStripe(models.AbstractModel):
    _inherit = 'practice.dialog.stripe'

    def _compute_facts(self):
        """Override to count whose cards are at stake."""
        result = super()._compute_facts()
        for dialog in self:
            provider = dialog.company_id._billing_provider_sudo()
            dialog.payer_count = len(provider._billing_holders())
        return result
