from odoo import models


class PracticePaymentLink(models.Model):
    _inherit = 'practice.payment.link'

    def _page_company_fields(self) -> list[str]:
        """Override: the page asks first whether it takes a code."""
        return [*super()._page_company_fields(), 'billing_second_check']
