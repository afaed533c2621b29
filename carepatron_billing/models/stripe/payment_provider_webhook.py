from urllib.parse import urljoin, urlsplit

from odoo import fields, models

from ...gateways.stripe_addresses import DEFAULT_API_BASE, api_base
from ...gateways.stripe_gateway import StripeGatewayError


class PaymentProvider(models.Model):
    """The endpoint by which Stripe reports here, where it can reach this server."""

    _inherit = 'payment.provider'

    stripe_payment_link_webhook = fields.Char(
        string="Stripe Webhook Endpoint", copy=False, readonly=True, groups='base.group_system'
    )

    # === BUSINESS METHODS === #

    def _billing_ensure_webhook(self):
        """Have Stripe report here, if it can reach this server; else nothing is listened to.

        :raise StripeGatewayError: if Stripe cannot be reached or refuses.
        """
        if self._billing_webhook_is_manual():
            self._billing_delete_webhook()
            return
        if not self._billing_can_be_reached():
            self.stripe_payment_link_webhook_secret = False
            return
        known = self.stripe_payment_link_webhook_secret and self.stripe_payment_link_webhook
        endpoint = self._billing_owner_gateway().ensure_webhook_endpoint(
            self._billing_webhook_url(),
            list(self.env['practice.stripe.event']._handlers()),
            known=known or None,
            connect=self.stripe_payment_link_connection == 'connect',
        )
        self.stripe_payment_link_webhook = endpoint['id']
        if endpoint.get('secret'):
            self.stripe_payment_link_webhook_secret = endpoint['secret']

    def _billing_webhook_is_manual(self):
        """Whether the endpoint is made by whoever runs the server: its secret is kept there, as
        the key is, or not at all."""
        return bool(
            self.stripe_payment_link_connection == 'server' or self._billing_server_webhook_secret()
        )

    def _billing_delete_webhook(self):
        """Remove the endpoint that was made here, if there is one.

        :raise StripeGatewayError: if Stripe cannot be reached or refuses.
        """
        if self.stripe_payment_link_webhook:
            self._billing_owner_gateway().delete_webhook_endpoint(self.stripe_payment_link_webhook)
        self.stripe_payment_link_webhook = self.stripe_payment_link_webhook_secret = False

    def _billing_can_be_reached(self):
        """Whether Stripe can send events here: https, or a stand-in for Stripe on this machine."""
        address = urlsplit(self.get_base_url())
        on_this_machine = address.hostname in ('localhost', '127.0.0.1')
        if on_this_machine:
            return api_base() != DEFAULT_API_BASE
        return address.scheme == 'https'

    def _billing_webhook_url(self):
        return urljoin(self.get_base_url(), f'/billing/stripe/webhook/{self.id}')

    def _billing_owns(self, event):
        """Whether an event happened in this provider's account, and in its mode: a platform's
        endpoint hears of every account that is connected to it."""
        account = event.get('account')
        if self.stripe_payment_link_connection != 'connect':
            return not account
        live = self.state == 'enabled'
        return account == self.stripe_payment_link_account and event.get('livemode') is live

    def _billing_repair_webhook(self):
        """Make the webhook endpoint fit again; without one, Stripe is asked instead."""
        if self.state == 'disabled':
            return
        try:
            self._billing_ensure_webhook()
        except StripeGatewayError as error:
            self.stripe_payment_link_problem = f'{error.kind}:{error.code}'
