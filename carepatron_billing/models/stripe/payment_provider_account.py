"""The provider's Stripe account: how it is connected, how it stands, how it is left."""

import logging
import re
from datetime import timezone
from functools import partial
from urllib.parse import urljoin, urlsplit

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.service.model import retrying

from ...const import PROVIDER_CODE
from ...gateways.stripe_gateway import DEFAULT_API_BASE, StripeGateway, StripeGatewayError, api_base
from ...tools.concurrency import REPLAYED
from .payment_provider_secret import from_server

_logger = logging.getLogger(__name__)

# https://docs.stripe.com/keys
KEY_PATTERN = re.compile(r'(?P<kind>sk|rk)_(?P<mode>test|live)_[A-Za-z0-9_]{8,}')
STATE_OF_MODE = {'live': 'enabled', 'test': 'test'}
# Where Stripe reports by itself, it is asked only for what may have been lost.
POLL_PAUSE_WITH_WEBHOOK = relativedelta(hours=1)
# An event may become readable after a later one; the inbox takes each only once.
POLL_OVERLAP = relativedelta(hours=1)


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
    stripe_payment_link_webhook = fields.Char(
        string="Stripe Webhook Endpoint", copy=False, readonly=True, groups='base.group_system'
    )
    stripe_payment_link_polled_at = fields.Datetime(
        string="Stripe Asked for Events", copy=False, readonly=True, groups='base.group_system'
    )
    stripe_payment_link_seen_until = fields.Datetime(
        string="Stripe Events Seen Until", copy=False, readonly=True, groups='base.group_system'
    )

    # === CONSTRAINT METHODS ===#

    def _check_required_if_provider(self):
        """Override of `payment`: our secrets are set by the set-up alone, and readable by none."""
        for provider_sudo in self.sudo():
            if provider_sudo.code != PROVIDER_CODE or provider_sudo.state == 'disabled':
                continue
            connected = provider_sudo.stripe_payment_link_connection == 'connect'
            if not connected and not provider_sudo._stripe_payment_link_key():
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
            self._stripe_payment_link_leave()
        return super().action_reset_credentials()

    # === BUSINESS METHODS - GATEWAY ===#

    def _get_reset_values(self):
        """Override of `payment` to forget the account together with its keys."""
        if self.code != PROVIDER_CODE:
            return super()._get_reset_values()
        return self._stripe_payment_link_blank() | {
            'stripe_payment_link_secret_key': None,
            'stripe_payment_link_account': None,
            'stripe_payment_link_account_name': None,
            'stripe_payment_link_connection': None,
        }

    def _stripe_payment_link_blank(self):
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

    def _stripe_payment_link_gateway(self):
        """Return the door to this provider's Stripe account.

        :rtype: StripeGateway
        :raise UserError: if no account has been set up.
        """
        self.ensure_one()
        provider_sudo = self.sudo()
        if provider_sudo.stripe_payment_link_connection == 'connect':
            return StripeGateway(
                self._stripe_payment_link_platform_key(), provider_sudo.stripe_payment_link_account
            )
        key = provider_sudo._stripe_payment_link_key()
        if not key:
            raise UserError(provider_sudo._stripe_payment_link_no_key())
        if provider_sudo.stripe_payment_link_connection == 'server':
            provider_sudo._stripe_payment_link_check_mode(key)
        return StripeGateway(key)

    def _stripe_payment_link_check_mode(self, key):
        """Raise unless a key of the server's, which changes without notice, still fits.

        :raise UserError: it says what to do.
        """
        if not self._stripe_payment_link_fits_mode(key):
            raise UserError(
                self.env._(
                    "The key in the server's configuration (%s) is not of the kind that this"
                    " practice was connected with. Open Settings › Setup payments.",
                    self._stripe_payment_link_server_name('key'),
                )
            )

    def _stripe_payment_link_fits_mode(self, key):
        match = KEY_PATTERN.fullmatch(key)
        return bool(match) and self.state in ('disabled', STATE_OF_MODE[match['mode']])

    def _stripe_payment_link_platform_key(self):
        key = platform_key()
        if not KEY_PATTERN.fullmatch(key):
            raise UserError(
                self.env._(
                    "This installation has no working key for Stripe Connect. Ask whoever runs"
                    " the server, or use a Stripe account of your own."
                )
            )
        return key

    def _stripe_payment_link_owner_gateway(self):
        """Return the door to the account that holds the webhook endpoint: the platform's, where
        the practice's account is connected to one."""
        if self.sudo().stripe_payment_link_connection == 'connect':
            return StripeGateway(self._stripe_payment_link_platform_key())
        return self._stripe_payment_link_gateway()

    # === BUSINESS METHODS - MY STRIPE ACCOUNT ===#

    def _stripe_payment_link_check_key(self, secret_key):
        """Try a key without changing anything, here or at Stripe.

        :param str secret_key: as it was pasted.
        :return: the key without blanks, its mode (`test` or `live`), and Stripe's account object.
        :rtype: tuple[str, str, dict]
        :raise UserError: naming what is wrong with the key, or each permission that it lacks.
        """
        self.ensure_one()
        secret_key = re.sub(r'\s', '', secret_key or '')
        match = KEY_PATTERN.fullmatch(secret_key)
        if not match:
            raise UserError(self._stripe_payment_link_key_problem(secret_key))
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
            raise UserError(self._stripe_payment_link_explain(error)) from None
        if missing:
            raise UserError(
                self.env._(
                    "This restricted key lacks permissions. In Stripe's dashboard, open"
                    " Developers › API keys, edit the key, allow these, and check again:\n%s",
                    '\n'.join(f'• {name}' for name in missing),
                )
            )
        return secret_key, match['mode'], account

    def _stripe_payment_link_connect(self, secret_key=None):
        """Connect the practice's own Stripe account: check the key, make the webhook, switch on.

        :param str secret_key: a secret or restricted key, in test or live mode; without it, the
            one in the server's configuration, which is not stored.
        :return: Stripe's account object.
        :rtype: dict
        :raise UserError: if the key cannot be used; then all is as it was.
        """
        server_key = self._stripe_payment_link_server_key()
        if server_key and secret_key:
            raise UserError(
                self.env._(
                    "This practice's key comes from the server's configuration. Ask whoever runs"
                    " the server to change it there."
                )
            )
        secret_key, mode, account = self._stripe_payment_link_check_key(secret_key or server_key)
        provider_sudo = self.sudo()
        if not provider_sudo._stripe_payment_link_is(account, mode):
            provider_sudo._stripe_payment_link_leave()
            provider_sudo.write(self._stripe_payment_link_blank())
        provider_sudo.write(
            {
                'stripe_payment_link_connection': 'server' if server_key else 'key',
                'stripe_payment_link_secret_key': None if server_key else secret_key,
                **provider_sudo._stripe_payment_link_account_values(account),
                'state': STATE_OF_MODE[mode],
                'is_published': True,
            }
        )
        try:
            provider_sudo._stripe_payment_link_ensure_webhook()
        except StripeGatewayError as error:
            raise UserError(self._stripe_payment_link_explain(error)) from None
        return account

    def _stripe_payment_link_is(self, account, mode):
        """Whether this provider has been connected to just this account, by a key of this mode."""
        return (
            self.stripe_payment_link_connection != 'connect'
            and self.stripe_payment_link_account == account['id']
            and self.state in ('disabled', STATE_OF_MODE[mode])
        )

    def _stripe_payment_link_leaves_for(self, account, mode):
        """Whether to connect this account by a key of this mode is to leave another one."""
        return bool(
            self.stripe_payment_link_account and not self._stripe_payment_link_is(account, mode)
        )

    def _stripe_payment_link_key_problem(self, key):
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

    def _stripe_payment_link_explain(self, error):
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

    # === BUSINESS METHODS - CONNECT ===#

    def _stripe_payment_link_onboarding_url(self):
        """Return where the practice's owner makes or completes an account connected to the
        installation's; an unfinished one is taken up again.

        :rtype: str
        :raise UserError: if Stripe refuses or cannot be reached.
        """
        self.ensure_one()
        key = self._stripe_payment_link_platform_key()
        gateway = StripeGateway(key)
        try:
            if self.stripe_payment_link_connection != 'connect':
                self._stripe_payment_link_begin_connect(gateway)
            base = f'{self.get_base_url()}/billing/stripe/connect/{self.id}'
            return gateway.account_link(
                self.stripe_payment_link_account, f'{base}/return', f'{base}/refresh'
            )
        except StripeGatewayError as error:
            raise UserError(self._stripe_payment_link_explain(error)) from None

    def _stripe_payment_link_begin_connect(self, gateway):
        country = self.company_id.country_id.code
        if not country:
            raise UserError(self.env._("Enter the practice's country in its address first."))
        uuid = self.env['ir.config_parameter'].sudo().get_param('database.uuid')
        account = gateway.create_connected_account(country, f'{uuid}:connect:{self.id}:{country}')
        self.action_reset_credentials()
        self.write(
            {
                'stripe_payment_link_connection': 'connect',
                **self._stripe_payment_link_account_values(account),
            }
        )

    # === BUSINESS METHODS - WEBHOOK ===#

    def _stripe_payment_link_ensure_webhook(self):
        """Have Stripe report here, if it can reach this server; else nothing is listened to.

        :raise StripeGatewayError: if Stripe cannot be reached or refuses.
        """
        if self._stripe_payment_link_leaves_webhook():
            self._stripe_payment_link_drop_webhook()
            return
        if not self._stripe_payment_link_can_be_reached():
            self.stripe_payment_link_webhook_secret = False
            return
        known = self.stripe_payment_link_webhook_secret and self.stripe_payment_link_webhook
        endpoint = self._stripe_payment_link_owner_gateway().ensure_webhook_endpoint(
            self._stripe_payment_link_webhook_url(),
            list(self.env['practice.stripe.event']._handlers()),
            known=known or None,
            connect=self.stripe_payment_link_connection == 'connect',
        )
        self.stripe_payment_link_webhook = endpoint['id']
        if endpoint.get('secret'):
            self.stripe_payment_link_webhook_secret = endpoint['secret']

    def _stripe_payment_link_leaves_webhook(self):
        """Whether the endpoint is made by whoever runs the server: its secret is kept there, as
        the key is, or not at all."""
        return bool(
            self.stripe_payment_link_connection == 'server'
            or self._stripe_payment_link_server_webhook_secret()
        )

    def _stripe_payment_link_drop_webhook(self):
        """Remove the endpoint that was made here, if there is one.

        :raise StripeGatewayError: if Stripe cannot be reached or refuses.
        """
        if self.stripe_payment_link_webhook:
            self._stripe_payment_link_owner_gateway().delete_webhook_endpoint(
                self.stripe_payment_link_webhook
            )
        self.stripe_payment_link_webhook = self.stripe_payment_link_webhook_secret = False

    def _stripe_payment_link_can_be_reached(self):
        """Whether Stripe can send events here: https, or a stand-in for Stripe on this machine."""
        address = urlsplit(self.get_base_url())
        on_this_machine = address.hostname in ('localhost', '127.0.0.1')
        if on_this_machine:
            return api_base() != DEFAULT_API_BASE
        return address.scheme == 'https'

    def _stripe_payment_link_webhook_url(self):
        return urljoin(self.get_base_url(), f'/billing/stripe/webhook/{self.id}')

    def _stripe_payment_link_owns(self, event):
        """Whether an event happened in this provider's account, and in its mode: a platform's
        endpoint hears of every account that is connected to it."""
        account = event.get('account')
        if self.stripe_payment_link_connection != 'connect':
            return not account
        live = self.state == 'enabled'
        return account == self.stripe_payment_link_account and event.get('livemode') is live

    # === BUSINESS METHODS - STATUS ===#

    def _stripe_payment_link_account_values(self, account):
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

    def _stripe_payment_link_refresh(self):
        """Look at the account anew; a refusal is kept, to be shown, and not raised.

        :raise UserError: if the installation's key for Connect is gone.
        """
        self.ensure_one()
        try:
            account = self._stripe_payment_link_gateway().account()
        except StripeGatewayError as error:
            self.stripe_payment_link_problem = f'{error.kind}:{error.code}'
            return
        known = self.stripe_payment_link_account
        if self.stripe_payment_link_connection == 'server' and account['id'] != known:
            self.stripe_payment_link_problem = 'server:'
            return
        self.write(self._stripe_payment_link_account_values(account))
        connecting = self.stripe_payment_link_connection == 'connect' and self.state == 'disabled'
        if connecting and account.get('charges_enabled'):
            mode = KEY_PATTERN.fullmatch(self._stripe_payment_link_platform_key())['mode']
            self.write({'state': STATE_OF_MODE[mode], 'is_published': True})
            self._stripe_payment_link_repair_webhook()

    def _stripe_payment_link_repair_webhook(self):
        """Make the webhook endpoint fit again; without one, Stripe is asked instead."""
        if self.state == 'disabled':
            return
        try:
            self._stripe_payment_link_ensure_webhook()
        except StripeGatewayError as error:
            self.stripe_payment_link_problem = f'{error.kind}:{error.code}'

    def _stripe_payment_link_leave(self):
        """Close at the present account what is open there: sessions and the webhook endpoint.

        Where the context says `billing_forget_cards`, saved cards are removed there first.

        :raise UserError: if Stripe cannot be reached, or there are too many cards for one request.
        """
        provider_sudo = self.sudo()
        if not provider_sudo.stripe_payment_link_account:
            return
        if self.env.context.get('billing_forget_cards'):
            provider_sudo._stripe_payment_link_forget_cards(self.env.user.name)
        self.env['practice.card.holder'].sudo().search(
            [('company_id', 'child_of', self.company_id.id), ('autopay', '!=', 'off')]
        )._autopay_end(self.env._("the Stripe account was disconnected"))
        transactions_sudo = (
            self.env['payment.transaction']
            .sudo()
            .search([('provider_id', '=', self.id), ('state', '=', 'draft')])
        )
        try:
            if not provider_sudo._stripe_payment_link_has_key():
                raise StripeGatewayError('key', "The server's key is gone.")
            transactions_sudo._stripe_payment_link_close()
            provider_sudo._stripe_payment_link_drop_webhook()
        except StripeGatewayError as error:
            if error.kind not in ('key', 'permission'):
                raise UserError(self._stripe_payment_link_explain(error)) from None
            # The key opens nothing any more: what is left there can't be closed from here.
            transactions_sudo.filtered(lambda tx: tx.state == 'draft')._set_canceled()
        # With another key, or none, what that account reported can be looked up no more.
        self.env['practice.stripe.event'].sudo().search(
            [('provider_id', '=', self.id), ('state', 'in', ('new', 'failed'))]
        ).write({'state': 'ignored', 'error': self.env._("The Stripe account was disconnected.")})

    def _stripe_payment_link_has_key(self):
        """Whether there still is a key for the account that is connected.

        :raise StripeGatewayError: if Stripe cannot be reached or refuses.
        """
        if self.stripe_payment_link_connection == 'connect':
            return bool(platform_key())
        if self.stripe_payment_link_connection == 'server':
            key = self._stripe_payment_link_key()
            return (
                self._stripe_payment_link_fits_mode(key)
                and StripeGateway(key).account()['id'] == self.stripe_payment_link_account
            )
        return True

    # === CRON ===#

    @api.model
    def _cron_stripe_payment_link_refresh(self):
        """Look at each connected account, once a day."""
        self._stripe_payment_link_each(
            [('stripe_payment_link_account', '!=', False)],
            lambda provider: provider._stripe_payment_link_refresh(),
        )

    @api.model
    def _cron_stripe_payment_link_poll(self):
        """Ask Stripe what happened: often where it cannot report, else for what was lost."""
        now = fields.Datetime.now()
        self._stripe_payment_link_each(
            [('state', '!=', 'disabled')],
            lambda provider: (
                provider._stripe_payment_link_poll_is_due(now)
                and provider._stripe_payment_link_poll(now)
            ),
        )

    @api.model
    def _stripe_payment_link_each(self, domain, work):
        """Do a cron's work for each provider that nobody else is at, one a commit."""
        cron = self.env['ir.cron']
        providers = self.search([('code', '=', PROVIDER_CODE), *domain])
        cron._commit_progress(remaining=len(providers))
        for provider in providers:
            try:
                # A report that Stripe delivers at the same moment must not cost the whole turn.
                retrying(partial(self._stripe_payment_link_turn, provider, work), self.env)
            except REPLAYED:
                self.env.cr.rollback()
            except (StripeGatewayError, UserError) as error:
                # Neither kind tells a secret; the next practice's turn comes all the same.
                _logger.warning("Stripe account of provider %s: %s", provider.id, error)
            if not cron._commit_progress(1):
                break

    @api.model
    def _stripe_payment_link_turn(self, provider, work):
        # Events that arrive meanwhile refer to the provider: they must not have to wait.
        provider = provider.try_lock_for_update(allow_referencing=True)
        if provider:
            work(provider)

    def _stripe_payment_link_poll_is_due(self, now):
        listening = self._stripe_payment_link_signing_secret()
        last = self.stripe_payment_link_polled_at
        return (
            not listening
            or not self._stripe_payment_link_can_be_reached()
            or not last
            or last <= now - POLL_PAUSE_WITH_WEBHOOK
        )

    def _stripe_payment_link_poll(self, now):
        """Put into the inbox what happened since the last look.

        :raise StripeGatewayError: if Stripe cannot be reached or refuses.
        """
        seen = self.stripe_payment_link_seen_until or now
        since = (seen - POLL_OVERLAP).replace(tzinfo=timezone.utc)
        inbox_sudo = self.env['practice.stripe.event'].sudo()
        events = self._stripe_payment_link_gateway().events(
            list(inbox_sudo._handlers()), int(since.timestamp())
        )
        for event in events:
            inbox_sudo._store(self, event)
        newest = max((event['created'] for event in events), default=0)
        self.write(
            {
                'stripe_payment_link_polled_at': now,
                'stripe_payment_link_seen_until': max(
                    seen, fields.Datetime.to_datetime('1970-01-01') + relativedelta(seconds=newest)
                ),
            }
        )
