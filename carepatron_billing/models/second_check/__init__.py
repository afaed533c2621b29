from . import (
    account_move,
    practice_link_code,
    practice_payment_link,
    res_company,
)
