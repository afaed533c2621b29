from odoo import fields, models

from ...const import CURRENCY_DECIMALS, PROVIDER_CODE


class PaymentProvider(models.Model):
    _inherit = 'payment.provider'

    code = fields.Selection(
        selection_add=[(PROVIDER_CODE, "Stripe payment link")],
        ondelete={PROVIDER_CODE: 'set default'},
    )

    # === COMPUTE METHODS ===#

    def _compute_journal_id(self):
        """Override of `account_payment`: ours never takes the first bank journal it finds."""
        own = self.filtered(lambda provider: provider.code == PROVIDER_CODE)
        for provider in own:
            provider.journal_id = (
                self.env['account.payment.method.line']
                .search(
                    [
                        ('payment_provider_id', '=', provider._origin.id),
                        ('journal_id', '!=', False),
                    ],
                    limit=1,
                )
                .journal_id
            )
        return super(PaymentProvider, self - own)._compute_journal_id()

    def _compute_feature_support_fields(self):
        """Override of `payment` to declare what is supported: refunds, whole or in part, and
        saved cards."""
        result = super()._compute_feature_support_fields()
        own = self.filtered(lambda p: p.code == PROVIDER_CODE)
        own.support_refund = 'partial'
        own.support_tokenization = True
        return result

    # === CRUD METHODS ===#

    def write(self, vals):
        result = super().write(vals)
        if vals.get('state', 'disabled') != 'disabled':
            own = self.filtered(lambda p: p.code == PROVIDER_CODE)
            own._billing_ensure_journal()
            if 'allow_tokenization' not in vals:
                own.allow_tokenization = True
        return result

    # === BUSINESS METHODS ===#

    def _get_default_payment_method_codes(self):
        """Override of `payment` to return the default payment method codes."""
        if self.code != PROVIDER_CODE:
            return super()._get_default_payment_method_codes()
        return {'card', 'visa', 'mastercard', 'amex', 'discover'}

    def _get_payment_method_outstanding_account_id(self, payment_method_id):
        """Override of `account_payment`: money at Stripe is in our balance there, not under way.

        Without a bank reconciliation widget nobody could ever clear *Outstanding Receipts*.
        """
        if self.code != PROVIDER_CODE:
            return super()._get_payment_method_outstanding_account_id(payment_method_id)
        return self.journal_id.default_account_id.id

    def _setup_provider(self, code, **kwargs):
        """Override of `payment` to make the journal of every company that can have one."""
        result = super()._setup_provider(code, **kwargs)
        if code == PROVIDER_CODE:
            self.search([('code', '=', code)])._billing_ensure_journal()
        return result

    def _billing_ensure_journal(self):
        """Give each provider its own *Stripe* journal on a *Stripe balance* account.

        A company without a chart of accounts is passed over; it gets them when it connects.
        """
        for provider in self.filtered(lambda p: not p.journal_id and p.company_id.chart_template):
            company = provider.company_id
            account = (
                self.env['account.account']
                .with_company(company)
                .create(
                    {
                        'name': self.env._("Stripe balance"),
                        'code': self.env['account.account']
                        .with_company(company)
                        ._search_new_account_code(company.bank_account_code_prefix or '1014'),
                        'account_type': 'asset_cash',
                        'company_ids': [fields.Command.link(company.id)],
                    }
                )
            )
            provider.journal_id = (
                self.env['account.journal']
                .with_company(company)
                .create(
                    {
                        'name': self.env._("Stripe"),
                        'type': 'bank',
                        'code': self._billing_free_journal_code(company),
                        'company_id': company.id,
                        'default_account_id': account.id,
                        'show_on_dashboard': False,
                    }
                )
            )
            line = provider.journal_id.inbound_payment_method_line_ids.filtered(
                lambda line, provider=provider: line.payment_provider_id == provider
            )
            line.payment_account_id = account

    def _billing_free_journal_code(self, company):
        taken = set(
            self.env['account.journal']
            .with_context(active_test=False)
            .search([('company_id', '=', company.id), ('code', '=like', 'STR%')])
            .mapped('code')
        )
        codes = ['STRP', *(f'STR{number}' for number in range(1, 100))]
        return next(code for code in codes if code not in taken)

    def _billing_decimals(self, currency):
        """Return how many decimals Stripe counts in a currency, or None for Odoo's own table."""
        return CURRENCY_DECIMALS.get(currency.name)
