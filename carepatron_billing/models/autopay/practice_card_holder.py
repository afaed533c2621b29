from datetime import datetime, timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ...const import PROVIDER_CODE
from ...tools.crons import work_off
from ..invoices.account_move_status import UNPAID

# Nobody is charged or written to before this hour of the practice's day.
FROM_HOUR = 8
EVENING = 18
CRON = 'carepatron_billing.ir_cron_autopay'


class PracticeCardHolder(models.Model):
    """Autopay: invoices are charged to the saved card by themselves, as the payer agreed."""

    _inherit = 'practice.card.holder'

    autopay = fields.Selection(
        [('off', "Off"), ('issue', "When it is issued"), ('due', "On its due date")],
        string="Charge invoices by themselves",
        required=True,
        default='off',
    )
    autopay_how = fields.Char(
        string="How the client agreed",
        help="For example: signed form of 3 May, or on the phone.",
    )
    autopay_at = fields.Datetime(string="Agreed on", readonly=True)
    autopay_terms = fields.Text(string="Agreed to", readonly=True)
    autopay_stopped = fields.Char(
        string="Switched off because", readonly=True, help="Why autopay ended by itself."
    )

    # === CRUD METHODS === #

    def write(self, vals):
        """Override to keep when and to what the payer agreed, and to leave a note of each change.

        :raise UserError: if nobody says how the payer agreed
        :raise AccessError: if the desk writes anything else
        """
        if not self.env.su and vals.keys() - {'autopay', 'autopay_how'}:
            raise AccessError(self.env._("Only autopay is changed here."))
        if 'autopay' not in vals:
            return super().write(vals)
        for holder in self:
            is_on = vals['autopay'] != 'off'
            how = vals.get('autopay_how', holder.autopay_how)
            if vals['autopay'] == holder.autopay:
                continue
            if is_on and not how:
                raise UserError(
                    self.env._("Say how the client agreed: autopay needs their consent.")
                )
            if is_on and not holder.token_ids:
                raise UserError(self.env._("Save a card first."))
        changed = self.filtered(lambda holder: holder.autopay != vals['autopay'])
        result = super().write(vals)
        for holder in changed:
            holder._autopay_changed()
        return result

    def _autopay_changed(self):
        holder_sudo = self.sudo()
        if self.autopay == 'off':
            body = self.env._("Autopay switched off.")
            if self.autopay_stopped:
                body = self.env._("Autopay switched off: %s", self.autopay_stopped)
            holder_sudo.autopay_how = False
        else:
            holder_sudo.autopay_at = fields.Datetime.now()
            holder_sudo.autopay_stopped = False
            holder_sudo.autopay_terms = self._autopay_consent()
            body = self.env._("Autopay switched on (%s).", self.autopay_how)
            self.env.ref(CRON).sudo()._trigger()
        holder_sudo.partner_id.message_post(body=body, author_id=self.env.user.partner_id.id)

    # === BUSINESS METHODS === #

    def _autopay_stop(self, reason: str):
        """Switch autopay off (as sudo), for every row of this payer.

        :param reason: in words for the desk
        """
        rows = self.search(
            [
                ('partner_id', '=', self.partner_id.id),
                ('company_id', '=', self.company_id.id),
                ('autopay', '!=', 'off'),
            ]
        )
        rows._autopay_end(reason)

    def _autopay_end(self, reason: str):
        """Switch autopay of these rows (sudo) off.

        :param reason: in words for the desk
        """
        for row in self:
            row.autopay_stopped = reason
            row.autopay = 'off'

    # === CRON === #

    @api.model
    def _cron_autopay(self):
        """Announce and charge what is due by itself, one invoice a commit, in the practice's day.

        Whatever dies half way is found *pending* and looked up by the reconcile cron; nothing of
        it is charged again meanwhile.
        """
        moves, holder_of = self.env['account.move'], {}
        for company, holders in self._autopay_holders().items():
            provider = company._billing_provider_sudo()
            hour = datetime.now(company._billing_zone()).hour
            if provider.state not in ('enabled', 'test') or hour < FROM_HOUR:
                continue
            by_payer = {holder.partner_id: holder for holder in holders if holder.partner_id}
            found = moves.search(
                [
                    *UNPAID,
                    ('company_id', '=', company.id),
                    ('partner_id', 'in', [payer.id for payer in by_payer]),
                ],
                order='invoice_date_due, id',
            )
            moves |= found
            holder_of |= {move.id: by_payer[move.partner_id].with_prefetch() for move in found}

        def announce_or_charge(move):
            holder_of[move.id].with_company(move.company_id)._autopay_one(move)

        if work_off(moves, announce_or_charge):
            self._autopay_notify_expiring()
            self._autopay_summaries()

    def _autopay_holders(self):
        """Return those with autopay, by company."""
        return self.search([('autopay', '!=', 'off')]).grouped('company_id')

    def _autopay_one(self, move):
        if self.autopay == 'off':
            return
        charge = move._billing_next_charge(self)
        today = move.company_id._billing_today()
        if not charge.day:
            return
        if not charge.is_told:
            # Told on the day that leaves the payer just the days that were promised.
            notice = timedelta(move.company_id.billing_autopay_notice_days)
            if charge.day - notice <= today:
                move._billing_autopay_announce(charge)
            return
        if charge.day <= today:
            tx = move._billing_new_charge(charge.card, charge.amount, billing_autopay=True)
            tx._billing_charge_now()

    def _autopay_notify_expiring(self):
        """Tell payers with autopay, once, of a card that will not last another month."""
        month = timedelta(30)
        for company, holders in self._autopay_holders().items():
            today = company._billing_today()
            for holder in holders:
                card = holder.token_ids[:1]
                if (
                    not card.billing_expires_on
                    or card.billing_expiry_told_at
                    or card.billing_expires_on > today + month
                ):
                    continue
                card.billing_expiry_told_at = fields.Datetime.now()
                if holder.partner_id.email_normalized:
                    self.env.ref(
                        'carepatron_billing.mail_template_card_expiring'
                    ).sudo().send_mail_batch(holder.ids)
                holder.partner_id.message_post(
                    body=self.env._("Told that the saved card %s expires.", card.display_name)
                )
                self.env.ref('mail.ir_cron_mail_scheduler_action').sudo()._trigger()

    def _autopay_summaries(self):
        """Mail each practice's managers, on an evening when there was something, what it was."""
        domain = [('code', '=', PROVIDER_CODE), ('state', '!=', 'disabled')]
        for company in self.env['payment.provider'].search(domain).company_id:
            today = company._billing_today()
            hour = datetime.now(company._billing_zone()).hour
            if hour < EVENING or company.billing_autopay_summary_on == today:
                continue
            company.billing_autopay_summary_on = today
            company._billing_autopay_mail_summary(today)
