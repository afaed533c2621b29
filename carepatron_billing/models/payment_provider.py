import re
from urllib.parse import urljoin, urlsplit

from odoo import fields, models
from odoo.exceptions import UserError

from ..const import CURRENCY_DECIMALS, PROVIDER_CODE, WEBHOOK_EVENTS
from ..gateways.stripe_gateway import DEFAULT_API_BASE, StripeGateway, StripeGatewayError, api_base

# https://docs.stripe.com/keys
KEY_PATTERN = re.compile(r'(?:sk|rk)_(?P<mode>test|live)_[A-Za-z0-9_]{8,}')


class PaymentProvider(models.Model):
    _inherit = 'payment.provider'

    code = fields.Selection(
        selection_add=[(PROVIDER_CODE, "Stripe payment link")],
        ondelete={PROVIDER_CODE: 'set default'},
    )
    stripe_payment_link_secret_key = fields.Char(
        string="Stripe Secret Key",
        help="A secret key, or a restricted key with the permissions that the set-up names.",
        required_if_provider=PROVIDER_CODE,
        copy=False,
        groups='base.group_system',
    )
    stripe_payment_link_webhook_secret = fields.Char(
        string="Stripe Webhook Secret",
        help="Proves that an event comes from Stripe. Kept when the endpoint is made.",
        copy=False,
        groups='base.group_system',
    )
    stripe_payment_link_account = fields.Char(
        string="Stripe Account", copy=False, readonly=True, groups='base.group_system'
    )
    stripe_payment_link_account_name = fields.Char(
        string="Stripe Account Name", copy=False, readonly=True, groups='base.group_system'
    )

    # === COMPUTE METHODS ===#

    def _compute_journal_id(self):
        """Override of `account_payment`: ours never takes the first bank journal it finds."""
        own = self.filtered(lambda provider: provider.code == PROVIDER_CODE)
        for provider in own:
            provider.journal_id = (
                self.env['account.payment.method.line']
                .search(
                    [
                        ('payment_provider_id', '=', provider._origin.id),
                        ('journal_id', '!=', False),
                    ],
                    limit=1,
                )
                .journal_id
            )
        return super(PaymentProvider, self - own)._compute_journal_id()

    # === CRUD METHODS ===#

    def write(self, vals):
        result = super().write(vals)
        if vals.get('state', 'disabled') != 'disabled':
            self.filtered(lambda p: p.code == PROVIDER_CODE)._stripe_payment_link_ensure_journal()
        return result

    # === BUSINESS METHODS ===#

    def _get_default_payment_method_codes(self):
        """Override of `payment` to return the default payment method codes."""
        if self.code != PROVIDER_CODE:
            return super()._get_default_payment_method_codes()
        return {'card', 'visa', 'mastercard', 'amex', 'discover'}

    def _get_reset_values(self):
        """Override of `payment` to forget the account together with its keys."""
        if self.code != PROVIDER_CODE:
            return super()._get_reset_values()
        return {
            'stripe_payment_link_secret_key': None,
            'stripe_payment_link_webhook_secret': None,
            'stripe_payment_link_account': None,
            'stripe_payment_link_account_name': None,
        }

    def _get_payment_method_outstanding_account_id(self, payment_method_id):
        """Override of `account_payment`: money at Stripe is in our balance there, not under way.

        Without a bank reconciliation widget nobody could ever clear *Outstanding Receipts*.
        """
        if self.code != PROVIDER_CODE:
            return super()._get_payment_method_outstanding_account_id(payment_method_id)
        return self.journal_id.default_account_id.id

    def _setup_provider(self, code, **kwargs):
        """Override of `payment` to make the journal of every company that can have one."""
        result = super()._setup_provider(code, **kwargs)
        if code == PROVIDER_CODE:
            self.search([('code', '=', code)])._stripe_payment_link_ensure_journal()
        return result

    def _stripe_payment_link_ensure_journal(self):
        """Give each provider its own *Stripe* journal on a *Stripe balance* account.

        A company without a chart of accounts is passed over; it gets them when it connects.
        """
        for provider in self.filtered(lambda p: not p.journal_id and p.company_id.chart_template):
            company = provider.company_id
            account = (
                self.env['account.account']
                .with_company(company)
                .create(
                    {
                        'name': self.env._("Stripe balance"),
                        'code': self.env['account.account']
                        .with_company(company)
                        ._search_new_account_code(company.bank_account_code_prefix or '1014'),
                        'account_type': 'asset_cash',
                        'company_ids': [fields.Command.link(company.id)],
                    }
                )
            )
            provider.journal_id = (
                self.env['account.journal']
                .with_company(company)
                .create(
                    {
                        'name': self.env._("Stripe"),
                        'type': 'bank',
                        'code': self._stripe_payment_link_free_journal_code(company),
                        'company_id': company.id,
                        'default_account_id': account.id,
                        'show_on_dashboard': False,
                    }
                )
            )
            line = provider.journal_id.inbound_payment_method_line_ids.filtered(
                lambda line, provider=provider: line.payment_provider_id == provider
            )
            line.payment_account_id = account

    def _stripe_payment_link_free_journal_code(self, company):
        taken = set(
            self.env['account.journal']
            .with_context(active_test=False)
            .search([('company_id', '=', company.id), ('code', '=like', 'STR%')])
            .mapped('code')
        )
        codes = ['STRP', *(f'STR{number}' for number in range(1, 100))]
        return next(code for code in codes if code not in taken)

    # === STRIPE ===#

    def _stripe_payment_link_gateway(self):
        """Return the door to this provider's Stripe account.

        :rtype: StripeGateway
        :raise UserError: if no key has been set.
        """
        self.ensure_one()
        key = self.sudo().stripe_payment_link_secret_key
        if not key:
            raise UserError(
                self.env._("Online payments are not set up yet. Open Settings › Setup payments.")
            )
        return StripeGateway(key)

    def _stripe_payment_link_connect(self, secret_key):
        """Connect the practice's own Stripe account: check the key, make the webhook, switch on.

        :param str secret_key: a secret or restricted key, in test or live mode.
        :return: Stripe's account object.
        :rtype: dict
        :raise UserError: if the key has the wrong form or Stripe does not accept it.
        """
        self.ensure_one()
        secret_key = re.sub(r'\s', '', secret_key or '')
        match = KEY_PATTERN.fullmatch(secret_key)
        if not match:
            raise UserError(self._stripe_payment_link_key_problem(secret_key))
        gateway = StripeGateway(secret_key)
        try:
            account = gateway.account()
            webhook_secret = self._stripe_payment_link_make_webhook(gateway)
        except StripeGatewayError as error:
            raise UserError(self._stripe_payment_link_explain(error)) from None
        business = account.get('business_profile') or {}
        self.sudo().write(
            {
                'stripe_payment_link_secret_key': secret_key,
                'stripe_payment_link_webhook_secret': webhook_secret,
                'stripe_payment_link_account': account['id'],
                'stripe_payment_link_account_name': business.get('name') or account['id'],
                'state': 'enabled' if match['mode'] == 'live' else 'test',
                'is_published': True,
            }
        )
        return account

    def _stripe_payment_link_make_webhook(self, gateway):
        """Return the new webhook endpoint's secret; none where Stripe cannot reach this server."""
        if not self._stripe_payment_link_can_be_reached():
            return False
        url = self._stripe_payment_link_webhook_url()
        return gateway.replace_webhook_endpoint(url, WEBHOOK_EVENTS)['secret']

    def _stripe_payment_link_can_be_reached(self):
        """Whether Stripe can send events here: https, or a stand-in for Stripe on this machine."""
        address = urlsplit(self.get_base_url())
        on_this_machine = address.hostname in ('localhost', '127.0.0.1')
        if on_this_machine:
            return api_base() != DEFAULT_API_BASE
        return address.scheme == 'https'

    def _stripe_payment_link_webhook_url(self):
        return urljoin(self.get_base_url(), f'/billing/stripe/webhook/{self.id}')

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
        return self.env._(
            "This is not a Stripe secret key. It begins with sk_test_, sk_live_, rk_test_ or"
            " rk_live_; copy it whole from Stripe's dashboard, under Developers › API keys."
        )

    def _stripe_payment_link_explain(self, error):
        """Return what a person can do about a :class:`StripeGatewayError`."""
        if error.kind == 'connection':
            return self.env._("Stripe cannot be reached right now. Please try again in a minute.")
        if error.kind == 'key':
            return self.env._(
                "Stripe does not accept the key, or the key lacks a permission. Check it in"
                " Stripe's dashboard, under Developers › API keys, and paste it again."
            )
        return self.env._("Stripe refused the request (%s).", error.code or error.kind)

    def _stripe_payment_link_decimals(self, currency):
        """Return how many decimals Stripe counts in a currency, or None for Odoo's own table."""
        return CURRENCY_DECIMALS.get(currency.name)
