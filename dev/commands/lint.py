"""`make lint`: every check of the code, each from a pinned package.

`make lint FIX=1` first mends what can be mended without thinking. Given files, as the hook before a
commit does, it runs the checks that look at one file at a time, on these.
"""

import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
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

Command = list[str | Path]


def main(arguments: list[str]) -> int:
    """Run the checks side by side, print what they found, return 1 if that is anything."""
    fix = arguments[:1] == ["fix"]
    named = [Path(name) for name in arguments[fix:]]
    if lost := [str(file) for file in named if not (paths.CHECKOUT / file).is_file()]:
        raise Failure(f'lint takes "fix" and files; there is no file {", ".join(lost)}')
    programs = python_for("project").parent
    if named:
        python = [file for file in named if file.suffix == ".py"]
        models = [file for file in python if file.parts[0] == paths.ADDON.name]
        scripts = [file for file in named if file.suffix == ".js"]
        documents = [file for file in named if file.suffix == ".xml"]
        whole = {}
    else:
        python, models = [Path()], [Path(paths.ADDON.name)]
        scripts, documents = _files(".js"), _files(".xml")
        whole = _of_all(programs)
    if fix and python:
        subprocess.run([programs / "ruff", "check", "--fix-only", *python], cwd=paths.CHECKOUT)
        subprocess.run([programs / "ruff", "format", *python], cwd=paths.CHECKOUT)
    running = [
        (name, _start(command))
        for name, command in (_of_files(programs, python, models, scripts) | whole).items()
    ]
    found = _report("XML", "\n".join(filter(None, map(_xml_error, documents))))
    if not named:
        found |= _report("translations", _stale_texts())
    for name, process in running:
        output, _ = process.communicate()
        found |= _report(name, output if process.returncode else "")
    return int(found)


def _of_files(
    programs: Path, python: Sequence[Path], models: Sequence[Path], scripts: Sequence[Path]
) -> dict[str, Command]:
    """What looks at files one by one; without any it would look for some by itself, or fail."""
    ruff = programs / "ruff"
    commands: dict[str, Command] = {}
    if python:
        commands["ruff"] = [ruff, "check", "--quiet", *python]
        commands["format"] = [ruff, "format", "--check", "--output-format=concise", *python]
    if models:
        commands["pylint-odoo"] = [programs / "pylint", "--rcfile=pyproject.toml", *models]
    if scripts:
        commands["JavaScript"] = [programs / "oxlint", "--deny-warnings", *scripts]
    return commands


def _of_all(programs: Path) -> dict[str, Command]:
    """What has to see everything."""
    return {
        "types": [programs / "mypy", "--no-error-summary"],
        "Odoo data": [
            *(programs / "oca-checks-odoo-module", "--no-verbose"),
            *(f"--disable={MATTERS_OF_TASTE}", paths.ADDON.name),
        ],
    }


def _start(command: Command) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        cwd=paths.CHECKOUT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


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
