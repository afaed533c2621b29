from odoo import models

from ..payment_links.practice_payment_link_page import READABLE


class PracticePaymentLink(models.Model):
    _inherit = 'practice.payment.link'

    def _page_company_fields(self) -> list[str]:
        """Override: how much the page tells is the practice's choice."""
        return [*super()._page_company_fields(), 'billing_privacy_page']

    def _page_parts(self, status, due):
        """Override to tell what the invoice is for, as far as the practice allows."""
        is_told = self.move_id and status in READABLE
        details = self.move_id._billing_told('page') if is_told else []
        return {**super()._page_parts(status, due), 'details': details}

    def _page_invoice(self, move, due):
        """Override to tell what the invoice is for, as far as the practice allows."""
        return {**super()._page_invoice(move, due), 'details': move._billing_told('page')}
