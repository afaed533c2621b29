from . import (
    account_move,
    mail_template,
    practice_privacy_example,
    res_company,
)
