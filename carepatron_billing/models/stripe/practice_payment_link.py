from dateutil.relativedelta import relativedelta

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ...const import PROVIDER_CODE
from ...gateways.stripe_gateway import StripeGatewayError
from ...tools.concurrency import commit_now
from .one_way_to_pay import claim_alone

# A session that is about to close is no page to send a payer to.
# Stripe itself asks for at least half an hour.
SESSION_MARGIN = relativedelta(minutes=45)


class PracticePaymentLink(models.Model):
    """How a link's click becomes the one payable session of its invoices."""

    _inherit = 'practice.payment.link'

    transaction_ids = fields.One2many(
        'payment.transaction', 'billing_link_id', groups='base.group_system'
    )

    # === BUSINESS METHODS === #

    def _pay(self, amount: float | None = None, keep_card: bool = False) -> str | bool:
        """Return the address of Stripe's page for what is due now; False if nothing is payable.

        May be called twice at once, or again after a crash at any point: there is at most one
        payable session for each invoice, because opening one closes the others and claims the
        invoices, and Stripe gives the same session to the same transaction. Commits before it
        calls Stripe.

        :param amount: what to pay, as `_explain_amount` allows; None for what is due now
        :param keep_card: whether the payer agreed that the card is kept for next time
        :raise StripeGatewayError: if Stripe cannot be reached or refuses, or others begin to pay
            the same invoices again and again
        """
        self.ensure_one()
        tx_sudo = self.with_context(billing_keep_card=keep_card)._claim_transaction(amount)
        if not tx_sudo:
            return False
        return tx_sudo._billing_session_url()

    def _claim_transaction(self, amount=None):
        """Return the open transaction (sudo) for an amount, or none if that cannot be paid."""
        link_sudo = self.sudo()
        refused = claim_alone(
            self.env,
            rivals=lambda: link_sudo._unfit_transactions(amount),
            rows=lambda: (link_sudo, link_sudo._moves()),
            refusal=lambda: link_sudo._explain_refusal(amount),
        )
        if refused:
            return self.env['payment.transaction'].sudo()
        tx_sudo = link_sudo._open_transaction() or link_sudo._create_transaction(amount)
        commit_now(self.env)
        return tx_sudo

    def _explain_refusal(self, amount) -> str:
        """Return why nothing, or not this amount, can be paid: a status, or words; '' if it can."""
        status = self._status()
        if status not in ('due', 'part_paid'):
            return status
        return '' if amount is None else self._explain_amount(self._due(), amount)

    def _open_transaction(self):
        """Return the one transaction (sudo) that may still bring money, or none."""
        return self.sudo().transaction_ids.filtered(lambda tx: tx.state in ('draft', 'pending'))

    def _unfit_transactions(self, amount):
        """Return the open transactions (sudo) that would bring money for the same invoices a
        second time: this link's own for another amount, and those of every other way to pay."""
        wanted = self._due().now if amount is None else amount
        rivals_sudo = (self._due().moves.transaction_ids | self._open_transaction()).filtered(
            lambda tx: tx.state == 'draft' and tx.provider_code == PROVIDER_CODE
        )
        return rivals_sudo.filtered(
            lambda tx: tx.billing_link_id != self or not self._fits(tx, wanted)
        )

    def _fits(self, tx_sudo, amount: float | None = None):
        """Whether an open transaction still asks for what is due, for long enough to be paid.

        :param amount: what it must ask for; None for anything that may be paid now
        """
        due = self._due()
        currency = self.currency_id
        if amount is None:
            is_amount_right = not self._explain_amount(due, tx_sudo.amount)
        else:
            is_amount_right = not currency.compare_amounts(tx_sudo.amount, amount)
        return (
            is_amount_right
            and tx_sudo.currency_id == currency
            and tx_sudo.invoice_ids == due.moves
            and tx_sudo.provider_id == self._provider()
            and tx_sudo.tokenize == bool(self.env.context.get('billing_keep_card'))
            and tx_sudo.stripe_payment_link_session_expires_at
            > fields.Datetime.now() + SESSION_MARGIN
        )

    def _create_transaction(self, amount=None):
        provider_sudo = self._provider()
        due = self._due()
        values = {
            'provider_id': provider_sudo.id,
            'payment_method_id': provider_sudo.payment_method_ids[:1].id
            or self.env.ref('payment.payment_method_card').id,
            'amount': due.now if amount is None else amount,
            'currency_id': self.currency_id.id,
            'partner_id': self.payer_id.id,
            'operation': 'online_redirect',
            'tokenize': bool(self.env.context.get('billing_keep_card')),
            'invoice_ids': [Command.set(due.moves.ids)],
            'billing_link_id': self.id,
            'landing_route': self._path(),
        }
        txs_sudo = self.env['payment.transaction'].sudo()
        if len(due.moves) > 1:
            # All the numbers in a row would be longer than Stripe takes.
            values['reference'] = txs_sudo._compute_reference(
                PROVIDER_CODE, prefix=f'{due.moves[0].name}-{len(due.moves)}'
            )
        return txs_sudo.create(values)

    def _revoke(self):
        """Override to close the session that is open at Stripe.

        :raise UserError: if Stripe cannot be reached or refuses
        """
        try:
            self._open_transaction()._billing_close()
        except StripeGatewayError as error:
            raise UserError(self._provider()._billing_explain(error)) from None
        return super()._revoke()
