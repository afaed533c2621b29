from . import (
    practice_bearer_link,
    practice_link_alarm,
    practice_payment_link,
    practice_payment_link_page,
    practice_payment_link_sending,
    res_company,
    res_partner,
)
