"""Give `payment_stripe` a settled payment for each of `given['references']`.

They are settled, so that it has nothing left to do for an event but to verify it and find that
out; `given['secret']` signs the events.

Runs inside Odoo's shell. `result`: the path of its endpoint.
"""

provider = env.ref("payment.payment_provider_stripe")  # noqa: F821
provider.write(
    {
        "stripe_publishable_key": "pk_test_never_used_in_this_measurement",
        "stripe_secret_key": "sk_test_never_used_in_this_measurement",
        "stripe_webhook_secret": given["secret"],  # noqa: F821
        "state": "test",
    }
)
env["payment.transaction"].create(  # noqa: F821
    [
        {
            "provider_id": provider.id,
            "payment_method_id": env.ref("payment.payment_method_card").id,  # noqa: F821
            "reference": reference,
            "amount": 120.0,
            "currency_id": env.ref("base.USD").id,  # noqa: F821
            "partner_id": env.ref("base.partner_admin").id,  # noqa: F821
            "operation": "online_direct",
            "provider_reference": f"pi_{reference}",
            "state": "done",
            "is_post_processed": True,
        }
        for reference in given["references"]  # noqa: F821
    ]
)
result = "/payment/stripe/webhook"
