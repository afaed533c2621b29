"""What a manager does to set payments up, and sees."""

import uuid

ALL_PERMISSIONS = [
    "accounts_kyc_basic_read",
    "balance_transaction_source_read",
    "charge_write",
    "checkout_session_write",
    "customer_write",
    "dispute_read",
    "event_read",
    "payment_intent_write",
    "payment_method_write",
    "payout_read",
    "setup_intent_read",
    "webhook_write",
]


def new_key(kind="sk_test"):
    return f"{kind}_{uuid.uuid4().hex}"


def company(practice):
    return int(practice.value("SELECT company_id FROM res_users WHERE login = 'manager'"))


def disconnect(practice):
    practice.call("manager", "res.company", "action_billing_stripe_disconnect", [company(practice)])


def connect(practice, key, login="manager", **vals):
    return practice.call(login, "practice.stripe.setup", "create", {"secret_key": key, **vals})


def card(practice, *names):
    """Return what the status card shows."""
    fields = [f"billing_stripe_{name}" for name in names]
    (values,) = practice.call("manager", "res.company", "read", [company(practice)], fields)
    return tuple(values[field] for field in fields)


def provider(practice, column):
    return practice.value(
        f"SELECT {column} FROM payment_provider WHERE code = 'stripe_payment_link'"
        f" AND company_id = {company(practice)}"
    )
