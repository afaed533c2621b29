import logging
import re
import secrets
from urllib.parse import urlsplit

from werkzeug.exceptions import abort

from odoo import http
from odoo.exceptions import ValidationError
from odoo.http import request

from ..const import PROVIDER_CODE
from ..gateways.stripe_addresses import is_page, page_sources
from ..gateways.stripe_gateway import StripeGatewayError
from ..models.payment_links.practice_payment_link_page import GONE, READABLE
from .guard import WINDOW_SECONDS, Guard
from .second_check import SecondCheck

_logger = logging.getLogger(__name__)

# Stripe's id of a Checkout Session; whatever else arrives never reaches the database.
SESSION_PATTERN = re.compile(r'cs_[A-Za-z0-9_]{1,250}')
TOKEN_PATTERN = re.compile(r'[A-Za-z0-9_-]{20,64}')
guard = Guard()

# The address is the key to the page: it must not travel on, be framed, kept or indexed.
HEADERS = [
    ('Cache-Control', 'no-store'),
    ('Referrer-Policy', 'no-referrer'),
    ('X-Robots-Tag', 'noindex, nofollow'),
    ('X-Content-Type-Options', 'nosniff'),
]
# The nonce admits the practice's colours. A form's redirection counts as its action: forms lead
# here, and from here to Stripe's pages.
POLICY = (
    "default-src 'none'; style-src 'self' 'nonce-%s'; img-src 'self' data:; base-uri 'none';"
    " frame-ancestors 'none'; form-action 'self' %s"
)


class PayPage(SecondCheck, http.Controller):
    """What the payer sees, without a login. GET only shows; POST leads to Stripe.

    What else stands in an address is taken and dropped: Odoo would log a warning each time.
    """

    @http.route(
        '/billing/pay/<string:token>',
        type='http',
        auth='public',
        methods=['GET'],
        save_session=False,
    )
    def show(self, token, **_query):
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
    def pay(self, token, choice='now', amount='', keep='', **_form):
        """Go on to Stripe's page for what is due now, for all that is open, or for a part."""
        link_sudo = self._link(token)
        if not link_sudo:
            return self._not_found()
        wanted = None
        if choice == 'all':
            wanted = link_sudo._due().total
        elif choice == 'part':
            wanted, mistake = link_sudo._typed_amount(amount[:64])
            if mistake:
                return self._page(link_sudo, mistake=mistake, typed=amount[:64], status=422)
        try:
            url = link_sudo._pay(wanted, keep_card=keep == '1')
        except StripeGatewayError as error:
            _logger.warning("No session for payment link %s: %s", link_sudo.id, error)
            return self._page(link_sudo, problem=True, status=503)
        except ValidationError as error:
            _logger.warning("Payment link %s: %s", link_sudo.id, error)
            url = False
        if not url:
            return request.redirect(f'/billing/pay/{token}', code=303)
        return self._to_stripe(link_sudo, url)

    # Without CSRF token, as with the page that it opens: the address is the secret.
    @http.route(
        '/billing/pay/<string:token>/code',
        type='http',
        auth='public',
        methods=['POST'],
        csrf=False,
        save_session=False,
    )
    def code_of_link(self, token, do='', code='', **_form):
        """Mail a code, or open the page with one."""
        link_sudo = self._unchecked_link(token)
        if not link_sudo:
            return self._not_found()
        return self._send_or_redeem(link_sudo, link_sudo.payer_id, do, code)

    @http.route(
        [
            '/billing/pay/<string:token>/invoice',
            '/billing/pay/<string:token>/invoice/<int:move_id>',
        ],
        type='http',
        auth='public',
        methods=['GET'],
        save_session=False,
    )
    def download(self, token, move_id=None, **_query):
        """Give an invoice of the link as the practice sends it."""
        link_sudo = self._link(token)
        if not link_sudo or link_sudo._status() not in READABLE:
            return self._not_found()
        move_sudo = link_sudo._moves()
        if move_id is not None or not link_sudo.move_id:
            move_sudo = move_sudo.filtered(lambda move: move.id == move_id)
        if not move_sudo:
            return self._not_found()
        document = move_sudo._get_invoice_legal_documents('pdf', allow_fallback=True)
        move_sudo._billing_note_document()
        return self._pdf(document['content'], document['filename'])

    @http.route(
        '/billing/pay/<string:token>/receipt/<int:transaction_id>',
        type='http',
        auth='public',
        methods=['GET'],
        save_session=False,
    )
    def download_receipt(self, token, transaction_id, **_query):
        """Give the receipt of a payment that was made by the link."""
        link_sudo = self._link(token)
        if not link_sudo or link_sudo._status() in GONE:
            return self._not_found()
        payment_sudo = (
            link_sudo._paid_transactions().filtered(lambda tx: tx.id == transaction_id).payment_id
        )
        if not payment_sudo:
            return self._not_found()
        name, content = payment_sudo.with_context(lang=link_sudo.env.lang)._billing_receipt_pdf()
        link_sudo.env['practice.audit.log']._note_opened('document', payment_sudo)
        return self._pdf(content, name)

    @http.route(
        '/billing/stripe/return/<int:transaction_id>',
        type='http',
        auth='public',
        methods=['GET'],
        save_session=False,
    )
    def come_back(self, transaction_id, session_id='', **_query):
        """Take the payer back from Stripe to a page that tells how it stands.

        The session's id, which only Stripe's page and we know, proves where the payer comes from.
        """
        if not SESSION_PATTERN.fullmatch(session_id):
            return self._not_found()
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
        if not tx_sudo:
            return self._not_found()
        try:
            tx_sudo._billing_sync()
        except (StripeGatewayError, ValidationError) as error:
            # The inbox or the reconcile cron will know; the page says *processing* meanwhile.
            _logger.warning("Payment %s could not be looked up: %s", tx_sudo.reference, error)
        # Odoo's status page would wait for days for a bank debit to arrive.
        is_told = (
            tx_sudo.billing_link_id
            or tx_sudo.state == 'pending'
            or tx_sudo.operation == 'validation'
        )
        landing = is_told and tx_sudo.landing_route
        return request.redirect(landing or '/payment/status', code=303)

    # === HELPERS ===#

    def _link(self, token):
        """Return the link (sudo) that a token opens to this browser, in its reader's language."""
        link_sudo = self._unchecked_link(token)
        # One that is gone tells nothing.
        if link_sudo and not link_sudo.revoked_at and not link_sudo.replaced_by_id:
            self._check(link_sudo, link_sudo.payer_id)
        return link_sudo

    def _unchecked_link(self, token):
        link_sudo = self._opened_by(token, 'practice.payment.link')
        if not link_sudo:
            return link_sudo
        link_sudo._page_fetch_people()
        return link_sudo.with_context(
            lang=self._language(link_sudo.payer_id.lang), billing_by_link=True
        ).with_company(link_sudo.company_id)

    def _opened_by(self, token, model):
        """Return the record (sudo) that a token opens; empty where it opens none.

        Whoever tries token after token is answered 429 for a while, right ones included.
        """
        address = request.httprequest.remote_addr
        if guard.is_shut(address):
            response = self._not_found()
            response.status_code = 429
            response.headers['Retry-After'] = str(WINDOW_SECONDS)
            abort(response)
        found_sudo = request.env[model].sudo()
        if TOKEN_PATTERN.fullmatch(token):
            found_sudo = found_sudo._from_token(token)
        if not found_sudo and guard.note_wrong(address):
            _logger.warning("Somebody at %s tries out links; shut out for a while.", address)
            request.env['practice.link.alarm'].sudo()._note('links')
        return found_sudo

    def _language(self, wanted=None):
        """Return the wanted language if it is installed, else the nearest to the browser's."""
        ir_http = request.env['ir.http'].sudo()
        return (
            (wanted in dict(request.env['res.lang'].sudo().get_installed()) and wanted)
            or ir_http.get_nearest_lang(request.best_lang)
            or ir_http._get_default_lang().code
        )

    def _page(self, link_sudo, status=200, **values):
        return self._html(
            link_sudo, 'carepatron_billing.pay_page', status, {**link_sudo._page_values(), **values}
        )

    def _not_found(self):
        """The same answer for a link that never was and for one that is gone."""
        links = request.env['practice.payment.link'].with_context(lang=self._language())
        return self._html(links, 'carepatron_billing.pay_not_found', 404, links._page_lang_values())

    def _to_stripe(self, record_sudo, url):
        """Lead to a page of Stripe; by a click more where it stands on a practice's own domain.

        There the browser would stop the form's redirection, see `POLICY`.
        """
        if is_page(url):
            return request.redirect(url, code=303, local=False)
        target = urlsplit(url)
        if target.scheme != 'https':
            _logger.warning("Stripe's page for %s is not on HTTPS.", record_sudo)
            return request.redirect(record_sudo._path(), code=303)
        links_sudo = record_sudo.env['practice.payment.link']
        values = links_sudo._page_go_on_values(record_sudo.company_id, url, target.hostname)
        return self._html(record_sudo, 'carepatron_billing.pay_go_on', 200, values)

    def _html(self, links, template, status, values):
        nonce = secrets.token_urlsafe(16)
        html = links.env['ir.qweb']._render(template, {**values, 'nonce': nonce})
        response = request.make_response(
            html,
            headers=[
                ('Content-Type', 'text/html; charset=utf-8'),
                ('Content-Security-Policy', POLICY % (nonce, page_sources())),
                *HEADERS,
            ],
        )
        response.status_code = status
        return response

    def _pdf(self, content, filename):
        return request.make_response(
            content,
            headers=[
                ('Content-Type', 'application/pdf'),
                ('Content-Disposition', http.content_disposition(filename)),
                *HEADERS,
            ],
        )
