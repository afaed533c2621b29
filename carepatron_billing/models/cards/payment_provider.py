import time

from odoo import models
from odoo.exceptions import UserError

from ...const import PROVIDER_CODE
from ...gateways.stripe_gateway import StripeGatewayError
from ...tools.concurrency import commit_now

# A request may take longer than that, and is cut off later.
SECONDS = 45


class PaymentProvider(models.Model):
    """The saved cards of an account that a practice parts from."""

    _inherit = 'payment.provider'

    def _billing_holders(self) -> models.Model:
        """Return whom this account knows as customers (sudo)."""
        self.ensure_one()
        holders_sudo = self.env['practice.card.holder'].sudo()
        if self.code != PROVIDER_CODE or not self.stripe_payment_link_account:
            return holders_sudo
        return holders_sudo.search(
            [('customer', '!=', False), ('account', '=', holders_sudo._account_of(self))]
        )

    def _billing_leave(self):
        """Override: where the context says `billing_forget_cards`, they are removed there first.

        :raise UserError: if there are too many cards for one request
        """
        if self.env.context.get('billing_forget_cards'):
            self.sudo()._billing_forget_saved_cards(self.env.user.name)
        return super()._billing_leave()

    def _billing_forget_saved_cards(self, who: str):
        """Remove at Stripe all customers of this account, with their cards, and the cards here.

        Each is committed once it is gone: whatever stops this, it goes on where it was.

        :param who: in words, for the notes on the contacts
        :raise UserError: if Stripe cannot be reached or refuses, or there are too many for one
            request
        """
        end = time.monotonic() + SECONDS
        holders_sudo = self._billing_holders()
        gateway = holders_sudo and self._billing_cards_gateway()
        for number, holder_sudo in enumerate(holders_sudo):
            if time.monotonic() > end:
                raise UserError(
                    self.env._(
                        "%s clients still have cards at Stripe. Press the button again to go on.",
                        len(holders_sudo) - number,
                    )
                )
            try:
                gateway.delete_customer(holder_sudo.customer)
            except StripeGatewayError as error:
                raise self._billing_cards_error(error) from None
            cards_sudo = self.env['payment.token'].sudo().with_context(active_test=False)
            cards_sudo = cards_sudo.search(
                [
                    ('provider_id', '=', self.id),
                    ('stripe_payment_link_customer', '=', holder_sudo.customer),
                ]
            )
            cards_sudo._billing_remove(who)
            cards_sudo.stripe_payment_link_to_detach = False
            holder_sudo.customer = False
            # What is gone at Stripe is gone here, whatever becomes of the next one.
            commit_now(self.env)

    def _billing_cards_gateway(self):
        # Where the server's key opens another account by now, nobody would be found there, and
        # the cards would count as removed.
        try:
            if not self._billing_has_key():
                raise StripeGatewayError('server', "The server's key is gone.")
        except StripeGatewayError as error:
            raise self._billing_cards_error(error) from None
        return self._billing_gateway()

    def _billing_cards_error(self, error):
        return UserError(
            self.env._(
                "The saved cards could not be removed at Stripe: %s Choose to leave them there if"
                " you want to go on without.",
                self._billing_explain(error),
            )
        )
