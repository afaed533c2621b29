from odoo import models
from odoo.tools import format_date, formatLang

from ..payment_links.practice_payment_link_page import GONE


class PracticePaymentLink(models.Model):
    _inherit = 'practice.payment.link'

    def _page_parts(self, status, due):
        """Override to offer the receipts of what was paid by this link."""
        receipts = [] if status in GONE else self._page_receipts()
        return {**super()._page_parts(status, due), 'receipts': receipts}

    def _page_receipts(self):
        """Return the receipts of what was paid by this link: texts and addresses."""
        return [
            {
                'label': self.env._(
                    "Receipt for %(amount)s of %(date)s",
                    amount=formatLang(self.env, tx.amount, currency_obj=tx.currency_id),
                    date=format_date(self.env, tx.payment_id.date),
                ),
                'email': tx.payment_id.billing_receipt_at and _hint_at(tx.partner_email),
                'url': f'{self._path()}/receipt/{tx.id}',
            }
            for tx in self._paid_transactions()
        ]

    def _paid_transactions(self):
        return self.sudo().transaction_ids.filtered(lambda tx: tx.state == 'done' and tx.payment_id)


def _hint_at(email):
    """Return an address so that its owner knows it and others do not learn it."""
    name, _at, domain = (email or '').partition('@')
    return f'{name[:1]}•••@{domain}'
