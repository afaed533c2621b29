from odoo import models


class ResCompany(models.Model):
    _inherit = 'res.company'

    def write(self, vals):
        """Override of `base`: a logo that does more than show a picture is refused.

        It goes to all who pay: on pages, in mails and on documents.

        :raise UserError: a logo cannot be used; it says why
        """
        if vals.get('logo') and not self.env.su:
            self.env['practice.invoice.template']._prepare_logo({'logo': vals['logo']})
        return super().write(vals)
