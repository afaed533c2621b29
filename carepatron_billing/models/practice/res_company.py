from datetime import datetime
from zoneinfo import ZoneInfo

from odoo import fields, models
from odoo.exceptions import AccessError

from ...const import MANAGER, MANAGER_ACTIVITY, PRACTITIONER


class ResCompany(models.Model):
    _inherit = 'res.company'

    billing_timezone = fields.Selection(
        related='partner_id.tz',
        string="Time Zone",
        readonly=False,
        help="The practice's days begin and end by this clock; without one, by UTC.",
    )
    billing_payment_term_id = fields.Many2one(
        'account.payment.term',
        string="Invoices Are Due",
        check_company=True,
        help="Used where the payer has no payment terms of their own. Empty: due at once.",
    )
    billing_service_id = fields.Many2one(
        'product.product',
        string="Usual Service",
        check_company=True,
        domain=[('type', '=', 'service'), ('sale_ok', '=', True)],
        help="Offered for new sessions where neither client nor practitioner has a usual one.",
    )
    # === CRUD METHODS === #

    def write(self, vals):
        """Override of `base`: a *Manager* changes what the practice's settings show, no more.

        :raise AccessError: if another field is among the values
        """
        user = self.env.user
        if self.env.su or user.has_group('base.group_erp_manager') or not user.has_group(MANAGER):
            return super().write(vals)
        self.check_access('write')
        if vals.keys() - self._get_billing_settings_fields():
            raise AccessError(
                self.env._(
                    "You may change the practice's billing settings only. For the rest of the "
                    "company's record, ask an administrator."
                )
            )
        return super(ResCompany, self.sudo()).write(vals)

    # === ACTION METHODS === #

    def _billing_action_settings(self) -> dict:
        """Return the action that opens the settings of the present practice."""
        # No action of its own in the database: opened without a company it would make a new one.
        return {
            'type': 'ir.actions.act_window',
            'name': self.env._("Billing & Payments"),
            'res_model': self._name,
            'res_id': self.env.company.id,
            'views': [
                (self.env.ref('carepatron_billing.res_company_billing_view_form').id, 'form')
            ],
        }

    # === BUSINESS METHODS === #

    def _billing_is_practice(self):
        """Whether anybody has a role of Billing & Payments in this company."""
        self.ensure_one()
        role = self.env.ref(PRACTITIONER)
        users_sudo = self.env['res.users'].sudo()
        return bool(
            users_sudo.search_count(
                [('all_group_ids', 'in', role.ids), ('company_ids', 'in', self.ids)], limit=1
            )
        )

    def _get_billing_settings_fields(self) -> set[str]:
        """Return the fields that the practice's settings may change."""
        return {
            'billing_due_days',
            'billing_due_kind',
            'billing_number_prefix',
            'billing_payment_term_id',
            'billing_service_id',
            'billing_timezone',
            'account_sale_tax_id',
            'currency_id',
            'street',
            'street2',
            'city',
            'state_id',
            'zip',
            'country_id',
            'phone',
            'email',
            'website',
            'vat',
            'company_registry',
            'logo',
            'primary_color',
        }

    def _billing_manager(self) -> models.Model:
        """Return who is called when something has to be looked at: a person of the practice
        before an administrator.
        """
        self.ensure_one()
        managers = (
            self.env.ref(MANAGER)
            .sudo()
            .all_user_ids.filtered(lambda user: user.active and self in user.company_ids)
        )
        return managers.sorted(lambda user: (user.has_group('base.group_system'), user.id))[:1]

    def _billing_notify_manager(self, record, summary, date_deadline=None, once=True):
        """Ask a manager of the practice to look at a record.

        :param record: one of a model that has activities
        :param summary: what it is about; takes an environment of the manager's language
        :param datetime.date date_deadline: until when; today unless given
        :param bool once: whether one who has been asked already, about whatever, is left alone
        """
        manager = self._billing_manager()
        if not manager or (once and record.activity_search([MANAGER_ACTIVITY])):
            return
        record = record.with_context(lang=manager.lang)
        record.activity_schedule(
            MANAGER_ACTIVITY, date_deadline, summary=summary(record.env), user_id=manager.id
        )

    def _billing_zone(self) -> ZoneInfo:
        """Return the practice's time zone."""
        self.ensure_one()
        return ZoneInfo(self.partner_id.tz or 'UTC')

    def _billing_day(self, moment: datetime):
        """Return the practice's day at a moment.

        :param moment: naive, in UTC, as Odoo stores it.
        :rtype: datetime.date
        """
        return moment.replace(tzinfo=ZoneInfo('UTC')).astimezone(self._billing_zone()).date()

    def _billing_moment(self, day, at):
        """Return the moment of an hour of the practice's day.

        :param datetime.date day: the practice's; of a datetime, its date as it stands
        :param datetime.time at: by the practice's clock
        :return: naive, in UTC
        :rtype: datetime.datetime
        """
        local = datetime(day.year, day.month, day.day, at.hour, at.minute)
        moment = local.replace(tzinfo=self._billing_zone()).astimezone(ZoneInfo('UTC'))
        return moment.replace(tzinfo=None)

    def _billing_today(self):
        """Return the practice's today; crons and the payer's browser are elsewhere.

        :rtype: datetime.date
        """
        return self._billing_day(fields.Datetime.now())
