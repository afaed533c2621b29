from . import (
    account_move,
    practice_dispute,
    practice_dispute_books,
    practice_dispute_evidence,
    practice_dispute_fee,
    res_company,
)
