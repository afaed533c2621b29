"""Measurements: us and the peer in the same run, on a database of their own.

A benchmark is a module in `benchmarks/` that is named after what it measures and has

    def run(bench: Bench) -> list[Row]: ...

`make bench BENCH=name` runs it; `make bench BENCH=path/to/file.py` one from elsewhere.
"""
