# ruff: isort: skip_file
from . import (
    practice_bearer_link,
    practice_payment_link,
    account_move,
    practice_link_alarm,
    practice_payment_link_page,
    practice_payment_link_sending,
    res_company,
    res_partner,
)
