from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date

from ...const import FRONT_DESK
from ..invoices.account_move_timeline import happened


class AccountMove(models.Model):
    """Invoices whose payment a bank disputes, and the entries of disputes."""

    _inherit = 'account.move'

    billing_dispute_ids = fields.Many2many(
        'practice.dispute',
        'practice_dispute_move_rel',
        'move_id',
        'dispute_id',
        string="Disputes",
        readonly=True,
        copy=False,
    )
    billing_dispute_text = fields.Char(
        compute='_compute_billing_dispute', groups='base.group_user', compute_sudo=True
    )
    billing_is_disputed = fields.Boolean(compute='_compute_billing_dispute', compute_sudo=True)
    billing_status = fields.Selection(
        selection_add=[('refunded',), ('disputed', "In dispute"), ('credited',)]
    )
    billing_dispute_id = fields.Many2one(
        'practice.dispute',
        string="Dispute",
        help="The dispute that this entry belongs to.",
        readonly=True,
        copy=False,
        index='btree_not_null',
        groups=FRONT_DESK,
    )
    billing_balance_transaction = fields.Char(
        string="Movement at Stripe", readonly=True, copy=False
    )

    _billing_balance_transaction_uniq = models.UniqueIndex(
        '(journal_id, billing_balance_transaction) WHERE billing_balance_transaction IS NOT NULL',
        "This movement at Stripe is in the books already.",
    )

    # === COMPUTE METHODS === #

    @api.depends('billing_dispute_ids.state', 'amount_residual')
    def _compute_billing_dispute(self):
        for move in self:
            dispute = move._billing_present_dispute()
            move.billing_dispute_text = dispute._describe() if dispute else False
            move.billing_is_disputed = dispute.is_open

    @api.depends('billing_dispute_ids.is_open')
    def _compute_billing_status(self):
        """Override: of what was issued, an open dispute matters more than all else."""
        result = super()._compute_billing_status()
        for move in self.filtered(
            lambda move: move.state == 'posted' and move.move_type != 'out_refund'
        ):
            if any(move.sudo().billing_dispute_ids.mapped('is_open')):
                move.billing_status = 'disputed'
        return result

    @api.model
    def _billing_status_domain(self, status: str) -> Domain:
        """Override to find what is disputed, and leave it out of the rest."""
        if status in ('draft', 'open_credit', 'cancelled'):
            return super()._billing_status_domain(status)
        disputed = (
            Domain('state', '=', 'posted')
            & Domain('move_type', '!=', 'out_refund')
            & Domain('billing_dispute_ids', 'any!', Domain('is_open', '=', True))
        )
        if status == 'disputed':
            return disputed
        return super()._billing_status_domain(status) & ~disputed

    # === ACTION METHODS === #

    def action_billing_open_dispute(self) -> dict:
        """Show the dispute of this invoice, and what to answer."""
        self.ensure_one()
        self._billing_check_group(FRONT_DESK)
        action = self.env['ir.actions.act_window']._for_xml_id(
            'carepatron_billing.practice_dispute_action'
        )
        return {
            **action,
            'views': [(False, 'form')],
            'res_id': self.sudo()._billing_present_dispute().id,
        }

    # === BUSINESS METHODS === #

    def _billing_present_dispute(self):
        """Return the dispute (sudo) that somebody has to know of: one that is open, or was lost
        and left the invoice unpaid."""
        self.ensure_one()
        disputes = self.billing_dispute_ids
        live = disputes.filtered('is_open') or disputes.filtered(
            lambda dispute: (
                dispute.state == 'lost' and not self.currency_id.is_zero(self.amount_residual)
            )
        )
        return live[:1]

    def _billing_refundable(self):
        """Override: what a bank took back cannot be refunded, whatever the books still say."""
        left = super()._billing_refundable()
        taken = sum(
            dispute.amount
            for dispute in self.billing_dispute_ids
            if dispute.is_open and dispute._took_money()
        )
        return max(self.currency_id.round(left - taken), 0.0)

    def _billing_next_charge(self, holder):
        """Override: whoever had the bank take money back is not charged again without a person's
        decision."""
        charge = super()._billing_next_charge(holder)
        if charge.day and self._billing_present_dispute():
            return charge._replace(day=None)
        return charge

    def _billing_check_changeable(self):
        """Override: a bank may be deciding about what was paid for this invoice."""
        if any(self.sudo().billing_dispute_ids.mapped('is_open')):
            raise UserError(
                self.env._(
                    "The payment of %s is disputed. Answer the dispute, and change the invoice"
                    " once the bank has decided.",
                    self.name,
                )
            )
        return super()._billing_check_changeable()

    def _billing_timeline_entries(self) -> list[dict]:
        """Override to tell when the payer's bank took the money back, and what became of it."""
        entries = super()._billing_timeline_entries()
        for dispute in self.billing_dispute_ids:
            amount = dispute.currency_id.format(dispute.amount)
            labels = dict(dispute._fields['reason']._description_selection(self.env))
            text, why = self.env._("The payer's bank disputes %s", amount), labels[dispute.reason]
            entries.append(happened('disputed', dispute.opened_at, text, why, True))
            if dispute.state == 'lost':
                text = self.env._("The dispute of %s was lost", amount)
                entries.append(happened('disputed', dispute.closed_at, text, "", True))
            elif not dispute.is_open:
                text = self.env._("The dispute of %s was settled in our favour", amount)
                entries.append(happened('paid', dispute.closed_at, text))
        return entries

    def _billing_evidence(self, at) -> list[str]:
        """Return in sentences what shows that this invoice (sudo) was right and known.

        :param at: gives a moment in words
        """
        env = self.env
        facts = [
            env._(
                "Invoice %(name)s of %(day)s over %(amount)s, to %(payer)s",
                name=self.name,
                day=format_date(env, self.invoice_date),
                amount=self.currency_id.format(self.amount_total),
                payer=self.partner_id.name,
            )
        ]
        lines = self.invoice_line_ids.filtered(lambda line: line.display_type == 'product')
        for item in lines.billing_item_id.sorted('date'):
            day = format_date(env, item.service_date)
            if item.attendance == 'attended':
                facts.append(env._("Session on %s, attended", day))
            else:
                facts.append(env._("Session on %s", day))
        for line in lines.filtered(
            lambda line: line.billing_service_date and not line.billing_item_id
        ):
            facts.append(env._("Service on %s", format_date(env, line.billing_service_date)))
        facts += self._billing_evidence_of_mails(at)
        for link in self.billing_link_ids.filtered('viewed_at'):
            facts.append(env._("Invoice opened by its private link on %s", at(link.viewed_at)))
        for note in self._billing_credits():
            facts.append(
                env._(
                    "%(amount)s credited on %(day)s",
                    amount=note.currency_id.format(note.amount_total),
                    day=format_date(env, note.invoice_date),
                )
            )
        return facts

    def _billing_evidence_of_mails(self, at) -> list[str]:
        """Return in sentences which mails about this invoice (sudo) went out.

        :param at: gives a moment in words
        """
        return [
            self.env._(
                "Mail with the invoice sent to %(email)s on %(at)s",
                email=sending.emails,
                at=at(sending.create_date),
            )
            for sending in self.billing_sending_ids.sorted('id')
            if sending.outcome == 'sent'
        ]
