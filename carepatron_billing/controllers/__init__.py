from . import pay, portal, stripe_connect, stripe_webhook
