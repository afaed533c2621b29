from . import (
    test_billing_item,
    test_calendar_event,
    test_documents,
    test_pay_page,
    test_payment_link,
    test_payment_link_send,
    test_payment_provider,
    test_payment_transaction,
    test_pdf_engine,
    test_security,
    test_stripe_gateway,
    test_stripe_webhook,
)
