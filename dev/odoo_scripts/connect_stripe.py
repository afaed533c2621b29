"""Connect the demo practice to the Stripe fake, as its manager would with a key.

Runs inside Odoo's shell. `given`: `stripe_url`, the fake's address, and `practice`, a word that
names the Stripe account; each word has its own.
"""

from dev.stripe_fake.client import FakeClient

key = f"sk_test_{given['practice']}OfTheRiversidePractice"  # noqa: F821
fake = FakeClient(given["stripe_url"])  # noqa: F821
company = env.ref("carepatron_billing.company_riverside")  # noqa: F821
fake.account(fake.account_of(key), name=company.name)
company._billing_provider_sudo()._billing_connect(key)
result = company.billing_stripe_state
