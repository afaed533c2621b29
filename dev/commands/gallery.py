"""`make gallery`: the README's pictures of invoices anew, and each page by itself to look at."""

from ..environment import paths
from ..environment.locks import only_one
from ..environment.report import say, step
from ..environment.stack import Stack
from ..environment.templates import addon_database

SCRIPT = paths.CHECKOUT / "dev/odoo_scripts/gallery.py"
SHEETS = paths.ADDON / "static/description"
DATABASE = "gallery"


def main(arguments: list[str]) -> int:
    """Draw every layout on both papers with each case and return the exit code."""
    refusal = "the gallery or a measurement is already running here (process {pid}); wait for it"
    with only_one(paths.STATE / "bench.lock", refusal):
        stack = Stack("bench")
        pages = stack.folder / "gallery"
        with stack.started():
            stack.databases.drop(DATABASE)
            stack.databases.copy(addon_database(stack.odoo), DATABASE)
            given = {"sheets": str(SHEETS), "pages": str(pages), "only": arguments}
            try:
                with step("Drawing the gallery"):
                    stack.odoo.script(DATABASE, SCRIPT, given)
            finally:
                stack.databases.drop(DATABASE)
    say(f"each page by itself: {pages}")
    return 0
