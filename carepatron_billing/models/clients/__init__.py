from . import (
    practice_billing_item,
    practice_payer_share,
    res_partner,
    res_partner_billed_apart,
)
