from odoo import fields, models

from ...const import MANAGER, PRACTITIONER

PRACTITIONER_FIELDS = {
    'billing_practitioner_template_id',
    'billing_provider_number',
    'billing_registration_number',
}


class ResPartner(models.Model):
    _inherit = 'res.partner'

    # Not copied: Odoo duplicates a contact for people, too, who may not read these fields.
    billing_template_id = fields.Many2one(
        'practice.invoice.template',
        string="Invoice Template",
        company_dependent=True,
        check_company=True,
        groups=PRACTITIONER,
        copy=False,
        help="The look of this client's invoices. Empty: the practitioner's or the practice's.",
    )
    billing_reference = fields.Char(
        string="Referral or Policy Number",
        groups=PRACTITIONER,
        copy=False,
        help="Printed on the client's invoices, for whoever pays them back.",
    )
    billing_practitioner_template_id = fields.Many2one(
        'practice.invoice.template',
        string="Template of the Practitioner's Invoices",
        company_dependent=True,
        check_company=True,
        groups=PRACTITIONER,
        copy=False,
        help="The look of invoices of this practitioner's sessions. Empty: the practice's.",
    )
    billing_registration_number = fields.Char(
        string="Registration Number",
        groups=PRACTITIONER,
        copy=False,
        help="The practitioner's, with the body that registers the profession.",
    )
    billing_provider_number = fields.Char(
        string="Provider Number",
        groups=PRACTITIONER,
        copy=False,
        help="The practitioner's, with insurers.",
    )

    def write(self, vals):
        """Override of `base`: a *Manager* keeps what invoices say of practitioners.

        Odoo lets administrators alone write the contacts of users.
        """
        if (
            not self.env.su
            and vals
            and not vals.keys() - PRACTITIONER_FIELDS
            and self.env.user.has_group(MANAGER)
        ):
            self.check_access('write')
            return super(ResPartner, self.sudo()).write(vals)
        return super().write(vals)
