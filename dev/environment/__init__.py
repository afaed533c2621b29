"""Odoo, PostgreSQL, the Stripe fake and the mail catcher, for the demo, tests and benchmarks.

Runs on the system's Python before any package is installed: standard library only.
"""
