"""A loopback stand-in for Stripe's API, strict enough that what passes here passes there."""
