"""Python packages: pinned by a lock file, in virtual environments in the cache."""

import hashlib
import shutil
import sys
from pathlib import Path

from . import paths, system_packages
from .locks import exclusive
from .processes import run
from .report import step

REQUIREMENTS = Path(__file__).with_name("requirements")


def python_for(name: str) -> Path:
    """The interpreter that has the packages of `requirements/<name>.lock`.

    The environment is kept by the lock's content and Python's version, so that a changed lock
    makes a new one and checkouts with the same lock share it.

    :raise Failure: the packages cannot be installed
    """
    lock = REQUIREMENTS / f"{name}.lock"
    version = f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    digest = hashlib.sha256(lock.read_bytes() + sys.base_prefix.encode()).hexdigest()[:12]
    place = paths.cache() / f"python-{name}-{version}-{digest}"
    if not _is_whole(place):
        with exclusive(
            place.with_name(f"{place.name}.lock"),
            f"Waiting for another run that installs {name}'s packages",
        ):
            if not _is_whole(place):
                _install(name, lock, place)
    return place / "bin/python"


def _is_whole(place: Path) -> bool:
    # Written last; the interpreter's link breaks when the system's Python goes away.
    return (place / "complete").exists() and (place / "bin/python").exists()


def _install(name: str, lock: Path, place: Path) -> None:
    system_packages.require(system_packages.VENV)
    log = place.with_name(f"{place.name}.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    shutil.rmtree(place, ignore_errors=True)
    # A package may stand there several times, each for other versions of Python.
    pins = (line for line in lock.read_text().splitlines() if line[:1].isalnum())
    total = len({pin.partition("==")[0] for pin in pins})

    def progress():
        seen = log.read_text(errors="replace").count("Collecting ") if log.exists() else 0
        return f"{seen} of {total} packages" if seen else ""

    with step(f"Installing Python packages for {name} (once)", progress):
        # Scripts in an environment name its place, so it is made there; `complete` comes last.
        run("python -m venv", [sys.executable, "-m", "venv", place], log)
        run(
            "pip",
            [
                place / "bin/python",
                "-m",
                "pip",
                "--disable-pip-version-check",
                "install",
                "--no-input",
                "--no-deps",
                "--require-hashes",
                "--no-compile",
                "-r",
                lock,
            ],
            log,
        )
        (place / "complete").touch()
