from . import practice_billing_waive
