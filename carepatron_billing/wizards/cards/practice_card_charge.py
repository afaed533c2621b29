from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tools import formatLang

from ...const import FRONT_DESK
from ...models.cards.card_declines import advice_for
from ...tools.concurrency import claim

# One request charges no more than this: each takes Stripe about a second.
MOST = 40


class PracticeCardCharge(models.TransientModel):
    """Charge card: what will be charged to which card, then what became of each."""

    _name = 'practice.card.charge'
    _inherit = 'practice.dialog'
    _description = "Charge Saved Cards"

    line_ids = fields.One2many('practice.card.charge.line', 'wizard_id', readonly=True)
    total = fields.Char(string="To be charged", compute='_compute_total')
    charge_count = fields.Integer(compute='_compute_total')
    left_out_count = fields.Integer(compute='_compute_total')
    is_single = fields.Boolean(compute='_compute_total')
    is_test_mode = fields.Boolean(compute='_compute_total')
    is_done = fields.Boolean(readonly=True)

    # === COMPUTE METHODS === #

    @api.depends('line_ids.amount', 'line_ids.problem')
    def _compute_total(self):
        for wizard in self:
            lines = wizard.line_ids
            due = lines.filtered(lambda line: not line.problem)
            sums = [
                formatLang(self.env, sum(of_one.mapped('amount')), currency_obj=currency)
                for currency, of_one in due.grouped('currency_id').items()
            ]
            wizard.total = ' + '.join(sums)
            wizard.charge_count = len(due)
            wizard.left_out_count = len(lines) - len(due)
            wizard.is_single = len(lines) == 1
            wizard.is_test_mode = any(
                company._billing_provider_sudo().state == 'test'
                for company in lines.move_id.company_id
            )

    # === BUSINESS METHODS === #

    @api.model
    def _open_for(self, moves):
        """Return a dialog that says what charging the cards for some invoices would do.

        :raise UserError: if there are too many for one go
        """
        self._check_desk()
        if len(moves) > MOST:
            raise UserError(self.env._("Charge at most %s invoices at once. Select fewer.", MOST))
        lines = []
        for move in moves:
            amount, problem = move._billing_chargeable()
            card_sudo = move.partner_id._billing_card(move.company_id)
            lines.append(
                Command.create(
                    {
                        'move_id': move.id,
                        'amount': amount,
                        'problem': problem,
                        'token_id': card_sudo.id,
                        'card_name': card_sudo.display_name,
                    }
                )
            )
        return self.create({'line_ids': lines})

    def _check_desk(self):
        if not self.env.user.has_group(FRONT_DESK):
            raise AccessError(self.env._("Only the front desk charges saved cards."))

    def _action_show(self):
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id(
            'carepatron_billing.practice_card_charge_action'
        )
        if not self.is_single:
            action['name'] = self.env._("Charge cards")
        return {**action, 'res_id': self.id}

    # === ACTION METHODS === #

    def action_charge(self) -> dict:
        """Charge each card once, also if this is pressed twice or the server dies in between.

        :return: the dialog with what became of each, or for a single success a notification
        """
        self.ensure_one()
        self._check_desk()
        self.line_ids.move_id.check_access('read')
        for line in self.line_ids:
            line._charge()
        self.is_done = True
        line = self.line_ids
        if len(line) == 1 and line.outcome == 'paid':
            return line.move_id._billing_notify('success', line.result)
        return self._action_show()

    def action_close(self):
        """Close the dialog; what is behind it shows how it stands now."""
        return {'type': 'ir.actions.client', 'tag': 'soft_reload'}

    def action_send_link(self):
        """Go on to sending the payment link instead."""
        self.ensure_one()
        return self.line_ids[:1].move_id.action_billing_send_link()


class PracticeCardChargeLine(models.TransientModel):
    """One invoice that a saved card is to be charged for."""

    _name = 'practice.card.charge.line'
    _inherit = 'practice.dialog'
    _description = "Charge of a Saved Card"
    _order = 'id'

    wizard_id = fields.Many2one('practice.card.charge', required=True, ondelete='cascade')
    move_id = fields.Many2one('account.move', string="Invoice", required=True, readonly=True)
    payer_id = fields.Many2one(related='move_id.partner_id', string="Bill to")
    currency_id = fields.Many2one(related='move_id.currency_id')
    amount = fields.Monetary(readonly=True)
    token_id = fields.Many2one('payment.token', readonly=True)
    card_name = fields.Char(string="Card", readonly=True)
    problem = fields.Char(string="Left out", readonly=True)
    transaction_id = fields.Many2one(
        'payment.transaction', readonly=True, groups='base.group_system'
    )
    outcome = fields.Selection(
        [('paid', "Paid"), ('waiting', "Waiting"), ('failed', "Not charged")],
        compute='_compute_outcome',
        compute_sudo=True,
    )
    result = fields.Char(compute='_compute_outcome', compute_sudo=True)

    @api.depends('transaction_id.state', 'problem')
    def _compute_outcome(self):
        outcomes = {'done': 'paid', 'pending': 'waiting', 'error': 'failed', 'cancel': 'failed'}
        for line in self:
            tx = line.transaction_id
            line.outcome = outcomes.get(tx.state, False)
            line.result = line.problem or tx.state_message or False
            if line.outcome == 'paid':
                line.result = self.env._(
                    "%(amount)s was charged to %(card)s.",
                    amount=formatLang(self.env, tx.amount, currency_obj=tx.currency_id),
                    card=line.card_name,
                )
            elif line.outcome == 'failed' and tx.billing_decline:
                line.result = f"{tx.state_message} {advice_for(self.env, tx.billing_decline)}"

    def _charge(self):
        """Charge the card for what the dialog showed; see `_send_payment_request`."""
        self.ensure_one()
        # A second click waits here, is replayed, and goes on with the first one's transaction.
        claim(self)
        line_sudo = self.sudo()
        tx_sudo = line_sudo.transaction_id
        if not tx_sudo:
            due, line_sudo.problem = self.move_id._billing_chargeable()
            card = self.move_id.partner_id._billing_card(self.move_id.company_id)
            # Nobody charges another amount or another's card than what the books say now.
            if not line_sudo.problem and (
                self.currency_id.compare_amounts(self.amount, due)
                or line_sudo.token_id.id != card.id
            ):
                line_sudo.problem = self.env._(
                    "What is due, or the card, has changed meanwhile. Please begin again."
                )
            if line_sudo.problem:
                return
            tx_sudo = self.move_id._billing_new_charge(line_sudo.token_id, self.amount)
            line_sudo.transaction_id = tx_sudo
        if tx_sudo.state in ('draft', 'pending'):
            tx_sudo._billing_charge_now()
