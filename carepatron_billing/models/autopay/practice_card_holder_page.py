from odoo import models


class PracticeCardHolder(models.Model):
    _inherit = 'practice.card.holder'

    def _page_values(self):
        """Override to tell what was agreed to about autopay, or to offer it."""
        is_on = self.autopay != 'off'
        is_offered = not is_on and self.company_id.billing_autopay_offered and self.token_ids
        return {
            **super()._page_values(),
            'autopay': is_on and self._autopay_consent(),
            'autopay_offer': is_offered and self._autopay_consent(),
        }

    def _autopay_consent(self) -> str:
        """Return what the payer agrees to by switching autopay on."""
        self.ensure_one()
        company = self.company_id
        when = self.autopay if self.autopay != 'off' else company.billing_autopay_when
        if when == 'issue':
            text = self.env._("%s charges each invoice to your card when it is issued.")
        else:
            text = self.env._("%s charges each invoice to your card on its due date.")
        days = company.billing_autopay_notice_days
        notice = (
            self.env._("You get a mail with the amount %s days before.", days) if days > 1 else ""
        )
        if days == 1:
            notice = self.env._("You get a mail with the amount the day before.")
        end = self.env._("You can switch it off here at any time.")
        return " ".join(filter(None, [text % company.name, notice, end]))
