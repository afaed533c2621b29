"""Saved cards: how a payment keeps one, and how one is charged without its owner."""

import logging

from odoo import api, fields, models

from ...const import PROVIDER_CODE
from ...gateways.stripe_gateway import StripeGatewayError
from ...tools.concurrency import claim, commit_now
from .card_declines import AUTHENTICATION, reason_of

_logger = logging.getLogger(__name__)

# By Odoo's words: charged from the back end, and by a client who is logged in.
CARD_OPERATIONS = ('offline', 'online_token')


class PaymentTransaction(models.Model):
    """A charge is *pending* from before Stripe is called until its answer is recorded: whoever
    comes meanwhile, at the desk, on the pay page or by cron, finds the invoice being paid."""

    _inherit = 'payment.transaction'

    billing_consent = fields.Text(
        string="Agreed To",
        help="What the payer agreed to when a card was to be kept.",
        readonly=True,
        copy=False,
    )
    billing_decline = fields.Char(
        string="Decline Code", help="Why Stripe declined a saved card.", readonly=True, copy=False
    )
    stripe_payment_link_customer = fields.Char(
        string="Stripe Customer", readonly=True, copy=False, groups='base.group_system'
    )

    # === BUSINESS METHODS - SAVING A CARD === #

    def _billing_session_url(self) -> str | bool:
        """Override to note who is to keep the card at Stripe, before the session is asked for."""
        if self.tokenize and not self.stripe_payment_link_customer:
            holder = self.env['practice.card.holder']._for(self.partner_id, self.company_id)
            self.stripe_payment_link_customer = holder._ensure_customer()
            self.billing_consent = self.billing_consent or holder._consent()
            commit_now(self.env)
        return super()._billing_session_url()

    def _billing_session_params(self):
        """Override to have Stripe keep the card."""
        params = super()._billing_session_params()
        if not self.stripe_payment_link_customer:
            return params
        params = {**params, 'customer': self.stripe_payment_link_customer}
        if self.operation != 'validation':
            # Bank accounts, which may be offered beside, are not kept.
            return {
                **params,
                'payment_method_options': {'card': {'setup_future_usage': 'off_session'}},
            }
        metadata = params['metadata']
        for name in ('payment_intent_data', 'line_items', 'adaptive_pricing'):
            params.pop(name)
        return {
            **params,
            'mode': 'setup',
            'allowed_payment_method_types': ['card'],
            'setup_intent_data': {'metadata': metadata},
        }

    def _extract_token_values(self, payment_data):
        """Override of `payment` to keep the card that Stripe keeps for this payer."""
        if self.provider_code != PROVIDER_CODE:
            return super()._extract_token_values(payment_data)
        intent = payment_data.get('setup_intent') or payment_data.get('payment_intent') or {}
        method = intent.get('payment_method') if isinstance(intent, dict) else None
        if not isinstance(method, dict) or not method.get('card') or not method['customer']:
            return {}
        now = fields.Datetime.now()
        at_stripe = {
            'provider_ref': method['id'],
            'stripe_payment_link_customer': method['customer'],
        }
        if not self.partner_id.active:
            # Archived or anonymised meanwhile: nothing but what it takes to remove it there.
            return at_stripe
        return {
            **self.env['payment.token']._billing_card_values(method['card']),
            **at_stripe,
            'billing_consent': self.billing_consent,
            'billing_consent_at': now,
            'billing_preferred_at': now,
        }

    def _tokenize(self, payment_data):
        """Override of `payment`: the same card entered again takes the older one's place; of who
        was archived or anonymised meanwhile none is kept."""
        result = super()._tokenize(payment_data)
        token = self.token_id
        if self.provider_code != PROVIDER_CODE or not token:
            return result
        if not token.partner_id.active:
            token.active = False
        else:
            older = token.partner_id._billing_cards(self.company_id).filtered(
                lambda other: (
                    other != token
                    and other.billing_brand == token.billing_brand
                    and other.payment_details == token.payment_details
                )
            )
            older.active = False
            token.partner_id.message_post(
                body=self.env._("Card saved: %s", token.display_name),
                author_id=token.partner_id.id,
            )
        return result

    # === BUSINESS METHODS - CHARGING A CARD === #

    def _billing_is_card_charge(self):
        return self.provider_code == PROVIDER_CODE and self.operation in CARD_OPERATIONS

    def _send_payment_request(self):
        """Override of `payment` to charge the saved card, once, whoever asks how often.

        Commits before Stripe is called. What Stripe did and its booking are committed together:
        in between, the invoice would look due and be charged again.
        """
        if self.provider_code != PROVIDER_CODE:
            return super()._send_payment_request()
        try:
            if self.state == 'draft':
                refusal = self._billing_explain_card() or self._billing_claim_invoices()
                if refusal:
                    self._set_error(refusal)
            if self.state != 'pending':
                return None
            gateway = self.provider_id._billing_gateway()
            intent = gateway.charge_card(
                self._billing_charge_params(),
                ':'.join(self._billing_metadata().values()),
            )
        except StripeGatewayError as error:
            self._billing_charge_failed(error)
            return None
        if self.payment_id:
            # Odoo's wizard books what it began, in this same transaction of the database.
            claim(self)
            self._process(PROVIDER_CODE, intent)
        else:
            self._billing_record(intent)
        return None

    def _billing_charge_now(self):
        """Charge the saved card and book what came of it; commits before and after."""
        self.ensure_one()
        self._charge_with_token()
        if self.state in ('done', 'error', 'cancel') and not self.is_post_processed:
            self._post_process()
        commit_now(self.env)

    def _billing_begin(self):
        """Override: the invoices of a charge count as being paid from before Stripe is asked."""
        if self._billing_is_card_charge():
            claim(self)
            self._set_pending()
        return super()._billing_begin()

    def _post_process(self):
        """Override of `account_payment`: Odoo would not book what its wizard had given up."""
        if not self.env.context.get('billing_posting_payment'):
            self.filtered(
                lambda tx: (
                    tx.provider_code == PROVIDER_CODE
                    and tx.state == 'done'
                    and not tx.is_post_processed
                )
            )._billing_detach_draft()
        return super()._post_process()

    def _billing_follow_up(self):
        """Override to let the payment link go out where the bank asks for the card's owner."""
        for tx in self:
            if tx.state == 'error' and tx.billing_decline == AUTHENTICATION:
                for move in tx.invoice_ids:
                    move._billing_mail_link()
        return super()._billing_follow_up()

    def _billing_explain_card(self):
        """Return why this card cannot be charged at all, in words for the desk; '' if it can."""
        token = self.token_id
        if not token.active or token.provider_id != self.provider_id:
            return self.env._("This card was removed. Ask for another one.")
        if token.partner_id != self.partner_id and not self.payment_id:
            return self.env._("This card belongs to somebody else.")
        if token.billing_is_expired:
            return reason_of(self.env, 'expired_card')
        return ''

    def _billing_charge_params(self):
        """Return the PaymentIntent to ask for; the same however often it is asked for."""
        return {
            'amount': self._billing_minor_amount(),
            'currency': self.currency_id.name.lower(),
            'customer': self.token_id.stripe_payment_link_customer,
            'payment_method': self.token_id.provider_ref,
            'automatic_payment_methods': {'enabled': True, 'allow_redirects': 'never'},
            'description': self._billing_label(),
            'metadata': self._billing_metadata(),
        }

    def _billing_charge_failed(self, error):
        """Record that Stripe gave no answer, or refused to try."""
        if error.kind == 'connection' and self.state == 'pending':
            # It may have been charged: the reconcile cron finds out, nobody may charge meanwhile.
            self.state_message = self.env._(
                "Stripe did not answer. What became of the charge is asked again by itself."
            )
            return
        message = self.provider_id._billing_explain(error)
        if error.kind == 'declined':
            message = reason_of(self.env, error.code)
            self.billing_decline = error.code
        elif error.code == 'resource_missing':
            message = reason_of(self.env, 'no_such_card')
            self.billing_decline = 'no_such_card'
            self.token_id._billing_refresh(None)
        self._set_error(message)

    def _apply_updates(self, payment_data):
        """Override of `payment` to follow the PaymentIntent of a charge, never backwards."""
        is_ours = self.provider_code == PROVIDER_CODE
        if not is_ours or payment_data.get('object') != 'payment_intent':
            return super()._apply_updates(payment_data)
        if not self.provider_reference:
            self.provider_reference = payment_data['id']
        if self.state != 'done':
            self._billing_apply_intent(payment_data)
        return None

    def _billing_apply_intent(self, intent):
        charge = intent.get('latest_charge')
        self._billing_note_movement(charge if isinstance(charge, dict) else {})
        status = intent['status']
        if status == 'succeeded':
            self._set_done(extra_allowed_states=('cancel',))
        elif status == 'processing':
            if self.state == 'draft':
                self._set_pending()
        elif self.state in ('draft', 'pending'):
            error = intent.get('last_payment_error') or {}
            code = error.get('decline_code') or error.get('code') or status
            self.billing_decline = code
            self._set_error(reason_of(self.env, code))

    # === BUSINESS METHODS - LOOKING AFTER CHARGES === #

    @api.model
    def _billing_sync_charge_of(self, provider, intent_id: str) -> bool:
        """Bring the books up to the charge of a saved card.

        :param intent_id: of its PaymentIntent
        :return: whether it is one of this database
        """
        intent = provider._billing_gateway().payment_intent_now(intent_id)
        tx = self._billing_search(provider, intent).filtered(
            lambda tx: tx._billing_is_card_charge()
        )
        if tx:
            tx._billing_record(intent)
        return bool(tx)

    def _billing_reconcile_one(self):
        """Override to bring a charge to its end whose worker died before, or while, Stripe was
        called."""
        if not self._billing_is_card_charge():
            return super()._billing_reconcile_one()
        if self.state == 'draft':
            self._set_canceled()
            return self._post_process()
        return self._billing_sync_charge()

    def _billing_close(self):
        """Override: a charge in *draft* was never asked for, see `_billing_begin`."""
        charges = self.filtered(lambda tx: tx.state == 'draft' and tx._billing_is_card_charge())
        charges._set_canceled()
        return super(PaymentTransaction, self - charges)._billing_close()

    def _billing_sync(self):
        """Override to look charges up, which have no session."""
        charges = self.filtered(lambda tx: tx._billing_is_card_charge())
        for tx in charges:
            tx._billing_sync_charge()
        return super(PaymentTransaction, self - charges)._billing_sync()

    def _billing_sync_charge(self):
        """Find out what became of a charge whose answer was lost; what never was is given up.

        Nobody is charged by this: who began it may be long gone, and less may be due by now.

        :raise StripeGatewayError: if Stripe cannot be reached
        """
        self.ensure_one()
        gateway = self.provider_id._billing_gateway()
        if not self.provider_reference:
            customer = self.token_id.stripe_payment_link_customer
            known = [
                intent['id']
                for intent in gateway.payment_intents_of_customer(customer)
                if self._billing_owns(intent)
            ]
            if not known:
                self._set_canceled(self.env._("Stripe never heard of this charge."))
                self._post_process()
                return
            self.provider_reference = known[0]
        self._billing_record(gateway.payment_intent_now(self.provider_reference))

    def _billing_detach_draft(self):
        """Let go of a payment of Odoo's wizard that was given up before the money came.

        Odoo would book none instead of it.
        """
        for tx in self.filtered(lambda tx: tx.payment_id.state in ('draft', 'canceled')):
            payment = tx.payment_id
            tx.payment_id = False
            payment.payment_transaction_id = False
            if payment.state == 'draft':
                payment.action_cancel()


class AccountPayment(models.Model):
    _inherit = 'account.payment'

    def action_post(self):
        """Override of `account_payment` to say in Odoo's wizard what became of a charge."""
        charged = self.filtered(lambda pay: pay.payment_token_id and not pay.payment_transaction_id)
        result = super(
            AccountPayment, self.with_context(billing_posting_payment=True)
        ).action_post()
        for tx_sudo in charged.payment_transaction_id.sudo():
            if tx_sudo.provider_code == PROVIDER_CODE and tx_sudo.state != 'done':
                self.env.user._bus_send(
                    'simple_notification',
                    {
                        'type': 'warning' if tx_sudo.state == 'pending' else 'danger',
                        'title': self.env._("Not charged yet")
                        if tx_sudo.state == 'pending'
                        else self.env._("Not charged"),
                        'message': tx_sudo.state_message or '',
                        'sticky': True,
                    },
                )
        return result
