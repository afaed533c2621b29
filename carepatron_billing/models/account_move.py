from odoo import models


class AccountMove(models.Model):
    _inherit = 'account.move'

    # === CRUD METHODS === #

    def write(self, vals):
        """Override of `account`: free the items of a credited or cancelled invoice at once.

        In one batch with a line that bills the same item anew, the database could see the new
        line before the old one is freed, and refuse it.
        """
        result = super().write(vals)
        if vals.get('state') in ('posted', 'cancel') and self.invoice_line_ids.billing_item_id:
            self.env['account.move.line'].flush_model(['billing_is_live'])
        return result

    # === ACTION METHODS === #

    def _billing_action_open(self):
        """Return the action that shows these invoices on the front desk's own pages.

        :rtype: dict
        """
        action = self.env['ir.actions.act_window']._for_xml_id(
            'carepatron_billing.account_move_billing_action'
        )
        if len(self) == 1:
            action.update(
                res_id=self.id,
                views=[(self.env.ref('carepatron_billing.account_move_billing_view_form').id,
                        'form')],
            )
        else:
            action['domain'] = [('id', 'in', self.ids)]
        return action
