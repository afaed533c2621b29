from odoo import api, fields, models

from ...const import FRONT_DESK
from ...tools.clinical import told_by_templates
from ...tools.privacy import CHANNELS, FULL, MINIMUM, NAMES, Tried

TEMPLATES = (
    'mail_template_payment_link',
    'mail_template_payment_link_all',
    'mail_template_receipt',
)
LEVELS = [(MINIMUM, "Minimum"), (NAMES, "Service names"), (FULL, "Full")]


def _draws(channel):
    """Return the method that draws the example of a channel anew when its level is changed."""

    @api.depends(f'billing_privacy_{channel}' if channel in CHANNELS else 'name')
    def draw(companies):
        companies._billing_privacy_draw(channel)

    return draw


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
        compute=_draws('subject'), sanitize=False, groups=FRONT_DESK
    )
    billing_privacy_mail_example = fields.Html(
        compute=_draws('mail'), sanitize=False, groups=FRONT_DESK
    )
    billing_privacy_document_example = fields.Html(
        compute=_draws('document'), sanitize=False, groups=FRONT_DESK
    )
    billing_privacy_page_example = fields.Html(
        compute=_draws('page'), sanitize=False, groups=FRONT_DESK
    )
    billing_privacy_portal_example = fields.Html(
        compute=_draws('portal'), sanitize=False, groups=FRONT_DESK
    )
    billing_privacy_invitation_example = fields.Html(
        compute=_draws('invitation'), sanitize=False, groups=FRONT_DESK
    )
    billing_privacy_stripe_example = fields.Html(
        compute=_draws('stripe'), sanitize=False, groups=FRONT_DESK
    )
    billing_privacy_warning = fields.Char(
        compute='_compute_billing_privacy_warning',
        groups=FRONT_DESK,
        help="Names and codes of services in the words of mails that leave by themselves or in"
        " batches, though they may not stand there.",
    )
    billing_privacy_source = fields.Char(
        compute='_compute_billing_privacy_source',
        groups=FRONT_DESK,
        help="What the examples are drawn from.",
    )

    # === COMPUTE METHODS === #

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
        for company in self:
            templates = company._origin._billing_privacy_templates().filtered(
                lambda template, company=company: company._billing_privacy_tells(template)
            )
            company.billing_privacy_warning = ", ".join(templates.sudo().mapped('name'))

    def _billing_privacy_templates(self):
        """Return the templates of what this practice mails by itself or in batches.

        Rooms that mail add theirs.
        """
        templates = (self.env.ref(f'carepatron_billing.{name}') for name in TEMPLATES)
        return self.env['mail.template'].union(*templates)

    def _billing_privacy_tells(self, template) -> bool:
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

    def _billing_action_privacy(self) -> dict:
        """Return the action that shows what leaves the present practice."""
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
