from datetime import timedelta

from odoo import models
from odoo.fields import Command
from odoo.tools import format_date


class PracticeDispute(models.Model):
    """A dispute's fee with the tax that its account says, and days whose books are closed."""

    _inherit = 'practice.dispute'

    def _fee_lines(self, fee: float) -> list[dict]:
        """Return the lines of a fee that Stripe took, or gave back.

        Stripe takes it all included: a tax of the fee account's is a part of it, or, where the
        practice owes it itself, adds nothing to it.

        :param fee: in the practice's currency; negative if it was given back
        """
        company = self.company_id
        account = company._billing_fee_account()
        if company.currency_id.is_zero(fee):
            return []
        taxes = account.tax_ids.filtered(lambda tax: tax.type_tax_use == 'purchase')
        taxes = taxes._filter_taxes_by_company(company).with_context(force_price_include=True)
        computed = taxes.compute_all(fee, currency=company.currency_id, is_refund=fee < 0.0)
        tax_lines = [
            {
                'name': tax['name'],
                'account_id': tax['account_id'] or account.id,
                'tax_repartition_line_id': tax['tax_repartition_line_id'],
                'tax_tag_ids': [Command.set(tax['tag_ids'])],
                'tax_base_amount': tax['base'],
                'balance': company.currency_id.round(tax['amount']),
            }
            for tax in computed['taxes']
        ]
        base = fee - sum(line['balance'] for line in tax_lines)
        return [
            {
                'account_id': account.id,
                'tax_ids': [Command.set(taxes.ids)],
                'tax_tag_ids': [Command.set(computed['base_tags'])],
                'balance': company.currency_id.round(base),
            },
            *tax_lines,
        ]

    def _open_day(self, entry: models.Model):
        """Move an entry whose day lies in closed books to the first open day, and tell.

        :param entry: a draft
        """
        locks = entry._get_violated_lock_dates(entry.date, entry._affect_tax_report())
        if not locks:
            return
        moved = entry.date
        entry.date = locks[-1][0] + timedelta(days=1)
        self.message_post(
            body=self.env._(
                "The books are closed for %(day)s, when Stripe moved the money. The entry stands"
                " at %(open_day)s.",
                day=format_date(self.env, moved),
                open_day=format_date(self.env, entry.date),
            )
        )
