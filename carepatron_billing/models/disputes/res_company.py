from odoo import fields, models


class ResCompany(models.Model):
    """The accounts that money at Stripe passes through; made when they are first needed."""

    _inherit = 'res.company'

    billing_dispute_account_id = fields.Many2one(
        'account.account', string="Payments in Dispute", check_company=True
    )
    billing_fee_account_id = fields.Many2one(
        'account.account', string="Stripe's Fees", check_company=True
    )

    def _billing_dispute_account(self) -> models.Model:
        """Return the account where disputed payments wait until they are decided."""
        return self._billing_own_account(
            'billing_dispute_account_id',
            self.env._("Payments in dispute"),
            {'account_type': 'asset_current', 'reconcile': True},
            '1019',
        )

    def _billing_fee_account(self) -> models.Model:
        """Return the account of Stripe's fees."""
        return self._billing_own_account(
            'billing_fee_account_id', self.env._("Stripe fees"), {'account_type': 'expense'}, '6201'
        )

    def _billing_own_account(self, name, label, values, code):
        self.ensure_one()
        company_sudo = self.sudo()
        if not company_sudo[name]:
            accounts_sudo = self.env['account.account'].sudo().with_company(self)
            company_sudo[name] = accounts_sudo.create(
                {
                    'name': label,
                    'code': accounts_sudo._search_new_account_code(code),
                    'company_ids': [fields.Command.link(self.id)],
                    **values,
                }
            )
        return company_sudo[name]
