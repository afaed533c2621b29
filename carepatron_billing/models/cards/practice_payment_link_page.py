from odoo import models

from ..payment_links.practice_payment_link_page import PAYABLE


class PracticePaymentLink(models.Model):
    _inherit = 'practice.payment.link'

    def _page_parts(self, status, due):
        """Override to say what the payer agrees to who has a card kept."""
        consent = status in PAYABLE and self.env._(
            "If you tick this, %s keeps this card at Stripe, to charge it for invoices that you"
            " owe when you agreed to that. You can remove it at any time.",
            self.company_id.name,
        )
        return {**super()._page_parts(status, due), 'consent': consent}
