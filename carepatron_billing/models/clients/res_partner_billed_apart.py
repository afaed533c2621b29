from odoo import api, fields, models


class ResPartner(models.Model):
    """A client who is filed under an employer pays as a person, and apart from it.

    Odoo counts what a contact owes and paid as its company's, and shows its invoices to the
    company's logins.
    """

    _inherit = 'res.partner'

    billing_is_private = fields.Boolean(
        string="Billed Privately",
        readonly=True,
        copy=False,
        help="What this person owes and pays is kept apart from the company it is filed under.",
    )
    billing_is_filed = fields.Boolean(compute='_compute_billing_is_filed')

    # === COMPUTE METHODS === #

    @api.depends('billing_is_private')
    def _compute_commercial_partner(self):
        """Override of `base`: whoever is billed privately is no part of a company."""
        private = self.filtered(lambda one: one.billing_is_private and not one.is_company)
        for partner in private:
            partner.commercial_partner_id = partner
        return super(ResPartner, self - private)._compute_commercial_partner()

    @api.depends('parent_id', 'is_company', 'type')
    def _compute_billing_is_filed(self):
        for partner in self:
            # Other kinds are a company's addresses.
            partner.billing_is_filed = (
                partner.parent_id
                and not partner.is_company
                and partner.type in ('contact', 'other')
            )

    # === CRUD METHODS === #

    def write(self, vals):
        """Override of `base`: a client who is filed under a company later stays private, too."""
        result = super().write(vals)
        if vals.get('parent_id') or vals.get('is_company') is False:
            filed = self.filtered('billing_is_filed')
            items_sudo = filed and self.env['practice.billing.item'].sudo().search(
                ['|', ('client_id', 'in', filed.ids), ('payer_id', 'in', filed.ids)]
            )
            if items_sudo:
                (filed & (items_sudo.client_id | items_sudo.payer_id))._billing_keep_private()
        return result

    def _commercial_sync_to_descendants(self, fields_to_sync=None):
        """Override of `base`: what a company changes of itself does not hold for who is private."""
        private = self.child_ids.filtered(lambda one: one.billing_is_private and not one.is_company)
        names = self._commercial_fields() if fields_to_sync is None else fields_to_sync
        kept = {one: one._convert_fields_to_values(names) for one in private}
        result = super()._commercial_sync_to_descendants(fields_to_sync)
        for partner, values in kept.items():
            partner.write(values)
        return result

    # === BUSINESS METHODS === #

    def _billing_keep_private(self):
        """Keep what these contacts owe and pay apart from the companies they are filed under."""
        for partner_sudo in self.sudo():
            if partner_sudo.billing_is_filed and not partner_sudo.billing_is_private:
                values = {'billing_is_private': True}
                if partner_sudo.vat and partner_sudo.vat == partner_sudo.parent_id.vat:
                    # Odoo copied the company's; on a private invoice it would be wrong.
                    values['vat'] = False
                partner_sudo.write(values)
