from . import (
    base_partner_merge,
    practice_billing_waive,
    practice_tax_rate,
)
