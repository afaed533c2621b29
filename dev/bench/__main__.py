"""Runs benchmarks inside the services that `make bench` has started."""

import importlib.util
import json
import os
import platform
import sys
from datetime import datetime, timezone
from pathlib import Path

from ..environment.attached import attach
from ..environment.report import Failure, say, warn
from .bench import Bench
from .row import Row
from .table import table

BENCHMARKS = Path(__file__).with_name("benchmarks")
RESULTS = Path(__file__).with_name("results")


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
        _write(file.stem, stack.odoo.source.version, rows)
        say(f"\n{file.stem}\n\n{table(rows)}\n")
        all_met &= all(row.met is not False for row in rows)
    return 0 if all_met else 1


def _load(file: Path):
    spec = importlib.util.spec_from_file_location(f"dev.bench.benchmarks.{file.stem}", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _write(name: str, odoo_version: str, rows: list[Row]) -> None:
    RESULTS.mkdir(exist_ok=True)
    result = {
        "name": name,
        "when": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "odoo": odoo_version,
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "rows": [row.as_dict() for row in rows],
    }
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")


try:
    sys.exit(main(sys.argv[1:]))
except Failure as failure:
    warn(f"error: {failure}")
    sys.exit(1)
