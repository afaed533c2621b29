from . import pay, stripe_connect, stripe_webhook
