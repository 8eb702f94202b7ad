"""How fast whole cohorts are answered, and whether all roads agree: LEPTO's, its peers', and the floors.

    python -m benchmarks.cohort [--sizes N ...] [--seconds 20] [--compare 100000] [--out FOLDER]

`scripts/benchmark` sets up what is needed and runs this. Each road runs in a process of its own, over a cohort of each
size in turn until one takes it longer than the time that each is given. Exit status 1 where any answers differ, or
nothing was compared.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path

import polars as pl

from benchmarks import machine, registry, report
from benchmarks.agreement import REFERENCES, Compared, compared
from benchmarks.catalogue import ROADS
from benchmarks.roads.road import LINES, TABLE, Kind, Says
from benchmarks.take import RoadError, Took, take
from benchmarks.targets import single_patient

FULL = (1_000, 10_000, 100_000, 1_000_000, 4_000_000)
PAGE = Path(__file__).parents[1] / "docs" / "performance.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, compare, and write what came out."""
    options = _options(arguments)
    roads = [name for name in ROADS if name in options.roads]
    lacking = {name: lack for name in roads if (lack := ROADS[name].lacks())}
    for name, lack in lacking.items():
        _say(f"{name}: left out, since {lack}")
    with tempfile.TemporaryDirectory(dir=options.work) as place:
        work = Path(place)
        patients = _cohorts(work, sorted(options.sizes), options.seed)
        took = [
            one
            for name in roads
            if name not in lacking
            for one in _ladder(name, work, sorted(options.sizes), options.seconds, options.compare)
        ]
        agreed = list(_agreements(took, work, patients))
    run = {
        "machine": machine.named(),
        "versions": machine.versions(one.road for one in took),
        "commit": _commit(),
        "date": date.today().isoformat(),
        "options": {key: getattr(options, key) for key in ("seed", "sizes", "seconds", "compare")},
        "took": [asdict(one) for one in took],
        "compared": [asdict(one) for one in agreed],
        "lacking": lacking,
        "single": single_patient() if options.single else {},
    }
    sys.stdout.write(report.table(run))
    if options.out:
        report.write(run, options.out)
    return 0 if agreed and all(one.rows and not one.differing for one in agreed) else 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/benchmark", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=FULL, help="patients of each cohort")
    parser.add_argument("--seconds", type=float, default=20, help="how long each road may take over each cohort")
    parser.add_argument(
        "--compare", type=int, default=100_000, help="patients whom SPARQL answers, however long it takes"
    )
    parser.add_argument("--seed", type=int, default=registry.SEED, help="of the invented registry")
    parser.add_argument("--roads", nargs="+", choices=ROADS, default=list(ROADS), help="these alone")
    parser.add_argument(
        "--single", action="store_true", help="measure single patients too, by benchmarks/single_patient.py"
    )
    parser.add_argument(
        "--out", type=Path, help="the page to write; its figures and its picture go into a folder of its name"
    )
    parser.add_argument("--work", type=Path, help="where the cohorts are put while they are needed")
    return parser.parse_args(arguments)


def _cohorts(work: Path, sizes: Sequence[int], seed: int) -> list[str]:
    """Make a cohort of each size, each the beginning of the next; return the patients of the largest."""
    _say(f"making {sizes[-1]:,} patients from the seed {seed}")
    names = []
    for size in sizes:
        (work / str(size)).mkdir()
    with (work / str(sizes[-1]) / LINES).open("w") as file:
        for patient in registry.patients(sizes[-1], seed):
            names.append(patient["id"])
            file.write(json.dumps(patient, separators=(",", ":")) + "\n")
    for size in sizes:
        with (work / str(sizes[-1]) / LINES).open() as all_of_them, (work / str(size) / LINES).open("a") as file:
            if size != sizes[-1]:
                file.writelines(line for line, _ in zip(all_of_them, range(size), strict=False))
        pl.scan_ndjson(work / str(size) / LINES, infer_schema_length=10_000).sink_parquet(work / str(size) / TABLE)
    return names


def _ladder(name: str, work: Path, sizes: Sequence[int], seconds: float, compare: int) -> Iterator[Took]:
    """Yield what a road takes over each size, up to the first that it does not finish in time.

    Some roads are waited for however long it takes, and so is the one that they are held against, up to a size.
    """
    for size in sizes:
        awaited = ROADS[name].awaited or (name == REFERENCES[Says.ROWS] and size <= compare)
        limit = float("inf") if awaited else seconds
        try:
            took = take(name, size, work / str(size), limit, work / "answers" / name / str(size))
        except RoadError as error:
            raise SystemExit(f"benchmark: {error}") from error
        _say(f"{name}: {took.patients:,} of {size:,} patients, {took.rate:,.1f} a second, {took.peak:,.0f} MiB")
        yield took
        if took.patients < size or took.seconds > limit:
            break


def _agreements(took: Sequence[Took], work: Path, patients: list[str]) -> Iterator[Compared]:
    """Hold each road's longest run against that of the road that says the same by SPARQL."""
    longest = {one.road: one for one in sorted(took, key=lambda one: one.patients)}
    for name, one in longest.items():
        says = ROADS[name].says
        others = [REFERENCES[says]] if says is not Says.NOTHING else []
        if says is Says.ROWS and ROADS[name].kind is Kind.LEPTO:
            others += ["reports"]
        for other in others:
            if other != name and other in longest and (name, other) != ("derivation", "reports"):
                against = longest[other]
                folders = [work / "answers" / run.road / str(run.size) for run in (one, against)]
                found = compared(one, folders[0], against, folders[1], patients)
                looked_at = f"{found.rows:,} rows of {found.patients:,} patients"
                _say(f"{name} and {other}: {found.differing} of {looked_at} differ")
                for example in found.examples:
                    _say(f"    {example}")
                yield found


def _commit() -> str:
    command = ["git", "-C", str(PAGE.parent), "describe", "--always", "--dirty", "--abbrev=12"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


def _say(what: str) -> None:
    print(f"benchmark: {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
