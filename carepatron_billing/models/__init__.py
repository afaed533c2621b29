from . import (
    account_move,
    account_move_line,
    account_payment,
    calendar_event,
    payment_provider,
    payment_transaction,
    practice_billing_item,
    practice_payment_link,
    practice_stripe_event,
    product_template,
    res_company,
)
