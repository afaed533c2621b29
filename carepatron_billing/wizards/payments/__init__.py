from . import (
    account_payment_register,
    practice_dialog_money,
    practice_payment_record,
)
