"""What comes from the operating system, asked for only by the command that needs it."""

import ctypes
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from . import paths
from .locks import exclusive
from .report import Failure, say

DEBIAN_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


class Need(NamedTuple):
    """A thing that must be there, and the packages that bring it.

    :param else_from: where to get it if the system has no such package
    """

    what: str
    is_there: Callable[[], bool]
    packages: tuple[str, ...]
    else_from: str = ""


def postgres_programs() -> Path | None:
    """The folder of the newest PostgreSQL server on this machine, if there is one."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    newest = max(versions, key=lambda path: int(path.parts[-3]), default=None)
    found = newest or shutil.which("postgres")
    return Path(found).parent if found else None


def chromium() -> str | None:
    """The browser of the tests: `CHROMIUM`, else the first one on the path."""
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


def _has_library(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def _can_make_venv() -> bool:
    return bool(importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip"))


KEYRING = Need("Debian's signing keys", DEBIAN_KEYRING.exists, ("debian-archive-keyring",))
VENV = Need("Python's venv", _can_make_venv, ("python3-venv",))
POSTGRES = Need("PostgreSQL", lambda: postgres_programs() is not None, ("postgresql",))
PSQL = Need("psql", lambda: shutil.which("psql") is not None, ("postgresql-client",))
PANGO = Need(
    "Pango",
    lambda: all(
        map(
            _has_library,
            ("libpango-1.0.so.0", "libpangoft2-1.0.so.0", "libharfbuzz-subset.so.0"),
        )
    ),
    ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0"),
)
# The browser driver's own program is linked to it.
LIBATOMIC = Need("libatomic", lambda: _has_library("libatomic.so.1"), ("libatomic1",))
CHROMIUM = Need("Chromium", lambda: chromium() is not None, ("chromium",))
# Debian 13 has no package of it any more.
WKHTMLTOPDF = Need(
    "wkhtmltopdf",
    lambda: shutil.which("wkhtmltopdf") is not None,
    ("wkhtmltopdf",),
    else_from="wkhtmltopdf.org, so that it is on the PATH",
)


def require(*needs: Need) -> None:
    """Install by apt what is missing, as root or by a sudo that asks for no password.

    :raise Failure: it may not be installed from here, or apt cannot do it
    """
    missing = [need for need in needs if not need.is_there()]
    if not missing:
        return
    packages = [package for need in missing for package in need.packages]
    names = ", ".join(need.what for need in missing)
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    by_hand = f"sudo apt-get update && sudo {' '.join(install)}"
    by_hand += "".join(f"; or from {need.else_from}" for need in missing if need.else_from)
    prefix = _privilege()
    if prefix is None or not shutil.which("apt-get"):
        raise Failure(f"{names} is missing. Install with: {by_hand}")
    say(f"- Installing {names} from the system's packages")
    environment = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive"]
    update = [*environment, "apt-get", "update", "-qq"]
    with exclusive(paths.cache() / "apt.lock", "Waiting for another run that uses apt"):
        # A list that is missing or old makes the second command fail, and that one tells why.
        subprocess.run(update, capture_output=True, check=False)
        result = subprocess.run(
            [*environment, *install], capture_output=True, text=True, check=False
        )
    still_missing = [need.what for need in missing if not need.is_there()]
    if result.returncode or still_missing:
        words = (result.stderr or result.stdout).strip().splitlines()
        why = words[-1] if words else f"{', '.join(still_missing)} is still missing"
        raise Failure(f"apt could not install {names}: {why}. By hand: {by_hand}")


def _privilege() -> list[str] | None:
    """What to put before a command so that it runs as root; None if that cannot be had."""
    if os.geteuid() == 0:
        return []
    sudo = ["sudo", "-n"]
    if shutil.which("sudo") and not _fails([*sudo, "true"]):
        return sudo
    return None


def _fails(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode != 0
