from odoo import models


class PracticeStripeDisconnect(models.TransientModel):
    _name = 'practice.stripe.disconnect'
    _inherit = 'practice.dialog.stripe'
    _description = "Disconnect Stripe"

    def action_disconnect(self) -> dict:
        """Take no more payments through Stripe; remove the saved cards there first, if asked.

        :raise AccessError: if the user may not set up the practice's payments
        :raise UserError: if Stripe cannot be reached, or there are more cards than one request
            removes
        """
        done = self._leaving().action_billing_stripe_disconnect()
        if isinstance(done, dict):
            # It tells of a key that the server still holds.
            return done
        return {'type': 'ir.actions.client', 'tag': 'soft_reload'}
