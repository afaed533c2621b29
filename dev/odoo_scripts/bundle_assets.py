"""Make the bundles of scripts and styles that Odoo would make when a page asks for them.

Runs inside Odoo's shell. `_pregenerate_assets_bundles` would make those of Odoo's unit tests, too,
which are larger than all others together.
"""

BUNDLES = {
    "web.assets_web": ("js", "css"),
    "web.assets_web_print": ("css",),
    "web.assets_frontend": ("css",),
    "web.assets_frontend_lazy": ("js",),
    "web.assets_frontend_minimal": ("js",),
    "web.fullcalendar_lib": ("js",),
}

for name, kinds in BUNDLES.items():
    for kind in kinds:
        only = {each: each == kind for each in ("js", "css")}
        getattr(env["ir.qweb"]._get_asset_bundle(name, **only), kind)()  # noqa: F821
