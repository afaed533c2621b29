from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import formatLang

from ...const import PROVIDER_CODE
from ...tools.concurrency import claim
from ...tools.privacy import is_tried

# Set in the context while an invoice is cancelled, by way of draft; no client can send it.
_CANCELLING = object()


class AccountMove(models.Model):
    _inherit = 'account.move'

    # Localisations whose document differs from Odoo's own in its title and tax label only.
    _BILLING_TAX_INVOICE_REPORTS = (
        'l10n_au.report_invoice_document',
        'l10n_nz.report_invoice_document',
    )

    billing_link_ids = fields.One2many(
        'practice.payment.link', 'move_id', string="Payment Links", readonly=True
    )
    billing_link_url = fields.Char(
        string="Payment Link", compute='_compute_billing_link', compute_sudo=True
    )
    billing_link_sent_at = fields.Datetime(
        string="Link Sent", compute='_compute_billing_link', compute_sudo=True
    )
    billing_link_viewed_at = fields.Datetime(
        string="First Viewed", compute='_compute_billing_link', compute_sudo=True
    )
    billing_overpaid = fields.Monetary(
        string="Overpaid", compute='_compute_billing_overpaid', compute_sudo=True
    )
    billing_overpaid_on = fields.Date(
        string="Overpaid on", compute='_compute_billing_overpaid', compute_sudo=True
    )
    billing_item_ids = fields.One2many(
        'practice.billing.item',
        'invoice_id',
        string="Sessions",
        readonly=True,
        groups='carepatron_billing.group_practitioner',
    )

    # The few that are open, among the invoices of all years.
    _billing_unpaid_idx = models.Index(
        "(company_id, invoice_date_due) WHERE state = 'posted' AND move_type = 'out_invoice'"
        " AND payment_state IN ('not_paid', 'partial')"
    )

    # === COMPUTE METHODS === #

    @api.depends('billing_link_ids.revoked_at', 'billing_link_ids.sent_at')
    def _compute_billing_link(self):
        for move in self:
            link = move.billing_link_ids.filtered(lambda link: not link.revoked_at)
            move.billing_link_url = link.url
            move.billing_link_sent_at = link.sent_at
            move.billing_link_viewed_at = link.viewed_at

    def _compute_payment_state(self):
        """Override of `account` to look after open Checkout Sessions.

        Whatever changes what is due, or ends the invoice, comes along here.
        """
        result = super()._compute_payment_state()
        self.filtered(lambda move: move.move_type == 'out_invoice')._billing_due_changed()
        return result

    @api.depends(
        'amount_residual',
        'transaction_ids.state',
        'transaction_ids.child_transaction_ids.state',
    )
    def _compute_billing_overpaid(self):
        for move in self:
            payments = move._billing_overpayments()
            move.billing_overpaid = sum(payment._billing_overpaid() for payment in payments)
            move.billing_overpaid_on = max(payments.mapped('date'), default=False)

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
        """Override of `account`: free the items of a credited or cancelled invoice at once.

        In one batch with a line that bills the same item anew, the database could see the new
        line before the old one is freed, and refuse it.
        """
        result = super().write(vals)
        if vals.get('state') in ('posted', 'cancel') and self.invoice_line_ids.billing_item_id:
            self.env['account.move.line'].flush_model(['billing_is_live'])
        return result

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

    def action_billing_download(self):
        """Download these invoices as the client gets them: one PDF, or several in a ZIP.

        :return: an action; its address checks the access again
        :rtype: dict
        """
        return self.action_invoice_download_pdf()

    def action_billing_send_link(self):
        """Open the dialog that sends the payer the link to this invoice.

        :rtype: dict
        :raise UserError: if there is nothing to pay.
        """
        self.ensure_one()
        self._billing_check_payable()
        action = self.env['ir.actions.act_window']._for_xml_id(
            'carepatron_billing.practice_payment_link_send_action'
        )
        return {**action, 'context': {'default_move_id': self.id}}

    def action_billing_send_links(self):
        """Open the dialog that sends the links of these invoices at once.

        :rtype: dict
        """
        self.check_access('read')
        wizard = self.env['practice.payment.link.send.all'].create({'move_ids': self.ids})
        return {
            'type': 'ir.actions.act_window',
            'name': self.env._("Send payment links"),
            'res_model': wizard._name,
            'res_id': wizard.id,
            'view_mode': 'form',
            'target': 'new',
        }

    def action_billing_record_payment(self):
        """Open the dialog that records money which came by another way.

        :rtype: dict
        """
        self.ensure_one()
        self._billing_check_group('carepatron_billing.group_front_desk')
        action = self.env['ir.actions.act_window']._for_xml_id(
            'carepatron_billing.practice_payment_record_action'
        )
        return {**action, 'context': {'default_move_id': self.id}}

    def action_billing_show_qr(self):
        """Show the payment link as a QR code, to somebody who stands at the desk.

        :rtype: dict
        :raise UserError: if there is nothing to pay.
        """
        self.ensure_one()
        self._billing_check_payable()
        return self._billing_payment_link()._action_show()

    def action_billing_revoke_link(self):
        """Make the payment link open nothing any more.

        :raise UserError: if the user is not of the front desk, or Stripe can't be reached.
        """
        self.ensure_one()
        self.check_access('read')
        link = self.billing_link_ids.filtered(lambda link: not link.revoked_at)
        if link:
            link.action_revoke()
        return True

    def action_billing_refund_overpayment(self):
        """Give back, at Stripe, what was paid beyond what was due.

        :return: an action; done twice, it says so and gives nothing back again
        :rtype: dict
        """
        self.ensure_one()
        self._billing_check_group('carepatron_billing.group_manager')
        refunds_sudo = self.env['payment.transaction'].sudo()
        for payment in self._billing_overpayments():
            tx_sudo = payment.payment_transaction_id
            amount = min(payment._billing_overpaid(), tx_sudo._stripe_payment_link_refundable())
            if self.currency_id.compare_amounts(amount, 0.0) > 0:
                refunds_sudo |= tx_sudo._refund(amount)
        failed = refunds_sudo.filtered(lambda tx: tx.state == 'error')
        if failed:
            message = " ".join(tx.state_message or "" for tx in failed)
            return self._billing_notify("danger", message)
        if not refunds_sudo:
            return self._billing_notify(
                'info', self.env._("Nothing is left to give back, or it is under way already.")
            )
        return self._billing_notify('success', self.env._("The overpayment is given back."))

    def action_billing_keep_credit(self):
        """Leave what was paid beyond what was due as credit for other invoices."""
        self.ensure_one()
        self._billing_check_group('carepatron_billing.group_front_desk')
        for payment in self._billing_overpayments():
            payment.billing_credit_kept_at = fields.Datetime.now()
            self.message_post(
                body=self.env._(
                    "Kept as credit: %s",
                    formatLang(
                        self.env, payment._billing_overpaid(), currency_obj=payment.currency_id
                    ),
                )
            )
        return {'type': 'ir.actions.client', 'tag': 'soft_reload'}

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
        return {
            'type': 'ir.actions.client',
            'tag': 'display_notification',
            'params': {
                'type': kind,
                'message': message,
                'next': {'type': 'ir.actions.client', 'tag': 'soft_reload'},
            },
        }

    def action_billing_open_accounting(self):
        """Open the entry on Odoo's own page, for those who keep the books."""
        self.ensure_one()
        return self.get_formview_action()

    def _billing_action_open(self):
        """Return the action that shows these invoices on the front desk's own pages.

        :rtype: dict
        """
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

    # === BUSINESS METHODS - PAYMENT LINK === #

    def _post(self, soft=True):
        """Override of `account` to give each issued invoice its payment link.

        Documents and mails show it while they are rendered, where nothing can be made any more.
        """
        posted = super()._post(soft)
        # Invoices of companies that are no practice stay as Odoo has them.
        payable = {
            company: company._billing_provider_sudo().state in ('enabled', 'test')
            for company in posted.company_id
        }
        moves_sudo = posted.sudo().filtered(
            lambda move: (
                move.move_type == 'out_invoice'
                and not move.billing_link_ids
                and (
                    payable[move.company_id]
                    or move.billing_client_id
                    or move.invoice_line_ids.billing_item_id
                )
            )
        )
        moves_sudo.billing_link_ids.create([{'move_id': move.id} for move in moves_sudo])
        return posted

    def _billing_payment_link(self):
        """Return this invoice's payment link (sudo); one that was revoked gets a successor.

        :rtype: recordset of `practice.payment.link`
        """
        link_sudo = self._billing_current_link()
        if not link_sudo and is_tried(self):
            return link_sudo.new({'move_id': self})
        if not link_sudo:
            move_sudo = self.sudo()
            # Asked for by two at once, the second one is replayed and gets the first one's.
            claim(move_sudo)
            link_sudo = link_sudo.create({'move_id': self.id})
        return link_sudo

    def _billing_current_link(self):
        """Return this invoice's payment link (sudo) if it has one that was not revoked.

        :rtype: recordset of `practice.payment.link`
        """
        self.ensure_one()
        self.check_access('read')
        return self.sudo().billing_link_ids.filtered(lambda link: not link.revoked_at)

    def _billing_check_payable(self):
        """Raise in words for the desk if a payment link for this invoice makes no sense."""
        self.ensure_one()
        if not self.env.user.has_group('carepatron_billing.group_practitioner'):
            raise AccessError(self.env._("Only users of Billing & Payments send payment links."))
        self.check_access('read')
        if self.move_type != 'out_invoice' or self.state != 'posted':
            raise UserError(self.env._("Only an issued invoice can be paid by a link."))
        if self.currency_id.is_zero(self.amount_residual):
            raise UserError(self.env._("Nothing is due on %s any more.", self.name))

    def _billing_document_attachment(self):
        """Return the invoice's document as attachments (sudo): the one that was sent before, or
        a new one that is kept from now on, with the electronic invoice where there is one.

        :rtype: recordset of `ir.attachment`
        """
        self.ensure_one()
        self.check_access('read')
        send_sudo = self.env['account.move.send'].with_company(self.company_id).sudo()
        if self.sudo().invoice_pdf_report_id:
            return send_sudo._get_invoice_extra_attachments(self.sudo())
        return send_sudo._generate_and_send_invoices(self.sudo(), sending_methods=[])

    def _get_invoice_next_payment_values(self, custom_amount=None):
        """Override of `account`: a payment link of Odoo's own asks for no more than is still due.

        Its amount is that of the day when it was made.
        """
        if (
            custom_amount is not None
            and self.currency_id.compare_amounts(custom_amount, self.amount_residual) > 0
        ):
            custom_amount = None
        return super()._get_invoice_next_payment_values(custom_amount=custom_amount)

    @api.private
    def get_portal_last_transaction(self):
        """Override of `account_payment`: a session that was closed because the money came another
        way is no news on a paid invoice's page."""
        last = super().get_portal_last_transaction()
        if last.provider_code == PROVIDER_CODE and last.state == 'cancel':
            done = self.sudo().transaction_ids.filtered(lambda tx: tx.state == 'done')
            return done._get_last()
        return last

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

    def _billing_is_issued(self):
        return (
            self.move_type == 'out_invoice' and self.posted_before and self.sudo().billing_link_ids
        )

    def _billing_why_final(self):
        """Return in a sentence why an issued invoice stays as it is; False if nobody has seen it.

        :rtype: str | bool
        """
        self.ensure_one()
        links_sudo = self.sudo().billing_link_ids
        if self._billing_is_paid():
            return self.env._("%s has been paid, at least in part.", self.name)
        if self._billing_open_transactions():
            return self.env._("A payment of %s is under way.", self.name)
        if self.is_move_sent or any(links_sudo.mapped('sent_at')):
            return self.env._("%s has been sent.", self.name)
        if any(links_sudo.mapped('viewed_at')):
            return self.env._("The payer has seen %s.", self.name)
        return False

    def _billing_is_paid(self):
        return not self.currency_id.is_zero(self.amount_total) and self.payment_state in (
            'in_payment',
            'paid',
            'partial',
            'reversed',
        )

    def _billing_open_transactions(self):
        """Return the transactions (sudo) of these invoices that may still bring money."""
        return self.sudo().transaction_ids.filtered(
            lambda tx: (
                tx.state in ('pending', 'authorized')
                or (tx.state == 'draft' and tx.provider_code == PROVIDER_CODE)
            )
        )

    def _billing_is_processing(self):
        """Whether money for this invoice is on its way, by whatever online provider."""
        self.ensure_one()
        return any(
            tx.provider_code not in ('none', 'custom')
            and (
                tx.state in ('pending', 'authorized')
                # The money is there, and the invoice does not know it yet.
                or (tx.state == 'done' and not tx.is_post_processed and tx.operation != 'refund')
            )
            for tx in self.sudo().transaction_ids
        )

    def _billing_overpayments(self):
        """Return the online payments (sudo) of this invoice whose money is partly too much, unless
        it was decided to keep that as credit."""
        payments_sudo = (
            self.sudo()
            .transaction_ids.filtered(
                lambda tx: (
                    tx.provider_code == PROVIDER_CODE
                    and tx.state == 'done'
                    and tx.operation != 'refund'
                )
            )
            .payment_id
        )
        return payments_sudo.filtered(
            lambda payment: not payment.billing_credit_kept_at and payment._billing_overpaid() > 0.0
        )

    def _billing_due(self):
        """Return what is due on these invoices, all of one currency.

        :rtype: float
        """
        return sum(self.filtered(lambda move: move.state == 'posted').mapped('amount_residual'))

    def _billing_due_changed(self):
        """Have open sessions that ask for what is not due any more closed, after the commit.

        Once per transaction of the database, and never by calling Stripe from within it.
        """
        hooks = self.env.cr.precommit
        ids = {move.id for move in self if isinstance(move.id, int)}
        if not ids:
            return
        if 'billing.due_changed' not in hooks.data:
            hooks.data['billing.due_changed'] = set()
            hooks.add(self.env['account.move']._billing_close_stale_sessions_soon)
        hooks.data['billing.due_changed'] |= ids

    @api.model
    def _billing_close_stale_sessions_soon(self):
        ids = self.env.cr.precommit.data.pop('billing.due_changed')
        txs_sudo = self.browse(ids).exists()._billing_open_transactions()
        if any(tx._stripe_payment_link_is_stale() for tx in txs_sudo):
            self.env.ref('carepatron_billing.ir_cron_reconcile').sudo()._trigger()

    # === BUSINESS METHODS - DOCUMENT === #

    def _billing_filter_documents(self):
        """Return those that are printed as our document.

        Documents to vendors keep Odoo's, and so do those to which a country's localisation gives
        a layout of its own: it holds what the law there asks for.
        """
        reports = ('account.report_invoice_document', *self._BILLING_TAX_INVOICE_REPORTS)
        return self.filtered(
            lambda move: (
                move.is_sale_document(include_receipts=True)
                and move._get_name_invoice_report() in reports
            )
        )

    def _billing_filter_final(self):
        """Return those that clients see as what they are before they were sent, not as proforma.

        Invoices of companies that are no practice stay as Odoo has them.
        """
        return self._billing_filter_documents().filtered(
            lambda move: move.sudo().billing_link_ids or move.company_id._billing_is_practice()
        )

    def _get_invoice_pdf_proforma(self):
        """Override of `account` to hand out the invoice itself before it was sent.

        Our clients open it from a payment link, where nothing of it is provisional.
        """
        if not self._billing_filter_final():
            return super()._get_invoice_pdf_proforma()
        report = self.env['account.move.send'].sudo()._get_default_pdf_report_id(self.sudo())
        Report = self.env['ir.actions.report'].with_company(self.company_id)
        content, report_type = Report._pre_render_qweb_pdf(report.report_name, self.ids)
        content_by_id = Report._get_splitted_report(report.report_name, content, report_type)
        return {
            'filename': self.sudo()._get_invoice_report_filename(report=report),
            'filetype': 'pdf',
            'content': content_by_id[self.id],
        }
