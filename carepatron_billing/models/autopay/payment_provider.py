from odoo import models


class PaymentProvider(models.Model):
    _inherit = 'payment.provider'

    def _billing_leave(self):
        """Override to end autopay: the cards are of no use at another account."""
        result = super()._billing_leave()
        if self.sudo().stripe_payment_link_account:
            holders_sudo = self.env['practice.card.holder'].sudo()
            holders_sudo.search(
                [('company_id', 'child_of', self.company_id.id), ('autopay', '!=', 'off')]
            )._autopay_end(self.env._("the Stripe account was disconnected"))
        return result
