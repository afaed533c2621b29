from odoo import api, fields, models


class PracticeBillingWaive(models.TransientModel):
    _name = 'practice.billing.waive'
    _inherit = 'practice.dialog'
    _description = "Don't Bill"

    item_ids = fields.Many2many('practice.billing.item', required=True)
    reason = fields.Char(required=True)

    @api.model
    def default_get(self, fields):
        """Take the items that are selected in the list."""
        values = super().default_get(fields)
        if self.env.context.get('active_model') == 'practice.billing.item':
            values['item_ids'] = [(6, 0, self.env.context.get('active_ids') or [])]
        return values

    def action_waive(self):
        """Leave the items unbilled, with the reason."""
        self.ensure_one()
        self.item_ids._waive(self.reason)
        return {'type': 'ir.actions.act_window_close'}
