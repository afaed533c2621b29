from . import (
    account_move,
    account_payment,
    account_payment_receipt,
    payment_transaction,
    practice_payment_link_page,
    res_company,
)
