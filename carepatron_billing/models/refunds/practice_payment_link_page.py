from odoo import models

from ..payment_links.practice_payment_link_page import PAYABLE


class PracticePaymentLink(models.Model):
    _inherit = 'practice.payment.link'

    def _page_parts(self, status, due):
        """Override to tell the payer of unused credit, and of what was given back."""
        return {
            **super()._page_parts(status, due),
            'credit': status in PAYABLE and self._page_credit(due),
            'refund': status == 'paid' and self._page_refund(),
        }

    def _page_credit(self, due):
        """Return the sentence about what the payer has left over of other invoices; '' without."""
        credit = due.moves[:1]._billing_shown_credit()
        if not credit:
            return ''
        return self.env._(
            "You have %(credit)s of unused credit at %(practice)s. You may ask for it to be used"
            " before you pay.",
            credit=self._format(credit),
            practice=self.company_id.name,
        )

    def _page_refund(self):
        """Return what was given back of a paid invoice: whether all of it, and a sentence."""
        given_back = self.move_id._billing_refunded_by_id().get(self.move_id.id)
        if not given_back:
            return False
        text = self.env._("%s was given back to you.", self._format(given_back.amount))
        return {'is_all': given_back.is_all, 'text': text}
