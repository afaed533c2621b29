"""Facts about the addon, read from its files."""

import ast
import hashlib

from . import paths

NAME = paths.ADDON.name


def manifest() -> dict:
    """The addon's manifest."""
    return ast.literal_eval((paths.ADDON / "__manifest__.py").read_text())


def fingerprint() -> str:
    """Changes with every file that an installation could depend on, so no test and no `.pot`."""
    digest = hashlib.sha256()
    for file in sorted(paths.ADDON.rglob("*")):
        inside = file.relative_to(paths.ADDON)
        if inside.parts[0] == "tests" or "__pycache__" in inside.parts or file.suffix == ".pot":
            continue
        if not file.is_file():
            continue
        digest.update(f"{inside}\0{file.stat().st_size}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
