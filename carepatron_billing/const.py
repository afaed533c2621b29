"""Values that several files share."""

# Roles of Billing & Payments, each with all of those before it.
PRACTITIONER = 'carepatron_billing.group_practitioner'
FRONT_DESK = 'carepatron_billing.group_front_desk'
MANAGER = 'carepatron_billing.group_manager'

# `stripe` belongs to `payment_stripe`; *Link* alone is the name of a Stripe wallet.
PROVIDER_CODE = 'stripe_payment_link'

# What a manager is asked to look at.
MANAGER_ACTIVITY = 'mail.mail_activity_data_warning'

# Decimals that Stripe expects where they differ from ISO 4217, as Odoo's payment module has it.
# https://docs.stripe.com/currencies#special-cases
CURRENCY_DECIMALS = {
    'ISK': 2,
    'UGX': 2,
    'MGA': 0,
}
