"""Dialogs, in the order of the rooms of `models/`."""

# ruff: isort: skip_file
from . import practice_dialog
from . import practice
from . import billing_items
from . import invoices
from . import payment_links
from . import stripe
from . import payments
from . import privacy
from . import cards
from . import refunds
from . import batches
from . import reminders
from . import second_check
from . import client_rights
from . import audit_log
