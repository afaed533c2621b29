from odoo import api, models
from odoo.http import request


class AccountMove(models.Model):
    """The second check of Odoo's own links to invoices, as of ours."""

    _inherit = 'account.move'

    def _billing_is_shut(self) -> bool:
        """Whether this invoice is shut to a visitor who has nothing but its link, and entered no
        code on this browser yet, where the practice wants one.
        """
        self.ensure_one()
        move_sudo = self.sudo()
        company_sudo = move_sudo.company_id
        if not request or not company_sudo.billing_second_check:
            return False
        if not move_sudo.is_sale_document(include_receipts=True) or self.has_access('read'):
            return False
        code_sudo = self.env['practice.link.code']._of(move_sudo.partner_id, company_sudo)
        return not code_sudo._is_known(request.httprequest.cookies)

    @api.model
    def _get_thread_with_access(self, thread_id, **kwargs):
        """Override of `portal`: what was written about an invoice is as shut as the invoice."""
        thread = super()._get_thread_with_access(thread_id, **kwargs)
        return self.browse() if thread and thread.sudo(False)._billing_is_shut() else thread
