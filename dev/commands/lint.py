"""`make lint`: every check of the code, each from a pinned package.

`make lint FIX=1` first mends what can be mended without thinking.
"""

import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from ..environment import paths, texts
from ..environment.python_env import python_for
from ..environment.report import Failure, say

#: What the Odoo community's data checks would have otherwise than Odoo itself writes it.
MATTERS_OF_TASTE = (
    "xml-header-wrong,xml-tag-position,xml-field-numeric-without-eval,weblate-component-too-long"
)

#: Folders that hold nobody's work.
NOT_OURS = {".git", ".run", ".venv", "node_modules"}


def main(arguments: list[str]) -> int:
    """Run all checks side by side, print what they found, return 1 if that is anything."""
    if arguments not in ([], ["fix"]):
        raise Failure('lint takes no arguments but "fix"')
    programs = python_for("project").parent
    if arguments:
        subprocess.run([programs / "ruff", "check", "--fix-only", "."], cwd=paths.CHECKOUT)
        subprocess.run([programs / "ruff", "format", "."], cwd=paths.CHECKOUT)
    running = [
        (name, subprocess.Popen(command, cwd=paths.CHECKOUT, text=True, **_together()))
        for name, command in _commands(programs).items()
    ]
    found = _report("XML", "\n".join(filter(None, map(_xml_error, _files(".xml")))))
    found |= _report("Translations", _stale_texts())
    for name, process in running:
        output, _ = process.communicate()
        found |= _report(name, output if process.returncode else "")
    return int(found)


def _commands(programs: Path) -> dict[str, list[str | Path]]:
    addon = paths.ADDON.name
    commands: dict[str, list[str | Path]] = {
        "ruff": [programs / "ruff", "check", "--quiet", "."],
        "format": [programs / "ruff", "format", "--check", "--output-format=concise", "."],
        "pylint-odoo": [programs / "pylint", "--rcfile=pyproject.toml", addon],
        "types": [programs / "mypy", "--no-error-summary"],
        "Odoo data": [
            *(programs / "oca-checks-odoo-module", "--no-verbose"),
            *(f"--disable={MATTERS_OF_TASTE}", addon),
        ],
    }
    scripts = _files(".js")
    # Without a file to look at, it would look for some by itself, and fail.
    if scripts:
        commands["JavaScript"] = [programs / "oxlint", "--deny-warnings", *scripts]
    return commands


def _together() -> dict:
    return {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}


def _files(ending: str) -> list[Path]:
    inside = (path.relative_to(paths.CHECKOUT) for path in paths.CHECKOUT.rglob(f"*{ending}"))
    return sorted(path for path in inside if not NOT_OURS & set(path.parts))


def _xml_error(file: Path) -> str:
    try:
        ElementTree.parse(paths.CHECKOUT / file)
    except ElementTree.ParseError as error:
        return f"{file}: {error}"
    return ""


def _stale_texts() -> str:
    if texts.recorded() == texts.fingerprint():
        return ""
    return f"{texts.TEMPLATE.relative_to(paths.CHECKOUT)} is older than the addon's texts: make pot"


def _report(name: str, findings: str) -> bool:
    """Print what a check found; True if it found anything."""
    say(f"- {name}: {'see below' if findings else 'fine'}")
    if findings:
        say(findings.rstrip())
    return bool(findings)
