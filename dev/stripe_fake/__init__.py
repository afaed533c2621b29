"""A loopback stand-in for Stripe's API, strict enough that what passes here passes there.

    python -m dev.stripe_fake --port 4242 --state-file .run/stripe

`wire/` takes a request apart: form, parameter types, key, idempotency, errors, lists. `objects/`
are Stripe's objects with their state machines. `pages/` is what people see in a browser: the
hosted pages, and at `/` everything that was received and sent. `webhooks` sends events, `control`
answers under `/_fake/`, and `client.FakeClient` is how tests use both.
"""
