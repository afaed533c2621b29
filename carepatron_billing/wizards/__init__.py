from . import (
    base_partner_merge,
    practice_billing_preview,
    practice_billing_waive,
    practice_invoice_correct,
    practice_payment_link_send,
    practice_payment_link_send_all,
    practice_payment_record,
    practice_reminder_plan,
    practice_reminder_preview,
    practice_reminder_start,
    practice_stripe_setup,
    practice_tax_rate,
)
