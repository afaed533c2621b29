from . import (
    practice_billing_batch,
    practice_billing_item,
)
