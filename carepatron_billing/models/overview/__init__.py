from . import (
    practice_overview,
    practice_overview_money,
    res_company,
)
