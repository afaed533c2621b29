import base64

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ...const import PRACTITIONER
from ...tools.actions import notification
from .account_move_status import UNDER_WAY, UNPAID_STATES

# Set in the context while an invoice is cancelled, by way of draft; no client can send it.
_CANCELLING = object()


class AccountMove(models.Model):
    _inherit = 'account.move'

    billing_item_ids = fields.One2many(
        'practice.billing.item',
        'invoice_id',
        string="Sessions",
        readonly=True,
        groups=PRACTITIONER,
    )

    # The few that are open, among the invoices of all years.
    _billing_unpaid_idx = models.Index(
        "(company_id, invoice_date_due) WHERE state = 'posted' AND move_type = 'out_invoice'"
        f" AND payment_state IN {UNPAID_STATES}"
    )

    # === CRUD METHODS === #

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billing_gap(self):
        """Keep what was issued: its number, and what was asked of the payer.

        Odoo lets accounting administrators delete any draft that was issued before.
        """
        issued = self.filtered(lambda move: move._billing_is_issued())
        if not issued or self.env.context.get('force_delete'):
            return
        if issued.sudo().transaction_ids or not issued.check_move_sequence_chain():
            raise UserError(
                self.env._(
                    "%s cannot be deleted: it was issued, and its number would be missing."
                    " Cancel it instead; it keeps its number.",
                    ', '.join(issued.mapped('display_name')),
                )
            )

    def write(self, vals):
        """Override of `account` to note that an invoice is sent without working it out anew, and
        to free the items of a credited or cancelled one at once.

        Odoo looks at all lines of an entry before and after each change of it, three times for
        each that is sent, which takes a tenth of the time of its document. No line depends on
        what is noted then.

        In one batch with a line that bills the same item anew, the database could see the new
        line before the old one is freed, and refuse it.
        """
        moves = self
        if vals and vals.keys() <= self._billing_sending_fields():
            moves = self.with_context(skip_invoice_sync=True, check_move_validity=False)
        result = super(AccountMove, moves).write(vals)
        if vals.get('state') in ('posted', 'cancel') and self.invoice_line_ids.billing_item_id:
            self.env['account.move.line'].flush_model(['billing_is_live'])
        return result

    @api.model
    def _billing_sending_fields(self) -> set[str]:
        """Return what is noted of an invoice while it is sent; rooms add what they note."""
        return {'is_move_sent', 'message_main_attachment_id', 'sending_data'}

    # === ACTION METHODS === #

    def button_cancel(self):
        """Override of `account`: what was paid is credited, not cancelled."""
        for move in self:
            if move._billing_is_issued() and move._billing_is_paid():
                raise UserError(
                    self.env._(
                        "%s has been paid and cannot be cancelled. Make a credit note instead.",
                        move.name,
                    )
                )
        return super(AccountMove, self.with_context(billing_cancelling=_CANCELLING)).button_cancel()

    def action_billing_download(self) -> dict:
        """Download these invoices as the client gets them: one PDF, or several in a ZIP.

        :return: an action; its address checks the access again
        """
        return self.action_invoice_download_pdf()

    def _billing_check_group(self, group):
        """Raise unless the user belongs to a group and may see this invoice."""
        self.check_access('read')
        if not self.env.user.has_group(group):
            raise AccessError(
                self.env._(
                    "This needs the role %s. Ask a colleague who has it, or an administrator.",
                    self.env.ref(group).sudo().name,
                )
            )

    def _billing_notify(self, kind, message):
        return notification(message, kind, next={'type': 'ir.actions.client', 'tag': 'soft_reload'})

    def action_billing_open_accounting(self):
        """Open the entry on Odoo's own page, for those who keep the books."""
        self.ensure_one()
        return self.get_formview_action()

    def _billing_action_open(self) -> dict:
        """Return the action that shows these invoices on the front desk's own pages."""
        action = self.env['ir.actions.act_window']._for_xml_id(
            'carepatron_billing.account_move_billing_action'
        )
        if len(self) == 1:
            action.update(
                res_id=self.id,
                views=[
                    (self.env.ref('carepatron_billing.account_move_billing_view_form').id, 'form')
                ],
            )
        else:
            action['domain'] = [('id', 'in', self.ids)]
        return action

    # === BUSINESS METHODS - NUMBERS === #

    def _get_last_sequence(self, relaxed=False, with_prefix=None):
        """Override of `account`: invoices that are posted together ask once.

        The first of them locks the sequence, and Odoo counts on from there by itself; of the last
        number only its shape counts for the others.
        """
        known = self.env.context.get('billing_last_sequences')
        if known is None:
            return super()._get_last_sequence(relaxed=relaxed, with_prefix=with_prefix)
        key = (self.journal_id.id, self.move_type, self.date, relaxed, with_prefix)
        if not known.get(key):
            known[key] = super()._get_last_sequence(relaxed=relaxed, with_prefix=with_prefix)
        return known[key]

    # === BUSINESS METHODS - ISSUED INVOICES === #

    def _check_draftable(self):
        """Override of `account`: an issued invoice that somebody has seen is never edited.

        :raise UserError: if it was sent, viewed or paid, or if money for it is under way; that
            money would post the draft, with whatever was changed in it.
        """
        super()._check_draftable()
        if self.env.context.get('billing_cancelling') is _CANCELLING:
            return
        for move in self.filtered(lambda move: move._billing_is_issued()):
            reason = move._billing_why_final()
            if reason:
                raise UserError(
                    self.env._(
                        "%(reason)s It cannot be reset to draft. To correct it, make a credit note"
                        " and a new invoice.",
                        reason=reason,
                    )
                )

    def _billing_is_issued(self) -> bool:
        """Whether this is an invoice that a payer may have got; a room may ask for more."""
        return self.move_type == 'out_invoice' and self.posted_before

    def _billing_why_final(self) -> str | bool:
        """Return in a sentence why an issued invoice stays as it is; False if nobody has seen it.

        Rooms add by what they know that somebody has.
        """
        self.ensure_one()
        if self._billing_is_paid():
            return self.env._("%s has been paid, at least in part.", self.name)
        if self._billing_open_transactions():
            return self.env._("A payment of %s is under way.", self.name)
        return bool(self.is_move_sent) and self.env._("%s has been sent.", self.name)

    def _billing_is_paid(self) -> bool:
        return not self.currency_id.is_zero(self.amount_total) and self.payment_state in (
            'in_payment',
            'paid',
            'partial',
            'reversed',
        )

    def _billing_open_transactions(self):
        """Return the transactions (sudo) of these invoices that may still bring money."""
        return self.sudo().transaction_ids.filtered(lambda tx: tx.state in UNDER_WAY)

    def _billing_due(self) -> float:
        """Return what is due on these invoices, all of one currency."""
        return sum(self.filtered(lambda move: move.state == 'posted').mapped('amount_residual'))

    def _billing_receivable_lines(self):
        """Return the items by which these invoices stand on their payers' accounts."""
        return self.line_ids.filtered(
            lambda line: line.account_id.account_type == 'asset_receivable'
        )

    # === BUSINESS METHODS - DOCUMENT === #

    def _billing_document_attachment(self) -> models.Model:
        """Return the invoice's document as attachments (sudo): the one that was sent before, or
        a new one that is kept from now on, with the electronic invoice where there is one.
        """
        self.ensure_one()
        self.check_access('read')
        send_sudo = self.env['account.move.send'].with_company(self.company_id).sudo()
        if self.sudo().invoice_pdf_report_id:
            return send_sudo._get_invoice_extra_attachments(self.sudo())
        return send_sudo._generate_and_send_invoices(self.sudo(), sending_methods=[])

    def get_billing_document(self) -> dict:
        """Return the document as the client gets it; of a draft, as the client would.

        :return: `pdf` as base64, or in words why there is none, as `problem`
        """
        self.ensure_one()
        self.check_access('read')
        try:
            _name, content = self._billing_document_pdf()
        except UserError as error:
            return {'problem': str(error)}
        return {'pdf': base64.b64encode(content).decode()}

    def _billing_document_pdf(self) -> tuple[str, bytes]:
        """Return the document's file name and PDF, without keeping it or saying it was sent.

        :raise UserError: this machine cannot draw documents; it says what is missing
        """
        self.ensure_one()
        self.check_access('read')
        kept_sudo = self.sudo().invoice_pdf_report_id
        if kept_sudo:
            return kept_sudo.name, kept_sudo.raw
        drawn = self.sudo()._get_invoice_pdf_proforma()
        return drawn['filename'], drawn['content']
