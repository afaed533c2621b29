"""`make clean`: remove what the other commands made, and nothing else."""

import shutil
from pathlib import Path

from ..environment import paths
from ..environment.databases import Databases
from ..environment.locks import only_one
from ..environment.postgres import OwnServer, uses_own_server
from ..environment.report import Failure, say

#: In the checkout, next to `.run`: what checks, tests and measurements leave behind.
LEFT_BEHIND = (
    ".hypothesis",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    "tests/screenshots",
)
OURS = (paths.ADDON.name, "dev", "tests")


def main(arguments: list[str]) -> int:
    """Remove this checkout's databases, logs and pictures; with `all` the downloads too."""
    if arguments not in ([], ["all"]):
        raise Failure('clean takes no arguments but "all"')
    in_use = "it is in use by process {pid}; end that one first"
    with (
        only_one(paths.STATE / "run.lock", in_use),
        only_one(paths.STATE / "test.lock", in_use),
        only_one(paths.STATE / "bench.lock", in_use),
    ):
        if uses_own_server():
            server = OwnServer()
            databases = Databases(server.connection, paths.STATE / "none")
            for name in databases.names():
                databases.drop(name)
                say(f"- dropped the database {databases.full_name(name)}")
        _remove(paths.ROOT_CLUSTERS)
        # Other checkouts may have clusters beside ours.
        if paths.ROOT_CLUSTERS.parent.exists() and not any(paths.ROOT_CLUSTERS.parent.iterdir()):
            paths.ROOT_CLUSTERS.parent.rmdir()
        any_name = paths.short_folder("*")
        for folder in any_name.parent.glob(any_name.name):
            _remove(folder)
        for name in LEFT_BEHIND:
            _remove(paths.CHECKOUT / name)
        for part in OURS:
            for folder in (paths.CHECKOUT / part).rglob("__pycache__"):
                shutil.rmtree(folder)
        if arguments:
            _remove(paths.cache())
        _remove(paths.STATE)
    return 0


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
        say(f"- removed {folder}")
