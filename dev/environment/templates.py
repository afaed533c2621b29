"""Databases that are made once and copied for each use."""

import hashlib
from collections.abc import Callable

from . import addon, paths
from .odoo import Odoo
from .report import step

BASE = "base_"
ADDON = "addon_"
BUNDLE_ASSETS = paths.CHECKOUT / "dev/odoo_scripts/bundle_assets.py"


def base_database(odoo: Odoo) -> str:
    """A database with stock Odoo: what the addon depends on, with demo data.

    Made anew when Odoo or the list of modules has changed.

    :return: its name; copy it, never change it
    """
    modules = sorted(addon.manifest()["depends"])
    name = BASE + _digest(odoo.source.version, *modules)
    if not _is_whole(odoo, name):
        _make(odoo, name, lambda making: odoo.install(making, modules, "Installing stock Odoo"))
    return name


def addon_database(odoo: Odoo) -> str:
    """A database with the addon and its demo practice on top of `base_database`.

    Made anew when a file of the addon has changed; the one for the files of before is dropped.

    :return: its name; copy it, never change it
    """
    base = base_database(odoo)
    name = ADDON + _digest(base, addon.fingerprint())
    if not _is_whole(odoo, name):
        for outdated in odoo.databases.names():
            if outdated.startswith(ADDON) or (outdated.startswith(BASE) and outdated != base):
                odoo.databases.drop(outdated)

        def install(making: str) -> None:
            odoo.databases.copy(base, making)
            odoo.install(making, [addon.NAME], "Installing the addon")
            # Once here saves each copy's first page ten seconds and more.
            with step("Bundling the web client's files"):
                odoo.script(making, BUNDLE_ASSETS)

        _make(odoo, name, install)
    return name


def _is_whole(odoo: Odoo, name: str) -> bool:
    """Whether a database is there with its attachments; a checkout that was removed took those."""
    return odoo.databases.exists(name) and odoo.databases.filestore(name).is_dir()


def _make(odoo: Odoo, name: str, install: Callable[[str], None]) -> None:
    """Make a database under another name first, so that no half-made one passes for ready."""
    making = "unfinished"
    odoo.databases.drop(making)
    install(making)
    odoo.databases.drop(name)
    odoo.databases.rename(making, name)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
