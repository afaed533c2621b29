"""`make lock`: pin the Python packages anew after a change in `requirements/project.in`."""

from ..environment import paths
from ..environment.processes import run
from ..environment.python_env import REQUIREMENTS, python_for
from ..environment.report import Failure, step


def main(arguments: list[str]) -> int:
    """Resolve the list for Python 3.10 and later at once; keep what still fits."""
    if arguments:
        raise Failure("lock takes no arguments")
    source = REQUIREMENTS / "project.in"
    uv = python_for("project").with_name("uv")
    with step("Pinning the project's packages"):
        run(
            "uv",
            [
                *(uv, "pip", "compile", "--universal", "--python-version", "3.10"),
                # Neither a registry's address nor a path of this machine's may get into the lock.
                *("--no-emit-index-url", "--custom-compile-command", "make lock"),
                *("--generate-hashes", "--no-annotate", "--quiet"),
                *(source.name, "--output-file", source.with_suffix(".lock").name),
            ],
            paths.STATE / "lock.log",
            cwd=REQUIREMENTS,
        )
    return 0
