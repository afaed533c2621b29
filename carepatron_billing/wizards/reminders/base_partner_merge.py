from odoo import models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = 'base.partner.merge.automatic.wizard'

    def _update_foreign_keys(self, src_partners, dst_partner):
        """Override of `base`: a payer gets one mail a day."""
        self.env['practice.reminder.mail'].sudo()._merge_contacts(src_partners, dst_partner)
        return super()._update_foreign_keys(src_partners, dst_partner)
