"""`make lock`: pin the Python packages anew after a change in `requirements/*.in`."""

import sys
import tempfile
from pathlib import Path

from ..environment import paths
from ..environment.processes import run
from ..environment.python_env import REQUIREMENTS
from ..environment.report import Failure, step


def main(arguments: list[str]) -> int:
    """Resolve every list for Python 3.10 and later at once; keep what still fits."""
    if arguments:
        raise Failure("lock takes no arguments")
    log = paths.STATE / "lock.log"
    with tempfile.TemporaryDirectory() as folder:
        uv = Path(folder) / "bin/uv"
        with step("Installing uv"):
            run("python -m venv", [sys.executable, "-m", "venv", folder], log)
            run("pip", [uv.with_name("pip"), "install", "uv"], log)
        for source in sorted(REQUIREMENTS.glob("*.in")):
            with step(f"Pinning {source.stem}"):
                run(
                    "uv",
                    [
                        *(uv, "pip", "compile", "--universal", "--python-version", "3.10"),
                        *("--generate-hashes", "--no-annotate", "--no-emit-index-url"),
                        *("--custom-compile-command", "make lock"),
                        *(source, "--output-file", source.with_suffix(".lock")),
                    ],
                    log,
                    # Paths in the lock's head would otherwise be this machine's.
                    cwd=REQUIREMENTS,
                )
    return 0
