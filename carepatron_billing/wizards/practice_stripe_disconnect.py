from odoo import api, fields, models


class PracticeStripeDisconnect(models.TransientModel):
    """Part from a Stripe account: what becomes of the cards that clients saved there?"""

    _name = 'practice.stripe.disconnect'
    _inherit = 'practice.dialog'
    _description = "Disconnect Stripe"

    company_id = fields.Many2one(
        'res.company', required=True, readonly=True, default=lambda self: self.env.company
    )
    has_debits = fields.Boolean(compute='_compute_facts', compute_sudo=True)
    payer_count = fields.Integer(compute='_compute_facts', compute_sudo=True)
    cards = fields.Selection(
        [
            ('remove', "Remove them at Stripe too"),
            ('leave', "Leave them at Stripe"),
        ],
        string="Saved cards",
        required=True,
        default='remove',
    )

    @api.depends('company_id')
    def _compute_facts(self):
        for dialog in self:
            provider = dialog.company_id._billing_provider_sudo()
            dialog.has_debits = bool(dialog.company_id.billing_stripe_debits)
            dialog.payer_count = len(provider._stripe_payment_link_holders())

    def action_disconnect(self):
        """Take no more payments through Stripe; remove the saved cards there first, if asked.

        :rtype: dict
        :raise AccessError: if the user may not set up the practice's payments
        :raise UserError: if Stripe cannot be reached
        """
        self.ensure_one()
        provider_sudo = self.company_id._billing_managed_provider_sudo()
        if self.cards == 'remove':
            left = provider_sudo._stripe_payment_link_forget_cards(self.env.user.name)
            if left:
                return {
                    'type': 'ir.actions.client',
                    'tag': 'display_notification',
                    'params': {
                        'type': 'warning',
                        'message': self.env._(
                            "%s clients still have cards at Stripe. Disconnect again to go on.",
                            left,
                        ),
                        'next': {'type': 'ir.actions.act_window_close'},
                    },
                }
        self.company_id.action_billing_stripe_disconnect()
        return {'type': 'ir.actions.client', 'tag': 'soft_reload'}
