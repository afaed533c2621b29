from . import (
    account_move,
    practice_link_code,
    practice_link_code_page,
    res_company,
)
