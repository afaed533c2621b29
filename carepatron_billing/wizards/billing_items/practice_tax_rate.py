from odoo import api, fields, models
from odoo.fields import Command


class PracticeTaxRate(models.TransientModel):
    """What waits to be invoiced gets a changed rate, too, unless the user wants otherwise."""

    _inherit = 'practice.tax.rate'

    waiting_count = fields.Integer(compute='_compute_waiting_count')
    with_waiting = fields.Boolean(string="Also for work that is not invoiced yet", default=True)

    @api.depends('tax_id')
    def _compute_waiting_count(self):
        for wizard in self:
            wizard.waiting_count = len(wizard._waiting_items_sudo())

    def _waiting_items_sudo(self):
        return (
            self.env['practice.billing.item']
            .sudo()
            .search(
                [
                    ('tax_ids', 'in', self.tax_id.ids),
                    ('state', 'in', ('unbilled', 'to_confirm')),
                ]
            )
        )

    def _change_rate(self, values):
        """Override to let waiting items follow."""
        items_sudo = self._waiting_items_sudo()
        tax = super()._change_rate(values)
        if not self.with_waiting:
            return tax
        if tax == self.tax_id:
            items_sudo._compute_amounts()
        else:
            swap = [Command.unlink(self.tax_id.id), Command.link(tax.id)]
            items_sudo.write({'tax_ids': swap})
        return tax
