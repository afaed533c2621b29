from . import (
    account_move,
    payment_transaction,
    practice_dispute,
    practice_dispute_books,
    practice_dispute_evidence,
    practice_stripe_event,
    res_company,
)
