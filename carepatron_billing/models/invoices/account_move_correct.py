from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import format_list

from ...const import FRONT_DESK
from ...tools.concurrency import claim


class AccountMove(models.Model):
    """Undo and correct: an issued invoice is never edited."""

    _inherit = 'account.move'

    billing_replaced_by_id = fields.Many2one(
        'account.move', string="Replaced by", readonly=True, copy=False, index='btree_not_null'
    )
    billing_can_undo = fields.Boolean(compute='_compute_billing_can_undo', compute_sudo=True)
    billing_can_correct = fields.Boolean(compute='_compute_billing_can_undo', compute_sudo=True)

    def _compute_billing_can_undo(self):
        for move in self:
            live = (
                move.state == 'posted'
                and move._billing_is_issued()
                and move.currency_id.compare_amounts(move._billing_uncredited(), 0.0) > 0
            )
            final = live and move._billing_why_not_undone()
            move.billing_can_undo = live and not final
            move.billing_can_correct = bool(live and final)

    # === ACTION METHODS === #

    def action_billing_undo(self):
        """Take back an invoice that nobody has seen; it keeps its number, its sessions wait.

        :raise UserError: if somebody has seen it, or the books are closed for its date
        """
        self.ensure_one()
        self._billing_check_group(FRONT_DESK)
        claim(self)
        self._billing_check_changeable()
        reason = self._billing_why_not_undone()
        if reason:
            raise UserError(self.env._("%s Choose Correct instead.", reason))
        self.sudo().button_cancel()
        return {'type': 'ir.actions.client', 'tag': 'soft_reload'}

    def action_billing_correct(self) -> dict:
        """Open the dialog that corrects this invoice."""
        self.ensure_one()
        self._billing_check_group(FRONT_DESK)
        self._billing_check_changeable()
        action = self.env['ir.actions.act_window']._for_xml_id(
            'carepatron_billing.practice_invoice_correct_action'
        )
        return {**action, 'context': {'default_move_id': self.id}}

    # === BUSINESS METHODS === #

    def _billing_check_changeable(self):
        """Raise a `UserError` while nothing of this invoice may change; rooms say why not."""
        self.ensure_one()

    def _billing_credits(self):
        """Return the posted credit notes of this invoice."""
        return self.reversal_move_ids.filtered(lambda credit: credit.state == 'posted')

    def _billing_uncredited(self):
        """Return how much of this invoice is not credited, in its currency."""
        self.ensure_one()
        return self.amount_total - sum(self._billing_credits().mapped('amount_total'))

    def _billing_closed_period(self, date) -> str | bool:
        """Return which closing of the books keeps entries from a date, in words; else False.

        :param datetime.date date: when they would be booked
        """
        self.ensure_one()
        locks = self.sudo()._get_violated_lock_dates(date, self._affect_tax_report())
        return bool(locks) and self.env['res.company']._format_lock_dates(locks)

    def _billing_why_not_undone(self) -> str | bool:
        """Return in a sentence why an issued invoice cannot be undone; False if it can."""
        self.ensure_one()
        credits = self._billing_credits()
        closed = self._billing_closed_period(self.date)
        if credits:
            return self.env._(
                "%(invoice)s has been credited in part, by %(credits)s.",
                invoice=self.name,
                credits=format_list(self.env, credits.mapped('name')),
            )
        if closed:
            return self.env._(
                "The books are closed for the date of %(invoice)s: %(lock_dates)s.",
                invoice=self.name,
                lock_dates=closed,
            )
        return self._billing_why_final()

    def _billing_check_correctable(self):
        """Raise a `UserError` that says what keeps this invoice from being corrected now."""
        self._billing_check_changeable()
        if not self.billing_can_correct and not self.billing_can_undo:
            raise UserError(self.env._("%s is not open to correction any more.", self.name))
        if self.reversal_move_ids.filtered(lambda credit: credit.state == 'draft'):
            raise UserError(
                self.env._(
                    "A credit note of %s is a draft. Confirm or delete it, then correct the rest.",
                    self.name,
                )
            )
        if self._billing_open_transactions().filtered(lambda tx: tx.state != 'draft'):
            raise UserError(
                self.env._(
                    "A payment of %s is under way. Correct it when the payment has arrived.",
                    self.name,
                )
            )
        closed = self._billing_closed_period(self.company_id._billing_today())
        if closed:
            raise UserError(
                self.env._(
                    "The books are closed for today: %s. Ask an accountant to open them, or wait"
                    " until that day is over.",
                    closed,
                )
            )

    def _billing_credit_rest(self, reason: str):
        """Credit what is not credited yet of this invoice (sudo), dated today, and take the
        payments off it.

        :param reason: printed on the credit note
        """
        earlier = self._billing_credits()
        uncredited = self._billing_uncredited()
        values = {'invoice_date': self.company_id._billing_today(), 'ref': reason}
        if not earlier:
            self._reverse_moves([values], cancel=True)
            return
        self.line_ids.remove_move_reconcile()
        note = self._reverse_moves([values])
        note.invoice_line_ids = [
            Command.create(credit_values)
            for credit in earlier
            for credit_values in credit._billing_prepare_credited_before()
        ]
        if note.currency_id.compare_amounts(note.amount_total, uncredited):
            raise UserError(
                self.env._(
                    "What is left of %s cannot be credited to the cent. Make a further credit note"
                    " for it, and a new invoice.",
                    self.name,
                )
            )
        note.with_context(move_reverse_cancel=True)._post(soft=False)
        # Those that were not paid out take their part of the invoice away again.
        lines = (self | earlier | note).line_ids.filtered(
            lambda line: line.account_id.reconcile and not line.reconciled
        )
        for same in lines.grouped('account_id').values():
            same.with_context(move_reverse_cancel=True).reconcile()

    def _billing_prepare_credited_before(self) -> list[dict]:
        """Return the lines by which a further credit note leaves out what this one credited."""
        lines = self.invoice_line_ids.filtered(lambda line: line.display_type == 'product')
        names = ('product_id', 'tax_ids', 'account_id', 'discount', 'product_uom_id')
        env = self.with_context(lang=self.partner_id.lang).env
        return [
            {
                **{name: values.get(name) for name in names},
                'name': env._("Credited before, by %s", self.name),
                'price_unit': line.price_unit,
                'quantity': -line.quantity,
                'billing_item_id': line.billing_item_id.id,
                'extra_tax_data': self.env[
                    'account.tax'
                ]._reverse_quantity_base_line_extra_tax_data(line.extra_tax_data),
            }
            for line, values in zip(lines, lines.copy_data(), strict=True)
        ]

    def _billing_correct(self, reason: str, lines: list, close: bool = False) -> models.Model:
        """Credit this invoice in full and issue what takes its place, all or nothing.

        Open Checkout Sessions for the old amount are closed by what follows the commit; money that
        lands meanwhile stays as the payer's credit.

        :param reason: why; printed on the credit note
        :param lines: of the new invoice: pairs of an old line and its new values
        :param close: whether sessions that are not on the new invoice are billed no more
        :return: the new invoice, if there are lines
        :raise UserError: if it cannot be corrected now, saying why
        """
        self.ensure_one()
        self._billing_check_group(FRONT_DESK)
        claim(self)
        move_sudo = self.sudo()
        move_sudo._billing_check_correctable()
        items_sudo = move_sudo.billing_item_ids
        receivable = move_sudo._billing_receivable_lines()
        paid_lines = (
            receivable.matched_credit_ids.credit_move_id
            | receivable.matched_debit_ids.debit_move_id
        )
        move_sudo._billing_credit_rest(reason)
        # What the database sees of the old lines comes before the new ones.
        self.env.flush_all()
        items_sudo.invalidate_recordset(['state', 'invoice_id'])
        kept_sudo = self.env['practice.billing.item'].sudo().browse()
        extra = []
        for line, values in lines:
            line_sudo = line.sudo()
            if line_sudo.move_id != move_sudo:
                raise UserError(self.env._("This line belongs to another invoice."))
            item_sudo = line_sudo.billing_item_id
            if item_sudo:
                if values['name'] == item_sudo._get_line_name():
                    values = {**values, 'name': item_sudo.name}
                item_sudo.write(values)
                kept_sudo |= item_sudo
            else:
                [copied] = line_sudo.copy_data()
                names = (
                    'product_id',
                    'billing_code',
                    'tax_ids',
                    'account_id',
                    'discount',
                    'product_uom_id',
                )
                extra.append(
                    Command.create({**{name: copied.get(name) for name in names}, **values})
                )
        if close:
            (items_sudo - kept_sudo)._waive(reason)
        if not lines:
            self._billing_log_correction(reason)
            return self.browse()
        new_sudo = self._billing_replace(kept_sudo, extra)
        move_sudo.billing_replaced_by_id = new_sudo
        open_lines = paid_lines.exists().filtered(lambda line: not line.reconciled)
        due = new_sudo._billing_receivable_lines()
        # What was given back before leaves a part of the old invoice to be paid as it was.
        for debts in (receivable, due):
            for account in open_lines.account_id & debts.account_id:
                same = (open_lines | debts).filtered(
                    lambda line, account=account: line.account_id == account and not line.reconciled
                )
                same.reconcile()
        self._billing_log_correction(reason, new_sudo)
        return new_sudo.sudo(self.env.su)

    def _billing_replace(self, items_sudo, extra: list) -> models.Model:
        """Issue the invoice that takes this one's place.

        :param items_sudo: recordset of `practice.billing.item` (sudo)
        :param extra: commands of lines without an item
        """
        move_sudo = self.sudo().with_company(self.company_id)
        values = items_sudo._prepare_invoice() if items_sudo else {'invoice_line_ids': []}
        new_sudo = move_sudo.create(
            {
                **values,
                'move_type': 'out_invoice',
                'company_id': self.company_id.id,
                'journal_id': self.journal_id.id,
                'billing_client_id': self.billing_client_id.id,
                'partner_id': self.partner_id.id,
                'currency_id': self.currency_id.id,
                'invoice_date': self.company_id._billing_today(),
                'invoice_payment_term_id': self.invoice_payment_term_id.id,
                'invoice_user_id': self.invoice_user_id.id,
                'invoice_line_ids': values['invoice_line_ids'] + extra,
            }
        )
        new_sudo._post(soft=False)
        return new_sudo

    def _billing_log_correction(self, reason, new=None):
        if new:
            self._message_log(
                body=self.env._(
                    "Credited and replaced by %(new)s: %(reason)s", new=new.name, reason=reason
                )
            )
            new._message_log(body=self.env._("Takes the place of %s.", self.name))
        else:
            self._message_log(body=self.env._("Credited: %s", reason))
