# ruff: isort: skip_file
from . import (
    account_move_report,
    account_move_report_lines,
    account_move_report_totals,
    account_move_sample,
    account_payment_receipt_report,
)
