from . import (
    account_move,
    account_move_correct,
    account_move_form,
    account_move_line,
    account_move_payer,
    account_move_status,
    account_move_timeline,
    calendar_event,
    practice_billing_item,
    res_partner,
)
