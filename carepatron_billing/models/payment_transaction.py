import secrets
from datetime import timezone

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.payment import utils as payment_utils
from odoo.addons.payment.logging import get_payment_logger

from ..const import PROVIDER_CODE
from ..gateways.stripe_gateway import StripeGatewayError
from ..tools import claim

_logger = get_payment_logger(__name__)

# Stripe keeps a session open for 24 hours at most, counted from when the request arrives.
SESSION_LIFE = relativedelta(hours=23)
# A name on Stripe's page has a limit, and a payer's patience too.
SHOWN_NUMBERS = 5
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
    stripe_payment_link_session = fields.Char(
        string="Stripe Checkout Session", readonly=True, index='btree_not_null'
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

    stripe_payment_link_due = fields.Monetary(
        string="Due When Asked",
        currency_field='currency_id',
        help="What was due on the invoices when the payer was sent to Stripe.",
        readonly=True,
        copy=False,
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

    # === BUSINESS METHODS - PAYMENT FLOW ===#

    def _get_specific_rendering_values(self, processing_values):
        """Override of `payment` to send the payer of Odoo's own payment form to Stripe's page."""
        if self.provider_code != PROVIDER_CODE:
            return super()._get_specific_rendering_values(processing_values)
        try:
            return {'api_url': self._stripe_payment_link_session_url()}
        except StripeGatewayError as error:
            self._set_error(self.provider_id._stripe_payment_link_explain(error))
            return {}

    def _create_payment(self, **extra_create_values):
        """Override of `account_payment` to date the payment by the practice's own day."""
        if self.provider_code == PROVIDER_CODE:
            extra_create_values.setdefault('date', self.company_id._billing_today())
        return super()._create_payment(**extra_create_values)

    def _post_process(self):
        """Override of `account_payment`: one post-processing per transaction, and its receipt.

        Odoo's status page and cron may come along at the same moment as our inbox; who comes
        second waits for the row and is replayed, since the first one writes it.
        """
        own = self.filtered(lambda tx: tx.provider_code == PROVIDER_CODE)
        claim(own)
        todo = self.filtered(lambda tx: tx not in own or not tx.is_post_processed)
        result = super(PaymentTransaction, todo)._post_process()
        for tx in todo & own:
            if tx.state == 'done' and tx.operation != 'refund':
                tx.payment_id._billing_send_receipt()
        return result

    # === BUSINESS METHODS - CHECKOUT SESSION ===#

    def _stripe_payment_link_session_url(self):
        """Return the address of Stripe's page for this transaction.

        Records the session before anybody learns its address; a repetition at any point gets
        the same session.

        :return: the address; False if the session is open no more (the state tells why).
        :rtype: str | bool
        :raise StripeGatewayError: if Stripe cannot be reached or refuses.
        """
        self.ensure_one()
        session = self._stripe_payment_link_session_now()
        if session['status'] == 'open':
            return session['url']
        self._stripe_payment_link_record(session)
        return False

    def _stripe_payment_link_session_now(self):
        """Return this transaction's session as it is at Stripe, made if it was not yet."""
        gateway = self.provider_id._stripe_payment_link_gateway()
        if self.stripe_payment_link_session:
            return gateway.checkout_session(self.stripe_payment_link_session)
        session = gateway.create_checkout_session(
            self._stripe_payment_link_session_params(),
            ':'.join(self._stripe_payment_link_metadata().values()),
        )
        self.stripe_payment_link_session = session['id']
        return session

    def _stripe_payment_link_session_params(self):
        """Return the Checkout Session to ask for: opaque references, and what is due in one line.

        Nothing in it may change from one call to the next, see idempotency.
        """
        base_url = self.provider_id.get_base_url()
        metadata = self._stripe_payment_link_metadata()
        landing = f'{base_url}{self.landing_route or "/payment/status"}'
        return {
            'mode': 'payment',
            'client_reference_id': ':'.join(metadata.values()),
            'metadata': metadata,
            'payment_intent_data': {'metadata': metadata},
            'line_items': [
                {
                    'quantity': 1,
                    'price_data': {
                        'currency': self.currency_id.name.lower(),
                        'unit_amount': self._stripe_payment_link_minor_amount(),
                        'product_data': {'name': self._stripe_payment_link_label()},
                    },
                }
            ],
            'automatic_tax': {'enabled': False},
            'adaptive_pricing': {'enabled': False},
            'expires_at': int(
                self.stripe_payment_link_session_expires_at.replace(tzinfo=timezone.utc).timestamp()
            ),
            'success_url': f'{base_url}/billing/stripe/return/{self.id}'
            '?session_id={CHECKOUT_SESSION_ID}',
            'cancel_url': landing,
        }

    def _stripe_payment_link_label(self):
        """Return what Stripe's page calls the payment: the invoice's number, nothing clinical."""
        numbers = self.invoice_ids.filtered('name').mapped('name')
        if len(numbers) > SHOWN_NUMBERS:
            # No words: whoever asks Stripe again, in whatever language, must say the same.
            return f'{", ".join(numbers[:SHOWN_NUMBERS])}, +{len(numbers) - SHOWN_NUMBERS}'
        return ', '.join(numbers) or self.reference

    def _stripe_payment_link_metadata(self):
        """Return what a session is recognised by: opaque, and no other session's.

        :rtype: dict[str, str]
        """
        self.ensure_one()
        return {
            'database': self.env['ir.config_parameter'].sudo().get_param('database.uuid'),
            'reference': self.reference,
            'nonce': self.stripe_payment_link_nonce,
        }

    def _stripe_payment_link_minor_amount(self):
        return payment_utils.to_minor_currency_units(
            self.amount,
            self.currency_id,
            self.provider_id._stripe_payment_link_decimals(self.currency_id),
        )

    def _stripe_payment_link_close(self):
        """Close the open sessions at Stripe; what turns out to be paid is recorded as paid.

        :raise StripeGatewayError: if Stripe cannot be reached.
        """
        for tx in self.filtered(lambda tx: tx.state == 'draft'):
            never_shown = (
                not tx.stripe_payment_link_session
                and tx.stripe_payment_link_session_expires_at <= fields.Datetime.now()
            )
            if never_shown:
                tx._set_canceled()
                continue
            session = tx._stripe_payment_link_session_now()
            if session['status'] == 'open':
                session = tx._stripe_payment_link_expire(session)
            tx._stripe_payment_link_record(session)

    def _stripe_payment_link_is_stale(self):
        """Whether something else is due by now than when the payer was sent to Stripe."""
        self.ensure_one()
        return (
            self.provider_code == PROVIDER_CODE
            and self.state == 'draft'
            and self.operation != 'refund'
            and self.currency_id.compare_amounts(
                self.stripe_payment_link_due, self.invoice_ids._billing_due()
            )
            != 0
        )

    def _stripe_payment_link_expire(self, session):
        gateway = self.provider_id._stripe_payment_link_gateway()
        try:
            return gateway.expire_checkout_session(session['id'])
        except StripeGatewayError as error:
            if error.kind != 'request':
                raise
            # Refused because it was paid or closed a moment ago: ask which.
            return gateway.checkout_session(session['id'])

    def _stripe_payment_link_sync(self):
        """Fetch the session anew and bring the transaction and the books up to it."""
        for tx in self:
            gateway = tx.provider_id._stripe_payment_link_gateway()
            tx._stripe_payment_link_record(gateway.checkout_session(tx.stripe_payment_link_session))

    def _stripe_payment_link_record(self, session):
        """Take over the state of a session that has just been fetched, payment and receipt too.

        :raise ValidationError: if amount or currency are not those of the transaction; then
            nothing is posted and the transaction stays open, so that nobody pays again.
        """
        self.ensure_one()
        claim(self)
        if not self.stripe_payment_link_session:
            self.stripe_payment_link_session = session['id']
        self._process(PROVIDER_CODE, session)
        if not self.is_post_processed and self.state in ('done', 'cancel', 'error'):
            self._post_process()

    # === BUSINESS METHODS - PROCESSING ===#

    @api.model
    def _stripe_payment_link_search(self, provider, session):
        """Return the transaction of a session; empty if it is another database's or nobody's.

        The session's id may not be recorded yet (the worker died in between); its metadata is.
        """
        metadata = session.get('metadata') or {}
        tx = self.search(
            [('provider_id', '=', provider.id), ('reference', '=', metadata.get('reference'))]
        )
        return tx.filtered(lambda tx: tx._stripe_payment_link_metadata() == metadata)

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
                payment_data['amount_total'],
                self.currency_id,
                self.provider_id._stripe_payment_link_decimals(self.currency_id),
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
        expected = (self._stripe_payment_link_minor_amount(), self.currency_id.name)
        received = (payment_data['amount_total'], payment_data['currency'].upper())
        if expected != received:
            raise ValidationError(
                self.env._(
                    "Payment %(reference)s: Stripe reports another amount or currency than was"
                    " asked for. Nothing was posted; compare the payment in Stripe's dashboard.",
                    reference=self.reference,
                )
            )

    def _apply_updates(self, payment_data):
        """Override of `payment` to take over the session's state, never backwards."""
        if self.provider_code != PROVIDER_CODE:
            return super()._apply_updates(payment_data)
        intent = payment_data.get('payment_intent') or {}
        if intent and not self.provider_reference:
            self.provider_reference = intent['id']
        if self.state == 'done':
            return None
        status = payment_data['status']
        if status == 'expired':
            if self.state in ('draft', 'pending'):
                self._set_canceled()
        elif status == 'complete':
            self._stripe_payment_link_complete(payment_data, intent)
        return None

    def _stripe_payment_link_complete(self, session, intent):
        if session['payment_status'] in ('paid', 'no_payment_required'):
            # Also after a cancellation: the money is there.
            self._set_done(extra_allowed_states=('cancel',))
        elif intent.get('status') in ('requires_payment_method', 'canceled'):
            if self.state in ('draft', 'pending'):
                self._set_error(self.env._("The bank did not carry out the payment."))
        elif self.state == 'draft':
            # A bank debit: the payer is through, the money is not there yet.
            self._set_pending()

    # === CRON ===#

    @api.model
    def _cron_stripe_payment_link_reconcile(self):
        """Ask Stripe about open sessions, for what webhooks missed or cannot reach, and close
        those that ask for what is not due any more."""
        domain = [
            ('provider_code', '=', PROVIDER_CODE),
            ('state', 'in', ('draft', 'pending')),
            ('provider_id.state', '!=', 'disabled'),
        ]
        waited = fields.Datetime.now() - RECONCILE_AFTER
        txs = self.search(domain, order='id').filtered(
            lambda tx: tx.last_state_change < waited or tx._stripe_payment_link_is_stale()
        )
        cron = self.env['ir.cron']
        cron._commit_progress(remaining=len(txs))
        for tx in txs:
            tx = tx.try_lock_for_update().filtered_domain(domain)
            if tx:
                tx._stripe_payment_link_reconcile_one()
            if not cron._commit_progress(1):
                break

    def _stripe_payment_link_reconcile_one(self):
        try:
            if self._stripe_payment_link_is_stale():
                self._stripe_payment_link_close()
            elif self.stripe_payment_link_session:
                self._stripe_payment_link_sync()
            elif self.stripe_payment_link_session_expires_at <= fields.Datetime.now():
                self._set_canceled()
        except (StripeGatewayError, ValidationError) as error:
            self.env.cr.rollback()
            _logger.warning("Payment %s could not be reconciled: %s", self.reference, error)
