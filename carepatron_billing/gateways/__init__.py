"""The doors to the outside world. Nothing in here knows Odoo's models or the practice."""
