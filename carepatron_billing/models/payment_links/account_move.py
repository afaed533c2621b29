from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ...const import FRONT_DESK, PRACTITIONER
from ...tools.actions import open_dialog
from ...tools.concurrency import create_once
from ...tools.privacy import is_tried
from ..invoices.account_move_timeline import happened
from .practice_payment_link import LIVE


class AccountMove(models.Model):
    """An invoice and the link by which it is paid."""

    _inherit = 'account.move'

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
    billing_sending_ids = fields.Many2many(
        'practice.payment.link.sending',
        'practice_payment_link_sending_move_rel',
        'move_id',
        'sending_id',
        string="Payment Links Sent",
        readonly=True,
        copy=False,
        groups=FRONT_DESK,
    )
    billing_status = fields.Selection(
        selection_add=[
            ('unpaid',),
            ('sent', "Sent"),
            ('viewed', "Viewed"),
            ('partial',),
        ]
    )

    # === COMPUTE METHODS === #

    @api.depends('billing_link_ids.revoked_at', 'billing_link_ids.sent_at')
    def _compute_billing_link(self):
        for move in self:
            link = move.billing_link_ids._live()
            move.billing_link_url = link.url
            move.billing_link_sent_at = link.sent_at
            move.billing_link_viewed_at = link.viewed_at

    @api.depends(
        'billing_link_ids.revoked_at',
        'billing_link_ids.sent_at',
        'billing_link_ids.viewed_at',
        'is_move_sent',
    )
    def _compute_billing_status(self):
        """Override to tell of what is due whether the payer has got it, and seen it."""
        result = super()._compute_billing_status()
        for move in self.filtered(lambda move: move.billing_status == 'unpaid'):
            links_sudo = move.sudo().billing_link_ids._live()
            if any(links_sudo.mapped('viewed_at')):
                move.billing_status = 'viewed'
            elif move.is_move_sent or any(links_sudo.mapped('sent_at')):
                move.billing_status = 'sent'
        return result

    @api.model
    def _billing_status_domain(self, status: str) -> Domain:
        """Override to find what the payer has got or seen."""
        if status not in ('unpaid', 'sent', 'viewed'):
            return super()._billing_status_domain(status)
        waiting = super()._billing_status_domain('unpaid')
        # Rights on the invoice are what counts; payers' links have their own.
        viewed = Domain('billing_link_ids', 'any!', LIVE & Domain('viewed_at', '!=', False))
        if status == 'viewed':
            return waiting & viewed
        sent = Domain('is_move_sent', '=', True) | Domain(
            'billing_link_ids', 'any!', LIVE & Domain('sent_at', '!=', False)
        )
        return waiting & ~viewed & (sent if status == 'sent' else ~sent)

    # === ACTION METHODS === #

    def action_billing_send_link(self) -> dict:
        """Open the dialog that sends the payer the link to this invoice.

        :raise UserError: if there is nothing to pay.
        """
        self.ensure_one()
        self._billing_check_payable()
        action = self.env['ir.actions.act_window']._for_xml_id(
            'carepatron_billing.practice_payment_link_send_action'
        )
        return {**action, 'context': {'default_move_id': self.id}}

    def action_billing_send_links(self) -> dict:
        """Open the dialog that sends the links of these invoices at once."""
        self.check_access('read')
        wizard = self.env['practice.payment.link.send.all'].create({'move_ids': self.ids})
        return open_dialog(wizard, self.env._("Send payment links"))

    def action_billing_show_qr(self) -> dict:
        """Show the payment link as a QR code, to somebody who stands at the desk.

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
        link = self.billing_link_ids._live()
        if link:
            link.action_revoke()
        return True

    # === BUSINESS METHODS === #

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
        """Return this invoice's payment link (sudo); one that was revoked gets a successor."""
        link_sudo = self._billing_current_link()
        if not link_sudo and is_tried(self):
            return link_sudo.new({'move_id': self})
        return link_sudo or create_once(link_sudo, {'move_id': self.id}, self.sudo())

    def _billing_current_link(self):
        """Return this invoice's payment link (sudo) if it has one that was not revoked."""
        self.ensure_one()
        self.check_access('read')
        return self.sudo().billing_link_ids._live()

    def _billing_check_payable(self):
        """Raise in words for the desk if a payment link for this invoice makes no sense."""
        self.ensure_one()
        if not self.env.user.has_group(PRACTITIONER):
            raise AccessError(self.env._("Only users of Billing & Payments send payment links."))
        self.check_access('read')
        if self.move_type != 'out_invoice' or self.state != 'posted':
            raise UserError(self.env._("Only an issued invoice can be paid by a link."))
        if self.currency_id.is_zero(self.amount_residual):
            raise UserError(self.env._("Nothing is due on %s any more.", self.name))

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

    # === BUSINESS METHODS - ISSUED INVOICES === #

    def _billing_is_issued(self) -> bool:
        """Override: what has a payment link was issued by a practice."""
        return super()._billing_is_issued() and bool(self.sudo().billing_link_ids)

    def _billing_why_final(self) -> str | bool:
        """Override: payers see an invoice by its link, too."""
        reason = super()._billing_why_final()
        links_sudo = self.sudo().billing_link_ids
        if not reason and any(links_sudo.mapped('sent_at')):
            return self.env._("%s has been sent.", self.name)
        if not reason and any(links_sudo.mapped('viewed_at')):
            return self.env._("The payer has seen %s.", self.name)
        return reason

    def _billing_replace(self, items_sudo, extra):
        """Override to lead who opens the old invoice's link to the new one."""
        new_sudo = super()._billing_replace(items_sudo, extra)
        self.sudo().billing_link_ids._replace_by(new_sudo)
        return new_sudo

    def _billing_timeline_entries(self) -> list[dict]:
        """Override to tell who was sent the link, and when it was opened."""
        entries = super()._billing_timeline_entries()
        for sending in self.billing_sending_ids:
            text = {
                'sent': self.env._("Payment link sent to %s", sending.emails),
                'bounced': self.env._("Mail to %s came back", sending.emails),
                'failed': self.env._("Mail to %s was not sent", sending.emails),
                'waiting': self.env._("Mail to %s is on its way", sending.emails),
            }[sending.outcome]
            is_problem = sending.outcome in ('failed', 'bounced')
            entries.append(
                happened('sent', sending.create_date, text, sending._explain(), is_problem)
            )
        for link in self.billing_link_ids:
            viewed, revoked = self.env._("Viewed by the client"), self.env._("Payment link revoked")
            entries.append(happened('viewed', link.viewed_at, viewed))
            entries.append(happened('revoked', link.revoked_at, revoked))
        return entries
