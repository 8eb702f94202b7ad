"""One slice of a cohort from input to output: what every process, here or on a cluster, does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from lepto.cohort import aside, charts, graphs
from lepto.cohort.answering import Answered, Answering
from lepto.cohort.aside import part_of_records
from lepto.cohort.cells import part_of_cells
from lepto.cohort.columns import part_of_columns
from lepto.cohort.endpoint import part_of_endpoint
from lepto.cohort.lines import part_of_lines
from lepto.cohort.outputs import Format, encoded, write
from lepto.cohort.part import Part
from lepto.cohort.shared import shared_among
from lepto.cohort.sources import Kind, Slice, text_of
from lepto.errors import one_line
from lepto.knowledge import Knowledge, load
from lepto.read import Intaking

TABLES: Final = ("verdicts", "findings", "patients")
JOURNAL: Final = ".work"
"""The folder, inside that of the answers, of what is known of slices while a run is not finished."""


@dataclass(frozen=True)
class Job:
    """What is to be answered: into which folder, in which format, for which day; `by_sparql` sends everyone there."""

    out: Path
    form: Format
    on: date
    by_sparql: bool = False

    def table(self, name: str, number: int) -> Path:
        """Return the file of a table of a slice."""
        return self.out / name / f"part-{number:05}.{self.form.value}"

    def journal(self, number: int) -> Path:
        """Return the file that says that a slice is finished, and counts what was answered."""
        return self.out / JOURNAL / f"part-{number:05}.json"

    @property
    def shared(self) -> Path:
        """The file of the ids that are given more than once."""
        return self.out / JOURNAL / "shared.sqlite"

    def hashes(self, number: int) -> Path:
        """Return the file of the hashes of a slice's patients."""
        return self.out / JOURNAL / f"part-{number:05}.npy"


@dataclass(frozen=True)
class Task:
    """A slice by its number; `again`, now that it is on disk which ids are given more than once in the cohort."""

    number: int
    piece: Slice
    again: bool = False


@dataclass(frozen=True)
class Done:
    """A slice that is finished, and how many patients are in it."""

    task: Task
    patients: int


class Work:
    """Answers slices of a job. Knowledge is loaded, and tables are filled, once a process."""

    def __init__(self, job: Job, knowledge: Knowledge | None = None) -> None:
        self.job = job
        self.answering = Answering(knowledge or load(), job.on, by_sparql=job.by_sparql)

    def do(self, task: Task) -> Done:
        """Answer a slice: its tables first, and last the journal, without which it counts as not done.

        Raises InputError and OutputError.
        """
        self.answering.make_room()
        part = self.part(task.piece)
        if task.again:
            part = part.with_shared_ids_refused(shared_among(part.names, self.job.shared))
        answered = self.answering.answer(part)
        for name in TABLES:
            data = encoded(name, getattr(answered, name), self.job.form, self.job.on.isoformat())
            write(self.job.table(name, task.number), data)
        stream = BytesIO()
        np.save(stream, hashes(part.names))
        write(self.job.hashes(task.number), stream.getvalue())
        write(self.job.journal(task.number), json.dumps(counted(answered), indent=1).encode())
        return Done(task, len(part.names))

    def part(self, piece: Slice) -> Part:
        """Read a slice. Raises InputError."""
        name = one_line(str(piece.path))
        match piece.kind:
            case Kind.COLUMNS:
                return part_of_columns(self.answering, piece.path, piece.start, piece.end)
            case Kind.LINES:
                return part_of_lines(self.answering, text_of(piece), name, piece.first)
            case Kind.TABLE:
                return part_of_cells(self.answering, text_of(piece), piece.columns, name, piece.start, piece.first)
            case Kind.GRAPH:
                return part_of_records(self.answering, graphs.records_of(piece, self.answering.knowledge.facts))
            case Kind.CHARTS:
                return part_of_records(self.answering, charts.records_of(piece, self.intaking))
            case Kind.ENDPOINT:
                return part_of_endpoint(self.answering, text_of(piece))
            case _:
                return part_of_records(self.answering, aside.records_of(piece))

    @cached_property
    def intaking(self) -> Intaking:
        """What reads health records."""
        return Intaking(self.answering.knowledge, self.job.on)


def hashes(names: Sequence[str]) -> Any:
    """Return a hash of 64 bits for each name, by which the same names are found again."""
    return pl.Series(names, dtype=pl.String).hash(seed=0).to_numpy()


def counted(answered: Answered) -> dict[str, Any]:
    """Return what a summary counts: patients, those answered, verdicts an action, awaited facts, and findings."""
    waiting = answered.verdicts.filter(pl.col("verdict") == "undetermined")
    awaited = waiting.select("patient", pl.col("missing").str.split(" ").alias("fact")).explode("fact")
    return {
        "patients": answered.patients.height,
        "answered": int(answered.patients["answered"].sum()),
        "verdicts": _counts(answered.verdicts, "action", "verdict", "bar"),
        "awaited": _counts(awaited.filter(pl.col("fact") != ""), "fact"),
        "patients awaiting": _counts(awaited.filter(pl.col("fact") != "").unique(), "fact"),
        "findings": _counts(answered.findings, "severity", "property"),
    }


def _counts(frame: pl.DataFrame, *columns: str) -> list[list[Any]]:
    counts = frame.group_by(columns).len().sort(columns, nulls_last=False)
    return [list(row) for row in counts.iter_rows()]
