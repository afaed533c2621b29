from datetime import date

from odoo import fields, models


class ResCompany(models.Model):
    _inherit = 'res.company'

    billing_retention_years = fields.Integer(
        string="Keep Clients' Records",
        required=True,
        default=10,
        help="So many whole years after the year of a client's last session, invoice or payment,"
        " the client can be anonymised.",
    )

    _billing_retention_check = models.Constraint(
        'CHECK(billing_retention_years BETWEEN 1 AND 50)',
        "Keep clients' records for 1 to 50 years.",
    )

    def _get_billing_settings_fields(self):
        return super()._get_billing_settings_fields() | {'billing_retention_years'}

    def _billing_keep_until(self, day):
        """Return the last day on which what happened on a day has to be kept.

        By caution it is counted from the end of that year, as most tax laws do.

        :param datetime.date day: the practice's
        :rtype: datetime.date
        """
        self.ensure_one()
        return date(day.year + self.billing_retention_years, 12, 31)
