from odoo import api, fields, models
from odoo.exceptions import UserError

from ...models.stripe.payment_provider_account import platform_key
from ...tools.actions import notification


class PracticeStripeSetup(models.TransientModel):
    """Setup payments: check a key, see whose account it opens, connect it; or go by Connect.

    The check is an onchange, so that the key stays in the browser until *Connect*.
    """

    _name = 'practice.stripe.setup'
    _inherit = 'practice.dialog.stripe'
    _description = "Setup Payments"

    way = fields.Selection(
        [('key', "My Stripe account"), ('connect', "Connect")],
        default='key',
        required=True,
    )
    has_platform = fields.Boolean(compute='_compute_server')
    can_be_reached = fields.Boolean(compute='_compute_server')
    has_server_key = fields.Boolean(compute='_compute_server')
    server_name = fields.Char(
        compute='_compute_server', help="The key's name in the server's configuration."
    )
    # Saving hands the key on, so that no row of the dialog ever holds it.
    secret_key = fields.Char(
        string="Stripe secret key",
        compute='_compute_secret_key',
        inverse='_inverse_secret_key',
    )
    state = fields.Selection(related='company_id.billing_stripe_state')
    account_name = fields.Char(related='company_id.billing_stripe_account_name')

    # What a check found; the counter asks for one.
    check_count = fields.Integer(store=False, default=0)
    is_checked = fields.Boolean(store=False)
    problem = fields.Text(store=False)
    notice = fields.Text(store=False)
    is_leaving = fields.Boolean(store=False)
    checked_account = fields.Char(string="Account", store=False)
    checked_country = fields.Char(string="Country", store=False)
    checked_currency = fields.Char(string="Currency", store=False)
    checked_mode = fields.Selection(
        [('test', "Test mode: no real money moves"), ('live', "Live: real payments")],
        string="Mode",
        store=False,
    )

    # === COMPUTE METHODS ===#

    def _compute_secret_key(self):
        self.secret_key = False

    def _inverse_secret_key(self):
        for wizard in self:
            key = wizard.secret_key
            if key:
                provider_sudo = wizard._leaving()._billing_managed_provider_sudo()
                provider_sudo._billing_connect(key)

    @api.depends('company_id')
    def _compute_server(self):
        for wizard in self:
            provider_sudo = wizard.company_id._billing_provider_sudo()
            wizard.can_be_reached = provider_sudo._billing_can_be_reached()
            wizard.has_platform = bool(platform_key())
            wizard.has_server_key = bool(provider_sudo._billing_server_key())
            wizard.server_name = provider_sudo._billing_server_name('key')

    # === ONCHANGE METHODS ===#

    @api.onchange('secret_key', 'way')
    def _onchange_secret_key(self):
        """What a check found was about another key."""
        self._forget_check()
        provider_sudo = self.company_id._billing_managed_provider_sudo()
        self.is_leaving = self.way == 'connect' and bool(
            provider_sudo.stripe_payment_link_account
            and provider_sudo.stripe_payment_link_connection != 'connect'
        )

    @api.onchange('check_count')
    def _onchange_check_count(self):
        """Try the key, and show whose account it opens or what is wrong with it."""
        self._forget_check()
        if not self.check_count:
            return
        provider_sudo = self.company_id._billing_managed_provider_sudo()
        try:
            _key, mode, account = provider_sudo._billing_check_key(
                provider_sudo._billing_server_key() or self.secret_key
            )
        except UserError as error:
            self.problem = str(error)
            return
        values = provider_sudo._billing_account_values(account)
        self.is_checked = True
        self.checked_account = values['stripe_payment_link_account_name']
        country = self.env['res.country'].search([('code', '=', account.get('country'))], limit=1)
        self.checked_country = country.name or account.get('country')
        self.checked_currency = values['stripe_payment_link_currency']
        self.checked_mode = mode
        self.is_leaving = provider_sudo._billing_leaves_for(account, mode)
        self.notice = self._notice(provider_sudo, mode, account)

    def _forget_check(self):
        self.is_checked = self.is_leaving = False
        for name in ('problem', 'notice', 'checked_account', 'checked_country'):
            self[name] = False
        self.checked_currency = self.checked_mode = False

    def _notice(self, provider_sudo, mode, account):
        """Return what else changes by connecting this account."""
        notices = []
        if not account.get('charges_enabled'):
            notices.append(
                self.env._("Stripe does not let this account take payments yet; it asks for more.")
            )
        if not provider_sudo.stripe_payment_link_account:
            return "\n".join(notices) or False
        if mode == 'live' and provider_sudo.state == 'test':
            notices.append(
                self.env._("Until now the practice was in test mode. Payments become real.")
            )
        elif account['id'] != provider_sudo.stripe_payment_link_account:
            notices.append(
                self.env._(
                    "This is another account than before. Open payments there are closed; what"
                    " was paid stays in the books, and can be refunded only in Stripe's dashboard."
                )
            )
        return "\n".join(notices) or False

    # === ACTION METHODS ===#

    def action_connect(self):
        """Close the dialog; its key has been checked once more and kept on saving. One in the
        server's configuration is checked and connected now, and not kept.

        :raise UserError: if there is still no account.
        """
        self.ensure_one()
        provider_sudo = self._leaving()._billing_managed_provider_sudo()
        if provider_sudo._billing_server_key():
            provider_sudo._billing_connect()
        if self.company_id.billing_stripe_state == 'disabled':
            raise UserError(self.env._("Paste the secret key of your Stripe account."))
        return notification(
            self.env._("Online payments are set up with %s.", self.sudo().account_name),
            next={'type': 'ir.actions.client', 'tag': 'soft_reload'},
        )

    def action_continue_at_stripe(self) -> dict:
        """Go to Stripe's own page, to make or complete a connected account."""
        self.ensure_one()
        provider_sudo = self._leaving()._billing_managed_provider_sudo()
        return {
            'type': 'ir.actions.act_url',
            'url': provider_sudo._billing_onboarding_url(),
            'target': 'self',
        }
