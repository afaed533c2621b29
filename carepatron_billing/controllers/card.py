import logging

from odoo import fields, http
from odoo.exceptions import UserError
from odoo.http import request

from ..gateways.stripe_gateway import StripeGatewayError
from .pay import PayPage

_logger = logging.getLogger(__name__)


class CardPage(PayPage):
    """A payer's own cards, by a link without a login: seen, added and removed, never charged."""

    @http.route(
        '/billing/cards/<string:token>',
        type='http',
        auth='public',
        methods=['GET'],
        save_session=False,
    )
    def show_cards(self, token, **_query):
        """Show the saved cards."""
        holder_sudo = self._holder(token)
        if not holder_sudo:
            return self._not_found()
        holder_sudo.env['practice.audit.log']._note_opened('page', holder_sudo)
        return self._card_page(holder_sudo)

    # Without CSRF token, as with the pay page: there is no login, and the address is the secret.
    @http.route(
        '/billing/cards/<string:token>',
        type='http',
        auth='public',
        methods=['POST'],
        csrf=False,
        save_session=False,
    )
    def change_cards(self, token, do='', card='', **_form):
        """Go on to Stripe's page to add a card, or remove or prefer one that is saved."""
        holder_sudo = self._holder(token)
        if not holder_sudo:
            return self._not_found()
        if do == 'add':
            return self._add_card(holder_sudo)
        own_sudo = holder_sudo.token_ids.filtered(lambda token: str(token.id) == card)
        if own_sudo and do == 'remove':
            own_sudo._billing_remove(request.env._("by the client"))
        elif own_sudo and do == 'prefer':
            own_sudo.billing_preferred_at = fields.Datetime.now()
        elif do == 'autopay' and holder_sudo.token_ids:
            company_sudo = holder_sudo.company_id
            if company_sudo.billing_autopay_offered:
                holder_sudo.write(
                    {
                        'autopay': company_sudo.billing_autopay_when,
                        'autopay_how': request.env._("by the client, on the page of the cards"),
                    }
                )
        elif do == 'manual':
            holder_sudo._autopay_stop(request.env._("by the client"))
        return request.redirect(holder_sudo._path(), code=303)

    @http.route(
        '/billing/cards/<string:token>/code',
        type='http',
        auth='public',
        methods=['POST'],
        csrf=False,
        save_session=False,
    )
    def code_of_cards(self, token, do='', code='', **_form):
        """Mail a code, or open the page with one."""
        holder_sudo = self._unchecked_holder(token)
        if not holder_sudo:
            return self._not_found()
        return self._send_or_redeem(holder_sudo, holder_sudo.partner_id, do, code)

    def _add_card(self, holder_sudo):
        try:
            url = holder_sudo._add_card_url()
        except StripeGatewayError as error:
            _logger.warning("No session for cards of %s: %s", holder_sudo.id, error)
            return self._card_page(holder_sudo, problem=True, status=503)
        except UserError:
            return request.redirect(holder_sudo._path(), code=303)
        if url == holder_sudo.url:
            return request.redirect(holder_sudo._path(), code=303)
        return self._to_stripe(holder_sudo, url)

    def _holder(self, token):
        """Return the holder (sudo) that a link opens to this browser, in its reader's language."""
        holder_sudo = self._unchecked_holder(token)
        if holder_sudo:
            self._check(holder_sudo, holder_sudo.partner_id)
        return holder_sudo

    def _unchecked_holder(self, token):
        holder_sudo = self._opened_by(token, 'practice.card.holder')
        if not holder_sudo.partner_id:
            return holder_sudo.browse()
        return holder_sudo.with_context(
            lang=self._language(holder_sudo.partner_id.lang), billing_by_link=True
        ).with_company(holder_sudo.company_id)

    def _card_page(self, holder_sudo, status=200, **values):
        page = {**holder_sudo._page_values(), **values}
        return self._html(holder_sudo, 'carepatron_billing.pay_cards', status, page)
