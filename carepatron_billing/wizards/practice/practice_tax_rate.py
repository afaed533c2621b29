from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import html2plaintext

from ...const import MANAGER


class PracticeTaxRate(models.TransientModel):
    """Add or change a tax rate: what a practice owner knows of it, in one line."""

    _name = 'practice.tax.rate'
    _inherit = 'practice.dialog'
    _description = "Tax Rate"

    company_id = fields.Many2one(
        'res.company', required=True, readonly=True, default=lambda self: self.env.company
    )
    tax_id = fields.Many2one('account.tax', readonly=True)
    is_used = fields.Boolean(related='tax_id.is_used')
    name = fields.Char(
        compute='_compute_from_tax', store=True, readonly=False, required=True, precompute=True
    )
    is_exempt = fields.Boolean(
        string="Exempt", compute='_compute_from_tax', store=True, readonly=False, precompute=True
    )
    amount = fields.Float(
        string="Percent",
        digits=(16, 4),
        compute='_compute_from_tax',
        store=True,
        readonly=False,
        precompute=True,
    )
    is_included = fields.Boolean(
        string="Included in prices",
        compute='_compute_from_tax',
        store=True,
        readonly=False,
        precompute=True,
    )
    label = fields.Char(
        string="On the invoice",
        compute='_compute_from_tax',
        store=True,
        readonly=False,
        precompute=True,
    )
    note = fields.Text(
        string="Legal note",
        compute='_compute_from_tax',
        store=True,
        readonly=False,
        precompute=True,
        help="Printed on every invoice with this rate, such as the law that exempts from the tax.",
    )
    is_default = fields.Boolean(string="For new services")
    service_count = fields.Integer(compute='_compute_service_count')

    # === COMPUTE METHODS === #

    @api.depends('tax_id')
    def _compute_from_tax(self):
        for wizard in self:
            tax = wizard.tax_id
            wizard.name = tax.name
            wizard.amount = tax.amount
            wizard.is_exempt = bool(tax) and not tax.amount
            wizard.is_included = tax.price_include
            wizard.label = tax.invoice_label
            wizard.note = html2plaintext(tax.invoice_legal_notes or '').strip()

    @api.depends('tax_id')
    def _compute_service_count(self):
        for wizard in self:
            wizard.service_count = (
                self.env['product.template']
                .sudo()
                .search_count([('taxes_id', 'in', wizard.tax_id.ids)])
            )

    # === ONCHANGE METHODS === #

    @api.onchange('is_exempt')
    def _onchange_is_exempt(self):
        if self.is_exempt:
            self.amount = 0.0
            self.is_included = False

    @api.onchange('amount')
    def _onchange_amount(self):
        # A label that tells the old percentage would contradict the new one.
        if self.amount:
            self.is_exempt = False
            self.label = self.env['account.tax']._billing_percent(self.amount)

    # === ACTION METHODS === #

    def action_save(self):
        """Make the rate, or change it as the books allow.

        :raise AccessError: if the user is no manager of the practice
        :raise UserError: if the rate makes no sense; it says what to do
        """
        self.ensure_one()
        Tax = self.env['account.tax']
        if self.tax_id:
            self.tax_id._billing_check_manager()
        elif not (
            self.env.user.has_group(MANAGER) and self.company_id in self.env.user.company_ids
        ):
            raise AccessError(self.env._("Only a manager of the practice can add tax rates."))
        values = self._checked_values()
        if self.tax_id:
            tax = self._change_rate(values)
        else:
            tax = Tax._billing_add_rate(self.company_id, values)
        if self.is_default:
            self.company_id.write({'account_sale_tax_id': tax.id})
        return {'type': 'ir.actions.act_window_close'}

    def _change_rate(self, values):
        """Change the rate that the dialog was opened for.

        :return: the rate as it is from now on
        """
        return self.tax_id._billing_change_rate(values)

    def _checked_values(self):
        if self.is_exempt:
            if not (self.note or '').strip():
                raise UserError(
                    self.env._(
                        "Say why no tax is charged: the law asks for this note on the invoice."
                    )
                )
        elif not 0 < self.amount <= 100:
            raise UserError(
                self.env._("Give a percentage above 0 and up to 100, or choose Exempt.")
            )
        return {
            'name': self.name.strip(),
            'amount': 0.0 if self.is_exempt else self.amount,
            'is_included': self.is_included and not self.is_exempt,
            'label': (self.label or '').strip(),
            'note': (self.note or '').strip(),
        }
