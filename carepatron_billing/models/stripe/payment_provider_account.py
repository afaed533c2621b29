"""The provider's Stripe account: how it is reached, how it stands, how it is left."""

import re

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ...const import PROVIDER_CODE
from ...gateways.stripe_gateway import StripeGateway, StripeGatewayError
from ...tools.crons import work_off
from .payment_provider_secret import from_server

# https://docs.stripe.com/keys
KEY_PATTERN = re.compile(r'(?P<kind>sk|rk)_(?P<mode>test|live)_[A-Za-z0-9_]{8,}')
STATE_OF_MODE = {'live': 'enabled', 'test': 'test'}


def platform_key():
    """Return the installation's own key for Stripe Connect, or ''."""
    return from_server('stripe_platform_key')


class PaymentProvider(models.Model):
    _inherit = 'payment.provider'

    stripe_payment_link_connection = fields.Selection(
        [
            ('key', "My Stripe account"),
            ('server', "My Stripe account, by the server's configuration"),
            ('connect', "Connect"),
        ],
        string="Stripe Connection",
        copy=False,
        readonly=True,
        groups='base.group_system',
    )
    stripe_payment_link_account = fields.Char(
        string="Stripe Account", copy=False, readonly=True, groups='base.group_system'
    )
    stripe_payment_link_account_name = fields.Char(
        string="Stripe Account Name", copy=False, readonly=True, groups='base.group_system'
    )
    stripe_payment_link_country = fields.Char(
        string="Stripe Country", copy=False, readonly=True, groups='base.group_system'
    )
    stripe_payment_link_currency = fields.Char(
        string="Stripe Currency", copy=False, readonly=True, groups='base.group_system'
    )
    stripe_payment_link_charges_enabled = fields.Boolean(
        string="Stripe Takes Payments", copy=False, readonly=True, groups='base.group_system'
    )
    stripe_payment_link_payouts_enabled = fields.Boolean(
        string="Stripe Pays Out", copy=False, readonly=True, groups='base.group_system'
    )
    stripe_payment_link_requirements = fields.Json(
        string="Stripe Asks For", copy=False, readonly=True, groups='base.group_system'
    )
    stripe_payment_link_problem = fields.Char(
        string="Stripe Refusal",
        help="The kind of refusal that the last look at the account met.",
        copy=False,
        readonly=True,
        groups='base.group_system',
    )
    stripe_payment_link_checked_at = fields.Datetime(
        string="Stripe Account Checked", copy=False, readonly=True, groups='base.group_system'
    )

    # === CONSTRAINT METHODS ===#

    def _check_required_if_provider(self):
        """Override of `payment`: our secrets are set by the set-up alone, and readable by none."""
        for provider_sudo in self.sudo():
            if provider_sudo.code != PROVIDER_CODE or provider_sudo.state == 'disabled':
                continue
            connected = provider_sudo.stripe_payment_link_connection == 'connect'
            if not connected and not provider_sudo._billing_key():
                raise ValidationError(
                    self.env._("Online payments are switched on by Settings › Setup payments.")
                )
        return super()._check_required_if_provider()

    # === ACTION METHODS ===#

    def action_reset_credentials(self):
        """Override of `payment` to close at Stripe what is open there, before the key is gone.

        :raise UserError: if Stripe cannot be reached.
        """
        if self.code == PROVIDER_CODE:
            self._billing_leave()
        return super().action_reset_credentials()

    # === BUSINESS METHODS - GATEWAY ===#

    def _get_reset_values(self):
        """Override of `payment` to forget the account together with its keys."""
        if self.code != PROVIDER_CODE:
            return super()._get_reset_values()
        return self._billing_forget_values() | {
            'stripe_payment_link_secret_key': None,
            'stripe_payment_link_account': None,
            'stripe_payment_link_account_name': None,
            'stripe_payment_link_connection': None,
        }

    def _billing_forget_values(self):
        """Return the values that forget everything that was learnt about an account."""
        return {
            'stripe_payment_link_webhook_secret': None,
            'stripe_payment_link_webhook': None,
            'stripe_payment_link_country': None,
            'stripe_payment_link_currency': None,
            'stripe_payment_link_charges_enabled': False,
            'stripe_payment_link_payouts_enabled': False,
            'stripe_payment_link_requirements': None,
            'stripe_payment_link_problem': None,
            'stripe_payment_link_checked_at': None,
            'stripe_payment_link_polled_at': None,
            'stripe_payment_link_seen_until': None,
        }

    def _billing_gateway(self) -> StripeGateway:
        """Return the door to this provider's Stripe account.

        :raise UserError: if no account has been set up.
        """
        self.ensure_one()
        provider_sudo = self.sudo()
        if provider_sudo.stripe_payment_link_connection == 'connect':
            return StripeGateway(
                self._billing_platform_key(), provider_sudo.stripe_payment_link_account
            )
        key = provider_sudo._billing_key()
        if not key:
            raise UserError(provider_sudo._billing_no_key())
        if provider_sudo.stripe_payment_link_connection == 'server':
            provider_sudo._billing_check_mode(key)
        return StripeGateway(key)

    def _billing_check_mode(self, key):
        """Raise unless a key of the server's, which changes without notice, still fits.

        :raise UserError: it says what to do.
        """
        if not self._billing_fits_mode(key):
            raise UserError(
                self.env._(
                    "The key in the server's configuration (%s) is not of the kind that this"
                    " practice was connected with. Open Settings › Setup payments.",
                    self._billing_server_name('key'),
                )
            )

    def _billing_fits_mode(self, key):
        match = KEY_PATTERN.fullmatch(key)
        return bool(match) and self.state in ('disabled', STATE_OF_MODE[match['mode']])

    def _billing_platform_key(self):
        key = platform_key()
        if not KEY_PATTERN.fullmatch(key):
            raise UserError(
                self.env._(
                    "This installation has no working key for Stripe Connect. Ask whoever runs"
                    " the server, or use a Stripe account of your own."
                )
            )
        return key

    def _billing_owner_gateway(self):
        """Return the door to the account that holds the webhook endpoint: the platform's, where
        the practice's account is connected to one."""
        if self.sudo().stripe_payment_link_connection == 'connect':
            return StripeGateway(self._billing_platform_key())
        return self._billing_gateway()

    def _billing_explain(self, error):
        """Return what a person can do about a :class:`StripeGatewayError`."""
        if error.kind == 'connection':
            return self.env._("Stripe cannot be reached right now. Please try again in a minute.")
        if error.kind == 'busy':
            return self.env._(
                "This is just being paid in another window. Please try again in a minute."
            )
        if error.kind == 'server':
            return self.env._(
                "The key in the server's configuration opens another account than before. Connect"
                " it in Setup payments, or have the former key set again."
            )
        if error.kind == 'key' and error.code == 'api_key_expired':
            return self.env._(
                "This key was revoked or has expired. Make a new one in Stripe's dashboard, under"
                " Developers › API keys, and paste it in Setup payments."
            )
        if error.kind == 'key':
            return self.env._(
                "Stripe does not know this key: it was deleted, or not copied whole. Copy it"
                " again from Stripe's dashboard, under Developers › API keys."
            )
        if error.kind == 'permission' and error.code == 'account_invalid':
            return self.env._(
                "This Stripe account no longer allows us to act for it. Disconnect it, and"
                " connect it again."
            )
        if error.kind == 'permission':
            return self.env._(
                "The key lacks a permission for this. Paste it in Setup payments again: the"
                " check there names each one that is missing."
            )
        return self.env._("Stripe refused the request (%s).", error.code or error.kind)

    # === BUSINESS METHODS - STATUS ===#

    def _billing_account_values(self, account):
        """Return what is kept of Stripe's account object."""
        business = account.get('business_profile') or {}
        dashboard = (account.get('settings') or {}).get('dashboard') or {}
        requirements = account.get('requirements') or {}
        return {
            'stripe_payment_link_account': account['id'],
            'stripe_payment_link_account_name': business.get('name')
            or dashboard.get('display_name')
            or account['id'],
            'stripe_payment_link_country': account.get('country'),
            'stripe_payment_link_currency': (account.get('default_currency') or '').upper(),
            'stripe_payment_link_charges_enabled': bool(account.get('charges_enabled')),
            'stripe_payment_link_payouts_enabled': bool(account.get('payouts_enabled')),
            'stripe_payment_link_requirements': requirements.get('currently_due') or [],
            'stripe_payment_link_problem': False,
            'stripe_payment_link_checked_at': fields.Datetime.now(),
        }

    def _billing_refresh(self):
        """Look at the account anew; a refusal is kept, to be shown, and not raised.

        :raise UserError: if the installation's key for Connect is gone.
        """
        self.ensure_one()
        try:
            account = self._billing_gateway().account()
        except StripeGatewayError as error:
            self.stripe_payment_link_problem = f'{error.kind}:{error.code}'
            return
        known = self.stripe_payment_link_account
        if self.stripe_payment_link_connection == 'server' and account['id'] != known:
            self.stripe_payment_link_problem = 'server:'
            return
        self.write(self._billing_account_values(account))
        connecting = self.stripe_payment_link_connection == 'connect' and self.state == 'disabled'
        if connecting and account.get('charges_enabled'):
            mode = KEY_PATTERN.fullmatch(self._billing_platform_key())['mode']
            self.write({'state': STATE_OF_MODE[mode], 'is_published': True})
            self._billing_repair_webhook()

    def _billing_leave(self):
        """Close at the present account what is open there: sessions and the webhook endpoint.

        What else ends with an account, rooms add.

        :raise UserError: if Stripe cannot be reached
        """
        provider_sudo = self.sudo()
        if not provider_sudo.stripe_payment_link_account:
            return
        transactions_sudo = (
            self.env['payment.transaction']
            .sudo()
            .search([('provider_id', '=', self.id), ('state', '=', 'draft')])
        )
        try:
            if not provider_sudo._billing_has_key():
                raise StripeGatewayError('key', "The server's key is gone.")
            transactions_sudo._billing_close()
            provider_sudo._billing_delete_webhook()
        except StripeGatewayError as error:
            if error.kind not in ('key', 'permission'):
                raise UserError(self._billing_explain(error)) from None
            # The key opens nothing any more: what is left there can't be closed from here.
            transactions_sudo.filtered(lambda tx: tx.state == 'draft')._set_canceled()
        # With another key, or none, what that account reported can be looked up no more.
        self.env['practice.stripe.event'].sudo().search(
            [('provider_id', '=', self.id), ('state', 'in', ('new', 'failed'))]
        ).write({'state': 'ignored', 'error': self.env._("The Stripe account was disconnected.")})

    def _billing_has_key(self):
        """Whether there still is a key for the account that is connected.

        :raise StripeGatewayError: if Stripe cannot be reached or refuses.
        """
        if self.stripe_payment_link_connection == 'connect':
            return bool(platform_key())
        if self.stripe_payment_link_connection == 'server':
            key = self._billing_key()
            return (
                self._billing_fits_mode(key)
                and StripeGateway(key).account()['id'] == self.stripe_payment_link_account
            )
        return True

    # === CRON ===#

    @api.model
    def _cron_stripe_payment_link_refresh(self):
        """Look at each connected account, once a day."""
        domain = [('code', '=', PROVIDER_CODE), ('stripe_payment_link_account', '!=', False)]
        work_off(self.search(domain), lambda one: one._billing_refresh())
