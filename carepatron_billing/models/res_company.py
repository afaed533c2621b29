from zoneinfo import ZoneInfo

from odoo import fields, models


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
