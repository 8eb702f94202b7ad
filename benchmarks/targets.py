"""What is to be reached, as ratios within one run, and what was."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.take import Took

SINGLE = Path(__file__).with_name("single_patient.py")
Runs = Sequence[Took]


@dataclass(frozen=True)
class Target:
    """A ratio, the least that will do, and what is aimed at; `more` says that more is better."""

    what: str
    at_least: float
    aim: float
    unit: str
    more: bool
    measured: Callable[[Runs, Mapping[str, float]], float | None]


def rates(road: str, other: str) -> Callable[[Runs, Mapping[str, float]], float | None]:
    """How many times as many patients a second one road answers as another, each at its fastest size."""

    def measured(runs: Runs, _: Mapping[str, float]) -> float | None:
        best = {name: max((one.rate for one in runs if one.road == name), default=None) for name in (road, other)}
        ours, theirs = best[road], best[other]
        return ours / theirs if ours and theirs else None

    return measured


def times(road: str, other: str) -> Callable[[Runs, Mapping[str, float]], float | None]:
    """How many times as long the whole process of one road takes as that of another, over the largest common size."""

    def measured(runs: Runs, _: Mapping[str, float]) -> float | None:
        took = {(one.road, one.size): one.whole for one in runs if one.patients == one.size}
        sizes = [size for name, size in took if name == road and (other, size) in took]
        return took[road, max(sizes)] / took[other, max(sizes)] if sizes else None

    return measured


def growth(road: str, small: int, large: int) -> Callable[[Runs, Mapping[str, float]], float | None]:
    """How many times as long the whole process takes over the larger cohort."""

    def measured(runs: Runs, _: Mapping[str, float]) -> float | None:
        took = {one.size: one.whole for one in runs if one.road == road and one.patients == one.size}
        return took[large] / took[small] if {small, large} <= took.keys() else None

    return measured


def further(road: str, other: str) -> Callable[[Runs, Mapping[str, float]], float | None]:
    """How many times as long one road takes as another for the patients that the largest common size has more than the
    smallest: what it takes to begin is left out.
    """

    def measured(runs: Runs, _: Mapping[str, float]) -> float | None:
        took = {(one.road, one.size): one.whole for one in runs if one.patients == one.size}
        sizes = sorted(size for name, size in took if name == road and (other, size) in took)
        if len(sizes) < 2:
            return None
        ours, theirs = (took[name, sizes[-1]] - took[name, sizes[0]] for name in (road, other))
        return ours / theirs

    return measured


TARGETS = (
    *(
        Target(f"{ours} against CQL, {how}: patients a second", 50, 100, "x", True, rates(road, cql))
        for road, ours in (("wide", "SPARQL, standings by the portable query,"), ("derivation", "SPARQL, verdicts,"))
        for cql, how in (("cql", "a retrieve a fact"), ("cql-once", "all retrieved once"))
    ),
    *(
        Target(f"NDJSON to Parquet, {how}, against {floor}: time", 3, 1.5, "x", False, times(road, parse))
        for road, how in (("tables", "one process"), ("tables-all", "all cores"))
        for parse, floor in (("orjson", "parsing by orjson"), ("orjson-kept", "the same with all patients kept"))
    ),
    *(
        Target(
            f"Parquet to Parquet, {how}, against DuckDB reading: time", 5, 2, "x", False, times(road, "duckdb-parquet")
        )
        for road, how in (("tables-parquet", "one process"), ("tables-parquet-all", "all cores"))
    ),
    Target(
        "NDJSON to Parquet, 100,000 to 1,000,000 patients: time", 11, 10, "x", False, growth("tables", 10**5, 10**6)
    ),
    Target("Spark on 2 local cores against 1: patients a second", 1.6, 1.9, "x", True, times("spark-1", "spark-2")),
    Target("the same without what Spark takes to begin", 1.6, 1.9, "x", True, further("spark-1", "spark-2")),
    Target("warm single patient, whole report", 10, 3, "ms", False, lambda _, single: single.get("warm")),
    Target(
        "cold command against `python -c 'import rdflib'`: time", 3, 1.2, "x", False, lambda _, one: one.get("cold")
    ),
)


def single_patient() -> dict[str, float]:
    """Return what `single_patient.py` prints of a cold command (the ratio) and of a warm patient (milliseconds)."""
    told = subprocess.run([sys.executable, SINGLE], capture_output=True, text=True, check=True).stdout
    cold = re.search(r"import rdflib.*ratio ([0-9.]+)", told)
    warm = re.search(r"warm: one more patient.*?([0-9.]+) ms", told)
    return {name: float(found[1]) for name, found in (("cold", cold), ("warm", warm)) if found}
