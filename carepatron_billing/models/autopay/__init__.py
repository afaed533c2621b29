from . import (
    account_move,
    account_payment,
    payment_transaction,
    practice_card_holder,
    res_company,
    res_partner,
)
