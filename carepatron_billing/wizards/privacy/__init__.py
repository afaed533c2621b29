# ruff: isort: skip_file
from . import (
    practice_clinical_warning,
    account_move_send_batch_wizard,
    account_move_send_wizard,
    mail_compose_message,
    practice_payment_link_send,
    practice_payment_link_send_all,
)
