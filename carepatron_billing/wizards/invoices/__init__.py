from . import practice_invoice_correct
