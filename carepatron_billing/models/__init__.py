from . import (
    account_move,
    account_move_line,
    calendar_event,
    practice_billing_item,
    practice_payment_link,
    product_template,
    res_company,
)
