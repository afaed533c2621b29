"""Shows measurements as a table."""

from collections.abc import Iterator

from .row import Row

HEAD = ("what", "ours", "peer", "ratio", "target", "met")
MET = {True: "yes", False: "NO", None: ""}


def table(rows: list[Row]) -> str:
    """The rows under a head, numbers flush right."""
    cells = [HEAD, *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(_aligned(line, widths)).rstrip() for line in cells]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def _aligned(line: tuple[str, ...], widths: list[int]) -> Iterator[str]:
    first, *others = zip(line, widths, strict=True)
    yield first[0].ljust(first[1])
    for cell, width in others:
        yield cell.rjust(width)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.what,
        _number(row.ours, row.unit),
        _number(row.peer, row.unit),
        _number(row.ratio, ""),
        row.target,
        MET[row.met],
    )


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    digits = 0 if value == int(value) or abs(value) >= 1000 else 1 if abs(value) >= 100 else 2
    return f"{value:,.{digits}f} {unit}".rstrip()
