from datetime import timedelta

from odoo import fields, models
from odoo.fields import Command
from odoo.tools import format_date

from odoo.addons.payment import utils as payment_utils

from ...tools.concurrency import from_timestamp


class PracticeDispute(models.Model):
    """A dispute in the books: the money waits on an account of its own until it is decided."""

    _inherit = 'practice.dispute'

    entry_ids = fields.One2many(
        'account.move', 'billing_dispute_id', string="Entries", readonly=True
    )
    loss_id = fields.Many2one('account.move', string="Booked as Lost", readonly=True)

    def _book(self, shown: dict):
        """Book what this dispute moved at Stripe, and how it ended; each of it once.

        :param shown: the dispute as Stripe shows it
        """
        self.ensure_one()
        booked = set(self.entry_ids.mapped('billing_balance_transaction'))
        for movement in sorted(shown['balance_transactions'], key=lambda one: one['created']):
            if movement['id'] not in booked:
                self._book_movement(movement)
        if self.state == 'lost' and not self.loss_id:
            self._book_loss()
        elif self.state == 'won' and self.loss_id:
            self._take_back_loss()
        waiting = self._waiting_lines()
        if len(waiting) > 1:
            waiting.reconcile()

    def _waiting_lines(self):
        """Return the open items of this dispute on the account of payments in dispute."""
        account = self.company_id._billing_dispute_account()
        return (self.entry_ids | self.loss_id).line_ids.filtered(
            lambda line: line.account_id == account and not line.reconciled
        )

    def _book_movement(self, movement: dict):
        """Book money that left or came back, with the fee.

        :param movement: a balance transaction of Stripe's
        """
        company = self.company_id
        day = company._billing_day(from_timestamp(movement['created']))
        currency = (
            self.env['res.currency']
            .with_context(active_test=False)
            .search([('name', '=', movement['currency'].upper())])
        )

        def booked(minor):
            decimals = self.provider_id._billing_decimals(currency)
            amount = payment_utils.to_major_currency_units(minor, currency, decimals)
            return currency._convert(amount, company.currency_id, company, day)

        amount, fee = booked(movement['amount']), booked(movement['fee'])
        journal = self.provider_id.journal_id
        self._post_entry(
            {
                'date': day,
                'billing_balance_transaction': movement['id'],
                'billing_dispute_id': self.id,
            },
            [
                (journal.default_account_id, amount - fee),
                (company._billing_dispute_account(), -amount),
            ],
            fee=fee,
        )

    def _book_loss(self):
        """Let the invoice be open again: what paid it is gone for good."""
        balance = sum(self._waiting_lines().mapped('amount_residual'))
        if self.company_id.currency_id.compare_amounts(balance, 0.0) <= 0:
            return
        payment = self.transaction_id.payment_id
        paid = payment._billing_receivable_lines()
        account = paid.account_id
        self.loss_id = self._post_entry(
            {'date': self.company_id._billing_today(), 'billing_dispute_id': self.id},
            [(account, balance), (self.company_id._billing_dispute_account(), -balance)],
            in_currency={account: self.amount},
        )
        debts = paid.matched_debit_ids.debit_move_id
        paid.remove_move_reconcile()
        lost = self.loss_id.line_ids.filtered(lambda line: line.account_id == account)
        (paid | lost).reconcile()
        # What was left of it pays what it paid before, refunds first.
        refunds = debts.filtered(lambda line: line.payment_id)
        for again in (refunds, debts - refunds):
            self._match(paid | again)

    def _take_back_loss(self):
        """A bank may change its mind: the payment counts again."""
        values = {'date': self.company_id._billing_today(), 'billing_dispute_id': self.id}
        self.loss_id._reverse_moves([values], cancel=True)
        self.loss_id = False
        paid = self.transaction_id.payment_id._billing_receivable_lines()
        self._match(paid | self.move_ids.line_ids.filtered(lambda line: line.debit > 0.0))

    def _match(self, lines):
        accounts = self.transaction_id.payment_id._billing_receivable_lines().account_id
        lines = lines.filtered(lambda line: line.account_id in accounts and not line.reconciled)
        if len(lines) > 1:
            lines.reconcile()

    def _post_entry(
        self, values: dict, sums: list, in_currency: dict | None = None, fee: float = 0.0
    ) -> models.Model:
        """Post an entry of the payer's in the Stripe journal.

        :param values: of the entry
        :param sums: accounts with what is debited, in the practice's currency
        :param in_currency: for an account, the same in the dispute's currency
        :param fee: what of it is Stripe's fee, in the practice's currency
        """
        company = self.company_id
        common = {'name': self.env._("Dispute %s", self.dispute), 'partner_id': self.partner_id.id}
        entry = (
            self.env['account.move']
            .with_company(company)
            .create(
                {
                    'move_type': 'entry',
                    'journal_id': self.provider_id.journal_id.id,
                    'partner_id': self.partner_id.id,
                    'ref': common['name'],
                    'line_ids': [
                        Command.create(
                            {
                                **common,
                                'account_id': account.id,
                                'debit': max(balance, 0.0),
                                'credit': max(-balance, 0.0),
                                **self._foreign(balance, (in_currency or {}).get(account)),
                            }
                        )
                        for account, balance in sums
                        if not company.currency_id.is_zero(balance)
                    ]
                    + [Command.create({**common, **line}) for line in self._fee_lines(fee)],
                    **values,
                }
            )
        )
        self._open_day(entry)
        entry._post(soft=False)
        return entry

    def _foreign(self, balance, amount):
        if amount is None or self.currency_id == self.company_id.currency_id:
            return {}
        return {
            'currency_id': self.currency_id.id,
            'amount_currency': amount if balance > 0.0 else -amount,
        }

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
