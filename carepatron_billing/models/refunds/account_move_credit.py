from odoo import api, fields, models
from odoo.fields import Domain

from ...const import FRONT_DESK
from ...tools.concurrency import claim


class AccountMove(models.Model):
    """Credit: what a payer paid too much, or was credited, pays another invoice."""

    _inherit = 'account.move'

    billing_credit = fields.Monetary(
        string="Payer's Credit",
        compute='_compute_billing_credit',
        groups=FRONT_DESK,
        help="What the payer paid too much or was credited, and can pay this invoice with.",
    )
    billing_uses_credit = fields.Boolean(related='company_id.billing_use_credit', groups=FRONT_DESK)

    # === COMPUTE METHODS === #

    @api.depends('amount_residual', 'company_id', 'currency_id', 'partner_id', 'state')
    def _compute_billing_credit(self):
        payable = self.sudo().filtered(
            lambda move: (
                move.move_type == 'out_invoice'
                and move.partner_id
                and (
                    move.state == 'draft'
                    or (
                        move.state == 'posted'
                        and move.currency_id.compare_amounts(move.amount_residual, 0.0) > 0
                    )
                )
            )
        )
        credits = payable._billing_credit_lines().grouped(
            lambda line: (line.partner_id, line.company_id, line.currency_id)
        )
        for move, move_sudo in zip(self, self.sudo(), strict=True):
            key = (
                move_sudo.partner_id.commercial_partner_id._origin,
                move_sudo.company_id._origin,
                move_sudo.currency_id._origin,
            )
            lines_sudo = credits.get(key, ()) if move_sudo in payable else ()
            move.billing_credit = -sum(line.amount_residual_currency for line in lines_sudo)

    # === ACTION METHODS === #

    def action_billing_use_credit(self) -> dict:
        """Pay this invoice with the payer's credit, as far as it goes."""
        self.ensure_one()
        self._billing_check_group(FRONT_DESK)
        claim(self)
        used = self.sudo()._billing_use_credit()
        if self.currency_id.is_zero(used):
            return self._billing_notify('info', self.env._("There is no credit left to use."))
        amount = self.currency_id.format(used)
        return self._billing_notify('success', self.env._("%s of credit was used.", amount))

    # === BUSINESS METHODS === #

    def _post(self, soft=True):
        """Override of `account` to pay new invoices with credit, where the practice wants it."""
        posted = super()._post(soft)
        moves_sudo = posted.sudo().filtered(
            lambda move: (
                move.move_type == 'out_invoice'
                and move.company_id.billing_use_credit
                and move.billing_link_ids
            )
        )
        for move_sudo in moves_sudo:
            move_sudo._billing_use_credit()
        return posted

    def _billing_use_credit(self) -> float:
        """Match what is due on this invoice (sudo) with the payer's credit, the oldest first.

        :return: how much was used
        """
        self.ensure_one()
        before = self.amount_residual
        credits = self._billing_credit_lines()
        # Of two invoices at once, the second is replayed and finds what is left.
        claim(credits)
        for credit in credits.sorted(lambda line: (line.date, line.id)):
            debts = self._billing_receivable_lines().filtered(
                lambda line, credit=credit: (
                    line.account_id == credit.account_id and not line.reconciled
                )
            )
            if debts:
                (debts | credit).reconcile()
        return before - self.amount_residual

    def _billing_prefetch_documents(self):
        """Override: documents print the payer's credit."""
        self.mapped('billing_credit')
        return super()._billing_prefetch_documents()

    def _billing_shown_credit(self) -> float:
        """Return the credit that the payer of this invoice is told of."""
        payer = self.partner_id
        # What an employer has is not for each of its people to know.
        return self.sudo().billing_credit if payer == payer.commercial_partner_id else 0.0

    def _billing_credit_lines(self):
        """Return the open credits (sudo) of these invoices' payers, in their currencies."""
        payers = self.partner_id.commercial_partner_id._origin
        domain = self.env['res.partner']._billing_credit_domain(payers, self.company_id)
        lines = (
            self.env['account.move.line']
            .sudo()
            .search(domain & Domain('currency_id', 'in', self.currency_id.ids))
        )
        return lines - lines._billing_going_back()
