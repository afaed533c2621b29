import secrets
from datetime import timezone

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import formatLang

from odoo.addons.payment import utils as payment_utils
from odoo.addons.payment.logging import get_payment_logger

from ...const import PROVIDER_CODE
from ...gateways.stripe_gateway import StripeGatewayError
from ...tools.concurrency import REPLAYED, claim, from_timestamp

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
            refusal = self.operation != 'validation' and self._stripe_payment_link_claim_invoices()
            if not refusal:
                return {'api_url': self._stripe_payment_link_session_url() or '/payment/status'}
        except StripeGatewayError as error:
            refusal = self.provider_id._stripe_payment_link_explain(error)
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
        source = self.source_transaction_id.payment_id if self.operation == 'refund' else None
        if source:
            values['destination_account_id'] = source.destination_account_id.id
        payment = super()._create_payment(**{**values, **extra_create_values})
        if source:
            invoices = self._stripe_payment_link_refunded_moves()
            self._stripe_payment_link_match_asked(payment)
            payment._billing_match_refund(source, invoices)
            if payment._billing_open_debit():
                invoices._billing_draft_credit(payment)
        return payment

    def _post_process(self):
        """Override of `account_payment`: one post-processing per transaction, and its receipt.

        Odoo's status page and cron may come along at the same moment as our inbox; who comes
        second waits for the row and is replayed, since the first one writes it.
        """
        own = self.filtered(lambda tx: tx.provider_code == PROVIDER_CODE)
        claim(own)
        todo = self.filtered(lambda tx: tx not in own or not tx.is_post_processed)
        if not self.env.context.get('billing_posting_payment'):
            (todo & own).filtered(
                lambda tx: tx.state == 'done'
            )._stripe_payment_link_let_payment_go()
        result = super(PaymentTransaction, todo)._post_process()
        for tx in todo & own:
            tx._billing_after_charge()
            if tx.state == 'done':
                tx.payment_id._billing_send_receipt()
        return result

    # === BUSINESS METHODS - ODOO'S PAYMENT FORM === #

    def _stripe_payment_link_claim_invoices(self):
        """Make this the one open way to pay its invoices, as the pay page does with its own.

        Closes the others at Stripe and commits before Stripe is asked for a session.

        :return: why this cannot be paid, in words for the payer; '' if it can
        :rtype: str
        :raise StripeGatewayError: if Stripe cannot be reached
        """
        self.ensure_one()
        rivals = self._stripe_payment_link_rivals()
        if rivals:
            # Money may be in one already: Stripe decides whether it can still be closed.
            rivals._stripe_payment_link_close()
            self._stripe_payment_link_commit()
        claim(self.invoice_ids)
        refusal = self._stripe_payment_link_explain_refusal()
        if refusal:
            return refusal
        if self._stripe_payment_link_rivals():
            # Somebody opened one in between.
            self._stripe_payment_link_commit()
            return self._stripe_payment_link_claim_invoices()
        # A rival's money may have come meanwhile.
        self.stripe_payment_link_due = self.invoice_ids._billing_due()
        if self._stripe_payment_link_is_card_charge():
            claim(self)
            self._set_pending()
        self._stripe_payment_link_commit()
        return ''

    def _stripe_payment_link_commit(self):
        # Rule 1 of the design: what must survive is committed before the outside call.
        self.env.cr.commit()  # pylint: disable=invalid-commit

    def _stripe_payment_link_rivals(self):
        """Return the other transactions that would bring money for the same invoices."""
        return (self.invoice_ids.transaction_ids - self).filtered(
            lambda tx: tx.state == 'draft' and tx.provider_code == PROVIDER_CODE
        )

    def _stripe_payment_link_explain_refusal(self):
        """Return why this cannot be paid now, in words for the payer; '' if it can.

        :rtype: str
        """
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
        self._stripe_payment_link_ensure_customer()
        session = self._stripe_payment_link_session_now()
        if session['status'] == 'open':
            return session['url']
        self._stripe_payment_link_record(session)
        return False

    def _stripe_payment_link_session_now(self):
        """Return this transaction's session as it is at Stripe, made if it was not yet."""
        gateway = self.provider_id._stripe_payment_link_gateway()
        known = self.sudo().stripe_payment_link_session
        if known:
            return gateway.checkout_session(known)
        session = gateway.create_checkout_session(
            self._stripe_payment_link_session_params(),
            ':'.join(self._stripe_payment_link_metadata().values()),
        )
        self.sudo().stripe_payment_link_session = session['id']
        return session

    def _stripe_payment_link_session_params(self):
        """Return the Checkout Session to ask for: opaque references, and what is due in one line.

        Nothing in it may change from one call to the next, see idempotency.
        """
        base_url = self.provider_id.get_base_url()
        metadata = self._stripe_payment_link_metadata()
        # The payer's browser names the route; it leads nowhere but to this server.
        landing = f'{base_url}/{(self.sudo().landing_route or "payment/status").lstrip("/")}'
        params = {
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
        return self._stripe_payment_link_keep_params(params)

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

    def _stripe_payment_link_owns(self, stripe_object):
        """Return whether an object of Stripe's was made for this transaction.

        Other apps of the practice may write metadata of their own beside ours.

        :param dict stripe_object: a session, intent or refund
        :rtype: bool
        """
        given = stripe_object.get('metadata') or {}
        return self._stripe_payment_link_metadata().items() <= given.items()

    def _stripe_payment_link_minor_amount(self):
        return payment_utils.to_minor_currency_units(
            abs(self.amount),
            self.currency_id,
            self.provider_id._stripe_payment_link_decimals(self.currency_id),
        )

    def _stripe_payment_link_close(self):
        """Close the open sessions at Stripe; what turns out to be paid is recorded as paid.

        :raise StripeGatewayError: if Stripe cannot be reached.
        """
        for tx in self.filtered(lambda tx: tx.state == 'draft'):
            # A card is charged in the state *pending*: one in *draft* was not asked for yet.
            never_shown = tx._stripe_payment_link_is_card_charge() or (
                not tx.sudo().stripe_payment_link_session
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
            if tx._stripe_payment_link_is_card_charge():
                tx._stripe_payment_link_sync_charge()
                continue
            gateway = tx.provider_id._stripe_payment_link_gateway()
            session = gateway.checkout_session(tx.sudo().stripe_payment_link_session)
            tx._stripe_payment_link_record(session)

    def _stripe_payment_link_record(self, session):
        """Take over the state of a session that has just been fetched, payment and receipt too.

        :raise ValidationError: if amount or currency are not those of the transaction; then
            nothing is posted and the transaction stays open, so that nobody pays again.
        """
        self.ensure_one()
        claim(self)
        is_charge = session.get('object') == 'payment_intent'
        if not self.sudo().stripe_payment_link_session and not is_charge:
            self.sudo().stripe_payment_link_session = session['id']
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
        return tx.filtered(lambda tx: tx._stripe_payment_link_owns(session))

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
        if self.operation == 'validation':
            return None
        expected = (self._stripe_payment_link_minor_amount(), self.currency_id.name)
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
        """Override of `payment` to take over the session's state, never backwards."""
        if self.provider_code != PROVIDER_CODE:
            return super()._apply_updates(payment_data)
        if self.operation == 'refund':
            return self._stripe_payment_link_apply_refund(payment_data)
        if payment_data.get('object') == 'payment_intent':
            return self._stripe_payment_link_apply_intent(payment_data)
        intent = payment_data.get('payment_intent') or {}
        if isinstance(intent, str):
            # What Stripe answers when a session is closed is not expanded.
            intent = {'id': intent}
        if intent and not self.provider_reference:
            self.provider_reference = intent['id']
        if self.state == 'done':
            return None
        self._stripe_payment_link_note_movement(intent.get('latest_charge') or {})
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

    def _stripe_payment_link_note_movement(self, moved):
        """Remember what a charge or refund did to the balance at Stripe, once that is known.

        :param dict moved: a charge or refund with its `balance_transaction`, expanded
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
                self.provider_id._stripe_payment_link_decimals(currency),
            )

    # === BUSINESS METHODS - REFUND === #

    def _refund(self, amount_to_refund=None):
        """Override of `payment`: never more than is left, and one at a time.

        :raise UserError: if there is not as much left, or Stripe cannot be reached; then the
            refund is tried again by itself.
        """
        if self.provider_code != PROVIDER_CODE:
            return super()._refund(amount_to_refund=amount_to_refund)
        claim(self)
        amount = amount_to_refund or self._stripe_payment_link_refundable()
        self._stripe_payment_link_check_refundable(amount)
        return super()._refund(amount_to_refund=amount)

    def _send_refund_request(self):
        """Override of `payment` to give the money back at Stripe."""
        if self.provider_code != PROVIDER_CODE:
            return super()._send_refund_request()
        params = self._stripe_payment_link_refund_params()
        key = ':'.join(self._stripe_payment_link_metadata().values())
        gateway = self.provider_id._stripe_payment_link_gateway()
        # Rule 1 of the design: the intention survives whatever happens during the call.
        self.env.cr.commit()  # pylint: disable=invalid-commit
        try:
            refund = gateway.create_refund(params, key)
            refund = gateway.refund(refund['id'])
        except StripeGatewayError as error:
            explanation = self.provider_id._stripe_payment_link_explain(error)
            if error.kind == 'connection':
                raise UserError(
                    self.env._("%s The refund will be tried again by itself.", explanation)
                ) from None
            self._set_error(explanation)
            self._stripe_payment_link_drop_credit()
            return None
        return self._stripe_payment_link_record_refund(refund)

    def _stripe_payment_link_refund_params(self):
        return {
            'payment_intent': self.source_transaction_id.provider_reference,
            'amount': self._stripe_payment_link_minor_amount(),
            'metadata': self._stripe_payment_link_metadata(),
        }

    def _stripe_payment_link_refunds(self):
        """Return the refunds of this payment that took money, or may still take it."""
        return self.child_transaction_ids.filtered(
            lambda tx: tx.operation == 'refund' and tx.state in ('draft', 'pending', 'done')
        )

    def _stripe_payment_link_refundable(self):
        """Return how much of this payment can still be given back.

        :rtype: float
        """
        self.ensure_one()
        if self.state != 'done' or self.operation == 'refund':
            return 0.0
        given_back = -sum(self._stripe_payment_link_refunds().mapped('amount'))
        gone = given_back + self._stripe_payment_link_withdrawn()
        return max(self.currency_id.round(self.amount - gone), 0.0)

    @api.model
    def _stripe_payment_link_refund_told(self, provider, refund_id):
        """Take over a refund that Stripe told about, ours or one made in Stripe's dashboard.

        :return: whether it is one of a payment of this database.
        :rtype: bool
        """
        gateway = provider._stripe_payment_link_gateway()
        refund = gateway.refund(refund_id)
        source = self._stripe_payment_link_source(provider, refund.get('payment_intent'))
        if not source:
            return False
        claim(source)
        source._stripe_payment_link_refund_tx(refund)._stripe_payment_link_record_refund(refund)
        return True

    @api.model
    def _stripe_payment_link_source(self, provider, intent):
        """Return the payment that a PaymentIntent brought, booked if it was not yet; empty if it
        is none of this database.

        :param str intent: its id; may be missing
        :rtype: recordset of `payment.transaction`
        """
        if not intent:
            return self.browse()
        source = self.search(
            [('provider_id', '=', provider.id), ('provider_reference', '=', intent)]
        )
        if not source:
            # The payment's own event may come later than that of its refund or dispute.
            gateway = provider._stripe_payment_link_gateway()
            for session in gateway.sessions_of_payment_intent(intent):
                source = self._stripe_payment_link_search(provider, session)
                source.stripe_payment_link_session = session['id']
        if not source and self._stripe_payment_link_charge_told(provider, intent):
            source = self.search(
                [('provider_id', '=', provider.id), ('provider_reference', '=', intent)]
            )
        if source and source.state != 'done':
            source._stripe_payment_link_sync()
        return source

    def _stripe_payment_link_refund_tx(self, refund):
        """Return the transaction of a refund of this payment, made now if it began at Stripe."""
        known = self.child_transaction_ids.filtered(
            lambda tx: tx.provider_reference == refund['id'] or tx._stripe_payment_link_owns(refund)
        )
        return known or self._create_child_transaction(
            payment_utils.to_major_currency_units(
                refund['amount'],
                self.currency_id,
                self.provider_id._stripe_payment_link_decimals(self.currency_id),
            ),
            is_refund=True,
            provider_reference=refund['id'],
        )

    def _stripe_payment_link_record_refund(self, refund):
        """Take over the state of a refund that has just been fetched, and book it.

        :raise ValidationError: if amount or currency are not those of the transaction.
        """
        self.ensure_one()
        claim(self)
        if not self.provider_reference:
            self.provider_reference = refund['id']
        self._process(PROVIDER_CODE, refund)
        if not self.is_post_processed and self.state in ('done', 'cancel', 'error'):
            self._post_process()

    def _stripe_payment_link_apply_refund(self, refund):
        self._stripe_payment_link_note_movement(refund)
        if refund['status'] in ('failed', 'canceled'):
            if self.state in ('draft', 'pending', 'done'):
                self._stripe_payment_link_refund_failed(refund)
        elif self.state == 'error':
            # Stripe never revives a failed refund: this is an older report.
            return
        elif refund.get('balance_transaction') or refund['status'] == 'succeeded':
            # The money has left the balance, also where the payer's bank still has to act.
            if self.state != 'done':
                self._set_done()
        elif self.state == 'draft':
            self._set_pending()

    def _stripe_payment_link_refund_failed(self, refund):
        """Take back the booking of a refund that came back; the credit is open again."""
        self._set_error(
            self.env._("The bank did not accept the refund; the money is back at Stripe."),
            extra_allowed_states=('done',),
        )
        invoices = self._stripe_payment_link_refunded_moves()
        self._stripe_payment_link_drop_credit()
        if not self.payment_id:
            invoices._billing_refund_failed(self.payment_id)
            return
        movement = refund.get('failure_balance_transaction')
        failed_at = (
            from_timestamp(movement['created'])
            if isinstance(movement, dict)
            else fields.Datetime.now()
        )
        day = self.company_id._billing_day(failed_at)
        self.payment_id.move_id._reverse_moves(
            [{'date': day, 'ref': self.env._("Refund failed: %s", self.reference)}], cancel=True
        )
        invoices._billing_refund_failed(self.payment_id)

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
            try:
                tx = tx.try_lock_for_update().filtered_domain(domain)
                if tx:
                    tx._stripe_payment_link_reconcile_one()
                    self.env.flush_all()
            except REPLAYED:
                # Its event or its payer is just being served: the next run looks again.
                self.env.cr.rollback()
            if not cron._commit_progress(1):
                break

    def _stripe_payment_link_reconcile_one(self):
        try:
            if self.operation == 'refund':
                self._stripe_payment_link_refund_again()
            elif self._stripe_payment_link_is_card_charge():
                self._stripe_payment_link_look_after_charge()
            elif self._stripe_payment_link_is_stale():
                self._stripe_payment_link_close()
            elif self.stripe_payment_link_session:
                self._stripe_payment_link_sync()
            elif self.stripe_payment_link_session_expires_at <= fields.Datetime.now():
                self._set_canceled()
        except (StripeGatewayError, UserError) as error:
            self.env.cr.rollback()
            _logger.warning("Payment %s could not be reconciled: %s", self.reference, error)

    def _stripe_payment_link_refund_again(self):
        """Find out what became of a refund that was begun; ask for it if Stripe knows nothing."""
        gateway = self.provider_id._stripe_payment_link_gateway()
        if not self.provider_reference:
            # Stripe forgets idempotency keys after a day, but not the refunds.
            intent = self.source_transaction_id.provider_reference
            known = [
                refund['id']
                for refund in gateway.refunds_of_payment_intent(intent)
                if self._stripe_payment_link_owns(refund)
            ]
            if not known:
                self._send_refund_request()
                return
            self.provider_reference = known[0]
        self._stripe_payment_link_record_refund(gateway.refund(self.provider_reference))


def _amount_of(payment_data):
    """Return the amount, in minor units, of a session or a refund."""
    return payment_data['amount_total' if 'amount_total' in payment_data else 'amount']
