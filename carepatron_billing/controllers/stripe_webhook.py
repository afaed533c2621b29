import logging

from odoo import http
from odoo.http import request

from ..const import PROVIDER_CODE
from ..gateways.stripe_gateway import StripeGatewayError, verify_event

_logger = logging.getLogger(__name__)

# Stripe's events are a few kilobytes; nothing larger is read, let alone hashed.
MAX_BODY_BYTES = 512 * 1024
# All that an event's reception reads of the provider, in one query.
PROVIDER_FIELDS = [
    'company_id',
    'state',
    'stripe_payment_link_account',
    'stripe_payment_link_connection',
    'stripe_payment_link_webhook_secret',
]


class StripeWebhook(http.Controller):
    @http.route(
        '/billing/stripe/webhook/<int:provider_id>',
        type='http',
        auth='public',
        methods=['POST'],
        csrf=False,
        save_session=False,
    )
    def receive(self, provider_id, **_query):
        """Store an event that Stripe signed for this provider, and acknowledge it.

        200 says that it is kept, not that it is processed. Whatever is not from Stripe gets a
        400 that explains nothing.
        """
        provider_sudo = (
            request.env['payment.provider']
            .sudo()
            .search_fetch(
                [('id', '=', provider_id), ('code', '=', PROVIDER_CODE)],
                PROVIDER_FIELDS,
            )
        )
        if (request.httprequest.content_length or 0) > MAX_BODY_BYTES:
            return self._refuse()
        try:
            event = verify_event(
                request.httprequest.get_data(),
                request.httprequest.headers.get('Stripe-Signature'),
                provider_sudo._billing_signing_secret(),
            )
        except StripeGatewayError:
            # One line at debug level: anybody can post here, and the log must not flood.
            _logger.debug("Refused a webhook for provider %s", provider_id)
            return self._refuse()
        if provider_sudo._billing_owns(event):
            request.env['practice.stripe.event'].sudo()._store(provider_sudo, event)
        return request.make_response('ok', headers=[('Content-Type', 'text/plain')])

    def _refuse(self):
        response = request.make_response('refused', headers=[('Content-Type', 'text/plain')])
        response.status_code = 400
        return response
