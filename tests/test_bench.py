"""The last figures of the benchmarks are kept, and what got worse is told."""

import json

import pytest

from dev.bench import figures
from dev.bench.row import Row


@pytest.fixture
def file(tmp_path):
    return tmp_path / "figures.json"


def told(file, before, now):
    figures.keep("any", [before], 0, file)
    return figures.worse([now], figures.read("any", file))


def test_nothing_is_worse_where_nothing_was_kept(file):
    assert figures.read("any", file) == {}
    assert figures.worse([Row("page", "ms", 9.0, 1.0), Row("page", "queries", 90)], {}) == []


def test_figures_of_a_run_take_the_place_of_the_last_ones_alone(file):
    figures.keep("other", [Row("page", "queries", 5)], 0.04, file)
    figures.keep("any", [Row("gone", "queries", 5)], 0, file)
    figures.keep("any", [Row("page", "ms", 10.0, 3.0), Row("page", "queries", 4.95)], 2.345, file)
    kept = figures.read("any", file)
    assert kept["load"] == 2.3
    assert kept["rows"] == {
        "page": {
            "ms": {"ours": 10.0, "peer": 3.0, "ratio": 3.333},
            "queries": {"ours": 4.95, "peer": None, "ratio": None},
        }
    }
    assert figures.read("other", file)["rows"]["page"]["queries"]["ours"] == 5


@pytest.mark.parametrize(
    ("unit", "better", "within_noise", "worse"),
    [("ms", 5.0, 10.9, 11.1), ("requests/s", 20.0, 9.1, 8.9)],
)
def test_ratio_is_worse_beyond_the_noise(file, unit, better, within_noise, worse):
    before = Row("page", unit, 10.0, 10.0)
    assert not told(file, before, Row("page", unit, better, 10.0))
    assert not told(file, before, Row("page", unit, within_noise, 10.0))
    [line] = told(file, before, Row("page", unit, worse, 10.0))
    assert line.startswith(f"page, {unit}: {worse / 10:g}× after 1× on 20")


def test_target_says_which_way_is_better(file):
    before = Row("paid", "invoices", 10.0, 10.0, at_least=1)
    assert told(file, before, before._replace(ours=5.0))
    assert not told(file, before, before._replace(ours=20.0))


def test_a_busier_machine_is_not_worse_as_long_as_the_peer_suffers_too(file):
    assert not told(file, Row("page", "ms", 10.0, 20.0), Row("page", "ms", 30.0, 60.0))
    assert not told(file, Row("page", "ms", 10.0), Row("page", "ms", 30.0))


def test_one_query_more_is_worse_whatever_the_peer_does(file):
    before = Row("page", "queries", 100, 50)
    assert not told(file, before, Row("page", "queries", 100, 10))
    assert not told(file, before, Row("page", "queries", 99, 10))
    assert told(file, before, Row("page", "queries", 101, 200))
    each = Row("mail", "queries/charge", 4.95)
    assert not told(file, each, each._replace(ours=4.9501))
    assert told(file, each, each._replace(ours=4.96))


def test_kept_figures_are_those_of_benchmarks_that_there_are():
    benchmarks = {path.stem for path in figures.FILE.with_name("benchmarks").glob("*.py")}
    assert set(json.loads(figures.FILE.read_text())) <= benchmarks
