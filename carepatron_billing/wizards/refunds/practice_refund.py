from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import clean_context, format_date

from ...tools.concurrency import claim


class PracticeRefund(models.TransientModel):
    """Refund: the credit note, the money and the books in one step."""

    _name = 'practice.refund'
    _inherit = 'practice.dialog.money'
    _description = "Refund"
    _check_company_auto = True

    move_id = fields.Many2one('account.move', string="Invoice", required=True, readonly=True)
    company_id = fields.Many2one(related='move_id.company_id')
    currency_id = fields.Many2one(related='move_id.currency_id')
    scope = fields.Selection(
        [('all', "All of it"), ('part', "A part"), ('lines', "Some services")],
        string="How much",
        required=True,
        default='all',
    )
    line_ids = fields.One2many(
        'practice.refund.line',
        'wizard_id',
        compute='_compute_line_ids',
        store=True,
        precompute=True,
        readonly=False,
    )
    way = fields.Selection(
        [
            ('card', "Back to where it came from, by Stripe"),
            ('credit', "As credit for other invoices"),
            ('hand', "By hand: cash or transfer"),
        ],
        string="How it is given back",
        compute='_compute_way',
        store=True,
        precompute=True,
        readonly=False,
        required=True,
    )
    has_sources = fields.Boolean(compute='_compute_has_sources', compute_sudo=True)
    has_several_sources = fields.Boolean(compute='_compute_has_sources', compute_sudo=True)
    source = fields.Selection(
        selection='_selection_source',
        string="Payment",
        compute='_compute_source',
        store=True,
        precompute=True,
        readonly=False,
    )
    available = fields.Monetary(
        string="Can be given back", compute='_compute_available', compute_sudo=True
    )
    open_credit = fields.Monetary(compute='_compute_available', compute_sudo=True)
    amount = fields.Monetary(
        compute='_compute_amount', store=True, precompute=True, readonly=False, required=True
    )
    journal_id = fields.Many2one(string="Paid out from")
    date = fields.Date(
        string="Paid out on",
        compute='_compute_date',
        store=True,
        precompute=True,
        readonly=False,
    )
    reason = fields.Char(required=True)
    has_sessions = fields.Boolean(compute='_compute_has_sessions', compute_sudo=True)
    sessions = fields.Selection(
        [
            ('closed', "Are not billed again"),
            ('unbilled', "Wait to be invoiced again"),
        ],
        string="Its sessions",
        required=True,
        default='closed',
    )
    refund_id = fields.Many2one('payment.transaction', readonly=True)
    is_done = fields.Boolean(readonly=True)

    # === COMPUTE METHODS === #

    @api.model
    def _selection_source(self):
        """Online payments have no display name that means anything at the desk."""
        move_id = self.env.context.get('default_move_id')
        move = self.env['account.move'].browse(move_id).exists()
        if not move or not move.has_access('read'):
            return []
        return [
            (
                str(tx.id),
                self.env._(
                    "%(amount)s by %(method)s, %(day)s",
                    amount=tx.currency_id.format(tx.amount),
                    method=tx.payment_method_id.name,
                    day=format_date(self.env, tx.payment_id.date),
                ),
            )
            for tx in move._billing_refund_sources()
        ]

    @api.depends('move_id')
    def _compute_line_ids(self):
        for wizard in self:
            wizard.move_id.with_user(self.env.uid).check_access('read')
            lines_sudo = wizard.move_id.sudo().invoice_line_ids.filtered(
                lambda line: line.display_type == 'product' and line.price_total > 0.0
            )
            wizard.line_ids = [Command.clear()] + [
                Command.create({'line_id': line.id})
                for line in lines_sudo._billing_not_taken_back()
            ]

    @api.depends('move_id')
    def _compute_has_sources(self):
        for wizard in self:
            sources_sudo = wizard.move_id._billing_refund_sources()
            wizard.has_sources = bool(sources_sudo)
            wizard.has_several_sources = len(sources_sudo) > 1

    @api.depends('move_id')
    def _compute_source(self):
        for wizard in self:
            newest = max(wizard.move_id._billing_refund_sources().ids, default=0)
            wizard.source = str(newest) if newest else False

    @api.depends('has_sources')
    def _compute_way(self):
        for wizard in self:
            wizard.way = 'card' if wizard.has_sources else 'hand'

    @api.depends('move_id', 'way', 'source')
    def _compute_available(self):
        for wizard in self:
            move_sudo = wizard.move_id.sudo()
            wizard.open_credit = move_sudo._billing_open_credit()
            left = move_sudo._billing_refundable() if move_sudo else 0.0
            if wizard.way == 'card':
                at_stripe = [tx._billing_refundable_amount() for tx in wizard._source_sudo()]
                left = min(left, sum(at_stripe))
            elif wizard.way == 'credit':
                left = max(left - wizard.open_credit, 0.0)
            wizard.available = left

    @api.depends('available', 'scope', 'line_ids.is_picked')
    def _compute_amount(self):
        for wizard in self:
            if wizard.scope == 'lines':
                picked = wizard.line_ids.filtered('is_picked')
                wizard.amount = sum(picked.mapped('price_total'))
            elif wizard.scope == 'all' or not wizard.amount:
                wizard.amount = wizard.available

    @api.depends('company_id')
    def _compute_date(self):
        for wizard in self:
            wizard.date = wizard.company_id._billing_today()

    @api.depends('line_ids', 'scope', 'amount')
    def _compute_has_sessions(self):
        """Whether sessions are taken back whole; a part of an invoice's sum frees none."""
        for wizard in self:
            lines_sudo = wizard._credited_lines_sudo()
            wizard.has_sessions = bool(lines_sudo.billing_item_id)

    # === ACTION METHODS === #

    def action_refund(self) -> dict:
        """Give the money back, once.

        Clicked twice, or replayed after Stripe has answered, it asks Stripe for the same refund.

        :raise UserError: if it cannot be given back so; it says why
        """
        self.ensure_one()
        # The dialog's defaults are not those of the entries that are made.
        self = self.with_context(clean_context(self.env.context))
        move = self.move_id
        move._billing_check_refund()
        claim(self)
        if not self.is_done:
            # Two desks: the second is replayed and finds what the first gave back.
            claim(move)
            source_sudo = self._source_sudo()
            claim(source_sudo)
            self.invalidate_recordset(['available'])
            self._check()
            self._carry_out(source_sudo)
            self.is_done = True
        amount = self.currency_id.format(self.amount)
        refund_sudo = self.refund_id.sudo()
        if refund_sudo.state == 'draft':
            refund_sudo._send_refund_request()
        if refund_sudo.state in ('error', 'cancel'):
            return self._finish('danger', refund_sudo.state_message or "")
        if refund_sudo.state == 'pending':
            return self._finish('info', self.env._("%s is on its way back.", amount))
        if self.way == 'credit':
            text = self.env._("%s is the payer's credit now.", amount)
        else:
            text = self.env._("%s is given back.", amount)
        return self._finish('success', text)

    # === BUSINESS METHODS === #

    def _source_sudo(self):
        """Return the online payment (sudo) that is given back; none if it is another way."""
        source_id = int(self.source or 0) if self.way == 'card' else 0
        return self.move_id._billing_refund_sources().filtered(lambda tx: tx.id == source_id)

    def _credited_lines_sudo(self):
        """Return the lines that are taken back whole."""
        lines_sudo = self.line_ids.sudo()
        if self.scope == 'lines':
            return lines_sudo.filtered('is_picked').line_id
        move_sudo = self.move_id.sudo()
        is_whole = (
            not move_sudo.currency_id.compare_amounts(self.amount, move_sudo.amount_total)
            and not move_sudo._billing_credits()
        )
        return lines_sudo.line_id if is_whole else lines_sudo.line_id[:0]

    def _check(self):
        currency = self.currency_id
        if not currency.compare_amounts(self.available, 0.0) > 0:
            raise UserError(
                self.env._("Nothing of %s is left to be given back this way.", self.move_id.name)
            )
        if self.scope == 'lines':
            self._check_lines()
        if currency.compare_amounts(self.amount, 0.0) <= 0:
            raise UserError(self.env._("Enter how much is given back."))
        if currency.compare_amounts(self.amount, self.available) > 0:
            raise UserError(
                self.env._(
                    "At most %(available)s of %(invoice)s can be given back this way.",
                    available=currency.format(self.available),
                    invoice=self.move_id.name,
                )
            )
        if self.way == 'hand':
            if self.journal_id not in self.journal_ids:
                raise UserError(self.env._("Choose what it is paid out from."))
            if not self.date or self.date > self.company_id._billing_today():
                raise UserError(self.env._("Enter the day when it was paid out, not a later one."))
        closed = self.move_id._billing_closed_period(self.company_id._billing_today())
        if closed:
            raise UserError(
                self.env._(
                    "The books are closed for today: %s. Ask an accountant to open them, or wait"
                    " until that day is over.",
                    closed,
                )
            )

    def _check_lines(self):
        if not self.line_ids:
            raise UserError(
                self.env._(
                    "All services of %s were taken back before. Choose an amount instead.",
                    self.move_id.name,
                )
            )
        picked_sudo = self._credited_lines_sudo()
        if not picked_sudo:
            raise UserError(self.env._("Tick the services that are taken back."))
        for line_sudo in picked_sudo - picked_sudo._billing_not_taken_back():
            raise UserError(
                self.env._(
                    "%s was taken back meanwhile. Close this dialog and open it again.",
                    line_sudo.name,
                )
            )
        creditable = self.move_id.sudo()._billing_creditable()
        if self.currency_id.compare_amounts(self.amount, creditable) > 0:
            raise UserError(
                self.env._(
                    "Only %(amount)s of %(invoice)s was not credited before, which is less than"
                    " these services. Choose an amount instead.",
                    amount=self.currency_id.format(max(creditable, 0.0)),
                    invoice=self.move_id.name,
                )
            )

    def _carry_out(self, source_sudo):
        """Book it; a refund at Stripe is only prepared.

        :param source_sudo: recordset of `payment.transaction`: what Stripe gives back, if it does
        """
        move_sudo = self.move_id.sudo().with_company(self.company_id)
        note_sudo = self._make_note(move_sudo)
        if self.way == 'card':
            self.sudo().refund_id = source_sudo._billing_begin_refund(
                self.amount, move_sudo, note_sudo
            )
            return
        if self.way == 'hand':
            payment_sudo = self._pay_out(move_sudo)
            if note_sudo:
                note_sudo.billing_refund_id = payment_sudo
        if note_sudo:
            note_sudo._post(soft=False)
            note_sudo._billing_close_sessions()
        if self.way == 'hand':
            if payment_sudo._billing_open_debit():
                payment_sudo._billing_match_with(move_sudo._billing_credits().line_ids)
            payment_sudo._billing_send_receipt(kinds=('all',))

    def _make_note(self, move_sudo):
        """Return the draft of the credit note; none where an open one is given back."""
        lines_sudo = self._credited_lines_sudo() if self.scope == 'lines' else None
        open_credit = 0.0
        # Services are taken back by a note of their own, whatever else was credited.
        if not lines_sudo:
            under_way = move_sudo._billing_refunds_under_way().filtered(
                lambda tx: not tx.billing_credit_note_id
            )
            open_credit = sum(under_way.mapped('amount'))
            if self.way != 'credit':
                open_credit += move_sudo._billing_open_credit()
        amount = self.currency_id.round(self.amount - max(open_credit, 0.0))
        if self.currency_id.compare_amounts(amount, 0.0) <= 0:
            return move_sudo.browse()
        values = {'ref': self.reason, 'billing_closes_sessions': self.sessions == 'closed'}
        note_sudo = move_sudo._billing_new_credit(values, amount, lines_sudo)
        if lines_sudo:
            # Rounding over the whole document may differ from that of its lines.
            self.amount = note_sudo.amount_total
        return note_sudo

    def _pay_out(self, move_sudo):
        journal_sudo = self.journal_id.sudo()
        line = journal_sudo.outbound_payment_method_line_ids[:1]
        account = (
            line.payment_account_id
            or journal_sudo.inbound_payment_method_line_ids.payment_account_id[:1]
            or journal_sudo.default_account_id
        )
        receivable = move_sudo._billing_receivable_lines()
        payment_sudo = move_sudo.env['account.payment'].create(
            {
                'payment_type': 'outbound',
                'partner_type': 'customer',
                'partner_id': receivable.partner_id[:1].id,
                'destination_account_id': receivable.account_id[:1].id,
                'journal_id': journal_sudo.id,
                'payment_method_line_id': line.id,
                'outstanding_account_id': account.id,
                'amount': self.amount,
                'currency_id': self.currency_id.id,
                'date': self.date,
                'memo': self.env._("Refund of %s", move_sudo.name),
            }
        )
        payment_sudo.action_post()
        return payment_sudo

    def _finish(self, kind, message):
        notification = self.move_id._billing_notify(kind, message)
        notification['params']['next'] = {'type': 'ir.actions.act_window_close'}
        return notification


class PracticeRefundLine(models.TransientModel):
    _name = 'practice.refund.line'
    _inherit = 'practice.dialog'
    _description = "Service to Take Back"

    wizard_id = fields.Many2one('practice.refund', ondelete='cascade')
    currency_id = fields.Many2one(related='wizard_id.currency_id')
    line_id = fields.Many2one('account.move.line', required=True, ondelete='cascade')
    is_picked = fields.Boolean(string="Take back")
    name = fields.Char(compute='_compute_from_line', compute_sudo=True)
    day = fields.Date(string="Date", compute='_compute_from_line', compute_sudo=True)
    price_total = fields.Monetary(string="Amount", compute='_compute_from_line', compute_sudo=True)

    @api.depends('line_id')
    def _compute_from_line(self):
        for line in self:
            line.wizard_id.move_id.with_user(self.env.uid).check_access('read')
            mine = line.line_id if line.line_id.move_id == line.wizard_id.move_id else None
            line.name = mine.name if mine else ""
            line.day = mine.billing_service_date if mine else False
            line.price_total = mine.price_total if mine else 0.0
