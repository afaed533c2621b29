from . import (
    practice_billing_batch,
    practice_billing_item,
    res_company,
    res_partner,
)
