"""Values that several files share."""

# `stripe` belongs to `payment_stripe`; *Link* alone is the name of a Stripe wallet.
PROVIDER_CODE = 'stripe_payment_link'
