from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from ...const import MANAGER
from ...tools.actions import notification
from ...tools.colors import is_color
from ...tools.themes import THEMES, palette, unreadable
from .logos import LogoError, prepare_logo

# Where paper is cut by inches.
LETTER_COUNTRIES = ('US', 'CA', 'MX', 'PH', 'CL', 'CO', 'CR', 'DO', 'GT', 'PA', 'PR', 'SV', 'VE')
SWITCHES = (
    'show_code',
    'show_practitioner',
    'show_session_time',
    'show_quantity',
    'show_discount',
    'show_taxes',
    'show_client_address',
    'show_client_reference',
    'show_payer',
    'show_qr_code',
    'show_bank',
    'show_page_numbers',
)


class PracticeInvoiceTemplate(models.Model):
    _name = 'practice.invoice.template'
    _description = "Invoice Template"
    _order = 'sequence, name, id'
    _check_company_auto = True

    # === FIELDS: WHAT IT IS === #

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(
        'res.company',
        string="Practice",
        required=True,
        index=True,
        readonly=True,
        default=lambda self: self.env.company,
    )
    is_default = fields.Boolean(
        string="Practice's Default",
        compute='_compute_is_default',
        help="The template of every invoice for which no other one was chosen, in the practice or"
        " branch that is worked in.",
    )

    # === FIELDS: THE LOOK === #

    layout = fields.Selection(
        [
            ('classic', "Classic letterhead"),
            ('modern', "Modern with a colour band"),
            ('compact', "Compact, for many lines"),
            ('statement', "Statement with a payment slip"),
        ],
        required=True,
        default='classic',
    )
    theme = fields.Selection(
        [
            ('harbour', "Harbour"),
            ('garden', "Garden"),
            ('plum', "Plum"),
            ('graphite', "Graphite"),
            ('own', "Own colours"),
        ],
        required=True,
        default='harbour',
    )
    main_color = fields.Char(
        string="Main Colour",
        compute='_compute_colors',
        store=True,
        readonly=False,
        precompute=True,
        help="Of bands, headings and lines, as #rrggbb.",
    )
    accent_color = fields.Char(
        string="Accent Colour",
        compute='_compute_colors',
        store=True,
        readonly=False,
        precompute=True,
        help="Of what is to be seen first: the amount due, links.",
    )
    contrast_warning = fields.Char(compute='_compute_contrast_warning')
    font = fields.Selection(
        [
            ('Roboto', "Roboto"),
            ('Open Sans', "Open Sans"),
            ('Lato', "Lato"),
            ('Montserrat', "Montserrat"),
            ('Raleway', "Raleway"),
        ],
        required=True,
        default='Roboto',
    )
    paper = fields.Selection(
        [('A4', "A4"), ('Letter', "Letter")],
        required=True,
        default=lambda self: self._default_paper(),
    )
    logo_choice = fields.Selection(
        [('company', "The practice's logo"), ('own', "Another logo"), ('none', "No logo")],
        string="Logo",
        required=True,
        default='company',
    )
    logo = fields.Binary(
        string="Own Logo",
        attachment=True,
        help="PNG, JPEG, WebP or SVG. A large picture is made smaller once, when it is stored.",
    )

    # === FIELDS: WHAT SHOWS === #

    show_code = fields.Boolean(string="Service Code", default=True)
    show_practitioner = fields.Boolean(
        string="Practitioner", default=True, help="With registration and provider number."
    )
    show_session_time = fields.Boolean(string="Session Time")
    show_quantity = fields.Boolean(string="Quantity", default=True)
    show_discount = fields.Boolean(
        string="Discount", default=True, help="A column, on invoices with a discount."
    )
    show_taxes = fields.Boolean(
        string="Tax Columns",
        default=True,
        help="A column, on invoices with taxes. The totals always name every tax.",
    )
    show_client_address = fields.Boolean(string="Client's Address", default=True)
    show_client_reference = fields.Boolean(
        string="Client's Reference", default=True, help="The referral or policy number."
    )
    show_payer = fields.Boolean(
        string="Client Beside Payer",
        default=True,
        help="Where somebody else pays, name the client beside the payer.",
    )
    show_qr_code = fields.Boolean(string="QR Code of the Payment Link", default=True)
    show_bank = fields.Boolean(string="Bank Details", default=True)
    show_page_numbers = fields.Boolean(string="Page Numbers", default=True)

    # === COMPUTE METHODS === #

    @api.depends('company_id.billing_template_id')
    @api.depends_context('company')
    def _compute_is_default(self):
        for template in self:
            template.is_default = template._origin and (
                template._get_practice()._billing_default_template() == template._origin
            )

    @api.depends('theme')
    def _compute_colors(self):
        for template in self:
            if template.theme in THEMES:
                template.main_color, template.accent_color = THEMES[template.theme]
            elif not template.main_color:
                template.main_color, template.accent_color = THEMES['harbour']

    @api.depends('theme', 'main_color', 'accent_color')
    def _compute_contrast_warning(self):
        for template in self:
            pairs = unreadable(*template._get_colors()) if template.theme == 'own' else []
            template.contrast_warning = " ".join(
                self.env._(
                    "%(color)s is too light for text on white: texts are printed in %(darker)s.",
                    color=color,
                    darker=darker,
                )
                for color, darker in pairs
            )

    @api.model
    def _default_paper(self):
        company = self.env.company
        if company.country_id.code in LETTER_COUNTRIES:
            return 'Letter'
        used = company.paperformat_id.format
        return used if used in ('A4', 'Letter') else 'A4'

    # === CONSTRAINTS === #

    @api.constrains('theme', 'main_color', 'accent_color')
    def _check_colors(self):
        for template in self:
            for color in (template.main_color, template.accent_color):
                if not is_color(color):
                    raise ValidationError(
                        self.env._("Write a colour as #rrggbb, for instance #17506b.")
                    )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Override of the ORM to check logos and store them small.

        :raise UserError: a logo cannot be used; it says why
        """
        vals_list = [self._prepare_logo(vals) for vals in vals_list]
        if not any(vals.get('logo') for vals in vals_list):
            return super().create(vals_list)
        self.check_access('create')
        # Odoo keeps drawings for administrators; these were looked through.
        templates_sudo = super(PracticeInvoiceTemplate, self.sudo()).create(vals_list)
        templates = templates_sudo.sudo(self.env.su)
        templates.check_access('create')
        return templates

    def write(self, vals):
        """Override of the ORM to check logos and keep the practice's default.

        :raise UserError: a logo cannot be used, or the default would be archived
        """
        if vals.get('active') is False:
            self._check_no_default()
        vals = self._prepare_logo(vals)
        if vals.get('logo'):
            self.check_access('write')
            return super(PracticeInvoiceTemplate, self.sudo()).write(vals)
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_default(self):
        self._check_no_default()

    def copy_data(self, default=None):
        """Override of the ORM to tell the copy from the original."""
        named = 'name' in (default or {})
        return [
            vals if named else {**vals, 'name': self.env._("%s (copy)", template.name)}
            for template, vals in zip(self, super().copy_data(default), strict=True)
        ]

    def _check_no_default(self):
        companies_sudo = self.env['res.company'].sudo()
        for company_sudo in companies_sudo.search([('billing_template_id', 'in', self.ids)]):
            raise UserError(
                self.env._(
                    "%(template)s is the default of %(practice)s. Make another template the default"
                    " first.",
                    template=company_sudo.billing_template_id.name,
                    practice=company_sudo.name,
                )
            )

    def _prepare_logo(self, vals):
        if not vals.get('logo'):
            return vals
        try:
            return {**vals, 'logo': prepare_logo(vals['logo'])}
        except LogoError as error:
            texts = {
                'broken': self.env._(
                    "This logo cannot be read. Choose a PNG, JPEG, WebP or SVG file."
                ),
                'large': self.env._("This logo is too large. Choose a smaller picture."),
                'drawing': self.env._(
                    "This drawing is too large or does more than draw (scripts, patterns, "
                    "filters, links). Export it as a plain SVG or as PNG."
                ),
            }
            raise UserError(texts[error.reason]) from error

    # === ACTION METHODS === #

    def action_set_default(self):
        """Make this the template of every invoice for which no other one was chosen."""
        self.ensure_one()
        self.check_access('write')
        if not self.active:
            raise UserError(self.env._("Unarchive %s first.", self.name))
        self._get_practice().billing_template_id = self
        return {'type': 'ir.actions.client', 'tag': 'soft_reload'}

    def action_use_for_drafts(self) -> dict:
        """Give all draft invoices and credit notes of the practice this look.

        :return: an action that says how many
        """
        self.ensure_one()
        self.check_access('read')
        if not self.env.user.has_group(MANAGER):
            raise AccessError(self.env._("Only a manager changes the look of all drafts."))
        drafts_sudo = (
            self.env['account.move']
            .sudo()
            .search(
                [
                    ('company_id', 'child_of', self.company_id.id),
                    ('move_type', 'in', ('out_invoice', 'out_refund', 'out_receipt')),
                    ('state', '=', 'draft'),
                ]
            )
        )
        drafts_sudo.billing_template_id = self
        return notification(
            self.env._("%(count)s drafts use %(name)s.", count=len(drafts_sudo), name=self.name)
        )

    # === BUSINESS METHODS === #

    def _get_practice(self) -> models.Model:
        """Return whose default this template is or can become: its practice, or the branch of it
        that the user works in.
        """
        practice = self.company_id
        branch = self.env.company
        return branch if practice in branch.sudo().parent_ids else practice

    def _get_colors(self) -> tuple[str, str]:
        """Return the main colour and the accent; those of a theme where an own one is none."""
        self.ensure_one()
        if self.theme in THEMES:
            return THEMES[self.theme]
        own = (self.main_color, self.accent_color)
        return tuple(
            color if is_color(color) else preset
            for color, preset in zip(own, THEMES['harbour'], strict=True)
        )

    def _get_palette(self) -> dict[str, str]:
        """Return the colours of a document."""
        return palette(*self._get_colors())

    def _get_logo(self, company) -> bytes | bool:
        """Return the logo as base64, False if there is none.

        :param company: the practice, or the branch, that a document comes from
        """
        self.ensure_one()
        if self.logo_choice == 'own':
            return self._prepare_logo_quietly(self.with_context(bin_size=False).logo)
        if company.uses_default_logo:
            company = self.company_id
        # The square that a new company starts with is no logo.
        if self.logo_choice == 'none' or company.uses_default_logo:
            return False
        return company.partner_id.with_context(bin_size=False).image_512

    def _prepare_logo_quietly(self, content):
        # Of a form that is not saved yet, whose logo nobody looked through.
        try:
            return content and prepare_logo(content)
        except LogoError:
            return False
