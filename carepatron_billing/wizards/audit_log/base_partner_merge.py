from odoo import models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = 'base.partner.merge.automatic.wizard'

    def _update_foreign_keys(self, src_partners, dst_partner):
        """Override of `base`: the log follows the person."""
        self.env['practice.audit.log'].sudo()._merge_contacts(src_partners, dst_partner)
        return super()._update_foreign_keys(src_partners, dst_partner)
