from . import (
    account_move,
    account_payment,
    practice_card_holder,
    res_company,
    res_partner,
)
