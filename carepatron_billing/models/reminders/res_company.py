from collections.abc import Iterator
from datetime import date, timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError

SATURDAY = 5


class ResCompany(models.Model):
    """On which days and hours a practice's reminders go out."""

    _inherit = 'res.company'

    billing_reminder_rule_ids = fields.One2many('practice.reminder.rule', 'company_id')
    billing_reminder_from = fields.Float(string="Reminders from", default=9.0)
    billing_reminder_to = fields.Float(string="Reminders until", default=17.0)
    billing_reminder_weekends = fields.Boolean(string="Reminders on Weekends")
    billing_reminder_holidays = fields.Boolean(
        string="Reminders on Public Holidays",
        help="Public holidays are those that Odoo knows for the practice's working hours.",
    )
    billing_reminder_quiet_days = fields.Integer(
        string="Days of Quiet",
        default=3,
        help="After somebody sent a payment link by hand, reminders wait for so many days.",
    )

    # === CONSTRAINT METHODS === #

    @api.constrains('billing_reminder_from', 'billing_reminder_to')
    def _check_billing_reminder_hours(self):
        for company in self:
            if not 0 <= company.billing_reminder_from < company.billing_reminder_to <= 24:
                raise ValidationError(
                    self.env._("Reminders need a time of the day: from an hour until a later one.")
                )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `base` to give each practice its reminder rules, all off."""
        companies = super().create(vals_list)
        self.env['practice.reminder.rule']._make_defaults(companies)
        return companies

    @api.model
    def _billing_make_default_reminder_rules(self):
        """Give each practice that has no rule the usual ones, all off."""
        companies = self.sudo().search([('billing_reminder_rule_ids', '=', False)])
        self.env['practice.reminder.rule']._make_defaults(companies)

    # === BUSINESS METHODS === #

    def _get_billing_settings_fields(self):
        return super()._get_billing_settings_fields() | {
            'billing_reminder_from',
            'billing_reminder_to',
            'billing_reminder_weekends',
            'billing_reminder_holidays',
            'billing_reminder_quiet_days',
        }

    def _billing_privacy_templates(self):
        """Override: rules that are on remind by themselves."""
        rules_sudo = self.env['practice.reminder.rule'].sudo()
        used_sudo = rules_sudo.search([('company_id', '=', self.id), ('is_on', '=', True)])
        return super()._billing_privacy_templates() | used_sudo.template_id.sudo(False)

    def _billing_reminder_is_open(self) -> bool:
        """Whether reminders go out at this moment."""
        self.ensure_one()
        today = self._billing_today()
        opens, closes = self._billing_reminder_moments(today)
        return opens <= fields.Datetime.now() < closes and today in self._billing_reminder_days(
            today, 1
        )

    def _billing_reminder_moments(self, day):
        """Return when sending begins and ends on a day, naive in UTC."""
        midnight = fields.Datetime.to_datetime(day)
        opens, closes = (
            self._billing_moment(moment, moment.time())
            for moment in (
                midnight + timedelta(hours=self.billing_reminder_from),
                midnight + timedelta(hours=min(self.billing_reminder_to, 23.99)),
            )
        )
        return opens, closes

    def _billing_reminder_days(self, start, days: int) -> Iterator[date]:
        """Yield the days on which reminders go out.

        :param datetime.date start: the first day to look at
        :param days: how many to look at
        """
        closed = self._billing_holidays(start, days)
        for number in range(days):
            day = start + timedelta(number)
            if day in closed or (day.weekday() >= SATURDAY and not self.billing_reminder_weekends):
                continue
            yield day

    def _billing_next_reminder_day(self):
        """Return the first day on which reminders can still go out: today until its evening."""
        today = self._billing_today()
        is_over = fields.Datetime.now() >= self._billing_reminder_moments(today)[1]
        return today + timedelta(is_over)

    def _billing_holidays(self, start, days):
        """Return the public holidays among some days, as Odoo's working hours have them."""
        if self.billing_reminder_holidays or 'resource.calendar.leaves' not in self.env:
            return set()
        first = self._billing_moment(start, fields.Datetime.to_datetime(start).time())
        leaves = (
            self.env['resource.calendar.leaves']
            .sudo()
            .search(
                [
                    ('resource_id', '=', False),
                    ('company_id', 'in', (False, self.id)),
                    ('calendar_id', 'in', (False, self.resource_calendar_id.id)),
                    ('date_to', '>=', first),
                    ('date_from', '<', first + timedelta(days + 1)),
                ]
            )
        )
        closed = set()
        for leave in leaves:
            day, last = self._billing_day(leave.date_from), self._billing_day(leave.date_to)
            closed |= {day + timedelta(number) for number in range((last - day).days + 1)}
        return closed
