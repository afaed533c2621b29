from . import card, dispute, pay, portal, stripe_connect, stripe_webhook
