from odoo import fields, models
from odoo.exceptions import AccessError, UserError


class AccountMove(models.Model):
    _inherit = 'account.move'

    billing_link_ids = fields.One2many(
        'practice.payment.link', 'move_id', string="Payment Links", readonly=True
    )

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

    def action_billing_send_link(self):
        """Open the dialog that sends the payer the link to this invoice.

        :rtype: dict
        :raise UserError: if there is nothing to pay.
        """
        self.ensure_one()
        self._billing_check_payable()
        action = self.env['ir.actions.act_window']._for_xml_id(
            'carepatron_billing.practice_payment_link_send_action'
        )
        return {**action, 'context': {'default_move_id': self.id}}

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

    # === BUSINESS METHODS - PAYMENT LINK === #

    def _billing_payment_link(self):
        """Return this invoice's payment link (sudo), made when it is first asked for.

        :rtype: recordset of `practice.payment.link`
        """
        self.ensure_one()
        self.check_access('read')
        move_sudo = self.sudo()
        link_sudo = move_sudo.billing_link_ids.filtered(lambda link: not link.revoked_at)
        return link_sudo or link_sudo.create({'move_id': self.id})

    def _billing_check_payable(self):
        """Raise in words for the desk if a payment link for this invoice makes no sense."""
        self.ensure_one()
        if not self.env.user.has_group('carepatron_billing.group_practitioner'):
            raise AccessError(self.env._("Only users of Billing & Payments send payment links."))
        self.check_access('read')
        if self.move_type != 'out_invoice' or self.state != 'posted':
            raise UserError(self.env._("Only an issued invoice can be paid by a link."))
        if self.currency_id.is_zero(self.amount_residual):
            raise UserError(self.env._("Nothing is due on %s any more.", self.name))

    def _billing_document_attachment(self):
        """Return the invoice's document as attachments (sudo): the one that was sent before, or
        a new one that is kept from now on, with the electronic invoice where there is one.

        :rtype: recordset of `ir.attachment`
        """
        self.ensure_one()
        self.check_access('read')
        send_sudo = self.env['account.move.send'].with_company(self.company_id).sudo()
        return send_sudo._generate_and_send_invoices(self.sudo(), sending_methods=[])
