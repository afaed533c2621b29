import math

from odoo import http
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Domain
from odoo.http import request
from odoo.tools import consteq

from odoo.addons.account_payment.controllers.payment import PaymentPortal
from odoo.addons.account_payment.controllers.portal import PortalAccount
from odoo.addons.payment.controllers.post_processing import PaymentPostProcessing

from ..models.invoices.account_move_status import ON_ITS_WAY
from .pay import PayPage


class BillingPaymentPortal(PaymentPortal):
    """Odoo's own payment form."""

    def _create_transaction(self, *args, flow, amount, **kwargs):
        """Override of `payment`: who merely holds an invoice's link charges no saved card.

        Odoo lets anybody do so who can tell the card's number in the database.
        """
        if flow == 'token' and request.env.user._is_public():
            raise AccessError(request.env._("Please log in to pay with a saved card."))
        if isinstance(amount, float) and not math.isfinite(amount):
            raise ValidationError(request.env._("There is nothing to pay."))
        return super()._create_transaction(*args, flow=flow, amount=amount, **kwargs)

    def _get_extra_payment_form_values(self, invoice_id=None, **kwargs):
        """Override of `account_payment`: its links to pay an invoice ask for the code, too."""
        move_sudo = request.env['account.move'].sudo().browse(self._cast_as_int(invoice_id))
        if move_sudo.exists():
            PayPage()._check_invoice(move_sudo)
        return super()._get_extra_payment_form_values(invoice_id=invoice_id, **kwargs)

    @http.route()
    def payment_confirm(self, *args, **kwargs):
        """Override of `payment` to confirm in the name of the practice that was paid."""
        return _in_the_practices_name(super().payment_confirm(*args, **kwargs))


class BillingPaymentPostProcessing(PaymentPostProcessing):
    """Odoo's own page of a payment's status."""

    @http.route()
    def display_status(self, **kwargs):
        """Override of `payment` to tell in the name of the practice that is paid."""
        return _in_the_practices_name(super().display_status(**kwargs))


class InvoiceCode(PayPage):
    """The code before Odoo's own link to an invoice."""

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
        return self._send_or_redeem(self._in_language(move_sudo), move_sudo.partner_id, do, code)


class BillingPortalAccount(PortalAccount):
    """Odoo's own pages of a client's invoices."""

    def _document_check_access(self, model_name, document_id, access_token=None):
        """Override of `portal`: who has no more than an invoice's link enters a code first, where
        the practice wants one."""
        document_sudo = super()._document_check_access(model_name, document_id, access_token)
        if model_name == 'account.move':
            PayPage()._check_invoice(document_sudo)
        return document_sudo

    def _get_overdue_invoices_domain(self, partner_id=None):
        """Override of `account`: nobody is asked again for what is being processed."""
        domain = super()._get_overdue_invoices_domain(partner_id=partner_id)
        processing_sudo = (
            request.env['account.move']
            .sudo()
            .search(Domain(domain) & Domain('transaction_ids', 'any', ON_ITS_WAY))
        )
        return [*domain, ('id', 'not in', processing_sudo.ids)]

    def _show_report(self, model, report_type, report_ref, download=False):
        """Override of `portal`: the page that shows an invoice tells what the portal may."""
        if model._name == 'account.move' and report_type != 'pdf':
            request.update_context(billing_channel='portal')
        return super()._show_report(model, report_type, report_ref, download=download)

    def _overdue_invoices_get_page_view_values(self, overdue_invoices, **kwargs):
        """Override of `account_payment` to ask for what is still due, not for the totals."""
        values = super()._overdue_invoices_get_page_view_values(overdue_invoices, **kwargs)
        if 'payment' in values:
            values['amount'] = sum(overdue_invoices.mapped('amount_residual'))
            values['payment']['amount'] = values['amount']
        return values


def _in_the_practices_name(response):
    """Show the logo and name of the company that is paid, not of the visitor's own."""
    tx = response.qcontext.get('tx')
    if tx:
        response.qcontext['res_company'] = tx.company_id
    return response
