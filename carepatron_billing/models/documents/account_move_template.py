from odoo import api, fields, models


class AccountMove(models.Model):
    _inherit = 'account.move'

    billing_template_id = fields.Many2one(
        'practice.invoice.template',
        string="Invoice Template",
        check_company=True,
        copy=True,
        index='btree_not_null',
        help="Empty: the client's, the practitioner's or the practice's.",
    )

    billing_template_label = fields.Char(
        string="Template in Use",
        compute='_compute_billing_template_label',
        groups='carepatron_billing.group_practitioner,account.group_account_invoice',
    )

    @api.depends(
        'billing_template_id',
        'company_id',
        'invoice_line_ids.billing_item_id',
        'invoice_pdf_report_id',
        'invoice_user_id',
        'partner_id',
    )
    def _compute_billing_template_label(self):
        for move in self:
            if move.sudo().invoice_pdf_report_id:
                move.billing_template_label = self.env._("As it was sent")
            else:
                move.billing_template_label = move._billing_template().name or False

    def _billing_template(self) -> models.Model:
        """Return the template (sudo) of this document: the one chosen for it, or for its payer,
        its client, its practitioner or the practice, in this order.
        """
        self.ensure_one()
        move_sudo = self.sudo().with_company(self.company_id)
        partners_sudo = move_sudo.partner_id | move_sudo.commercial_partner_id
        clients_sudo = move_sudo._billing_clients()
        practitioners_sudo = move_sudo._billing_practitioners().partner_id
        candidates_sudo = (
            move_sudo.billing_template_id,
            *(partner.billing_template_id for partner in partners_sudo | clients_sudo),
            *(partner.billing_practitioner_template_id for partner in practitioners_sudo),
        )
        for template_sudo in candidates_sudo:
            if template_sudo.active:
                return template_sudo
        return move_sudo.company_id._billing_default_template()

    def _billing_practitioners(self):
        """Return who held the sessions (sudo); without any, the invoice's own user if that is a
        practitioner who is registered."""
        users_sudo = self.sudo().invoice_line_ids.billing_item_id.practitioner_id
        return users_sudo or self.sudo().invoice_user_id.filtered(
            lambda user: user.partner_id.billing_registration_number
        )

    def _get_action_with_base_document_layout_configurator(self, report_action):
        """Override of `account`: its layout, which it asks for, is not that of our document."""
        problem = self.env['ir.actions.report']._billing_pdf_engine_problem()
        is_ours = not problem and self._billing_filter_documents() == self
        move = self.with_context(discard_logo_check=True) if is_ours else self
        return super(AccountMove, move)._get_action_with_base_document_layout_configurator(
            report_action
        )
