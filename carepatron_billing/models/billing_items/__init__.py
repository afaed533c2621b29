from . import (
    calendar_attendee,
    calendar_event,
    calendar_event_changes,
    calendar_event_state,
    practice_billing_item,
    practice_billing_item_attendance,
    practice_billing_item_session,
    practice_fee_rule,
    res_company,
)
