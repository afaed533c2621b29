from datetime import datetime
from zoneinfo import ZoneInfo

from odoo import fields, models
from odoo.exceptions import AccessError

from ...const import PROVIDER_CODE


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
    billing_attendance = fields.Selection(
        [
            ('assumed', "Count as attended"),
            ('asked', "Wait until somebody says so"),
        ],
        string="Unmarked Sessions",
        required=True,
        default='assumed',
        help="Sessions that are over, and of which nobody has said whether the client came.",
    )
    billing_late_decline = fields.Selection(
        [
            ('asked', "Ask somebody first"),
            ('charged', "Charge the fee"),
        ],
        string="Declined Too Late",
        required=True,
        default='asked',
        help="When a client declines by the invitation's link, with less notice than the rule for "
        "late cancellations asks for.",
    )
    billing_fee_rule_ids = fields.One2many('practice.fee.rule', 'company_id')
    billing_part_payment = fields.Boolean(
        string="Clients May Pay a Part",
        help="On the pay page, clients may pay less than what is due.",
    )
    billing_part_payment_minimum = fields.Monetary(
        string="But at Least",
        currency_field='currency_id',
        help="The smallest part that a client may pay at once.",
    )
    billing_desk_refunds = fields.Boolean(
        string="The Front Desk May Give Back Money",
        help="Otherwise only managers refund what was paid.",
    )
    billing_stripe_state = fields.Selection(
        [('disabled', "Not set up"), ('test', "Test mode"), ('enabled', "Live")],
        string="Online Payments",
        compute='_compute_billing_stripe',
        compute_sudo=True,
    )
    billing_stripe_account_name = fields.Char(
        string="Stripe Account", compute='_compute_billing_stripe', compute_sudo=True
    )

    # === COMPUTE METHODS === #

    def _compute_billing_stripe(self):
        for company in self:
            provider_sudo = company._billing_provider_sudo()
            company.billing_stripe_state = provider_sudo.state or 'disabled'
            company.billing_stripe_account_name = provider_sudo.stripe_payment_link_account_name

    # === CRUD METHODS === #

    def write(self, vals):
        """Override of `base`: a *Manager* changes what the practice's settings show, no more.

        :raise AccessError: if another field is among the values
        """
        user = self.env.user
        if (
            self.env.su
            or user.has_group('base.group_erp_manager')
            or not user.has_group('carepatron_billing.group_manager')
        ):
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

    def _billing_action_settings(self):
        """Return the action that opens the settings of the present practice.

        :rtype: dict
        """
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

    def _billing_provider_sudo(self):
        """Return the provider (sudo) of our payment links, set up or not; a branch has its
        parent's."""
        self.ensure_one()
        return (
            self.env['payment.provider']
            .sudo()
            .search_fetch(
                [('code', '=', PROVIDER_CODE), ('company_id', 'parent_of', self.id)],
                ['state'],
                limit=1,
            )
        )

    def _billing_manual_journals(self):
        """Return the tills and bank accounts; what moves at Stripe is entered by itself.

        :rtype: recordset of `account.journal`
        """
        self.ensure_one()
        Journal = self.env['account.journal']
        return Journal.search(
            [
                *Journal._check_company_domain(self),
                ('type', 'in', ('cash', 'bank', 'credit')),
            ]
        ).filtered(
            lambda journal: (
                PROVIDER_CODE not in journal.sudo().inbound_payment_method_line_ids.mapped('code')
            )
        )

    def _billing_is_practice(self):
        """Whether anybody has a role of Billing & Payments in this company."""
        self.ensure_one()
        role = self.env.ref('carepatron_billing.group_practitioner')
        users_sudo = self.env['res.users'].sudo()
        return bool(
            users_sudo.search_count(
                [('all_group_ids', 'in', role.ids), ('company_ids', 'in', self.ids)], limit=1
            )
        )

    def _get_billing_settings_fields(self):
        """Return the fields that the practice's settings may change.

        :rtype: set[str]
        """
        return {
            'billing_desk_refunds',
            'billing_due_days',
            'billing_due_kind',
            'billing_first_steps_hidden',
            'billing_number_prefix',
            'billing_part_payment',
            'billing_part_payment_minimum',
            'billing_payment_term_id',
            'billing_attendance',
            'billing_late_decline',
            'billing_fee_rule_ids',
            'billing_service_id',
            'billing_template_id',
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

    def _billing_manager(self):
        """Return who is called when something has to be looked at: a person of the practice
        before an administrator.

        :rtype: recordset of `res.users`
        """
        self.ensure_one()
        managers = (
            self.env.ref('carepatron_billing.group_manager')
            .sudo()
            .all_user_ids.filtered(lambda user: user.active and self in user.company_ids)
        )
        return managers.sorted(lambda user: (user.has_group('base.group_system'), user.id))[:1]

    def _billing_zone(self):
        """Return the practice's time zone.

        :rtype: zoneinfo.ZoneInfo
        """
        self.ensure_one()
        return ZoneInfo(self.partner_id.tz or 'UTC')

    def _billing_day(self, moment):
        """Return the practice's day at a moment.

        :param datetime moment: naive, in UTC, as Odoo stores it.
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
