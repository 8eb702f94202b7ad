"""What a road is: it takes a cohort's folder, a time, and a folder for its answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import polars as pl

LINES, TABLE, CHARTS = "cohort.ndjson", "cohort.parquet", "charts.ndjson"
"""The files of a cohort: a line a patient, the same as columns, the same as FHIR."""


class Says(Enum):
    """What a road answers, by its columns: of these, two roads can be held against each other."""

    ROWS = ("patient", "action", "verdict", "bar", "missing", "rules")
    VERDICTS = ("patient", "action", "verdict", "bar")
    STANDINGS = ("patient", "kind", "name", "standing")
    NOTHING = ()

    def frame(self, rows: Iterable[Sequence[str | None]]) -> pl.DataFrame:
        """Return rows of answers as a frame."""
        import polars as pl

        return pl.DataFrame(list(rows), schema=dict.fromkeys(self.value, pl.String), orient="row")


class Kind(Enum):
    """Whose road it is."""

    LEPTO = "LEPTO"
    PEER = "peer"
    FLOOR = "floor"


REFUSED = "refused"
"""The verdict of a row for a patient whose data the shapes refuse: he gets findings, and no answer."""


@dataclass(frozen=True)
class Measured:
    """How many patients, the first of the cohort, were answered in how many seconds, once the road was ready."""

    patients: int
    seconds: float


Run = Callable[[Path, float, Path], Measured]
"""In: the folder of a cohort, the seconds that may pass, and the folder for the answers."""


@dataclass(frozen=True)
class Road:
    """One way to the answers.

    `lacks` says what the road needs and is not there, or nothing; `versions` names what was run; an `awaited` road
    answers the cohorts of all sizes, however long it takes.
    """

    name: str
    label: str
    kind: Kind
    says: Says
    run: Run
    lacks: Callable[[], str | None] = lambda: None
    versions: Callable[[], Mapping[str, str]] = dict
    awaited: bool = False


def of(*packages: str) -> Callable[[], Mapping[str, str]]:
    """Return what names the versions of some Python packages."""
    return lambda: {name: version(name) for name in packages}


Start: TypeAlias = "Callable[[], Callable[[bytes], pl.DataFrame]]"
"""Gets ready, and returns what answers some lines."""


def in_batches(batch: int, start: Start) -> Run:
    """Return the run of a road that answers so many lines at once, until time is up; answers are written as Parquet."""

    def run(cohort: Path, seconds: float, answers: Path) -> Measured:
        answer = start()
        done, begun, passed = 0, time.perf_counter(), 0.0
        with (cohort / LINES).open("rb") as file:
            while passed < seconds and (lines := list(islice(file, batch))):
                answer(b"".join(lines)).write_parquet(answers / f"{done:09}.parquet")
                done += len(lines)
                passed = time.perf_counter() - begun
        return Measured(done, passed)

    return run
