"""The last figures of each benchmark, kept in the repository, and what got worse since."""

import json
from datetime import datetime, timezone
from pathlib import Path

from .row import Row

FILE = Path(__file__).with_name("figures.json")
#: By what share a ratio may be worse before it is told: as far apart lie two runs of one code.
NOISE = 0.1
#: The variable by which `make bench` tells how busy the machine was before it began.
LOAD = "BILLING_BENCH_LOAD"


def read(name: str, file: Path = FILE) -> dict:
    """What was kept of a benchmark: its `date`, `load` and `rows`; empty if nothing was."""
    return _read_all(file).get(name, {})


def keep(name: str, rows: list[Row], load: float, file: Path = FILE) -> None:
    """Keep a benchmark's rows in place of those of its last run.

    :param load: how busy the machine was before the run; figures of a busy one tell little
    """
    kept: dict[str, dict] = {}
    for row in rows:
        kept.setdefault(row.what, {})[row.unit] = row.figures()
    today = datetime.now(timezone.utc).date().isoformat()
    figures = {**_read_all(file), name: {"date": today, "load": round(load, 1), "rows": kept}}
    text = json.dumps(dict(sorted(figures.items())), indent=2, ensure_ascii=False)
    file.write_text(f"{text}\n")


def worse(rows: list[Row], kept: dict) -> list[str]:
    """Say in a line each what got worse than it was kept: a ratio, or a number of queries.

    Milliseconds alone are not compared: they are another machine's.
    """
    told = []
    for row in rows:
        before = kept.get("rows", {}).get(row.what, {}).get(row.unit)
        if not before:
            continue
        key = "ours" if row.counts_queries else "ratio"
        then, now = before[key], row.figures()[key]
        if then is not None and now is not None and _is_worse(row, then, now):
            sign = "" if row.counts_queries else "×"
            told.append(
                f"{row.what}, {row.unit}: {now:g}{sign} after {then:g}{sign} on {kept['date']}"
            )
    return told


def _is_worse(row: Row, then: float, now: float) -> bool:
    if row.counts_queries:
        return now > then
    return now < then * (1 - NOISE) if row.more_is_better else now > then * (1 + NOISE)


def _read_all(file: Path) -> dict:
    return json.loads(file.read_text()) if file.exists() else {}
