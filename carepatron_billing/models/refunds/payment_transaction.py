from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import formatLang

from odoo.addons.payment import utils as payment_utils

from ...const import PROVIDER_CODE
from ...gateways.stripe_gateway import StripeGatewayError
from ...tools.concurrency import claim, commit_now, from_timestamp


class PaymentTransaction(models.Model):
    """Refunds: asked for on an invoice's page, in Odoo, or made in Stripe's dashboard.

    The credit note of one that is asked for here is a draft until the money has left the balance
    at Stripe, so that it is neither there without the refund nor missing beside it.
    """

    _inherit = 'payment.transaction'

    billing_refunded_move_id = fields.Many2one(
        'account.move',
        string="Refunded Invoice",
        help="The invoice that this refund was asked for.",
        readonly=True,
        copy=False,
        index='btree_not_null',
    )
    billing_credit_note_id = fields.Many2one(
        'account.move',
        string="Credit Note",
        readonly=True,
        copy=False,
        index='btree_not_null',
        ondelete='set null',
    )

    # === BUSINESS METHODS - HOW MUCH === #

    def _billing_refunds(self):
        """Return the refunds of this payment that took money, or may still take it."""
        return self.child_transaction_ids.filtered(
            lambda tx: tx.operation == 'refund' and tx.state in ('draft', 'pending', 'done')
        )

    def _billing_refundable_amount(self) -> float:
        """Return how much of this payment can still be refunded."""
        self.ensure_one()
        if self.state != 'done' or self.operation == 'refund':
            return 0.0
        refunded = -sum(self._billing_refunds().mapped('amount'))
        return max(self.currency_id.round(self.amount - refunded), 0.0)

    def _billing_check_refundable(self, amount):
        """Raise unless an amount of this payment can still be refunded.

        :raise UserError: it says how much can.
        """
        left = self._billing_refundable_amount()
        if (
            self.currency_id.compare_amounts(amount, 0.0) <= 0
            or self.currency_id.compare_amounts(amount, left) > 0
        ):
            raise UserError(
                self.env._(
                    "At most %s of this payment can still be given back.",
                    formatLang(self.env, left, currency_obj=self.currency_id),
                )
            )

    def _billing_refunded_moves(self):
        """Return the invoices that this refund concerns."""
        return self.billing_refunded_move_id or self.source_transaction_id.invoice_ids

    # === BUSINESS METHODS - ASKING FOR IT === #

    def _billing_begin_refund(
        self, amount: float, move: models.Model, note: models.Model
    ) -> models.Model:
        """Write down a refund of this payment that Stripe is asked for later.

        The caller has claimed this payment.

        :param amount: how much, in the payment's currency
        :param move: the invoice that it is for
        :param note: the draft credit note that goes with it, if one is needed
        :raise UserError: if there is not as much left
        """
        self.ensure_one()
        self._ensure_provider_is_not_disabled()
        self._billing_check_refundable(amount)
        refund = self._create_child_transaction(
            amount,
            is_refund=True,
            billing_refunded_move_id=move.id,
            billing_credit_note_id=note.id,
        )
        refund._log_sent_message()
        return refund

    def _refund(self, amount_to_refund=None):
        """Override of `payment`: never more than is left, and one at a time.

        :raise UserError: if there is not as much left, or Stripe cannot be reached; then the
            refund is tried again by itself.
        """
        if self.provider_code != PROVIDER_CODE:
            return super()._refund(amount_to_refund=amount_to_refund)
        claim(self)
        amount = amount_to_refund or self._billing_refundable_amount()
        self._billing_check_refundable(amount)
        return super()._refund(amount_to_refund=amount)

    def _send_refund_request(self):
        """Override of `payment` to refund the money at Stripe."""
        if self.provider_code != PROVIDER_CODE:
            return super()._send_refund_request()
        metadata = self._billing_metadata()
        params = {
            'payment_intent': self.source_transaction_id.provider_reference,
            'amount': self._billing_minor_amount(),
            'metadata': metadata,
        }
        gateway = self.provider_id._billing_gateway()
        commit_now(self.env)
        try:
            refund = gateway.create_refund(params, ':'.join(metadata.values()))
            refund = gateway.refund(refund['id'])
        except StripeGatewayError as error:
            explanation = self.provider_id._billing_explain(error)
            if error.kind == 'connection':
                raise UserError(
                    self.env._("%s The refund will be tried again by itself.", explanation)
                ) from None
            self._set_error(explanation)
            self._billing_discard_credit_note()
            return None
        return self._billing_record(refund)

    # === BUSINESS METHODS - WHAT STRIPE SHOWS === #

    @api.model
    def _billing_sync_refund(self, provider, refund_id) -> bool:
        """Bring the books up to a refund, ours or one made in Stripe's dashboard.

        :return: whether it is one of a payment of this database.
        """
        refund = provider._billing_gateway().refund(refund_id)
        source = self._billing_find_by_intent(provider, refund.get('payment_intent'))
        if not source:
            return False
        claim(source)
        tx = source._billing_find_or_create_refund(refund)
        tx._billing_record(refund)
        return True

    @api.model
    def _billing_find_by_intent(self, provider, intent: str) -> models.Model:
        """Return the payment that a PaymentIntent brought, booked if it was not yet; empty if it
        is none of this database.

        :param intent: its id; may be missing
        """
        if not intent:
            return self.browse()
        known = [('provider_id', '=', provider.id), ('provider_reference', '=', intent)]
        source = self.search(known)
        if not source:
            # The payment's own event may come later than that of its refund or dispute.
            gateway = provider._billing_gateway()
            for session in gateway.sessions_of_payment_intent(intent):
                source = self._billing_search(provider, session)
                source.stripe_payment_link_session = session['id']
        if not source and self._billing_sync_charge_of(provider, intent):
            source = self.search(known)
        if source and source.state != 'done':
            source._billing_sync()
        return source

    def _billing_find_or_create_refund(self, refund):
        """Return the transaction of a refund of this payment, made now if it began at Stripe."""
        known = self.child_transaction_ids.filtered(
            lambda tx: tx.provider_reference == refund['id'] or tx._billing_owns(refund)
        )
        return known or self._create_child_transaction(
            payment_utils.to_major_currency_units(
                refund['amount'],
                self.currency_id,
                self.provider_id._billing_decimals(self.currency_id),
            ),
            is_refund=True,
            provider_reference=refund['id'],
        )

    def _apply_updates(self, payment_data):
        """Override of `payment` to follow the refund's state, never backwards."""
        if self.provider_code != PROVIDER_CODE or self.operation != 'refund':
            return super()._apply_updates(payment_data)
        if not self.provider_reference:
            self.provider_reference = payment_data['id']
        self._billing_note_movement(payment_data)
        if payment_data['status'] in ('failed', 'canceled'):
            if self.state in ('draft', 'pending', 'done'):
                self._billing_take_back_refund(payment_data)
        elif self.state == 'error':
            # Stripe never revives a failed refund: this is an older report.
            return None
        elif payment_data.get('balance_transaction') or payment_data['status'] == 'succeeded':
            # The money has left the balance, also where the payer's bank still has to act.
            if self.state != 'done':
                self._set_done()
        elif self.state == 'draft':
            self._set_pending()
        return None

    def _billing_take_back_refund(self, refund):
        """Take back the booking of a refund that failed; the credit is open again."""
        self._set_error(
            self.env._("The bank did not accept the refund; the money is back at Stripe."),
            extra_allowed_states=('done',),
        )
        invoices = self._billing_refunded_moves()
        self._billing_discard_credit_note()
        if self.payment_id:
            movement = refund.get('failure_balance_transaction')
            failed_at = (
                from_timestamp(movement['created'])
                if isinstance(movement, dict)
                else fields.Datetime.now()
            )
            day = self.company_id._billing_day(failed_at)
            self.payment_id.move_id._reverse_moves(
                [{'date': day, 'ref': self.env._("Refund failed: %s", self.reference)}],
                cancel=True,
            )
        invoices._billing_refund_failed(self.payment_id)

    def _billing_reconcile_one(self):
        """Override to find out what became of a refund that was begun; Stripe is asked for it if
        it knows of none."""
        if self.operation != 'refund':
            return super()._billing_reconcile_one()
        gateway = self.provider_id._billing_gateway()
        if not self.provider_reference:
            # Stripe forgets idempotency keys after a day, but not the refunds.
            intent = self.source_transaction_id.provider_reference
            known = [
                refund['id']
                for refund in gateway.refunds_of_payment_intent(intent)
                if self._billing_owns(refund)
            ]
            if not known:
                return self._send_refund_request()
            self.provider_reference = known[0]
        return self._billing_record(gateway.refund(self.provider_reference))

    # === BUSINESS METHODS - BOOKING === #

    def _create_payment(self, **extra_create_values):
        """Override of `account_payment` to match a refund with the credit that it refunds."""
        is_ours = self.provider_code == PROVIDER_CODE and self.operation == 'refund'
        source = self.source_transaction_id.payment_id if is_ours else None
        if not source:
            return super()._create_payment(**extra_create_values)
        account = {'destination_account_id': source.destination_account_id.id}
        payment = super()._create_payment(**{**account, **extra_create_values})
        invoices = self._billing_refunded_moves()
        self._billing_match_credit_note(payment)
        payment._billing_match_refund(source, invoices)
        if payment._billing_open_debit():
            invoices._billing_draft_credit(payment)
        return payment

    def _billing_match_credit_note(self, payment: models.Model):
        """Match a refund, just booked, with the credit note that it was asked for with.

        :param payment: the refund
        """
        move = self.billing_refunded_move_id
        if not move:
            return
        if self.billing_credit_note_id.state == 'draft':
            move._billing_post_credit(self.billing_credit_note_id, payment)
        if payment._billing_open_debit():
            payment._billing_match_with(move._billing_credits().line_ids)

    def _billing_discard_credit_note(self):
        """Delete the credit note of a refund that did not come about."""
        note = self.billing_credit_note_id
        if note.state == 'draft' and not note.posted_before:
            note.unlink()
