from datetime import timezone

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models

from ...const import PROVIDER_CODE
from ...tools.crons import work_off

# Where Stripe reports by itself, it is asked only for what may have been lost.
POLL_PAUSE_WITH_WEBHOOK = relativedelta(hours=1)
# An event may become readable after a later one; the inbox takes each only once.
POLL_OVERLAP = relativedelta(hours=1)


class PaymentProvider(models.Model):
    """Asking Stripe what happened, where it cannot report, or its report was lost."""

    _inherit = 'payment.provider'

    stripe_payment_link_polled_at = fields.Datetime(
        string="Stripe Asked for Events", copy=False, readonly=True, groups='base.group_system'
    )
    stripe_payment_link_seen_until = fields.Datetime(
        string="Stripe Events Seen Until", copy=False, readonly=True, groups='base.group_system'
    )

    # === CRON === #

    @api.model
    def _cron_stripe_payment_link_poll(self):
        """Ask Stripe what happened: often where it cannot report, else for what was lost."""
        now = fields.Datetime.now()

        def poll(provider):
            if provider._billing_poll_is_due(now):
                provider._billing_poll(now)

        providers = self.search([('code', '=', PROVIDER_CODE), ('state', '!=', 'disabled')])
        work_off(providers, poll)

    def _billing_poll_is_due(self, now):
        listening = self._billing_signing_secret()
        last = self.stripe_payment_link_polled_at
        return (
            not listening
            or not self._billing_can_be_reached()
            or not last
            or last <= now - POLL_PAUSE_WITH_WEBHOOK
        )

    def _billing_poll(self, now):
        """Put into the inbox what happened since the last look.

        :raise StripeGatewayError: if Stripe cannot be reached or refuses.
        """
        seen = self.stripe_payment_link_seen_until or now
        since = (seen - POLL_OVERLAP).replace(tzinfo=timezone.utc)
        inbox_sudo = self.env['practice.stripe.event'].sudo()
        events = self._billing_gateway().events(
            list(inbox_sudo._handlers()), int(since.timestamp())
        )
        for event in events:
            inbox_sudo._store(self, event)
        newest = max((event['created'] for event in events), default=0)
        self.write(
            {
                'stripe_payment_link_polled_at': now,
                'stripe_payment_link_seen_until': max(
                    seen, fields.Datetime.to_datetime('1970-01-01') + relativedelta(seconds=newest)
                ),
            }
        )
