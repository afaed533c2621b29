from odoo import api, fields, models


class ResCompany(models.Model):
    _inherit = 'res.company'

    billing_template_id = fields.Many2one(
        'practice.invoice.template',
        string="Default Invoice Template",
        check_company=True,
        ondelete='restrict',
        copy=False,
        help="The look of every invoice for which no other one was chosen.",
    )

    billing_template_ids = fields.Many2many(
        'practice.invoice.template',
        string="Invoice Templates",
        compute='_compute_billing_template_ids',
        help="A branch has its parent's too.",
    )

    billing_document_problem = fields.Char(
        compute='_compute_billing_document_problem',
        help="What keeps this machine from printing invoices in the look of their templates.",
    )

    def _compute_billing_template_ids(self):
        templates = self.env['practice.invoice.template'].search(
            [('company_id', 'parent_of', self.ids)]
        )
        for company in self:
            company.billing_template_ids = templates.filtered(
                lambda template, company=company: template.company_id in company.parent_ids
            )

    def _compute_billing_document_problem(self):
        self.billing_document_problem = self.env['ir.actions.report']._billing_pdf_engine_problem()

    def action_billing_new_template(self) -> dict:
        """Open a new invoice template."""
        return self.env['practice.invoice.template'].action_new()

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `base` to give each practice its invoice template."""
        companies = super().create(vals_list)
        companies._billing_make_templates()
        return companies

    def write(self, vals):
        """Override of `base`: a logo that does more than show a picture is refused.

        It goes to all who pay: on pages, in mails and on documents.

        :raise UserError: a logo cannot be used; it says why
        """
        if vals.get('logo') and not self.env.su:
            self.env['practice.invoice.template']._prepare_logo({'logo': vals['logo']})
        return super().write(vals)

    @api.model
    def _billing_make_default_templates(self):
        """Give each practice that has none its invoice template."""
        self.sudo().search([('billing_template_id', '=', False)])._billing_make_templates()

    def _billing_make_templates(self):
        # A branch has its parent's.
        for company_sudo in self.sudo().filtered(lambda company: not company.parent_id):
            templates_sudo = self.env['practice.invoice.template'].sudo()
            company_sudo.billing_template_id = templates_sudo.with_company(company_sudo).create(
                {'name': self.env._("Standard"), 'company_id': company_sudo.id}
            )

    def _billing_default_template(self):
        """Return the practice's default template (sudo)."""
        self.ensure_one()
        company_sudo = self.sudo()
        while not company_sudo.billing_template_id and company_sudo.parent_id:
            company_sudo = company_sudo.parent_id
        if company_sudo.billing_template_id:
            return company_sudo.billing_template_id
        templates_sudo = company_sudo.billing_template_id.with_company(company_sudo)
        return templates_sudo.new(templates_sudo.default_get(list(templates_sudo._fields)))

    def _get_billing_settings_fields(self):
        return super()._get_billing_settings_fields() | {'billing_template_id'}
