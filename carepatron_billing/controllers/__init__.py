from . import dispute, pay, portal, stripe_connect, stripe_webhook
