from . import (
    account_move,
    account_payment,
    payment_provider,
    payment_transaction,
    practice_card_holder,
    practice_card_holder_page,
    res_company,
    res_partner,
)
