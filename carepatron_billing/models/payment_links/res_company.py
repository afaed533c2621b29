from odoo import fields, models

from ...const import PROVIDER_CODE


class ResCompany(models.Model):
    _inherit = 'res.company'

    billing_part_payment = fields.Boolean(
        string="Clients May Pay a Part",
        help="On the pay page, clients may pay less than what is due.",
    )
    billing_part_payment_minimum = fields.Monetary(
        string="But at Least",
        currency_field='currency_id',
        help="The smallest part that a client may pay at once.",
    )

    def _get_billing_settings_fields(self):
        return super()._get_billing_settings_fields() | {
            'billing_part_payment',
            'billing_part_payment_minimum',
        }

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
