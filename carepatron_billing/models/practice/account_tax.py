"""Tax rates for somebody who keeps no books: added, replaced and put away without their accounts.

An entry in the books refers to its tax, and a document drawn again reads the tax's name: what was
used is never changed, but replaced by a new one.
"""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tools import html2plaintext, plaintext2html
from odoo.tools.float_utils import float_repr

from ...const import MANAGER

# Where a tax is chosen once for what comes later.
PRESETS = (('product.template', 'taxes_id'), ('account.account', 'tax_ids'))


class AccountTax(models.Model):
    _inherit = 'account.tax'

    billing_rate = fields.Char(
        string="Rate", compute='_compute_billing_rate', help="The rate in a word or two."
    )
    billing_note = fields.Char(
        string="Note on the Invoice", compute='_compute_billing_rate', help="Its legal note."
    )
    billing_is_default = fields.Boolean(compute='_compute_billing_is_default')

    # === COMPUTE METHODS === #

    @api.depends('amount', 'amount_type', 'price_include', 'invoice_legal_notes')
    @api.depends_context('lang')
    def _compute_billing_rate(self):
        for tax in self:
            tax.billing_note = html2plaintext(tax.invoice_legal_notes or '').strip()
            if tax.amount_type not in ('percent', 'division'):
                tax.billing_rate = self.env._("Made in accounting")
                continue
            rate = tax._billing_percent(tax.amount)
            if not tax.amount:
                tax.billing_rate = self.env._("No tax")
            elif tax.price_include:
                tax.billing_rate = self.env._("%s, included in the price", rate)
            else:
                tax.billing_rate = self.env._("%s on top of the price", rate)

    @api.depends_context('company')
    @api.depends('company_id.account_sale_tax_id')
    def _compute_billing_is_default(self):
        for tax in self:
            tax.billing_is_default = tax == self.env.company.account_sale_tax_id

    # === ACTION METHODS === #

    def action_billing_change(self) -> dict:
        """Open the dialog that changes this rate.

        :raise UserError: if only accounting can change it
        """
        self._billing_check_manager()
        if self.amount_type != 'percent':
            raise UserError(
                self.env._(
                    "%s is more than a percentage. Ask your accountant to change it.", self.name
                )
            )
        if not self.active:
            raise UserError(self.env._("%s was put away. Bring it back first.", self.name))
        action = self.env['ir.actions.act_window']._for_xml_id(
            'carepatron_billing.practice_tax_rate_action'
        )
        return {
            **action,
            'name': self.env._("Change tax rate"),
            'context': {'default_tax_id': self.id},
        }

    def action_billing_archive(self):
        """Put this rate away: what was invoiced keeps it, nothing new gets it.

        :raise UserError: if something new would still get it; it says what
        """
        self._billing_check_manager()
        tax_sudo = self.sudo()
        if self.env['res.company'].sudo().search_count([('account_sale_tax_id', '=', self.id)]):
            raise UserError(
                self.env._("New services get %s. Choose another rate for them first.", self.name)
            )
        services_sudo = self.env['product.template'].sudo().search([('taxes_id', '=', self.id)])
        if services_sudo:
            names = services_sudo[:5].mapped('display_name')
            if len(services_sudo) > 5:
                names.append("…")
            raise UserError(
                self.env._(
                    "These services have %(tax)s: %(services)s. Choose another rate for them first,"
                    " or change this one.",
                    tax=self.name,
                    services=", ".join(names),
                )
            )
        tax_sudo.active = False
        return True

    def action_billing_restore(self):
        """Bring back a rate that was put away.

        :raise UserError: if its name was given to another one meanwhile
        """
        self._billing_check_manager()
        self._billing_check_name(self.company_id, self.name)
        self.sudo().active = True
        return True

    # === BUSINESS METHODS === #

    def _billing_check_manager(self):
        """Raise unless the user sets up the practice whose rate this is.

        :raise AccessError: also for rates that are no sales taxes
        """
        self.ensure_one()
        self.check_access('read')
        user = self.env.user
        allowed = user.has_group(MANAGER) and self.company_id <= user.company_ids
        if not (self.env.su or allowed) or self.type_tax_use != 'sale':
            raise AccessError(self.env._("Only a manager of the practice can change tax rates."))

    @api.model
    def _billing_percent(self, amount: float):
        """Return a percentage as people write it, e.g. "8.1%" for 8.1.

        :param amount: percents
        """
        digits = float_repr(amount, 4).rstrip('0').rstrip('.')
        point = self.env['res.lang']._get_data(code=self.env.lang or 'en_US').decimal_point
        return f"{digits.replace('.', point or '.')}%"

    @api.model
    def _billing_check_name(self, company, name, apart_from=None):
        taken = self.sudo().search_count(
            [
                ('company_id', 'child_of', company.root_id.id),
                ('type_tax_use', '=', 'sale'),
                ('name', '=', name),
                ('id', 'not in', (apart_from or self).ids),
            ],
            limit=1,
        )
        if taken:
            raise UserError(
                self.env._("There is a tax rate “%s” already. Choose another name.", name)
            )

    @api.model
    def _billing_source(self, company, amount: float):
        """Return the tax (sudo) whose accounts a new rate gets, and whose grids if it is alike.

        :param amount: of the new rate, in percents
        :return: the practice's usual rate first; for an exemption an exempt one, if there is any
        :raise UserError: if the practice has none to learn from
        """
        taxes_sudo = self.sudo().search(
            [
                *self._check_company_domain(company),
                ('type_tax_use', '=', 'sale'),
                ('amount_type', '=', 'percent'),
            ]
        )
        usual = company.sudo().account_sale_tax_id
        taxes_sudo = taxes_sudo.sorted(lambda tax: (tax != usual, tax.id))
        if not amount:
            exempt = taxes_sudo.filtered(lambda tax: not tax.amount)
            taxes_sudo = exempt | taxes_sudo
        else:
            taxes_sudo = taxes_sudo.filtered(
                lambda tax: (
                    tax.amount
                    and tax.repartition_line_ids.filtered(
                        lambda line: line.repartition_type == 'tax'
                    ).account_id
                )
            )
        if not taxes_sudo:
            raise UserError(
                self.env._(
                    "The books of %s have no sales tax yet that a new rate could be made after. Ask"
                    " your accountant to add the first one.",
                    company.name,
                )
            )
        return taxes_sudo[0]

    @api.model
    def _billing_add_rate(self, company, values: dict):
        """Make a tax rate with the accounts of the practice's usual one.

        The caller answers for the right to do so.

        :param values: see `_billing_prepare_rate`
        :return: the new tax
        """
        self._billing_check_name(company, values['name'])
        source_sudo = self._billing_source(company, values['amount'])
        tax_sudo = source_sudo.copy(
            {
                **self._billing_prepare_rate(source_sudo, values),
                'company_id': company.id,
                'original_tax_ids': [Command.clear()],
                'active': True,
            }
        )
        if bool(source_sudo.amount) != bool(values['amount']):
            # The grids of a taxed sale are wrong for an exempt one: better none.
            tax_sudo.repartition_line_ids.tag_ids = [Command.clear()]
        return self.browse(tax_sudo.id)

    def _billing_change_rate(self, values: dict):
        """Change this rate; one that was invoiced is replaced by a new one and put away.

        The caller answers for the right to do so.

        :param values: see `_billing_prepare_rate`
        :return: the rate as it is from now on
        """
        self.ensure_one()
        self._billing_check_name(self.company_id, values['name'], apart_from=self)
        tax_sudo = self.sudo()
        changed = self._billing_prepare_rate(tax_sudo, values)
        if not tax_sudo.is_used:
            tax_sudo.write(changed)
            return self
        tax_sudo.active = False
        new_sudo = tax_sudo.copy({**changed, 'active': True})
        new_sudo.replacing_tax_ids = tax_sudo.replacing_tax_ids
        if bool(tax_sudo.amount) != bool(new_sudo.amount):
            new_sudo.repartition_line_ids.tag_ids = [Command.clear()]
        swap = [Command.unlink(tax_sudo.id), Command.link(new_sudo.id)]
        for model, field in PRESETS:
            records_sudo = (
                self.env[model]
                .sudo()
                .with_context(active_test=False)
                .search([(field, 'in', tax_sudo.ids)])
            )
            records_sudo.write({field: swap})
        self.env['res.company'].sudo().search(
            [('account_sale_tax_id', '=', tax_sudo.id)]
        ).account_sale_tax_id = new_sudo
        return self.browse(new_sudo.id)

    @api.model
    def _billing_prepare_rate(self, source_sudo, values: dict):
        """Return the values of a tax.

        :param source_sudo: the tax whose group's accounts are taken
        :param values: `name`, `amount` (percents), `is_included`, `label` (on the invoice),
            `note` (the legal note, plain text)
        """
        label = values['label'] or (
            self._billing_percent(values['amount']) if values['amount'] else values['name']
        )
        return {
            'name': values['name'],
            'amount': values['amount'],
            'price_include_override': ('tax_included' if values['is_included'] else 'tax_excluded'),
            'invoice_label': label,
            'description': False,
            'invoice_legal_notes': values['note'] and plaintext2html(values['note']),
            'tax_group_id': self._billing_group(source_sudo, values['name']).id,
        }

    @api.model
    def _billing_group(self, source_sudo, name):
        """Return the group under whose name a rate is summed up on documents."""
        group_sudo = source_sudo.tax_group_id
        found = group_sudo.search(
            [
                ('name', '=', name),
                ('company_id', '=', group_sudo.company_id.id),
                ('country_id', '=', group_sudo.country_id.id),
            ],
            limit=1,
        )
        return found or group_sudo.copy({'name': name})
