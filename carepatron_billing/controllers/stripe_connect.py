from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from ..const import PROVIDER_CODE


class StripeConnect(http.Controller):
    """Where Stripe sends a manager back to, who makes or completes a connected account."""

    @http.route('/billing/stripe/connect/<int:provider_id>/return', type='http', auth='user')
    def back(self, provider_id):
        """Look how far the account has come; Stripe sends here also who stopped halfway."""
        provider_sudo = self._provider_sudo(provider_id)
        if provider_sudo.stripe_payment_link_account:
            provider_sudo._billing_refresh()
        return self._settings(provider_sudo)

    @http.route('/billing/stripe/connect/<int:provider_id>/refresh', type='http', auth='user')
    def refresh(self, provider_id):
        """Go on at Stripe by a new link: the last one was used or is too old."""
        provider_sudo = self._provider_sudo(provider_id)
        if provider_sudo.stripe_payment_link_connection != 'connect':
            return self._settings(provider_sudo)
        try:
            url = provider_sudo._billing_onboarding_url()
        except UserError:
            # The settings show what is wrong with the account, and try again.
            provider_sudo._billing_refresh()
            return self._settings(provider_sudo)
        return request.redirect(url, local=False)

    def _provider_sudo(self, provider_id):
        provider_sudo = (
            request.env['payment.provider']
            .sudo()
            .search([('id', '=', provider_id), ('code', '=', PROVIDER_CODE)])
        )
        if not provider_sudo:
            raise request.not_found()
        company = provider_sudo.company_id.sudo(False).with_user(request.env.user)
        return company._billing_managed_provider_sudo()

    def _settings(self, provider_sudo):
        return request.redirect(f'/odoo/billing-settings?cids={provider_sudo.company_id.id}')
