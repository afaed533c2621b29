from odoo import api, fields, models
from odoo.exceptions import UserError


class PracticeStripeSetup(models.TransientModel):
    """Setup payments: connect the practice's own Stripe account with a key."""

    _name = 'practice.stripe.setup'
    _description = "Setup Payments"

    company_id = fields.Many2one(
        'res.company', required=True, readonly=True, default=lambda self: self.env.company
    )
    # Saving hands the key on, so that no row of the dialog ever holds it.
    secret_key = fields.Char(
        string="Stripe secret key",
        compute='_compute_secret_key',
        inverse='_inverse_secret_key',
    )
    state = fields.Selection(related='company_id.billing_stripe_state')
    account_name = fields.Char(related='company_id.billing_stripe_account_name')
    can_be_reached = fields.Boolean(compute='_compute_can_be_reached')

    def _compute_secret_key(self):
        self.secret_key = False

    def _inverse_secret_key(self):
        for wizard in self:
            key = wizard.secret_key
            if key:
                wizard.company_id._billing_provider_sudo()._stripe_payment_link_connect(key)

    @api.depends('company_id')
    def _compute_can_be_reached(self):
        for wizard in self:
            provider_sudo = wizard.company_id._billing_provider_sudo()
            wizard.can_be_reached = provider_sudo._stripe_payment_link_can_be_reached()

    def action_done(self):
        """Close the dialog; its key, if one was given, has been checked and kept on saving.

        :raise UserError: if there is still no account.
        """
        self.ensure_one()
        if self.company_id.billing_stripe_state == 'disabled':
            raise UserError(self.env._("Paste the secret key of your Stripe account."))
        return {
            'type': 'ir.actions.client',
            'tag': 'display_notification',
            'params': {
                'type': 'success',
                'message': self.env._(
                    "Online payments are set up with %s.", self.sudo().account_name
                ),
                'next': {'type': 'ir.actions.client', 'tag': 'soft_reload'},
            },
        }
