"""One slice of a cohort from input to output: what every process, here or on a cluster, does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from io import BytesIO
from typing import Any

import numpy as np
import polars as pl

from lepto.cohort import aside, charts, graphs
from lepto.cohort.answering import MANY, Answered, Answering
from lepto.cohort.aside import part_of_records
from lepto.cohort.cells import part_of_cells
from lepto.cohort.columns import part_of_columns
from lepto.cohort.endpoint import part_of_endpoint, unchanged
from lepto.cohort.job import TABLES, Done, Job, Task
from lepto.cohort.lines import part_of_lines
from lepto.cohort.outputs import encoded, write
from lepto.cohort.part import Part
from lepto.cohort.seals import seal, sealed
from lepto.cohort.shared import shared_among
from lepto.cohort.sources import Kind, Slice, text_of
from lepto.errors import one_line
from lepto.knowledge import Knowledge, load
from lepto.read import Intaking


class Work:
    """Answers slices of a job. Knowledge is loaded, and tables are filled, once a process."""

    def __init__(self, job: Job, knowledge: Knowledge | None = None) -> None:
        self.job = job
        self.answering = Answering(knowledge or load(), job.on, by_sparql=job.by_sparql)

    def do(self, task: Task) -> Done:
        """Answer a slice: its tables first, then what is noted of it, and last the seal, without which it is not done.

        A sealed slice of an endpoint stays as it is where the endpoint states of its patients what it stated then.
        Raises InputError and OutputError.
        """
        if self._is_kept(task):
            return Done(task, task.piece.weight)
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
        seal(self.job, task)
        return Done(task, len(part.names))

    def part(self, piece: Slice) -> Part:
        """Read a slice. Raises InputError."""
        self.answering.make_room()
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

    def _is_kept(self, task: Task) -> bool:
        may_be = task.piece.kind is Kind.ENDPOINT and not task.again and sealed(self.job, task)
        return may_be and unchanged(self.answering, text_of(task.piece))

    @cached_property
    def intaking(self) -> Intaking:
        """What reads health records."""
        return Intaking(self.answering.knowledge, self.job.on)


def hashes(names: Sequence[str]) -> Any:
    """Return a hash of 64 bits for each name, by which the same names are found again."""
    return pl.Series(names, dtype=pl.String).hash(seed=0).to_numpy()


def counted(answered: Answered) -> dict[str, Any]:
    """Return what a summary counts: patients, those answered, verdicts an action, awaited facts, and findings."""
    awaited = answered.tally.filter(pl.col("verdict") == "undetermined")
    awaited = awaited.with_columns(pl.col("missing").str.split(" ").alias("fact")).explode("fact")
    return {
        "patients": answered.patients.height,
        "answered": int(answered.patients["answered"].sum()),
        "verdicts": _counts(answered.tally, "action", "verdict", "bar"),
        "awaited": _counts(awaited.filter(pl.col("fact") != ""), "fact"),
        "patients awaiting": _counts(answered.awaiting, "fact"),
        "findings": _counts(answered.findings.with_columns(pl.lit(1).alias(MANY)), "severity", "property"),
    }


def _counts(frame: pl.DataFrame, *columns: str) -> list[list[Any]]:
    counts = frame.group_by(columns).agg(pl.col(MANY).sum()).sort(columns, nulls_last=False)
    return [list(row) for row in counts.iter_rows()]
