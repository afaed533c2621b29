from werkzeug.exceptions import abort

from odoo.exceptions import ValidationError
from odoo.http import request

from ..models.second_check.practice_link_code import REMEMBERED

# Refusals of sending and of a typed code, by what the model says.
STATUS = {'soon': 429, 'many': 429, 'failed': 503, 'old': 422, 'wrong': 422, 'spent': 422}


class SecondCheck:
    """The code that a payer enters before a link shows anything, where the practice wants it.

    Mixed into the pages that links open.
    """

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

    def _address(self, record_sudo, suffix='') -> str:
        """Return the path of what a code opens, or of its form."""
        if record_sudo._name == 'account.move':
            return record_sudo.get_portal_url(suffix=suffix)
        return f'{record_sudo._path()}{suffix}'

    def _send_or_redeem(self, record_sudo, payer_sudo, do, text):
        response = request.redirect(self._address(record_sudo), code=303)
        if not self._is_checked(record_sudo) or not payer_sudo.email_normalized:
            return response
        codes_sudo = record_sudo.env['practice.link.code']
        if do == 'open':
            code_sudo = codes_sudo._of(payer_sudo, record_sudo.company_id)
            problem = code_sudo._redeem(text[:12])
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
        """Answer at once with the page that asks for a code, where a link takes more than its
        address."""
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

    def _is_checked(self, record_sudo) -> bool:
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
