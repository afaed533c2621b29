from . import (
    account_move,
    ir_cron,
    payment_provider,
    payment_provider_account,
    payment_provider_secret,
    payment_transaction,
    payment_transaction_session,
    practice_payment_link,
    practice_stripe_event,
    res_company,
)
