from odoo import api, fields, models

from ...tools.clinical import told_by_templates
from ...tools.privacy import CHANNELS, FULL, MINIMUM, NAMES, Tried

DESK = 'carepatron_billing.group_front_desk'
# What leaves by itself or in batches, beside reminders.
TEMPLATES = (
    'mail_template_payment_link',
    'mail_template_payment_link_all',
    'mail_template_receipt',
    'mail_template_autopay_notice',
)
LEVELS = [(MINIMUM, "Minimum"), (NAMES, "Service names"), (FULL, "Full")]


class ResCompany(models.Model):
    """How much of its clients' sessions a practice tells, with an example of each way."""

    _inherit = 'res.company'

    billing_privacy_subject = fields.Selection(
        LEVELS, string="E-mail: Subject", required=True, default=CHANNELS['subject']
    )
    billing_privacy_mail = fields.Selection(
        LEVELS, string="E-mail: Text", required=True, default=CHANNELS['mail']
    )
    billing_privacy_document = fields.Selection(
        LEVELS,
        string="Invoice Document",
        required=True,
        default=CHANNELS['document'],
        help="Full is what its template shows. What was sent already stays as it was.",
    )
    billing_privacy_page = fields.Selection(
        LEVELS, string="Pay Page", required=True, default=CHANNELS['page']
    )
    billing_privacy_portal = fields.Selection(
        LEVELS, string="Client Portal", required=True, default=CHANNELS['portal']
    )
    billing_privacy_invitation = fields.Selection(
        LEVELS, string="Calendar Invitation", required=True, default=CHANNELS['invitation']
    )
    billing_privacy_subject_example = fields.Html(
        compute='_compute_billing_privacy_subject_example', sanitize=False, groups=DESK
    )
    billing_privacy_mail_example = fields.Html(
        compute='_compute_billing_privacy_mail_example', sanitize=False, groups=DESK
    )
    billing_privacy_document_example = fields.Html(
        compute='_compute_billing_privacy_document_example', sanitize=False, groups=DESK
    )
    billing_privacy_page_example = fields.Html(
        compute='_compute_billing_privacy_page_example', sanitize=False, groups=DESK
    )
    billing_privacy_portal_example = fields.Html(
        compute='_compute_billing_privacy_portal_example', sanitize=False, groups=DESK
    )
    billing_privacy_invitation_example = fields.Html(
        compute='_compute_billing_privacy_invitation_example', sanitize=False, groups=DESK
    )
    billing_privacy_stripe_example = fields.Html(
        compute='_compute_billing_privacy_stripe_example', sanitize=False, groups=DESK
    )
    billing_privacy_warning = fields.Char(
        compute='_compute_billing_privacy_warning',
        groups=DESK,
        help="Names and codes of services in the words of mails that leave by themselves or in"
        " batches, though they may not stand there.",
    )
    billing_privacy_source = fields.Char(
        compute='_compute_billing_privacy_source',
        groups=DESK,
        help="What the examples are drawn from.",
    )

    # === COMPUTE METHODS === #

    @api.depends('billing_privacy_subject')
    def _compute_billing_privacy_subject_example(self):
        self._billing_privacy_draw('subject')

    @api.depends('billing_privacy_mail')
    def _compute_billing_privacy_mail_example(self):
        self._billing_privacy_draw('mail')

    @api.depends('billing_privacy_document')
    def _compute_billing_privacy_document_example(self):
        self._billing_privacy_draw('document')

    @api.depends('billing_privacy_page')
    def _compute_billing_privacy_page_example(self):
        self._billing_privacy_draw('page')

    @api.depends('billing_privacy_portal')
    def _compute_billing_privacy_portal_example(self):
        self._billing_privacy_draw('portal')

    @api.depends('billing_privacy_invitation')
    def _compute_billing_privacy_invitation_example(self):
        self._billing_privacy_draw('invitation')

    @api.depends('name')
    def _compute_billing_privacy_stripe_example(self):
        self._billing_privacy_draw('stripe')

    @api.depends('name')
    def _compute_billing_privacy_source(self):
        for company in self:
            move = self.env['practice.privacy.example']._invoice(company._origin)
            company.billing_privacy_source = (
                self.env._("Drawn from your invoice %s.", move.name)
                if move.id
                else self.env._("Drawn from a made-up invoice: there is none of yours yet.")
            )

    @api.depends('billing_privacy_subject', 'billing_privacy_mail')
    def _compute_billing_privacy_warning(self):
        usual = self.env['mail.template'].union(
            *(self.env.ref(f'carepatron_billing.{name}') for name in TEMPLATES)
        )
        rules_sudo = self.env['practice.reminder.rule'].sudo()
        for company in self:
            used_sudo = rules_sudo.search(
                [('company_id', '=', company._origin.id), ('is_on', '=', True)]
            ).template_id
            templates = (usual | used_sudo.sudo(False)).filtered(
                lambda template, company=company: company._billing_privacy_tells(template)
            )
            company.billing_privacy_warning = ", ".join(templates.sudo().mapped('name'))

    def _billing_privacy_tells(self, template):
        """Whether a mail's words tell more than the levels chosen here, saved or not."""
        levels = self.billing_privacy_subject, self.billing_privacy_mail
        return bool(told_by_templates(self._origin, template, levels))

    def _billing_privacy_draw(self, channel):
        Example = self.env['practice.privacy.example']
        for company in self:
            level = company[f'billing_privacy_{channel}'] if channel in CHANNELS else MINIMUM
            tried = Tried(company._origin.id, channel, level or CHANNELS.get(channel))
            example = Example.with_context(billing_privacy_tried=tried)
            company[f'billing_privacy_{channel}_example'] = example._draw(company._origin, channel)

    # === ACTION METHODS === #

    def _billing_action_privacy(self):
        """Return the action that shows what leaves the present practice.

        :rtype: dict
        """
        return {
            **self._billing_action_settings(),
            'name': self.env._("Privacy"),
            'views': [
                (self.env.ref('carepatron_billing.res_company_privacy_view_form').id, 'form')
            ],
        }

    # === BUSINESS METHODS === #

    def _get_billing_settings_fields(self):
        return super()._get_billing_settings_fields() | {
            f'billing_privacy_{channel}' for channel in CHANNELS
        }
