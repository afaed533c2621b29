"""Let the demo practice's provider take events that are signed with `given['secret']`.

Runs inside Odoo's shell. `result`: the path of its endpoint.
"""

provider = env.ref("carepatron_billing.company_riverside")._billing_provider_sudo()  # noqa: F821
provider.write(
    {
        "stripe_payment_link_secret_key": "sk_test_never_used_in_this_measurement",
        "stripe_payment_link_webhook_secret": given["secret"],  # noqa: F821
        "state": "test",
    }
)
result = f"/billing/stripe/webhook/{provider.id}"
