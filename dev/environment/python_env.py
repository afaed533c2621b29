"""Python packages: pinned by a lock file, in virtual environments in the cache."""

import hashlib
import shutil
import sys
from pathlib import Path

from . import paths, system_packages
from .locks import exclusive
from .processes import run
from .report import Failure, step

REQUIREMENTS = Path(__file__).with_name("requirements")


def python_for(name: str) -> Path:
    """The interpreter that has the packages of `requirements/<name>.lock`.

    :raise Failure: the packages cannot be installed
    """
    place = place_of(name)
    if not _is_whole(place):
        waiting = f"Waiting for another run that installs {name}'s packages"
        with exclusive(place.with_name(f"{place.name}.lock"), waiting):
            if not _is_whole(place):
                _install(name, place)
    return place / "bin/python"


def place_of(name: str) -> Path:
    """The environment's folder.

    It goes by the lock's content and Python's version: a changed lock makes another one, and
    checkouts with the same lock share it.
    """
    version = f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    digest = hashlib.sha256(_lock(name).read_bytes() + sys.base_prefix.encode()).hexdigest()[:12]
    return paths.cache() / f"python-{name}-{version}-{digest}"


def _lock(name: str) -> Path:
    return REQUIREMENTS / f"{name}.lock"


def _is_whole(place: Path) -> bool:
    # Written last; the interpreter's link breaks when the system's Python goes away.
    return (place / "complete").exists() and (place / "bin/python").exists()


def _install(name: str, place: Path) -> None:
    system_packages.require(system_packages.VENV)
    lock = _lock(name)
    log = place.with_name(f"{place.name}.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    shutil.rmtree(place, ignore_errors=True)
    # A package may stand there several times, each for other versions of Python.
    pins = (line for line in lock.read_text().splitlines() if line[:1].isalnum())
    total = len({pin.partition("==")[0] for pin in pins})

    def progress() -> str:
        seen = log.read_text(errors="replace").count("Collecting ") if log.exists() else 0
        return f"{seen} of {total} packages" if seen else ""

    with step(f"Installing Python packages for {name} (once)", progress):
        # Scripts in an environment name its place, so it is made there; `complete` comes last.
        run("python -m venv", [sys.executable, "-m", "venv", place], log)
        _pip(place / "bin/python", lock, log)
        (place / "complete").touch()


def _pip(python: Path, lock: Path, log: Path) -> None:
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    options = ["--no-deps", "--require-hashes", "--no-compile", "-r", str(lock)]
    try:
        run("pip", [*pip, "install", *options], log)
    except Failure:
        # Without a network pip says in the end that there is no such package.
        if "Retrying (Retry(total=0" in log.read_text(errors="replace"):
            raise Failure(f"pip cannot reach its package index (log: {log})") from None
        raise
