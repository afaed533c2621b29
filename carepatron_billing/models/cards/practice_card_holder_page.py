from odoo import models
from odoo.tools import format_date


class PracticeCardHolder(models.Model):
    """What the payer reads: every word of the card page that depends on the data."""

    _inherit = 'practice.card.holder'

    def _page_values(self) -> dict:
        """Return what the payer's page shows, in the words of the context's language."""
        self.ensure_one()
        return {
            **self.env['practice.payment.link']._page_frame_of(self.company_id),
            'title': self.env._("Your saved cards"),
            'test_mode': self.is_test_mode,
            'is_available': self.is_available,
            'page_url': self._path(),
            'consent': self._consent(),
            'cards': [self._page_card(token) for token in self.token_ids],
        }

    def _page_card(self, token):
        name = token.display_name
        return {
            'id': token.id,
            'name': name,
            'is_default': token == self.token_ids[:1],
            'is_expired': token.billing_is_expired,
            'expires': token.billing_expires_on
            and self.env._(
                "Expires %s", format_date(self.env, token.billing_expires_on, date_format='MM/yyyy')
            ),
            'agreed': token.billing_consent_at
            and self.env._(
                "Agreed on %s",
                format_date(self.env, self.company_id._billing_day(token.billing_consent_at)),
            ),
            'remove_label': self.env._("Remove %s", name),
            'prefer_label': self.env._("Use %s", name),
        }

    def _consent(self) -> str:
        """Return what the payer agrees to by adding a card, in the context's language."""
        self.ensure_one()
        return self.env._(
            "%s keeps this card at Stripe, to charge it for invoices that you owe when you agreed"
            " to that. You can remove it at any time.",
            self.company_id.name,
        )
