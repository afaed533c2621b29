"""Odoo 19: the user's own tree, or Debian's package unpacked into the cache.

Odoo is on no Python index. Debian's *sid* has it for every architecture; it is unpacked, never
installed, and apt checks the signatures.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from . import paths, system_packages
from .locks import exclusive
from .processes import run
from .report import Failure, step

RELEASE = 19

#: Packages and the suite that has the right version. Odoo's package points into theirs.
#: The font's sid version (7) has other file names than Odoo expects.
PACKAGES = {
    "odoo-19": "sid",
    "fonts-dejavu-core": "sid",
    "fonts-font-awesome": "bookworm",
    "fonts-glyphicons-halflings": "sid",
    "fonts-montserrat": "sid",
    "fonts-ocr-b": "sid",
    "fonts-roboto-unhinted": "sid",
    "libjs-jquery": "sid",
    "libjs-jquery-form": "sid",
    "libjs-underscore": "sid",
}
SUITES = ("bookworm", "sid")
DOWNLOAD_MEGABYTES = 133
UNPACKED_FILES = 52_000

#: For systems whose own package sources name no Debian mirror.
FALLBACK_MIRROR = "http://ftp.debian.org/debian"

#: The package leaves this asset out; without a file there, every page logs an error.
LEFT_OUT = "mail/static/lib/selfie_segmentation/selfie_segmentation.js"


class OdooSource(NamedTuple):
    """An Odoo tree that can be run."""

    program: Path
    python_path: Path
    addons: tuple[Path, ...]

    @property
    def version(self) -> str:
        """Odoo's version with what tells two builds of it apart."""
        release = self.python_path / "odoo/release.py"
        series = _release_of(self.python_path)
        return f"{series}-{int(release.stat().st_mtime)}"


def odoo_source() -> OdooSource:
    """The tree at `ODOO_HOME`, else the cached one, fetched first if need be.

    :raise Failure: there is no Odoo 19 at `ODOO_HOME`, or it cannot be fetched
    """
    own = os.environ.get("ODOO_HOME")
    if own:
        return _at(Path(own).absolute())
    place = paths.cache() / "odoo-19"
    if not _is_whole(place):
        with exclusive(
            paths.cache() / "odoo.lock", "Waiting for another run that is fetching Odoo"
        ):
            if not _is_whole(place):
                _fetch(place)
    return _at(place)


def _at(home: Path) -> OdooSource:
    debian = home / "usr/lib/python3/dist-packages"
    layouts = (
        OdooSource(home / "usr/bin/odoo", debian, (debian / "odoo/addons",)),
        OdooSource(home / "odoo-bin", home, (home / "odoo/addons", home / "addons")),
    )
    for layout in layouts:
        if layout.program.exists() and (layout.python_path / "odoo/release.py").exists():
            series = _release_of(layout.python_path)
            if series.split(".")[0] != str(RELEASE):
                raise Failure(f"{home} holds Odoo {series}; Odoo {RELEASE} is needed")
            return layout
    raise Failure(f"{home} holds no Odoo: neither odoo-bin nor usr/bin/odoo is there")


def _release_of(python_path: Path) -> str:
    text = (python_path / "odoo/release.py").read_text()
    found = re.search(r"version_info = \((\d+), (\d+)", text)
    return ".".join(found.groups()) if found else "of an unknown version"


def _is_whole(place: Path) -> bool:
    # Unpacked elsewhere and renamed: what is there was whole once.
    return (place / "complete").exists() and (place / "usr/bin/odoo").exists()


def _fetch(place: Path) -> None:
    system_packages.require(system_packages.KEYRING)
    work = paths.cache() / "odoo-download"
    log = paths.cache() / "odoo-fetch.log"
    log.unlink(missing_ok=True)
    options = _private_apt(work)
    with step("Reading Debian's package lists"):
        run("apt-get update", ["apt-get", *options, "update"], log)
    downloads = work / "packages"
    # What an interrupted run left may be half a package or an older version.
    shutil.rmtree(downloads, ignore_errors=True)
    downloads.mkdir()
    wanted = [f"{name}/{suite}" for name, suite in PACKAGES.items()]
    with step(
        f"Downloading Odoo {RELEASE} ({DOWNLOAD_MEGABYTES} MB, once)",
        lambda: f"{_megabytes(downloads)} of {DOWNLOAD_MEGABYTES} MB",
    ):
        run("apt-get download", ["apt-get", *options, "download", *wanted], log, cwd=downloads)
    unpack(sorted(downloads.glob("*.deb")), place, log)
    shutil.rmtree(work)


def unpack(packages: Sequence[Path], place: Path, log: Path) -> None:
    """Unpack Debian packages into one folder that is either whole or not there.

    :raise Failure: a package is damaged, or the disk is full
    """
    partial = place.with_name(place.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.rmtree(place, ignore_errors=True)
    with step(
        f"Unpacking Odoo {RELEASE} (1.1 GB)",
        lambda: f"{_count_files(partial) * 100 // UNPACKED_FILES} %",
    ):
        for package in packages:
            run("dpkg-deb", ["dpkg-deb", "-x", package, partial], log)
    left_out = partial / "usr/lib/python3/dist-packages/odoo/addons" / LEFT_OUT
    left_out.parent.mkdir(parents=True, exist_ok=True)
    left_out.touch()
    (partial / "complete").touch()
    partial.rename(place)


def _private_apt(work: Path) -> list[str]:
    """Options that keep apt's lists, cache and sources apart from the system's."""
    for folder in ("lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True, exist_ok=True)
    mirror = _mirror()
    sources = work / "sources.list"
    sources.write_text(
        "".join(
            f"deb [signed-by={system_packages.DEBIAN_KEYRING}] {mirror} {suite} main\n"
            for suite in SUITES
        )
    )
    config = work / "apt.conf"
    # Hooks that distributions run after an update would reach into the system.
    config.write_text(
        "#clear APT::Update::Post-Invoke;\n"
        "#clear APT::Update::Post-Invoke-Success;\n"
        f'Dir::Etc::sourcelist "{sources}";\n'
        'Dir::Etc::sourceparts "/dev/null";\n'
        'Dir::Etc::preferences "/dev/null";\n'
        'Dir::Etc::preferencesparts "/dev/null";\n'
        f'Dir::State::lists "{work}/lists";\n'
        f'Dir::Cache "{work}/cache";\n'
        'Acquire::Languages "none";\n'
        'Acquire::Retries "3";\n'
        # Without this, lists that cannot be had are only a warning.
        'APT::Update::Error-Mode "any";\n'
        'APT::Get::List-Cleanup "false";\n'
        # As root, apt would download as a user who may not enter root's folders.
        'APT::Sandbox::User "root";\n'
    )
    return ["-q", "-c", str(config)]


def _mirror() -> str:
    """`DEBIAN_MIRROR`, else the one of the system's own package sources."""
    named = os.environ.get("DEBIAN_MIRROR")
    if named:
        return named.rstrip("/")
    targets = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=False,
    )
    repositories = (line.rstrip("/") for line in targets.stdout.splitlines())
    return next((uri for uri in repositories if uri.endswith("/debian")), FALLBACK_MIRROR)


def _megabytes(folder: Path) -> int:
    size = 0
    for file in folder.rglob("*"):
        try:
            size += file.stat().st_size
        except FileNotFoundError:
            continue  # apt has just renamed it
    return size // 1_000_000


def _count_files(folder: Path) -> int:
    return sum(len(files) for _, _, files in os.walk(folder))
