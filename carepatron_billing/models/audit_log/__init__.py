from . import (
    account_move,
    account_payment,
    payment_token,
    payment_transaction,
    practice_audit_log,
    practice_audited,
    practice_billing_item,
    practice_payment_link,
    res_partner,
    res_users,
)
