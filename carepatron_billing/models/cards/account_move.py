from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ...const import FRONT_DESK, PROVIDER_CODE
from ...tools.privacy import is_tried


class AccountMove(models.Model):
    """An invoice and its payer's saved card."""

    _inherit = 'account.move'

    billing_card_name = fields.Char(
        string="Saved Card",
        compute='_compute_billing_card_name',
        groups=FRONT_DESK,
    )

    def _compute_billing_card_name(self):
        """Not stored, and not for lists: each invoice asks for its payer's card."""
        for move in self:
            card = move.partner_id._billing_card(move.company_id)
            move.billing_card_name = card.display_name or False

    # === ACTION METHODS === #

    def action_billing_add_card(self) -> dict:
        """Show the payer's cards, and the ways to add one."""
        self.ensure_one()
        self._billing_check_group(FRONT_DESK)
        if not self.partner_id:
            raise UserError(self.env._("Choose the client first."))
        holder = self.env['practice.card.holder']._for(self.partner_id, self.company_id)
        return holder.sudo(False)._action_show()

    def action_billing_charge_card(self) -> dict:
        """Open the dialog that charges the payers' saved cards for these invoices."""
        self.check_access('read')
        wizard = self.env['practice.card.charge']._open_for(self)
        return wizard._action_show()

    # === BUSINESS METHODS === #

    def _billing_chargeable(self) -> tuple[float, str]:
        """Return what a saved card can be charged for this invoice now, and why it cannot.

        :return: the amount, and '' or the reason in words for the desk
        """
        due, problem = self._billing_chargeable_due()
        return (due.now if due else 0.0), problem

    def _billing_chargeable_due(self):
        """Return what a saved card can be charged for, and why it cannot.

        :return: what is due, or None; and '' or the reason in words for the desk
        :rtype: tuple[Due | None, str]
        """
        self.ensure_one()
        if self.move_type != 'out_invoice' or self.state != 'posted':
            return None, self.env._("Not issued.")
        if self.currency_id.is_zero(self.amount_residual):
            return None, self.env._("Nothing is due.")
        if self._billing_is_processing():
            return None, self.env._("A payment is being processed.")
        link_sudo = self._billing_payment_link()
        due = link_sudo._due()
        if not link_sudo._provider():
            return due, self.env._("Online payments are not set up.")
        if not self.partner_id.active:
            return due, self.env._("The payer's contact is archived.")
        card = self.partner_id._billing_card(self.company_id)
        if not card:
            return due, self.env._("No saved card.")
        if card.billing_is_expired:
            return due, self.env._("The saved card has expired.")
        return due, ''

    def _billing_card_holder(self):
        """Return the holder (sudo) of the payer's cards, whose link mails to the payer carry."""
        self.ensure_one()
        partner_sudo = self.sudo().partner_id
        if is_tried(self):
            values = {'partner_id': partner_sudo, 'company_id': self.company_id}
            return self.env['practice.card.holder'].sudo().new(values)
        return self.env['practice.card.holder']._for(partner_sudo, self.company_id)

    def _billing_mail_link(self) -> bool:
        """Mail the payment link to the payer, in the name of the practice.

        :return: whether it could be; the invoice tells why not
        """
        self.ensure_one()
        move_sudo = self.sudo().with_company(self.company_id)
        problem = False
        if not move_sudo.partner_id.email:
            problem = self.env._("The payer has no e-mail address.")
        else:
            try:
                with self.env.cr.savepoint():
                    dialog = move_sudo.env['practice.payment.link.send'].create(
                        {'move_id': self.id}
                    )
                    dialog._send()
            except UserError as error:
                problem = str(error)
        if problem:
            move_sudo.message_post(body=self.env._("The payment link was not sent: %s", problem))
        return not problem

    def _billing_new_charge(self, token_sudo: models.Model, amount: float, **values):
        """Return a transaction (sudo) that will charge a saved card for this invoice.

        :param token_sudo: the payer's card
        :param amount: at most what is due; looked at again before Stripe is asked
        """
        self.ensure_one()
        txs_sudo = self.env['payment.transaction'].sudo()
        invoices = [Command.set(self.ids)]
        return txs_sudo.create(
            {
                'provider_id': token_sudo.provider_id.id,
                'payment_method_id': token_sudo.payment_method_id.id,
                'token_id': token_sudo.id,
                'reference': txs_sudo._compute_reference(PROVIDER_CODE, invoice_ids=invoices),
                'amount': amount,
                'currency_id': self.currency_id.id,
                'partner_id': self.partner_id.id,
                'operation': 'offline',
                'invoice_ids': invoices,
                **values,
            }
        )
