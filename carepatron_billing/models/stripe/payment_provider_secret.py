"""Where a provider's secrets are kept: in the database, or by whoever runs the server."""

import os
import re

from odoo import fields, models
from odoo.tools import config


def from_server(name: str):
    """Return a secret of the server's, or ''.

    It is set outside the database, so that no copy of one carries it: in the server's
    environment under the name in capitals, or in its configuration file.

    :param name: e.g. `stripe_platform_key`
    """
    return re.sub(r'\s', '', os.environ.get(name.upper()) or config.get(name) or '')


class PaymentProvider(models.Model):
    _inherit = 'payment.provider'

    stripe_payment_link_secret_key = fields.Char(
        string="Stripe Secret Key",
        help="A secret key, or a restricted key with the permissions that the set-up names. Empty"
        " where the server's configuration holds it.",
        copy=False,
        groups=fields.NO_ACCESS,
    )
    stripe_payment_link_webhook_secret = fields.Char(
        string="Stripe Webhook Secret",
        help="Proves that an event comes from Stripe. Kept when the endpoint is made.",
        copy=False,
        groups=fields.NO_ACCESS,
    )

    def _billing_server_name(self, kind: str):
        """Return what a secret of this provider is called in the server's configuration.

        Several databases may share a server, and number their providers alike: the name tells
        them apart, or another database could take this one's key.

        :param kind: `key` or `webhook_secret`
        """
        uuid = self.env['ir.config_parameter'].sudo().get_param('database.uuid') or ''
        return f'stripe_payment_link_{kind}_{self.id}_{uuid.partition("-")[0]}'

    def _billing_server_key(self):
        return from_server(self._billing_server_name('key'))

    def _billing_server_webhook_secret(self):
        return from_server(self._billing_server_name('webhook_secret'))

    def _billing_key(self):
        """Return the key that opens this provider's own account, or '' (as sudo)."""
        if self.stripe_payment_link_connection == 'server':
            return self._billing_server_key()
        return self.stripe_payment_link_secret_key or ''

    def _billing_signing_secret(self):
        """Return what proves that an event comes from Stripe, or '' (as sudo).

        The server's counts for a provider only that was connected here: in a copied database,
        which is not, it opens nothing.
        """
        if self.stripe_payment_link_connection:
            secret = self._billing_server_webhook_secret()
            if secret:
                return secret
        return self.stripe_payment_link_webhook_secret or ''

    def _billing_no_key(self):
        """Return what to do where there is no key to open the account with (as sudo)."""
        if self.stripe_payment_link_connection == 'server':
            return self.env._(
                "The server's configuration holds no key for this practice any more. Ask whoever"
                " runs the server to set %s again, or disconnect the account.",
                self._billing_server_name('key'),
            )
        return self.env._("Online payments are not set up yet. Open Settings › Setup payments.")

    def _billing_server_note(self):
        """Return what a manager has to know of a key that the server's configuration holds, or
        False (as sudo)."""
        if self.stripe_payment_link_connection != 'server':
            return False
        note = self.env._(
            "The key comes from the server's configuration (%s); it is not stored here.",
            self._billing_server_name('key'),
        )
        if self._billing_server_webhook_secret():
            return note
        return "\n".join(
            [
                note,
                self.env._(
                    "We ask Stripe every five minutes what happened. To be told at once, have a"
                    " webhook endpoint made in Stripe's dashboard for %(address)s, and its signing"
                    " secret set in the server's configuration as %(name)s.",
                    address=self._billing_webhook_url(),
                    name=self._billing_server_name('webhook_secret'),
                ),
            ]
        )
