from . import account_move_report, account_move_sample, account_payment_receipt_report
