"""What the practice's settings gather from Odoo's own records, and why some of it is fixed."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ...const import MANAGER

MOST_DAYS = 366


class ResCompany(models.Model):
    _inherit = 'res.company'

    billing_currency_name = fields.Char(related='currency_id.name', groups=MANAGER)
    billing_currency_fixed = fields.Char(
        compute='_compute_billing_currency_fixed',
        compute_sudo=True,
        groups=MANAGER,
        help="Why the currency cannot be changed; empty while it can.",
    )
    billing_due_days = fields.Integer(
        string="Days to Pay",
        compute='_compute_billing_due_days',
        inverse='_inverse_billing_due',
        compute_sudo=True,
        groups=MANAGER,
        help="How long payers have after the invoice's date. 0: due at once.",
    )
    billing_due_kind = fields.Selection(
        [('days', "Some days after they are issued"), ('terms', "By other payment terms")],
        string="Invoices Are Due By",
        compute='_compute_billing_due_days',
        inverse='_inverse_billing_due',
        compute_sudo=True,
        groups=MANAGER,
        help="Other terms are instalments, or a discount for early payment, as your accountant"
        " made them.",
    )
    billing_number_prefix = fields.Char(
        string="Invoice Numbers Begin With",
        compute='_compute_billing_numbering',
        inverse='_inverse_billing_number_prefix',
        compute_sudo=True,
        groups=MANAGER,
    )
    billing_next_number = fields.Char(
        string="Next Invoice",
        compute='_compute_billing_numbering',
        compute_sudo=True,
        groups=MANAGER,
    )
    billing_number_fixed = fields.Char(
        compute='_compute_billing_numbering',
        compute_sudo=True,
        groups=MANAGER,
        help="Why the beginning of invoice numbers cannot be changed; empty while it can.",
    )
    billing_tax_ids = fields.Many2many(
        'account.tax', string="Tax Rates", compute='_compute_billing_tax_ids', groups=MANAGER
    )

    # === COMPUTE METHODS === #

    @api.depends('parent_id', 'currency_id')
    def _compute_billing_currency_fixed(self):
        for company in self:
            reason = False
            if company.parent_id:
                reason = self.env._("A branch has the currency of %s.", company.root_id.name)
            elif company.root_id._existing_accounting():
                reason = self.env._(
                    "Fixed since the first entry in the books. A client may still pay in another"
                    " currency: choose it in the client's price list."
                )
            company.billing_currency_fixed = reason

    @api.depends('billing_payment_term_id')
    def _compute_billing_due_days(self):
        for company in self:
            term = company.billing_payment_term_id
            is_plain = not term or self._billing_is_plain_term(term)
            company.billing_due_kind = 'days' if is_plain else 'terms'
            company.billing_due_days = term.line_ids.nb_days if is_plain else 0

    def _inverse_billing_due(self):
        for company in self:
            if company.billing_due_kind == 'terms':
                continue
            days, term = company.billing_due_days, company.billing_payment_term_id
            if not 0 <= days <= MOST_DAYS:
                raise UserError(self.env._("Give payers between 0 and %s days to pay.", MOST_DAYS))
            if not days:
                company.billing_payment_term_id = False
            elif not self._billing_is_plain_term(term) or days != term.line_ids.nb_days:
                company.billing_payment_term_id = company._billing_plain_term(days)

    def _billing_is_plain_term(self, term):
        """Whether payment terms say no more than a number of days."""
        line = term.line_ids
        return (
            len(line) == 1
            and line.value == 'percent'
            and line.delay_type == 'days_after'
            and not term.early_discount
        )

    def _billing_plain_term(self, days):
        """Return the payment terms of so many days; they are made if there are none."""
        terms = self.env['account.payment.term'].search(
            [
                ('company_id', 'in', [False, *self.parent_ids.ids]),
                ('line_ids.nb_days', '=', days),
            ]
        )
        found = terms.filtered(self._billing_is_plain_term)
        return found[:1] or terms.create(
            {
                'name': self.env._("%s days", days),
                'company_id': self.id,
                'line_ids': [
                    Command.create({'value': 'percent', 'value_amount': 100, 'nb_days': days})
                ],
            }
        )

    @api.depends('name')
    def _compute_billing_numbering(self):
        for company in self:
            journal = company._billing_sales_journal()
            company.billing_number_prefix = journal.code
            company.billing_next_number = journal and self._billing_next_number_in(journal)
            numbered = journal and self._billing_first_number_in(journal)
            company.billing_number_fixed = numbered and self.env._(
                "Fixed since %s was issued: numbers go on without a gap.", numbered
            )

    def _inverse_billing_number_prefix(self):
        for company in self:
            journal = company._billing_sales_journal()
            prefix = (company.billing_number_prefix or '').strip().upper()
            if prefix == journal.code:
                continue
            if numbered := self._billing_first_number_in(journal):
                raise UserError(
                    self.env._("Fixed since %s was issued: numbers go on without a gap.", numbered)
                )
            if not prefix.isalnum() or not 1 <= len(prefix) <= 5:
                raise UserError(
                    self.env._("Let invoice numbers begin with one to five letters or digits.")
                )
            if self.env['account.journal'].search_count(
                [('company_id', '=', journal.company_id.id), ('code', '=', prefix)], limit=1
            ):
                raise UserError(
                    self.env._("%s is taken by other entries of the books. Choose another.", prefix)
                )
            journal.code = prefix

    def _billing_sales_journal(self):
        Journal = self.env['account.journal'].with_company(self)
        return Journal.search(
            [*Journal._check_company_domain(self), ('type', '=', 'sale')], limit=1
        )

    def _billing_first_number_in(self, journal):
        move = self.env['account.move'].search(
            [('journal_id', '=', journal.id), ('name', 'not in', (False, '', '/'))],
            order='id',
            limit=1,
        )
        return move.name

    def _billing_next_number_in(self, journal):
        today = journal.company_id._billing_today()
        invoice = (
            self.env['account.move']
            .with_company(journal.company_id)
            .new({'move_type': 'out_invoice', 'journal_id': journal.id, 'date': today})
        )
        number, values = invoice._get_next_sequence_format()
        return number.format(**{**values, 'seq': values['seq'] + 1})

    @api.depends('account_sale_tax_id')
    def _compute_billing_tax_ids(self):
        Tax = self.env['account.tax']
        for company in self:
            company.billing_tax_ids = Tax.search(
                [*Tax._check_company_domain(company), ('type_tax_use', '=', 'sale')]
            )
