"""Runs benchmarks inside the services that `make bench` has started."""

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

from ..environment.attached import attach
from ..environment.report import Failure, say, warn
from . import figures
from .bench import Bench
from .table import table

BENCHMARKS = Path(__file__).with_name("benchmarks")


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; 1 if one of them missed a target."""
    known = sorted(file.stem for file in BENCHMARKS.glob("[!_]*.py"))
    stack = attach()
    all_met = True
    for name in names or known:
        file = Path(name) if name.endswith(".py") else BENCHMARKS / f"{name}.py"
        if not file.exists():
            raise Failure(f"there is no benchmark {name}; there are: {', '.join(known) or 'none'}")
        bench = Bench(stack, file.stem)
        say(f"- Measuring {file.stem}")
        try:
            rows = _load(file).run(bench)
        finally:
            bench.drop_databases()
        say(f"\n{file.stem}\n\n{table(rows)}\n")
        if file.parent == BENCHMARKS:
            for line in figures.worse(rows, figures.read(file.stem)):
                warn(f"worse: {line}")
            figures.keep(file.stem, rows, float(os.environ[figures.LOAD]))
        all_met &= all(row.met is not False for row in rows)
    return 0 if all_met else 1


def _load(file: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"dev.bench.benchmarks.{file.stem}", file)
    if not spec or not spec.loader:
        raise Failure(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


try:
    sys.exit(main(sys.argv[1:]))
except Failure as failure:
    warn(f"error: {failure}")
    sys.exit(1)
