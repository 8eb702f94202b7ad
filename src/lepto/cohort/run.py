"""A run over a cohort: slices are answered in any order, what is finished is kept, and the end is always the same."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np

from lepto.cohort.endpoint import Endpoint, listed
from lepto.cohort.executors import Executor
from lepto.cohort.folder import RUN, SUMMARY, SUMS, finished, prepared
from lepto.cohort.inputs import pieces_of
from lepto.cohort.job import JOURNAL, Job, Task
from lepto.cohort.outputs import Format, write
from lepto.cohort.seals import sealed, sums, sums_of_tables
from lepto.cohort.shared import among, put, repeated
from lepto.cohort.sources import Kind, Source, source
from lepto.cohort.summary import Summary, pictures
from lepto.cohort.work import Work, hashes
from lepto.errors import LeptoError
from lepto.knowledge import Knowledge, load

PATIENTS_AT_ONCE: Final = 250
"""Of an endpoint."""


class InterruptedRunError(LeptoError):
    """The run was interrupted; what was finished before is kept."""

    status = 130

    def __init__(self) -> None:
        super().__init__("interrupted; what is finished is kept, and --resume goes on from there")


class Progress(Protocol):
    """Who wants to hear how far a run is."""

    def begin(self, weight: int, done: int) -> None:
        """Take in how many bytes the cohort has, and how many of them were answered before."""

    def advance(self, weight: int, patients: int) -> None:
        """Take in that so many bytes more, of so many patients, are answered."""


class Silence:
    """Nobody wants to hear how far a run is."""

    def begin(self, weight: int, done: int) -> None:
        """Say nothing."""

    def advance(self, weight: int, patients: int) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Options:
    """How a cohort is to be answered: the patients are in an `endpoint` or in files, of which `slice` is how many bytes
    (of Parquet: rows, of the rest: records, in an endpoint: patients) are answered at once; with `resume` a run is gone
    on with, with `force` one is thrown away.
    """

    on: date
    form: Format = Format.PARQUET
    resume: bool = False
    force: bool = False
    by_sparql: bool = False
    slice: int | None = None
    endpoint: str | None = None


def cohort(
    paths: Sequence[Path], out: Path, options: Options, executor: Executor, progress: Progress | None = None
) -> Summary:
    """Answer every patient in some files or in an endpoint, and return what was counted.

    Out: in the folder `out` the tables verdicts, findings and patients, a file a slice; `run.json` says what was asked,
    `summary.json` what came out, two pictures show it, and `SHA256SUMS` has the hashes of all. Raises InputError for a
    file that cannot be used and for a folder that holds something else or was changed, OutputError where the system
    refuses to write, WorkerLostError where a process was ended from outside, InterruptedRunError.
    """
    try:
        return _run(paths, out, options, executor, progress or Silence())
    except KeyboardInterrupt:
        raise InterruptedRunError from None


def _run(paths: Sequence[Path], out: Path, options: Options, executor: Executor, progress: Progress) -> Summary:
    knowledge = load()
    job = Job(out, options.form, options.on, options.by_sparql)
    sources = [source(path, knowledge.facts) for path in paths]
    endpoint = Endpoint(options.endpoint) if options.endpoint else None
    many = endpoint.count() if endpoint else 0
    plan = _plan(sources, knowledge, options, many)
    with prepared(out, plan, resume=options.resume, force=options.force):
        if finished(out):
            return Summary.of(json.loads((out / SUMMARY).read_text(encoding="utf-8")))
        pieces = pieces_of(sources, job, knowledge, options.slice)
        if endpoint:
            pieces = listed(endpoint, out / JOURNAL, many, options.slice or PATIENTS_AT_ONCE)
        tasks = [Task(number, piece) for number, piece in enumerate(pieces)]
        _answer(job, tasks, executor, progress)
        _refuse_shared_ids(job, knowledge, tasks, executor)
        return _finish(job, tasks)


def _plan(sources: Sequence[Source], knowledge: Knowledge, options: Options, many: int) -> dict[str, Any]:
    """All on which the answers rest: two runs of the same plan end in the same files."""
    return {
        "on": options.on.isoformat(),
        "format": options.form.value,
        "bySparql": options.by_sparql,
        "slice": options.slice,
        "input": [
            {"file": str(one.path), "kind": one.kind.value, "bytes": one.size, "changed": one.changed}
            for one in sources
        ]
        or [{"endpoint": options.endpoint, "patients": many}],
        "guideline": {"version": knowledge.version, "digest": knowledge.digest},
        "program": {name: version(name) for name in ("lepto", "polars", "pyoxigraph")},
        "notice": "Research software, not a medical device; the guideline's source is unreviewed.",
    }


# The way of a run


def _answer(job: Job, tasks: Sequence[Task], executor: Executor, progress: Progress) -> None:
    """Answer what has no seal; of an endpoint all, for who answers a slice asks there whether a seal still holds."""
    left = [task for task in tasks if task.piece.kind is Kind.ENDPOINT or not sealed(job, task)]
    whole = sum(task.piece.weight for task in tasks)
    progress.begin(whole, whole - sum(task.piece.weight for task in left))
    if left:
        for done in executor(job, left):
            progress.advance(done.task.piece.weight, done.patients)


def _refuse_shared_ids(job: Job, knowledge: Knowledge, tasks: Sequence[Task], executor: Executor) -> None:
    """Answer the slices anew in which an id stands that is given more than once; all of these patients are refused."""
    suspected = repeated([np.load(job.hashes(task.number)) for task in tasks])
    touched = [task for task in tasks if among(np.load(job.hashes(task.number)), suspected).any()]
    if not touched:
        return
    put(_given(Work(job, knowledge), touched, suspected), job.shared)
    for _ in executor(job, [replace(task, again=True) for task in touched]):
        pass


def _given(work: Work, tasks: Sequence[Task], suspected: Any) -> Iterator[tuple[str, str]]:
    """The ids whose hashes are given more than once, with the places at which they are given."""
    for task in tasks:
        part = work.part(task.piece)
        for place in np.flatnonzero(among(hashes(part.names), suspected)).tolist():
            yield part.names[place], part.origins[place]


def _finish(job: Job, tasks: Sequence[Task]) -> Summary:
    counted = [json.loads(job.journal(task.number).read_text(encoding="utf-8")) for task in tasks]
    summary = Summary.added(counted)
    files = {name: draw(summary) for name, draw in pictures().items()}
    files[SUMMARY] = json.dumps(summary.told(), indent=2).encode() + b"\n"
    for name, data in files.items():
        write(job.out / name, data)
    whole = sums(job.out, [job.out / name for name in (RUN, *files)])
    write(job.out / SUMS, (whole + "".join(sums_of_tables(job, task) for task in tasks)).encode())
    return summary
