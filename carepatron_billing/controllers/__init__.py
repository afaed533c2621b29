from . import card, client_export, dispute, documents, pay, portal, stripe_connect, stripe_webhook
