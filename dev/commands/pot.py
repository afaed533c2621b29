"""`make pot`: export the addon's words for translators."""

from pathlib import Path

from ..environment import addon, paths, texts
from ..environment.locks import only_one
from ..environment.report import Failure, say, step
from ..environment.stack import Stack
from ..environment.templates import addon_database

SCRIPT = paths.CHECKOUT / "dev/odoo_scripts/pot.py"
DATABASE = "pot"


def main(arguments: list[str]) -> int:
    """Write the `.pot` of the present files and bring the `.po` files up to date with it."""
    if arguments:
        raise Failure("pot takes no arguments")
    refusal = "tests are running here (process {pid}); wait until they are done"
    # The tests' database is the addon as it is now, and mostly there already.
    with only_one(paths.STATE / "test.lock", refusal):
        stack = Stack("test")
        with stack.started():
            stack.databases.drop(DATABASE)
            stack.databases.copy(addon_database(stack.odoo), DATABASE)
            try:
                with step("Exporting the addon's words"):
                    counts = stack.odoo.script(DATABASE, SCRIPT, given())
            finally:
                stack.databases.drop(DATABASE)
    say(", ".join(f"{name}: {count}" for name, count in counts.items()))
    return 0


def given(folder: Path = texts.TEMPLATE.parent) -> dict[str, str]:
    """What the script has to know: where the files are, and what lint will compare."""
    return {"module": addon.NAME, "folder": str(folder), "sources": texts.fingerprint()}
