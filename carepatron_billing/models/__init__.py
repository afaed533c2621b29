"""A room a capability, in their order: a room names only rooms before it."""

# ruff: isort: skip_file
from . import practice
from . import sessions
from . import billing_items
from . import clients
from . import invoices
from . import payment_links
from . import stripe
from . import payments
from . import documents
from . import privacy
from . import cards
from . import refunds
from . import batches
from . import automatic_invoicing
from . import autopay
from . import disputes
from . import reminders
from . import second_check
from . import client_rights
from . import overview
from . import audit_log
