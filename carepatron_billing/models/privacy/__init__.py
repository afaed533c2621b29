from . import (
    account_move,
    mail_template,
    practice_payment_link_page,
    practice_privacy_example,
    res_company,
)
