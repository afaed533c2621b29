from . import (
    card,
    client_export,
    dispute,
    documents,
    pay,
    portal,
    second_check,
    stripe_connect,
    stripe_webhook,
)
