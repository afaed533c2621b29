from . import (
    account_move_document,
    account_move_send,
    account_move_template,
    account_partial_reconcile,
    ir_actions_report,
    practice_invoice_template,
    practice_invoice_template_preview,
    practice_invoice_template_screen,
    practice_invoice_template_texts,
    res_company,
    res_partner,
)
