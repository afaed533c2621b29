"""Make the bundles of scripts and styles that Odoo would make when a page asks for them.

Runs inside Odoo's shell.
"""

env["ir.qweb"]._pregenerate_assets_bundles()  # noqa: F821
