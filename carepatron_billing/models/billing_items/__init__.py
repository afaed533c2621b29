from . import (
    calendar_event,
    practice_billing_item,
    practice_billing_item_attendance,
    practice_billing_item_session,
    practice_fee_rule,
    res_company,
)
