from odoo import SUPERUSER_ID, fields, models

from ..invoices.account_move_status import SETTLED


class AccountMove(models.Model):
    """The document that was kept when an invoice was sent, and whether it still tells the truth.

    One that says *Paid* stops doing so when the money goes back. It stays with the messages that
    carried it, and whoever asks for the document next gets a new one.
    """

    _inherit = 'account.move'

    billing_document_mark = fields.Selection(
        [('paid', "Paid"), ('part_refunded', "Partly refunded"), ('refunded', "Refunded")],
        help="What the kept document says of its payment. Empty: nothing.",
        readonly=True,
        copy=False,
        groups='carepatron_billing.group_practitioner',
    )

    def _billing_paid_mark(self):
        """Return what the document says now of its payment; False for nothing.

        :return: ``paid``, ``part_refunded`` or ``refunded``
        :rtype: str | bool
        """
        self.ensure_one()
        if (
            self.state != 'posted'
            or SETTLED.get(self.payment_state) != 'paid'
            or self.move_type not in ('out_invoice', 'out_receipt')
            or self.currency_id.is_zero(self.amount_total)
        ):
            return False
        is_given_back = self.billing_status in ('part_refunded', 'refunded')
        return self.billing_status if is_given_back else 'paid'

    def _billing_keep_mark(self):
        """Note what the documents (sudo) say that are kept just now."""
        for move in self:
            mark = move._billing_paid_mark()
            if move.billing_document_mark != mark:
                move.billing_document_mark = mark

    def _billing_renew_documents(self):
        """Part from the kept documents (sudo) that say of a payment what is no longer so."""
        stale = self.filtered(
            lambda move: (
                move.billing_document_mark
                and move.billing_document_mark != move._billing_paid_mark()
            )
        )
        if stale:
            # Its name tells clients who did so: nobody in particular.
            stale.with_user(SUPERUSER_ID)._detach_attachments()
            stale.billing_document_mark = False
            stale.invalidate_recordset(['invoice_pdf_report_file', 'invoice_pdf_report_id'])
