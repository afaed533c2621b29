from . import practice_billing_preview
