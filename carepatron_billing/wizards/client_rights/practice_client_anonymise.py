from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime

from ...tools.actions import notification


class PracticeClientAnonymise(models.TransientModel):
    """What anonymising a client does, before it cannot be taken back."""

    _name = 'practice.client.anonymise'
    _inherit = 'practice.dialog'
    _description = "Anonymise a Client"

    partner_id = fields.Many2one('res.partner', string="Client", required=True)
    name = fields.Char(related='partner_id.name')
    obstacles = fields.Html(compute='_compute_obstacles', sanitize=False)
    typed = fields.Char(string="The client's name")
    invoice_count = fields.Integer(compute='_compute_counts')
    card_count = fields.Integer(compute='_compute_counts')
    is_protected = fields.Boolean(compute='_compute_counts')

    # === COMPUTE METHODS === #

    @api.depends('partner_id')
    def _compute_obstacles(self):
        for wizard in self:
            wizard.partner_id._billing_check_rights_manager()
            reasons = wizard.partner_id.sudo()._billing_why_kept()
            wizard.obstacles = reasons and Markup('<ul class="mb-0">%s</ul>') % Markup('').join(
                Markup('<li>%s</li>') % reason for reason in reasons
            )

    @api.depends('partner_id')
    def _compute_counts(self):
        for wizard in self:
            wizard.partner_id._billing_check_rights_manager()
            partner_sudo = wizard.partner_id.sudo()
            moves = partner_sudo._billing_all_moves()
            wizard.invoice_count = len(moves)
            wizard.card_count = len(partner_sudo._billing_all_cards())
            wizard.is_protected = any(moves.company_id.mapped('restrictive_audit_trail')) or any(
                moves.mapped('inalterable_hash')
            )

    # === CONSTRAINT METHODS === #

    @api.constrains('partner_id')
    def _check_partner(self):
        """Tell nobody of another practice's clients.

        :raise AccessError: if the user is no manager of a practice of this client
        """
        self.partner_id._billing_check_rights_manager()

    # === ACTION METHODS === #

    def action_anonymise(self) -> dict:
        """Anonymise the client whose name was typed.

        :raise UserError: if the name is another one, or something has to be kept
        """
        self.ensure_one()
        partner = self.partner_id
        partner._billing_check_rights_manager()
        action = self.env['ir.actions.act_window']._for_xml_id(
            'carepatron_billing.res_partner_billing_action'
        )
        action['target'] = 'main'
        is_done = False
        if not partner.sudo().billing_anonymised_at:
            if (self.typed or '').strip().casefold() != (partner.name or '').strip().casefold():
                raise UserError(
                    self.env._("Type the client's name as it stands above: %s", partner.name)
                )
            is_done = partner._billing_anonymise()
        if is_done:
            return action
        return notification(
            self.env._(
                "This client was anonymised already, at %s.",
                format_datetime(self.env, partner.sudo().billing_anonymised_at),
            ),
            'info',
            next=action,
        )
