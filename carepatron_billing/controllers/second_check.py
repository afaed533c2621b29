from werkzeug.exceptions import abort

from odoo import http
from odoo.exceptions import ValidationError
from odoo.http import request
from odoo.tools import consteq

from ..models.second_check.practice_link_code import REMEMBERED
from .card import CardPage

# Refusals of sending and of a typed code, by what the model says.
STATUS = {'soon': 429, 'many': 429, 'failed': 503, 'old': 422, 'wrong': 422, 'spent': 422}


class SecondCheck(CardPage):
    """The code that a payer enters before a link shows anything, where the practice wants it."""

    # Without CSRF token, as with the pages that it opens: the address is the secret.
    @http.route(
        '/billing/pay/<string:token>/code',
        type='http',
        auth='public',
        methods=['POST'],
        csrf=False,
        save_session=False,
    )
    def code_of_link(self, token, do='', code='', **_form):
        """Mail a code, or open a payment link with one."""
        link_sudo = self._unchecked_link(token)
        if not link_sudo:
            return self._not_found()
        return self._send_or_take(link_sudo, link_sudo.payer_id, do, code)

    @http.route(
        '/billing/cards/<string:token>/code',
        type='http',
        auth='public',
        methods=['POST'],
        csrf=False,
        save_session=False,
    )
    def code_of_cards(self, token, do='', code='', **_form):
        """Mail a code, or open the page of the saved cards with one."""
        holder_sudo = self._unchecked_holder(token)
        if not holder_sudo:
            return self._not_found()
        return self._send_or_take(holder_sudo, holder_sudo.partner_id, do, code)

    @http.route(
        '/my/invoices/<int:invoice_id>/code',
        type='http',
        auth='public',
        methods=['POST'],
        csrf=False,
        save_session=False,
    )
    def code_of_invoice(self, invoice_id, access_token='', do='', code='', **_form):
        """Mail a code, or open Odoo's own link to an invoice with one."""
        move_sudo = request.env['account.move'].sudo().browse(invoice_id).exists()
        if not move_sudo.access_token or not consteq(move_sudo.access_token, access_token):
            return self._not_found()
        return self._send_or_take(self._in_language(move_sudo), move_sudo.partner_id, do, code)

    def _check_invoice(self, move_sudo):
        """Answer with the page that asks for a code, where Odoo's own link is not enough.

        :param move_sudo: the invoice that its link would open
        :raise ValidationError: where no page can be shown
        """
        if not request.env['account.move'].browse(move_sudo.id)._billing_is_shut():
            return
        if request.dispatcher.routing_type == 'jsonrpc':
            raise ValidationError(request.env._("Please open this page anew: it asks for a code."))
        abort(self._code_page(self._in_language(move_sudo), move_sudo.partner_id))

    def _in_language(self, move_sudo):
        return move_sudo.with_context(lang=self._language(move_sudo.partner_id.lang))

    def _address(self, record_sudo, suffix=''):
        """Return the path of what a code opens, or of its form."""
        if record_sudo._name == 'account.move':
            return record_sudo.get_portal_url(suffix=suffix)
        return f'{record_sudo._path()}{suffix}'

    def _send_or_take(self, record_sudo, payer_sudo, do, text):
        response = request.redirect(self._address(record_sudo), code=303)
        if not self._is_checked(record_sudo) or not payer_sudo.email_normalized:
            return response
        codes_sudo = record_sudo.env['practice.link.code']
        if do == 'open':
            code_sudo = codes_sudo._of(payer_sudo, record_sudo.company_id)
            problem = code_sudo._take(text[:12])
        else:
            code_sudo = codes_sudo._for(payer_sudo, record_sudo.company_id)
            problem = code_sudo._send()
        if problem:
            return self._code_page(record_sudo, payer_sudo, problem)
        if do == 'open':
            response.set_cookie(
                code_sudo._cookie(),
                code_sudo._proof(),
                max_age=REMEMBERED,
                expires=None,
                path='/',
                secure=request.httprequest.scheme == 'https',
                httponly=True,
                samesite='Lax',
            )
        return response

    def _check(self, record_sudo, payer_sudo):
        """Override of `PayPage`: ask for a code where the practice wants it."""
        if not self._is_checked(record_sudo):
            return
        code_sudo = record_sudo.env['practice.link.code']._of(payer_sudo, record_sudo.company_id)
        if code_sudo._is_known(request.httprequest.cookies):
            return
        is_page = request.httprequest.path == record_sudo._path()
        if is_page and request.httprequest.method in ('GET', 'HEAD'):
            abort(self._code_page(record_sudo, payer_sudo))
        # To the page itself, which asks for the code.
        abort(request.redirect(record_sudo._path(), code=303))

    def _is_checked(self, record_sudo):
        return record_sudo.company_id.billing_second_check

    def _code_page(self, record_sudo, payer_sudo, problem=''):
        company_sudo = record_sudo.company_id
        code_sudo = record_sudo.env['practice.link.code']._of(payer_sudo, company_sudo)
        values = {
            **record_sudo.env['practice.payment.link']._page_frame_of(company_sudo),
            'title': company_sudo.name,
            'texts': code_sudo._page_texts(company_sudo),
            'has_address': bool(payer_sudo.email_normalized),
            'is_open': code_sudo._is_open(),
            'code_url': self._address(record_sudo, '/code'),
            'mistake': code_sudo._explain(problem),
        }
        status = STATUS.get(problem, 200)
        return self._html(record_sudo, 'carepatron_billing.pay_code', status, values)
