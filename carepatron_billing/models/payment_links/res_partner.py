from odoo import models
from odoo.exceptions import AccessError, UserError

from ...const import FRONT_DESK


class ResPartner(models.Model):
    """One link for all that a payer owes, and the address that it is sent to."""

    _inherit = 'res.partner'

    # === ACTION METHODS === #

    def action_billing_send_link(self) -> dict:
        """Open the dialog that sends one link for everything that the payer owes the practice.

        Of several currencies, it is the practice's own if something is due in it.

        :raise UserError: if nothing is due.
        """
        self.ensure_one()
        if not self.env.user.has_group(FRONT_DESK):
            raise AccessError(self.env._("Only the front desk sends a link for everything due."))
        company = self.env.company
        due = self._billing_due_by_currency(company)
        if not due:
            raise UserError(self.env._("Nothing is due from %s.", self.name))
        currency = company.currency_id if company.currency_id in due else next(iter(due))
        return self._billing_link_dialog(company, currency)

    # === BUSINESS METHODS === #

    def _billing_due_by_currency(self, company) -> dict[models.BaseModel, float]:
        """Return what this payer owes a company, in each currency."""
        return dict(
            self.env['account.move']._read_group(
                self.env['practice.payment.link']._get_open_domain(self, company),
                ['currency_id'],
                ['amount_residual:sum'],
            )
        )

    def _billing_link_dialog(self, company, currency) -> dict:
        """Return the action of the dialog that sends the link for what is due in a currency."""
        action = self.env['ir.actions.act_window']._for_xml_id(
            'carepatron_billing.practice_payment_link_send_action'
        )
        link = self.env['practice.payment.link']._for_payer(self, company, currency)
        return {**action, 'context': {'default_link_id': link.id}}

    def _billing_can_correct_email(self) -> bool:
        """Return whether a dialog may correct where this payer's bills go.

        Whoever holds the address of a login can have a new password mailed to it, and whoever
        holds a company's speaks in its name. Neither is a bill's business.
        """
        self.ensure_one()
        if not self.has_access('read'):
            return False
        partner_sudo = self.sudo().with_context(active_test=False)
        users_sudo = partner_sudo.user_ids
        if any(not user.share for user in users_sudo) or partner_sudo.ref_company_ids:
            return False
        # Of a client's login, only who may edit the contact itself changes the address.
        return not users_sudo or self.has_access('write')

    def _billing_correct_email(self, email: str):
        """Correct where this payer's bills go, for whoever may bill the payer.

        :param email: normalized
        :raise UserError: if the address is that of a login or a company, see
            `_billing_can_correct_email`
        """
        if not self._billing_can_correct_email():
            raise UserError(
                self.env._(
                    "The e-mail address of %s cannot be changed here: it belongs to a login or to"
                    " the practice. Untick Keep for next time to send without changing it.",
                    self.name,
                )
            )
        has_login = self.sudo().with_context(active_test=False).user_ids
        (self if has_login else self.sudo()).email = email
