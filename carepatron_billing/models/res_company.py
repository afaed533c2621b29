from zoneinfo import ZoneInfo

from odoo import fields, models

from ..const import PROVIDER_CODE


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

    # === BUSINESS METHODS === #

    def _billing_provider_sudo(self):
        """Return the provider (sudo) of our payment links, set up or not; a branch has its
        parent's."""
        self.ensure_one()
        return (
            self.env['payment.provider']
            .sudo()
            .search([('code', '=', PROVIDER_CODE), ('company_id', 'parent_of', self.id)], limit=1)
        )

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

    def _billing_today(self):
        """Return the practice's today; crons and the payer's browser are elsewhere.

        :rtype: datetime.date
        """
        return self._billing_day(fields.Datetime.now())
