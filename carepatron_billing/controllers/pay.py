import logging
import re

from odoo import http
from odoo.exceptions import ValidationError
from odoo.http import request

from ..const import PROVIDER_CODE
from ..gateways.stripe_gateway import StripeGatewayError

_logger = logging.getLogger(__name__)

TOKEN_PATTERN = re.compile(r'[A-Za-z0-9_-]{20,64}')

# The address is the key to the page: it must not travel on, be framed, kept or indexed.
HEADERS = [
    ('Cache-Control', 'no-store'),
    ('Referrer-Policy', 'no-referrer'),
    ('X-Robots-Tag', 'noindex, nofollow'),
    ('X-Content-Type-Options', 'nosniff'),
    (
        'Content-Security-Policy',
        "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none';"
        " frame-ancestors 'none'",
    ),
]


class PayPage(http.Controller):
    """What the payer sees, without a login. GET only shows; POST leads to Stripe."""

    @http.route(
        '/billing/pay/<string:token>',
        type='http',
        auth='public',
        methods=['GET'],
        save_session=False,
    )
    def show(self, token):
        """Show what is due, or how it stands."""
        link_sudo = self._link(token)
        if not link_sudo:
            return self._not_found()
        link_sudo._mark_viewed()
        return self._page(link_sudo)

    # Without CSRF token: there is no login to abuse. The most that a foreign site can do is to
    # send its visitor to Stripe's page of a link that it must know already.
    @http.route(
        '/billing/pay/<string:token>',
        type='http',
        auth='public',
        methods=['POST'],
        csrf=False,
        save_session=False,
    )
    def pay(self, token, **_form):
        """Go on to Stripe's page for what is due now."""
        link_sudo = self._link(token)
        if not link_sudo:
            return self._not_found()
        try:
            url = link_sudo._pay()
        except StripeGatewayError as error:
            _logger.warning("No session for payment link %s: %s", link_sudo.id, error)
            return self._page(link_sudo, problem=True, status=503)
        except ValidationError as error:
            _logger.warning("Payment link %s: %s", link_sudo.id, error)
            url = False
        if not url:
            return request.redirect(f'/billing/pay/{token}', code=303)
        return request.redirect(url, code=303, local=False)

    @http.route(
        '/billing/pay/<string:token>/invoice',
        type='http',
        auth='public',
        methods=['GET'],
        save_session=False,
    )
    def download(self, token):
        """Give the invoice as the practice sends it."""
        link_sudo = self._link(token)
        if not link_sudo or link_sudo._status() in ('revoked', 'cancelled'):
            return self._not_found()
        document = link_sudo.move_id._get_invoice_legal_documents('pdf', allow_fallback=True)
        return request.make_response(
            document['content'],
            headers=[
                ('Content-Type', 'application/pdf'),
                ('Content-Disposition', http.content_disposition(document['filename'])),
                *HEADERS,
            ],
        )

    @http.route(
        '/billing/stripe/return/<int:transaction_id>',
        type='http',
        auth='public',
        methods=['GET'],
        save_session=False,
    )
    def come_back(self, transaction_id, session_id=''):
        """Take the payer back from Stripe to a page that tells how it stands.

        The session's id, which only Stripe's page and we know, proves where the payer comes from.
        """
        tx_sudo = (
            request.env['payment.transaction']
            .sudo()
            .search(
                [
                    ('id', '=', transaction_id),
                    ('provider_code', '=', PROVIDER_CODE),
                    ('stripe_payment_link_session', '=', session_id),
                ]
            )
        )
        if not tx_sudo or not session_id:
            return self._not_found()
        try:
            tx_sudo._stripe_payment_link_sync()
        except (StripeGatewayError, ValidationError) as error:
            # The inbox or the reconcile cron will know; the page says *processing* meanwhile.
            _logger.warning("Payment %s could not be looked up: %s", tx_sudo.reference, error)
        own_page = tx_sudo.billing_link_id and tx_sudo.landing_route
        return request.redirect(own_page or '/payment/status', code=303)

    # === HELPERS ===#

    def _link(self, token):
        links = request.env['practice.payment.link']
        return links._from_token(token) if TOKEN_PATTERN.fullmatch(token) else links

    def _page(self, link_sudo, problem=False, status=200):
        language = link_sudo.payer_id.lang or request.env.lang
        link_sudo = link_sudo.with_context(lang=language).with_company(link_sudo.company_id)
        html = (
            request.env['ir.qweb']
            .with_context(lang=language)
            ._render(
                'carepatron_billing.pay_page', {**link_sudo._page_values(), 'problem': problem}
            )
        )
        return self._html(html, status)

    def _not_found(self):
        """The same answer for a link that never was and for one that is gone."""
        return self._html(request.env['ir.qweb']._render('carepatron_billing.pay_not_found'), 404)

    def _html(self, html, status):
        response = request.make_response(
            html, headers=[('Content-Type', 'text/html; charset=utf-8'), *HEADERS]
        )
        response.status_code = status
        return response
