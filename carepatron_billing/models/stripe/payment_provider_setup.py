import re

from odoo import models
from odoo.exceptions import UserError

from ...gateways.stripe_gateway import StripeGateway, StripeGatewayError
from .payment_provider_account import KEY_PATTERN, STATE_OF_MODE


class PaymentProvider(models.Model):
    """How a Stripe account is connected: the practice's own, by its key, or by Connect."""

    _inherit = 'payment.provider'

    # === BUSINESS METHODS - MY STRIPE ACCOUNT ===#

    def _billing_check_key(self, secret_key: str) -> tuple[str, str, dict]:
        """Try a key without changing anything, here or at Stripe.

        :param secret_key: as it was pasted.
        :return: the key without blanks, its mode (`test` or `live`), and Stripe's account object.
        :raise UserError: naming what is wrong with the key, or each permission that it lacks.
        """
        self.ensure_one()
        secret_key = re.sub(r'\s', '', secret_key or '')
        match = KEY_PATTERN.fullmatch(secret_key)
        if not match:
            raise UserError(self._billing_key_problem(secret_key))
        if match['mode'] == 'test' and self.state == 'enabled':
            raise UserError(
                self.env._(
                    "This is a test key, and the practice takes real payments. Paste a live key,"
                    " or disconnect the live account first."
                )
            )
        gateway = StripeGateway(secret_key)
        try:
            missing = gateway.missing_permissions() if match['kind'] == 'rk' else []
            account = None if missing else gateway.account()
        except StripeGatewayError as error:
            raise UserError(self._billing_explain(error)) from None
        if missing:
            raise UserError(
                self.env._(
                    "This restricted key lacks permissions. In Stripe's dashboard, open"
                    " Developers › API keys, edit the key, allow these, and check again:\n%s",
                    '\n'.join(f'• {name}' for name in missing),
                )
            )
        return secret_key, match['mode'], account

    def _billing_connect(self, secret_key: str | None = None) -> dict:
        """Connect the practice's own Stripe account: check the key, make the webhook, switch on.

        :param secret_key: a secret or restricted key, in test or live mode; without it, the
            one in the server's configuration, which is not stored.
        :return: Stripe's account object.
        :raise UserError: if the key cannot be used; then all is as it was.
        """
        server_key = self._billing_server_key()
        if server_key and secret_key:
            raise UserError(
                self.env._(
                    "This practice's key comes from the server's configuration. Ask whoever runs"
                    " the server to change it there."
                )
            )
        secret_key, mode, account = self._billing_check_key(secret_key or server_key)
        provider_sudo = self.sudo()
        if not provider_sudo._billing_is_connected_to(account, mode):
            provider_sudo._billing_leave()
            provider_sudo.write(self._billing_forget_values())
        provider_sudo.write(
            {
                'stripe_payment_link_connection': 'server' if server_key else 'key',
                'stripe_payment_link_secret_key': None if server_key else secret_key,
                **provider_sudo._billing_account_values(account),
                'state': STATE_OF_MODE[mode],
                'is_published': True,
            }
        )
        try:
            provider_sudo._billing_ensure_webhook()
        except StripeGatewayError as error:
            raise UserError(self._billing_explain(error)) from None
        return account

    def _billing_is_connected_to(self, account, mode):
        """Whether this provider has been connected to just this account, by a key of this mode."""
        return (
            self.stripe_payment_link_connection != 'connect'
            and self.stripe_payment_link_account == account['id']
            and self.state in ('disabled', STATE_OF_MODE[mode])
        )

    def _billing_leaves_for(self, account, mode):
        """Whether to connect this account by a key of this mode is to leave another one."""
        return bool(
            self.stripe_payment_link_account and not self._billing_is_connected_to(account, mode)
        )

    def _billing_key_problem(self, key):
        if not key:
            return self.env._("Paste the secret key of your Stripe account.")
        if key.startswith('pk_'):
            return self.env._(
                "This is a publishable key. Use the secret key (sk_…) or a restricted key (rk_…)."
            )
        if key.startswith('whsec_'):
            return self.env._(
                "This is a webhook secret. Use the secret key (sk_…) or a restricted key (rk_…)."
            )
        if re.match(r'(sk|rk)_(test|live)_', key):
            return self.env._(
                "This key was cut off or shortened. In Stripe's dashboard, under"
                " Developers › API keys, reveal the key and copy it whole."
            )
        return self.env._(
            "This is not a Stripe secret key. It begins with sk_test_, sk_live_, rk_test_ or"
            " rk_live_; copy it whole from Stripe's dashboard, under Developers › API keys."
        )

    # === BUSINESS METHODS - CONNECT ===#

    def _billing_onboarding_url(self) -> str:
        """Return where the practice's owner makes or completes an account connected to the
        installation's; an unfinished one is taken up again.

        :raise UserError: if Stripe refuses or cannot be reached.
        """
        self.ensure_one()
        key = self._billing_platform_key()
        gateway = StripeGateway(key)
        try:
            if self.stripe_payment_link_connection != 'connect':
                self._billing_begin_connect(gateway)
            base = f'{self.get_base_url()}/billing/stripe/connect/{self.id}'
            return gateway.account_link(
                self.stripe_payment_link_account, f'{base}/return', f'{base}/refresh'
            )
        except StripeGatewayError as error:
            raise UserError(self._billing_explain(error)) from None

    def _billing_begin_connect(self, gateway):
        country = self.company_id.country_id.code
        if not country:
            raise UserError(self.env._("Enter the practice's country in its address first."))
        uuid = self.env['ir.config_parameter'].sudo().get_param('database.uuid')
        account = gateway.create_connected_account(country, f'{uuid}:connect:{self.id}:{country}')
        self.action_reset_credentials()
        self.write(
            {
                'stripe_payment_link_connection': 'connect',
                **self._billing_account_values(account),
            }
        )
