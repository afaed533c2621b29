from . import (
    calendar_event,
    practice_billing_batch,
    practice_billing_item,
)
