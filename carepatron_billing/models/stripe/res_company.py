"""The status card: how the practice's Stripe account stands, for its manager."""

from datetime import timedelta

from babel.dates import format_timedelta

from odoo import fields, models
from odoo.exceptions import AccessError
from odoo.tools.misc import babel_locale_parse

from ...const import MANAGER
from ...gateways.stripe_gateway import StripeGatewayError
from ...tools.actions import notification

STRIPE_STATUS_PAGE = 'https://dashboard.stripe.com/account/status'


class ResCompany(models.Model):
    _inherit = 'res.company'

    billing_stripe_state = fields.Selection(
        [('disabled', "Not set up"), ('test', "Test mode"), ('enabled', "Live")],
        string="Online Payments",
        compute='_compute_billing_stripe',
        compute_sudo=True,
    )
    billing_stripe_account_name = fields.Char(
        string="Stripe Account", compute='_compute_billing_stripe', compute_sudo=True
    )
    billing_stripe_connection = fields.Selection(
        [
            ('key', "My Stripe account"),
            ('server', "My Stripe account, by the server's configuration"),
            ('connect', "Connect"),
        ],
        string="Connected By",
        compute='_compute_billing_stripe_status',
        compute_sudo=True,
        groups=MANAGER,
    )
    billing_stripe_country = fields.Char(
        string="Country",
        compute='_compute_billing_stripe_status',
        compute_sudo=True,
        groups=MANAGER,
    )
    billing_stripe_currency = fields.Char(
        string="Currency of Payouts",
        compute='_compute_billing_stripe_status',
        compute_sudo=True,
        groups=MANAGER,
    )
    billing_stripe_charges_enabled = fields.Boolean(
        string="Takes Payments",
        compute='_compute_billing_stripe_status',
        compute_sudo=True,
        groups=MANAGER,
    )
    billing_stripe_payouts_enabled = fields.Boolean(
        string="Pays Out",
        compute='_compute_billing_stripe_status',
        compute_sudo=True,
        groups=MANAGER,
    )
    billing_stripe_requirements = fields.Char(
        string="Stripe Asks For",
        compute='_compute_billing_stripe_status',
        compute_sudo=True,
        groups=MANAGER,
    )
    billing_stripe_problem = fields.Char(
        string="Stripe Problem",
        compute='_compute_billing_stripe_status',
        compute_sudo=True,
        groups=MANAGER,
    )
    billing_stripe_checked = fields.Char(
        string="Checked",
        compute='_compute_billing_stripe_status',
        compute_sudo=True,
        groups=MANAGER,
    )
    billing_stripe_is_polled = fields.Boolean(
        string="Stripe Cannot Reach This Server",
        compute='_compute_billing_stripe_status',
        compute_sudo=True,
        groups=MANAGER,
    )
    billing_stripe_server_note = fields.Text(
        string="Where the Key Is",
        compute='_compute_billing_stripe_status',
        compute_sudo=True,
        groups=MANAGER,
    )
    billing_stripe_last_event = fields.Char(
        string="Last Report",
        compute='_compute_billing_stripe_events',
        compute_sudo=True,
        groups=MANAGER,
    )
    billing_stripe_events_waiting = fields.Integer(
        string="Reports Waiting",
        compute='_compute_billing_stripe_events',
        compute_sudo=True,
        groups=MANAGER,
    )
    billing_stripe_events_failed = fields.Integer(
        string="Reports Failed",
        compute='_compute_billing_stripe_events',
        compute_sudo=True,
        groups=MANAGER,
    )

    billing_stripe_debits = fields.Integer(
        string="Bank Debits Under Way",
        compute='_compute_billing_stripe_debits',
        compute_sudo=True,
        groups=MANAGER,
    )

    # === COMPUTE METHODS === #

    def _compute_billing_stripe(self):
        for company in self:
            provider_sudo = company._billing_provider_sudo()
            company.billing_stripe_state = provider_sudo.state or 'disabled'
            company.billing_stripe_account_name = provider_sudo.stripe_payment_link_account_name

    def _compute_billing_stripe_debits(self):
        for company in self:
            company.billing_stripe_debits = self.env['payment.transaction'].search_count(
                [
                    ('provider_id', '=', company._billing_provider_sudo().id),
                    ('state', '=', 'pending'),
                ]
            )

    def _compute_billing_stripe_status(self):
        country = self.env['res.country']
        for company in self:
            provider_sudo = company._billing_provider_sudo()
            code = provider_sudo.stripe_payment_link_country
            company.billing_stripe_connection = provider_sudo.stripe_payment_link_account and (
                provider_sudo.stripe_payment_link_connection or 'key'
            )
            company.billing_stripe_country = (
                code and country.search([('code', '=', code)], limit=1).name
            ) or code
            company.billing_stripe_currency = provider_sudo.stripe_payment_link_currency
            company.billing_stripe_charges_enabled = (
                provider_sudo.stripe_payment_link_charges_enabled
            )
            company.billing_stripe_payouts_enabled = (
                provider_sudo.stripe_payment_link_payouts_enabled
            )
            company.billing_stripe_requirements = self._billing_stripe_requirement_names(
                provider_sudo.stripe_payment_link_requirements or []
            )
            company.billing_stripe_problem = self._billing_stripe_problem_text(provider_sudo)
            company.billing_stripe_checked = self._billing_ago(
                provider_sudo.stripe_payment_link_checked_at
            )
            company.billing_stripe_server_note = provider_sudo._billing_server_note()
            company.billing_stripe_is_polled = (
                not provider_sudo._billing_signing_secret()
                or not provider_sudo._billing_can_be_reached()
            )

    def _compute_billing_stripe_events(self):
        providers = {company: company._billing_provider_sudo() for company in self}
        ids = [provider.id for provider in providers.values()]
        groups = self.env['practice.stripe.event']._read_group(
            [('provider_id', 'in', ids)],
            ['provider_id', 'state'],
            ['__count', 'create_date:max'],
        )
        counts = {(provider.id, state): count for provider, state, count, _last in groups}
        for company, provider in providers.items():
            last = max((row[3] for row in groups if row[0] == provider), default=None)
            company.billing_stripe_last_event = self._billing_ago(last)
            company.billing_stripe_events_waiting = counts.get((provider.id, 'new'), 0)
            company.billing_stripe_events_failed = counts.get((provider.id, 'failed'), 0)

    def _billing_ago(self, moment):
        if not moment:
            return False
        age = moment - fields.Datetime.now()
        if age > timedelta(minutes=-1):
            return self.env._("just now")
        return format_timedelta(
            age,
            add_direction=True,
            locale=babel_locale_parse(self.env.lang or 'en_US'),
        )

    def _billing_stripe_problem_text(self, provider_sudo):
        if not provider_sudo.stripe_payment_link_problem:
            return False
        kind, _colon, code = provider_sudo.stripe_payment_link_problem.partition(':')
        return provider_sudo._billing_explain(StripeGatewayError(kind, '', code))

    def _billing_stripe_requirement_names(self, requirements: list[str]):
        """Return in words what Stripe asks for.

        :param requirements: https://docs.stripe.com/api/accounts/object, `requirements`
        """
        names = (
            ('external_account', self.env._("a bank account for payouts")),
            ('tos_acceptance', self.env._("the acceptance of Stripe's terms")),
            ('business_profile.url', self.env._("the practice's website")),
            ('business_profile.mcc', self.env._("the line of business")),
            ('business_profile', self.env._("details of the business")),
            ('verification', self.env._("an identity document")),
            ('individual', self.env._("details of the owner")),
            ('person', self.env._("details of a person in charge")),
            ('company', self.env._("details of the company")),
        )
        found = [
            next((name for part, name in names if part in code), code.replace('_', ' '))
            for code in requirements
        ]
        return ", ".join(dict.fromkeys(found)) or False

    # === ACTION METHODS === #

    def action_billing_stripe_check(self):
        """Look at the Stripe account anew, and mend the webhook endpoint where it is stale."""
        provider_sudo = self._billing_managed_provider_sudo()
        if provider_sudo.stripe_payment_link_account:
            provider_sudo._billing_refresh()
            provider_sudo._billing_repair_webhook()
        return True

    def action_billing_stripe_complete(self) -> dict:
        """Open the page where Stripe asks for what it still wants to know."""
        provider_sudo = self._billing_managed_provider_sudo()
        url = STRIPE_STATUS_PAGE
        if provider_sudo.stripe_payment_link_connection == 'connect':
            url = provider_sudo._billing_onboarding_url()
        own = provider_sudo.stripe_payment_link_connection != 'connect'
        return {'type': 'ir.actions.act_url', 'url': url, 'target': 'new' if own else 'self'}

    def action_billing_stripe_disconnect(self):
        """Take no more payments through Stripe: close what is open there, forget the keys."""
        provider_sudo = self._billing_managed_provider_sudo()
        by_server = provider_sudo.stripe_payment_link_connection == 'server'
        done = provider_sudo.action_reset_credentials()
        if not by_server:
            return done
        return notification(
            self.env._(
                "Disconnected: the key is used no more. It still stands in the server's"
                " configuration, as %s: have it removed there, and revoke it in Stripe's"
                " dashboard, under Developers › API keys.",
                provider_sudo._billing_server_name('key'),
            ),
            'warning',
            sticky=True,
            next={'type': 'ir.actions.client', 'tag': 'soft_reload'},
        )

    # === BUSINESS METHODS === #

    def _billing_managed_provider_sudo(self):
        """Return the practice's provider (sudo) to somebody who may set it up.

        :raise AccessError: if the user is no manager of the company whose account it is.
        """
        self.ensure_one()
        provider_sudo = self._billing_provider_sudo()
        user = self.env.user
        allowed = user.has_group(MANAGER) and provider_sudo.company_id in user.company_ids
        if not (self.env.su or allowed):
            raise AccessError(
                self.env._("Only a manager of the practice can set up its online payments.")
            )
        return provider_sudo
