from . import (
    account_move_credit,
    account_move_line,
    account_move_refund,
    account_move_refund_at_stripe,
    account_move_refunded,
    account_payment,
    payment_transaction,
    practice_payment_link_page,
    practice_stripe_event,
    res_company,
    res_partner,
)
