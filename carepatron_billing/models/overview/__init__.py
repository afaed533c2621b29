from . import (
    practice_overview,
    practice_overview_figures,
    practice_overview_sessions,
    practice_overview_troubles,
    res_company,
)
