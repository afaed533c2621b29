from . import (
    base_partner_merge,
    practice_billing_preview,
    practice_billing_waive,
    practice_invoice_correct,
    practice_payment_link_send,
    practice_stripe_setup,
    practice_tax_rate,
)
