"""The floors: what it takes to merely read the cohort, with nothing answered."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.roads.road import LINES, TABLE, Kind, Measured, Road, Run, Says, of


def _lines(load: Callable[[], Callable[[bytes], Any]]) -> Run:
    """Parse line by line, keeping nothing."""

    def run(cohort: Path, seconds: float, answers: Path) -> Measured:
        parse, begun = load(), time.perf_counter()
        with (cohort / LINES).open("rb") as file:
            many = sum(parse(line) is not None for line in file)
        return Measured(many, time.perf_counter() - begun)

    return run


def _kept(load: Callable[[], Callable[[bytes], Any]]) -> Run:
    """Parse line by line, keeping every patient: what a program does that wants the cohort in memory."""

    def run(cohort: Path, seconds: float, answers: Path) -> Measured:
        parse, begun = load(), time.perf_counter()
        with (cohort / LINES).open("rb") as file:
            patients = [parse(line) for line in file]
        return Measured(len(patients), time.perf_counter() - begun)

    return run


def _file(name: str, load: Callable[[], Callable[[str], int]]) -> Run:
    """Read a file whole."""

    def run(cohort: Path, seconds: float, answers: Path) -> Measured:
        read, begun = load(), time.perf_counter()
        many = read(str(cohort / name))
        return Measured(many, time.perf_counter() - begun)

    return run


def _orjson() -> Callable[[bytes], Any]:
    import orjson

    return orjson.loads


def _duckdb(reader: str) -> Callable[[], Callable[[str], int]]:
    def load() -> Callable[[str], int]:
        import duckdb

        def read(path: str) -> int:
            made = duckdb.connect().execute(f"CREATE TABLE cohort AS FROM {reader}('{path}')").fetchone()
            return int(made[0]) if made else 0

        return read

    return load


def _polars(reader: str) -> Callable[[], Callable[[str], int]]:
    def load() -> Callable[[str], int]:
        import polars as pl

        return lambda path: int(getattr(pl, reader)(path).height)

    return load


def _floor(name: str, label: str, run: Run, *packages: str) -> Road:
    return Road(name, label, Kind.FLOOR, Says.NOTHING, run, versions=of(*packages))


ROADS = (
    _floor("json", "parse NDJSON: json", _lines(lambda: json.loads)),
    _floor("orjson", "parse NDJSON: orjson", _lines(_orjson), "orjson"),
    _floor("orjson-kept", "parse NDJSON: orjson, all patients kept", _kept(_orjson), "orjson"),
    _floor("polars-json", "read NDJSON: Polars", _file(LINES, _polars("read_ndjson")), "polars"),
    _floor("duckdb-json", "read NDJSON: DuckDB", _file(LINES, _duckdb("read_ndjson")), "duckdb"),
    _floor("duckdb-parquet", "read Parquet: DuckDB", _file(TABLE, _duckdb("read_parquet")), "duckdb"),
    _floor("polars-parquet", "read Parquet: Polars", _file(TABLE, _polars("read_parquet")), "polars"),
)
