from . import (
    account_move,
    payment_provider,
    payment_token,
    payment_transaction,
    practice_card_holder,
    practice_card_holder_page,
    practice_payment_link_page,
    practice_stripe_event,
    res_partner,
)
