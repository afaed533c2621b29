from datetime import time, timedelta
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_datetime

from .schedule import CYCLES, LAST_DAY, MONTH_DAYS, WEEKDAYS, Schedule

# Whoever changes one of these starts anew: what was due by another rule is not due at once.
RULE_FIELDS = {
    'billing_auto',
    'billing_auto_hours',
    'billing_auto_weekday',
    'billing_auto_month_day',
    'billing_auto_hour',
}
SETTINGS = RULE_FIELDS | {
    'billing_auto_mode',
    'billing_auto_send',
    'billing_auto_from',
    'billing_auto_since',
}


class Automation(NamedTuple):
    """How the sessions that one contact pays for one client are invoiced.

    :param schedule: on which days
    :param since: naive, in UTC; when this rule was made, or False
    :param sends: whether the payment link is sent
    """

    schedule: Schedule
    since: object
    sends: bool


class ResCompany(models.Model):
    """What the practice invoices without anybody's click."""

    _inherit = 'res.company'

    billing_auto = fields.Selection(
        CYCLES,
        string="Automatic Invoicing",
        required=True,
        default='off',
        help="Sessions that took place are invoiced by themselves. A client's own setting, on the "
        "client's Billing tab, comes first.",
    )
    billing_auto_hours = fields.Integer(
        string="Hours After the Session",
        default=1,
        help="Time to mark attendance before the invoice is made.",
    )
    billing_auto_weekday = fields.Selection(WEEKDAYS, string="Weekday", required=True, default='4')
    billing_auto_month_day = fields.Selection(
        MONTH_DAYS, string="Day of the Month", required=True, default=LAST_DAY
    )
    billing_auto_hour = fields.Float(
        string="Time of Day", default=18.0, help="By the practice's clock."
    )
    billing_auto_mode = fields.Selection(
        [('payer', "One invoice for each payer"), ('session', "One invoice for each session")],
        string="Automatic Invoices",
        required=True,
        default='payer',
    )
    billing_auto_send = fields.Boolean(
        string="Send the Payment Link",
        help="Each invoice's payer gets the link by e-mail as soon as it is made.",
    )
    billing_auto_from = fields.Date(
        string="Sessions From",
        help="Older sessions wait until somebody invoices them. Empty: there is no limit.",
    )
    billing_auto_since = fields.Datetime(
        string="Automatic Invoicing Changed", readonly=True, help="When its rule was last changed."
    )
    billing_auto_next = fields.Char(
        string="Next Automatic Invoices", compute='_compute_billing_auto_next'
    )

    # === COMPUTE METHODS === #

    @api.depends(
        'billing_auto',
        'billing_auto_weekday',
        'billing_auto_month_day',
        'billing_auto_hour',
        'billing_timezone',
    )
    def _compute_billing_auto_next(self):
        for company in self:
            schedule = company._billing_schedule(company)
            company.billing_auto_next = company._billing_format_next(schedule)

    # === CONSTRAINT METHODS === #

    @api.constrains('billing_auto_hour', 'billing_auto_hours')
    def _check_billing_auto(self):
        for company in self:
            if not 0 <= company.billing_auto_hour < 24:
                raise ValidationError(self.env._("Enter a time of day from 0:00 to 23:59."))
            if company.billing_auto_hours < 0:
                raise ValidationError(
                    self.env._("Enter 0 or more hours between a session and its invoice.")
                )

    @api.onchange('billing_auto')
    def _onchange_billing_auto(self):
        if self.billing_auto != 'off' and not self.billing_auto_from:
            self.billing_auto_from = self._origin._billing_today()

    # === CRUD METHODS === #

    def write(self, vals):
        """Override of `base`: a new rule holds from now on, for old sessions only if asked."""
        if RULE_FIELDS & vals.keys():
            vals = {**vals, 'billing_auto_since': fields.Datetime.now()}
        if vals.get('billing_auto', 'off') != 'off' and 'billing_auto_from' not in vals:
            for company in self.filtered(lambda company: not company.billing_auto_from):
                super(ResCompany, company).write({'billing_auto_from': company._billing_today()})
        return super().write(vals)

    def _get_billing_settings_fields(self):
        return super()._get_billing_settings_fields() | SETTINGS

    # === BUSINESS METHODS === #

    @api.model
    def _billing_schedule(self, holder) -> Schedule:
        """Return the schedule of a practice, or a contact's own.

        :param holder: record of `res.company`, or of `res.partner` in the practice's company
        """
        return Schedule(
            holder.billing_auto or 'off',
            int(holder.billing_auto_weekday or 0),
            int(holder.billing_auto_month_day or LAST_DAY),
        )

    def _billing_automation(
        self, payer_sudo: models.Model, client_sudo: models.Model
    ) -> Automation:
        """Return how sessions are invoiced: as the payer's own setting says, else the client's,
        else the practice's.

        :param payer_sudo: who pays
        :param client_sudo: whose sessions they are
        """
        self.ensure_one()
        partners = [one.with_company(self) for one in (payer_sudo, client_sudo)]
        holder = next((one for one in partners if one.billing_auto), self)
        sends = next(
            (one.billing_auto_send == 'yes' for one in partners if one.billing_auto_send),
            self.billing_auto_send,
        )
        # The hour is the practice's, also where the cycle is the contact's own.
        since = max(
            filter(None, (holder.billing_auto_since, self.billing_auto_since)), default=False
        )
        return Automation(self._billing_schedule(holder), since, sends)

    def _billing_next_moment(self, schedule: Schedule, after):
        """Return the first moment of a schedule, at the practice's hour.

        :param schedule: on which days
        :param datetime.datetime after: naive, in UTC; the moment is not before
        :return: naive, in UTC
        :rtype: datetime.datetime
        """
        hours, minutes = divmod(round(self.billing_auto_hour * 60), 60)
        at = time(hours, minutes)
        day = schedule.next_day(self._billing_day(after))
        moment = self._billing_moment(day, at)
        if moment < after:
            moment = self._billing_moment(schedule.next_day(day + timedelta(days=1)), at)
        return moment

    def _billing_format_next(self, schedule):
        """Return the next moment of a schedule in words; False if it has none of its own."""
        if schedule.cycle in ('off', 'session'):
            return False
        moment = self._billing_next_moment(schedule, fields.Datetime.now())
        zone = self._billing_zone().key
        return format_datetime(self.env, moment, tz=zone, dt_format='short')
