import secrets

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import formatLang

from odoo.addons.payment import utils as payment_utils

from ...const import PROVIDER_CODE
from ...gateways.stripe_gateway import StripeGatewayError
from ...tools.concurrency import claim, commit_now, from_timestamp
from ...tools.crons import work_off
from .one_way_to_pay import claim_alone

# Stripe keeps a session open for 24 hours at most, counted from when the request arrives.
SESSION_LIFE = relativedelta(hours=23)
# The reconcile cron leaves alone what the payer is most likely still busy with.
RECONCILE_AFTER = relativedelta(minutes=2)


class PaymentTransaction(models.Model):
    _inherit = 'payment.transaction'

    billing_link_id = fields.Many2one(
        'practice.payment.link',
        string="Payment Link",
        readonly=True,
        index='btree_not_null',
        ondelete='restrict',
    )
    # Whoever knows a session's id is taken for the payer who comes back from it.
    stripe_payment_link_session = fields.Char(
        string="Stripe Checkout Session",
        readonly=True,
        index='btree_not_null',
        groups=fields.NO_ACCESS,
    )
    stripe_payment_link_session_expires_at = fields.Datetime(
        string="Stripe Checkout Session Expires", readonly=True
    )
    stripe_payment_link_nonce = fields.Char(
        help="Tells this payment from one with the same reference in a copied or restored"
        " database on the same Stripe account.",
        readonly=True,
        copy=False,
    )
    # It leads to the payer's own pages, whose address is their key.
    landing_route = fields.Char(groups='base.group_system')

    stripe_payment_link_due = fields.Monetary(
        string="Due When Asked",
        currency_field='currency_id',
        help="What was due on the invoices when the payer was sent to Stripe.",
        readonly=True,
        copy=False,
    )

    stripe_payment_link_settled = fields.Float(
        string="Settled",
        help="What a payment in a foreign currency came to at Stripe, in the practice's currency.",
        readonly=True,
        copy=False,
    )
    stripe_payment_link_moved_at = fields.Datetime(
        string="Moved at Stripe", readonly=True, copy=False
    )

    _billing_link_open_uniq = models.UniqueIndex(
        "(billing_link_id) WHERE billing_link_id IS NOT NULL AND state IN ('draft', 'pending')",
        "A payment by this link is open already.",
    )

    # === CRUD METHODS ===#

    @api.model
    def _get_specific_create_values(self, provider_code, values):
        """Override of `payment` to fix when the session will end: a repeated request says the
        same, or Stripe would refuse its idempotency key."""
        if provider_code != PROVIDER_CODE:
            return super()._get_specific_create_values(provider_code, values)
        commands = values.get('invoice_ids') or []
        invoice_ids = self._fields['invoice_ids'].convert_to_cache(commands, self)
        return {
            'stripe_payment_link_session_expires_at': fields.Datetime.now() + SESSION_LIFE,
            'stripe_payment_link_nonce': secrets.token_hex(8),
            'stripe_payment_link_due': (
                self.env['account.move'].sudo().browse(invoice_ids)._billing_due()
            ),
        }

    @api.model
    def _compute_reference(self, provider_code, prefix=None, separator='-', **kwargs):
        """Override of `payment`: of two who begin to pay the same invoices at once, the second is
        replayed; it would get the first one's reference otherwise, and be refused."""
        if provider_code == PROVIDER_CODE and kwargs.get('invoice_ids'):
            ids = self._fields['invoice_ids'].convert_to_cache(kwargs['invoice_ids'], self)
            claim(self.env['account.move'].sudo().browse(ids))
        return super()._compute_reference(
            provider_code, prefix=prefix, separator=separator, **kwargs
        )

    # === BUSINESS METHODS - PAYMENT FLOW ===#

    def _get_specific_rendering_values(self, processing_values):
        """Override of `payment` to send the payer of Odoo's own payment form to Stripe's page.

        The form takes its amount from the browser, which may have stood open for days.
        """
        if self.provider_code != PROVIDER_CODE:
            return super()._get_specific_rendering_values(processing_values)
        try:
            refusal = self.operation != 'validation' and self._billing_claim_invoices()
            if not refusal:
                return {'api_url': self._billing_session_url() or '/payment/status'}
        except StripeGatewayError as error:
            refusal = self.provider_id._billing_explain(error)
        self._set_error(refusal)
        return {}

    def _create_payment(self, **extra_create_values):
        """Override of `account_payment` to book what moved at Stripe, on the practice's own day.

        A payment in a foreign currency is worth what Stripe made of it; Odoo books the difference
        to the invoice's rate.
        """
        if self.provider_code != PROVIDER_CODE:
            return super()._create_payment(**extra_create_values)
        moved_at = self.stripe_payment_link_moved_at or fields.Datetime.now()
        values = {'date': self.company_id._billing_day(moved_at)}
        if self.currency_id != self.company_id.currency_id and self.stripe_payment_link_settled:
            values['force_balance'] = self.stripe_payment_link_settled
        return super()._create_payment(**{**values, **extra_create_values})

    def _post_process(self):
        """Override of `account_payment`: one post-processing for each transaction.

        Odoo's status page and cron may come along at the same moment as our inbox; who comes
        second waits for the row and is replayed, since the first one writes it.
        """
        own = self.filtered(lambda tx: tx.provider_code == PROVIDER_CODE)
        claim(own)
        todo = self.filtered(lambda tx: tx not in own or not tx.is_post_processed)
        result = super(PaymentTransaction, todo)._post_process()
        (todo & own)._billing_follow_up()
        return result

    def _billing_follow_up(self):
        """Do what follows, once, after transactions of ours were post-processed; rooms add it."""

    # === BUSINESS METHODS - ODOO'S PAYMENT FORM === #

    def _billing_claim_invoices(self) -> str:
        """Make this the one open way to pay its invoices, as the pay page does with its own.

        Closes the others at Stripe and commits before Stripe is asked for a session.

        :return: why this cannot be paid, in words for the payer; '' if it can
        :raise StripeGatewayError: if Stripe cannot be reached, or others begin to pay the same
            invoices again and again
        """
        self.ensure_one()
        refusal = claim_alone(
            self.env,
            rivals=self._billing_rivals,
            rows=lambda: (self.invoice_ids,),
            refusal=self._billing_explain_refusal,
        )
        if not refusal:
            self._billing_begin()
            commit_now(self.env)
        return refusal

    def _billing_begin(self):
        """Write down, before Stripe is asked, that this is the way in which its invoices are paid.

        What is due is that of this moment: a rival's money may have come meanwhile.
        """
        self.stripe_payment_link_due = self.invoice_ids._billing_due()

    def _billing_rivals(self):
        """Return the other transactions that would bring money for the same invoices."""
        return (self.invoice_ids.transaction_ids - self).filtered(
            lambda tx: tx.state == 'draft' and tx.provider_code == PROVIDER_CODE
        )

    def _billing_explain_refusal(self) -> str:
        """Return why this cannot be paid now, in words for the payer; '' if it can."""
        if self.currency_id.compare_amounts(self.amount, 0.0) <= 0:
            return self.env._("There is nothing to pay.")
        moves = self.invoice_ids
        if not moves:
            return ''
        numbers = ', '.join(moves.filtered('name').mapped('name'))
        if any(move._billing_is_processing() for move in moves):
            return self.env._(
                "A payment of %s is being processed already. Nothing is to be paid until it is"
                " through.",
                numbers,
            )
        due = moves._billing_due()
        if self.currency_id.is_zero(due):
            return self.env._("Nothing is due on %s any more.", numbers)
        if self.currency_id.compare_amounts(self.amount, due) > 0:
            return self.env._(
                "Only %(due)s is due on %(invoice)s by now. Please open the invoice anew to pay"
                " that.",
                due=formatLang(self.env, due, currency_obj=self.currency_id),
                invoice=numbers,
            )
        return ''

    # === BUSINESS METHODS - PROCESSING ===#

    def _billing_record(self, stripe_object: dict):
        """Bring this payment, its booking and its receipt up to what Stripe has just shown.

        :param stripe_object: the session, charge or refund, just fetched
        :raise ValidationError: if amount or currency are not those of the transaction; then
            nothing is posted and the transaction stays open, so that nobody pays again.
        """
        self.ensure_one()
        claim(self)
        self._process(PROVIDER_CODE, stripe_object)
        if not self.is_post_processed and self.state in ('done', 'cancel', 'error'):
            self._post_process()

    @api.model
    def _billing_search(self, provider, session):
        """Return the transaction of a session; empty if it is another database's or nobody's.

        The session's id may not be recorded yet (the worker died in between); its metadata is.
        """
        metadata = session.get('metadata') or {}
        tx = self.search(
            [('provider_id', '=', provider.id), ('reference', '=', metadata.get('reference'))]
        )
        return tx.filtered(lambda tx: tx._billing_owns(session))

    @api.model
    def _extract_reference(self, provider_code, payment_data):
        """Override of `payment` to extract the reference from the session's metadata."""
        if provider_code != PROVIDER_CODE:
            return super()._extract_reference(provider_code, payment_data)
        return (payment_data.get('metadata') or {}).get('reference')

    def _extract_amount_data(self, payment_data):
        """Override of `payment` to extract the amount and currency from the session."""
        if self.provider_code != PROVIDER_CODE:
            return super()._extract_amount_data(payment_data)
        return {
            'amount': payment_utils.to_major_currency_units(
                _amount_of(payment_data),
                self.currency_id,
                self.provider_id._billing_decimals(self.currency_id),
            ),
            'currency_code': payment_data['currency'].upper(),
        }

    def _validate_amount(self, payment_data):
        """Override of `payment`: a session with another amount or currency is refused as a whole.

        Odoo would close the transaction, and the payer, whose money is at Stripe, could be asked
        to pay again.
        """
        if self.provider_code != PROVIDER_CODE:
            return super()._validate_amount(payment_data)
        if self.operation == 'validation':
            return None
        expected = (self._billing_minor_amount(), self.currency_id.name)
        received = (_amount_of(payment_data), payment_data['currency'].upper())
        if expected != received:
            raise ValidationError(
                self.env._(
                    "Payment %(reference)s: Stripe reports another amount or currency than was"
                    " asked for. Nothing was posted; compare the payment in Stripe's dashboard.",
                    reference=self.reference,
                )
            )
        return None

    def _apply_updates(self, payment_data):
        """Override of `payment` to follow the session's state, never backwards."""
        if self.provider_code != PROVIDER_CODE:
            return super()._apply_updates(payment_data)
        if not self.sudo().stripe_payment_link_session:
            self.sudo().stripe_payment_link_session = payment_data['id']
        intent = payment_data.get('payment_intent') or {}
        if isinstance(intent, str):
            # What Stripe answers when a session is closed is not expanded.
            intent = {'id': intent}
        if intent and not self.provider_reference:
            self.provider_reference = intent['id']
        if self.state == 'done':
            return None
        self._billing_note_movement(intent.get('latest_charge') or {})
        status = payment_data['status']
        if status == 'expired':
            if self.state in ('draft', 'pending'):
                self._set_canceled()
        elif status == 'complete':
            self._billing_complete(payment_data, intent)
        return None

    def _billing_complete(self, session, intent):
        if session['payment_status'] in ('paid', 'no_payment_required'):
            # Also after a cancellation: the money is there.
            self._set_done(extra_allowed_states=('cancel',))
        elif intent.get('status') in ('requires_payment_method', 'canceled'):
            if self.state in ('draft', 'pending'):
                self._set_error(self.env._("The bank did not carry out the payment."))
        elif self.state == 'draft':
            # A bank debit: the payer is through, the money is not there yet.
            self._set_pending()

    def _billing_note_movement(self, moved: dict):
        """Remember what a charge or refund did to the balance at Stripe, once that is known.

        :param moved: a charge or refund with its `balance_transaction`, expanded
        """
        movement = moved.get('balance_transaction')
        if not isinstance(movement, dict):
            return
        self.stripe_payment_link_moved_at = from_timestamp(movement['created'])
        currency = self.company_id.currency_id
        if movement['currency'].upper() == currency.name:
            self.stripe_payment_link_settled = payment_utils.to_major_currency_units(
                abs(movement['amount']),
                currency,
                self.provider_id._billing_decimals(currency),
            )

    # === CRON ===#

    @api.model
    def _cron_stripe_payment_link_reconcile(self):
        """Ask Stripe about open sessions, for what webhooks missed or cannot reach, and close
        those that ask for what is not due any more."""
        domain = Domain(
            [
                ('provider_code', '=', PROVIDER_CODE),
                ('state', 'in', ('draft', 'pending')),
                ('provider_id.state', '!=', 'disabled'),
            ]
        )
        waited = fields.Datetime.now() - RECONCILE_AFTER
        txs = self.search(domain, order='id').filtered(
            lambda tx: tx.last_state_change < waited or tx._billing_is_stale()
        )
        work_off(txs, lambda tx: tx._billing_reconcile_one(), domain)

    def _billing_reconcile_one(self):
        """Find out what became of an open session, and close one that asks for what is not due."""
        if self._billing_is_stale():
            self._billing_close()
        elif self.stripe_payment_link_session:
            self._billing_sync()
        elif self.stripe_payment_link_session_expires_at <= fields.Datetime.now():
            self._set_canceled()


def _amount_of(payment_data):
    """Return the amount, in minor units, of a session or a refund."""
    return payment_data['amount_total' if 'amount_total' in payment_data else 'amount']
