from . import account_move_report, account_payment_receipt_report
