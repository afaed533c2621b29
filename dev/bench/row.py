"""What a benchmark says."""

from typing import NamedTuple


class Row(NamedTuple):
    """One measured thing.

    A limit is one of the ratio ours / peer, or of our own number where there is no peer.

    :param what: what was measured, e.g. `post one invoice`
    :param unit: of both numbers, e.g. `ms`, `queries`, `requests/s`
    :param at_most: the target where less is better
    :param at_least: the target where more is better
    """

    what: str
    unit: str
    ours: float
    peer: float | None = None
    at_most: float | None = None
    at_least: float | None = None

    @property
    def ratio(self) -> float | None:
        """Ours divided by the peer's."""
        return self.ours / self.peer if self.peer else None

    @property
    def target(self) -> str:
        """The target in words; '' if there is none."""
        sign = "" if self.peer is None else "×"
        if self.at_most is not None:
            return f"≤ {self.at_most:g}{sign}"
        if self.at_least is not None:
            return f"≥ {self.at_least:g}{sign}"
        return ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None if there is none."""
        value = self.ours if self.peer is None else self.ratio
        if self.at_most is not None:
            return value is not None and value <= self.at_most
        if self.at_least is not None:
            return value is not None and value >= self.at_least
        return None

    @property
    def counts_queries(self) -> bool:
        """Whether these are queries: the same on every machine, and by no chance."""
        return self.unit.startswith("queries")

    @property
    def more_is_better(self) -> bool:
        """Whether a greater number is the better one."""
        return self.at_least is not None or self.unit.endswith("/s")

    def figures(self) -> dict[str, float | None]:
        """The numbers, to be kept."""
        numbers = {"ours": self.ours, "peer": self.peer, "ratio": self.ratio}
        return {
            name: None if number is None else float(f"{number:.4g}")
            for name, number in numbers.items()
        }
