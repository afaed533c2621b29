from odoo import models
from odoo.fields import Domain

from ..client_rights.res_partner_export_sections import section


class ResPartner(models.Model):
    """Who corrected where bills go, and what the log keeps of a client who asks."""

    _inherit = 'res.partner'

    def _billing_correct_email(self, email):
        result = super()._billing_correct_email(email)
        self.env['practice.audit.log']._note('email', self)
        return result

    # === CLIENTS' RIGHTS === #

    def _billing_export_zip(self, companies):
        content = super()._billing_export_zip(companies)
        for company in companies:
            self.env['practice.audit.log'].with_company(company)._note('export', self)
        return content

    def _billing_export_sections(self, companies, documents):
        sections = super()._billing_export_sections(companies, documents)
        return [*sections, self._billing_export_log(companies)]

    def _billing_export_log(self, companies):
        moves = self._billing_export_moves(companies)
        rows = self.env['practice.audit.log'].search(
            Domain('company_id', 'in', companies.ids)
            & (
                Domain('partner_ref', '=', self.id)
                | (Domain('res_model', '=', 'account.move') & Domain('res_id', 'in', moves.ids))
            ),
            order='date, id',
        )
        model = 'practice.audit.log'
        columns = [
            *self._billing_columns(model, 'company_id', 'date', 'actor', 'act'),
            self._billing_column(model, 'name', label=self.env._("Record")),
            *self._billing_columns(model, 'detail'),
        ]
        return section('log', self.env._("Audit log"), columns, rows)

    def _billing_anonymise(self):
        is_done = super()._billing_anonymise()
        if is_done:
            self.env['practice.audit.log']._note('anonymise', self)
        return is_done

    def _billing_forget_texts(self, old_name, new_name):
        result = super()._billing_forget_texts(old_name, new_name)
        self.env['practice.audit.log']._forget_partner(self, new_name)
        return result
