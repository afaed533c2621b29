from odoo import api, fields, models


class PracticeDialogStripe(models.AbstractModel):
    """A dialog that leaves a Stripe account: what becomes of the cards that clients saved there?"""

    _name = 'practice.dialog.stripe'
    _inherit = 'practice.dialog'
    _description = "Leave a Stripe Account"

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
            dialog.has_debits = bool(dialog.company_id.billing_stripe_debits)
            dialog.payer_count = 0

    def _leaving(self) -> models.Model:
        """Return the company, so that leaving its account does with the cards as was chosen."""
        self.ensure_one()
        return self.company_id.with_context(billing_forget_cards=self.cards == 'remove')
