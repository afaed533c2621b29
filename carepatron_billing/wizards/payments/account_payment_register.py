from odoo import models


class AccountPaymentRegister(models.TransientModel):
    _inherit = 'account.payment.register'

    def _create_payments(self):
        """Override of `account`: who pays a practice by hand gets a receipt, too."""
        payments = super()._create_payments()
        wanted = self.env.context.get('billing_receipt')
        if wanted is not False:
            payments.filtered(
                lambda payment: (
                    payment.payment_type == 'inbound'
                    and payment.sudo().reconciled_invoice_ids.billing_link_ids
                )
            )._billing_send_receipt(kinds=() if wanted else ('all',))
        return payments
