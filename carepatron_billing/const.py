"""Values that several files share."""

# `stripe` belongs to `payment_stripe`; *Link* alone is the name of a Stripe wallet.
PROVIDER_CODE = 'stripe_payment_link'

# The events that the inbox acts upon; the webhook endpoint subscribes to these and no others.
WEBHOOK_EVENTS = (
    'checkout.session.completed',
    'checkout.session.async_payment_succeeded',
    'checkout.session.async_payment_failed',
    'checkout.session.expired',
    'payment_intent.succeeded',
    'payment_intent.payment_failed',
    'payment_method.automatically_updated',
    'payment_method.detached',
    'payment_method.updated',
    'customer.deleted',
    'account.updated',
    'refund.created',
    'refund.updated',
    'refund.failed',
    'charge.dispute.created',
    'charge.dispute.updated',
    'charge.dispute.funds_withdrawn',
    'charge.dispute.funds_reinstated',
    'charge.dispute.closed',
)

# Decimals that Stripe expects where they differ from ISO 4217, as Odoo's payment module has it.
# https://docs.stripe.com/currencies#special-cases
CURRENCY_DECIMALS = {
    'ISK': 2,
    'UGX': 2,
    'MGA': 0,
}
