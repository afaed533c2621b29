from . import (
    account_payment,
    account_payment_receipt,
    account_payment_receipt_failed,
    payment_transaction,
    res_company,
)
