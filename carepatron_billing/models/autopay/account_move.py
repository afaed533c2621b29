from datetime import date, timedelta
from typing import NamedTuple

from odoo import fields, models

from ...const import PRACTITIONER
from ..cards.card_declines import AUTHENTICATION, HARD
from ..invoices.account_move_timeline import happened

# Days after the first decline on which the card is asked again.
RETRY_DAYS = (1, 3, 7)


class NextCharge(NamedTuple):
    """When an invoice is charged by itself, worked out at the moment of asking.

    :param day: the day in the practice's time zone; None if it is not
    :param due_day: the day that it is due, or was issued, whichever autopay goes by
    :param card: the card (sudo)
    :param is_told: whether the payer was told in time
    :param amount: what is charged if that is now; this is not kept to be charged later
    """

    day: date | None
    due_day: date | None
    card: models.BaseModel
    is_told: bool
    amount: float


class AccountMove(models.Model):
    """Autopay of one invoice. What comes next is computed; stored is only what was done."""

    _inherit = 'account.move'

    billing_autopay_told_at = fields.Datetime(
        string="Autopay Announced", readonly=True, copy=False, groups=PRACTITIONER
    )
    billing_autopay_told_for = fields.Date(
        help="Which of the invoice's due dates the payer was told of.",
        readonly=True,
        copy=False,
        groups=PRACTITIONER,
    )
    billing_autopay_on = fields.Date(
        string="Charged By Itself On",
        compute='_compute_billing_autopay_on',
        compute_sudo=True,
        groups=PRACTITIONER,
    )

    def _compute_billing_autopay_on(self):
        for move in self:
            holder = move.partner_id._billing_autopay(move.company_id)
            charge = move._billing_next_charge(holder) if holder else None
            move.billing_autopay_on = charge.day if charge else False

    def _post(self, soft=True):
        """Override of `account` to have a card charged soon where that was agreed on issue."""
        posted = super()._post(soft)
        holders_sudo = self.env['practice.card.holder'].sudo()
        domain = [('autopay', '=', 'issue'), ('partner_id', 'in', posted.partner_id.ids)]
        if posted and holders_sudo.search_count(domain, limit=1):
            self.env.ref('carepatron_billing.ir_cron_autopay').sudo()._trigger()
        return posted

    def _billing_next_charge(self, holder: models.Model) -> NextCharge:
        """Return when this invoice (sudo) is charged by itself; what keeps it from that, rooms add.

        :param holder: the payer's, with autopay on
        """
        self.ensure_one()
        nothing = NextCharge(None, None, self.env['payment.token'], False, 0.0)
        card = self.partner_id._billing_card(self.company_id)
        if not card:
            return nothing
        due, problem = self._billing_chargeable_due()
        if problem:
            return nothing
        today = self.company_id._billing_today()
        due_day = due.terms.get('next_due_date') or self.invoice_date_due or today
        if holder.autopay == 'issue':
            due_day = min(due_day, self.invoice_date or today)
        retry_day = self._billing_autopay_retry(card)
        if retry_day is None:
            return nothing
        notice = timedelta(self.company_id.billing_autopay_notice_days)
        is_told = not notice or self.billing_autopay_told_for == due_day
        told_on = (
            self.company_id._billing_day(self.billing_autopay_told_at)
            if is_told and notice
            else today
        )
        day = max(due_day, told_on + notice, retry_day or due_day)
        return NextCharge(day, due_day, card, is_told, due.now)

    def _billing_autopay_retry(self, card):
        """Return from which day on a card that was declined is asked again.

        :return: a day, False if it never was declined, None if it is not asked again
        """
        declined = self.transaction_ids.filtered(
            lambda tx: tx.billing_autopay and tx.state == 'error' and tx.token_id == card
        ).sorted('id')
        if not declined:
            return False
        code = declined[-1].billing_decline
        if code in HARD or code == AUTHENTICATION or len(declined) > len(RETRY_DAYS):
            return None
        first = self.company_id._billing_day(declined[0].last_state_change)
        return first + timedelta(RETRY_DAYS[len(declined) - 1])

    def _billing_autopay_announce(self, charge):
        """Tell the payer what will be charged, to which card, and when."""
        self.billing_autopay_told_at = fields.Datetime.now()
        self.billing_autopay_told_for = charge.due_day
        self._billing_autopay_mail('mail_template_autopay_notice')

    def _billing_timeline_entries(self) -> list[dict]:
        """Override to tell when the payer was told of a charge."""
        text = self.env._("Told that the saved card will be charged")
        told = happened('sent', self.billing_autopay_told_at, text)
        return [*super()._billing_timeline_entries(), told]

    def _billing_autopay_mail(self, template):
        if not self.partner_id.email_normalized:
            return
        template_sudo = self.env.ref(f'carepatron_billing.{template}').sudo()
        template_sudo.send_mail_batch(self.ids)
        self.env.ref('mail.ir_cron_mail_scheduler_action').sudo()._trigger()

    def _billing_autopay_declined(self, tx):
        """Give autopay up after a decline that no retry can mend, or the last retry."""
        holder = self.partner_id._billing_autopay(self.company_id)
        if not holder or tx.billing_decline == AUTHENTICATION or not tx.billing_decline:
            return
        if self._billing_autopay_retry(tx.token_id) is not None:
            return
        holder._autopay_stop(
            self.env._("%(invoice)s: %(why)s", invoice=self.name, why=tx.state_message)
        )
        self._billing_autopay_mail('mail_template_autopay_stopped')
        self.company_id._billing_notify_manager(
            self,
            lambda env: env._("Autopay was switched off: %s", tx.state_message),
            once=False,
        )
