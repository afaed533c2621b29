from . import (
    practice_billing_waive,
    practice_tax_rate,
)
