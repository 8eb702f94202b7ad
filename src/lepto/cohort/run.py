"""A run over a cohort: slices are answered in any order, what is finished is kept, and the end is always the same."""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np

from lepto.cohort.endpoint import Endpoint, listed
from lepto.cohort.executors import Executor
from lepto.cohort.inputs import pieces_of
from lepto.cohort.outputs import Format, output_error, write
from lepto.cohort.shared import among, put, repeated
from lepto.cohort.sources import Source, source
from lepto.cohort.summary import Summary, pictures
from lepto.cohort.work import JOURNAL, TABLES, Job, Task, Work, hashes
from lepto.errors import InputError, LeptoError, one_line
from lepto.knowledge import Knowledge, load

RUN, SUMMARY, LOCK = "run.json", "summary.json", "lock"
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
    `summary.json` what came out, and two pictures show it. Raises InputError for a file that cannot be used and
    for a folder that holds something else, OutputError where the system refuses to write, WorkerLostError where a
    process was ended from outside, InterruptedRunError.
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
    with _prepared(out, _plan(sources, knowledge, options, many), options):
        if (out / SUMMARY).exists():
            return Summary.of(json.loads((out / SUMMARY).read_text(encoding="utf-8")))
        pieces = pieces_of(sources, job, knowledge, options.slice)
        if endpoint:
            pieces = listed(endpoint, out / JOURNAL, many, options.slice or PATIENTS_AT_ONCE)
        tasks = [Task(number, piece) for number, piece in enumerate(pieces)]
        _answer(job, tasks, executor, progress)
        _refuse_shared_ids(job, knowledge, tasks, executor)
        return _finish(job, len(tasks))


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


# The folder of the answers


@contextmanager
def _prepared(out: Path, plan: Mapping[str, Any], options: Options) -> Iterator[None]:
    """Hold the folder of a run against all other runs, ready to be written to."""
    begun = _begun(out)
    if begun is not None and not (options.resume or options.force):
        mend = "--resume goes on with it or leaves it as it is, --force throws it away"
        raise InputError(one_line(str(out)), "the folder", "it holds a cohort's answers already", mend)
    if begun is not None and not options.force and begun != plan:
        differ = ", ".join(sorted(name for name in {*plan, *begun} if begun.get(name) != plan.get(name)))
        fault = f"the run there was begun with something else ({differ})"
        raise InputError(one_line(str(out)), RUN, fault, "ask as it was asked then, or throw it away by --force")
    if begun is None:
        write(out / RUN, json.dumps(plan, indent=2).encode() + b"\n")
    try:
        (out / JOURNAL).mkdir(exist_ok=True)
        with (out / JOURNAL / LOCK).open("w") as lock:
            _hold(lock, out)
            _sweep(out)
            if begun is not None and options.force:
                _throw_away(out)
                write(out / RUN, json.dumps(plan, indent=2).encode() + b"\n")
            yield
    except OSError as error:
        raise output_error(out, error) from None
    if (out / SUMMARY).exists():
        shutil.rmtree(out / JOURNAL, ignore_errors=True)


def _sweep(out: Path) -> None:
    """Take away what a run was writing when it was killed; `write` names such files after its process."""
    for path in [*out.rglob(".*")]:
        if path.is_file() and path.suffix[1:].isdigit():
            path.unlink()


def _throw_away(out: Path) -> None:
    """Take away a run's answers, first of all what says that they are whole."""
    for name in (SUMMARY, *pictures()):
        (out / name).unlink(missing_ok=True)
    for path in [*(out / JOURNAL).iterdir()]:
        if path.name != LOCK:
            path.unlink()
    for name in TABLES:
        if (out / name).exists():
            shutil.rmtree(out / name)


def _begun(out: Path) -> dict[str, Any] | None:
    """The plan of the run that a folder holds; None where it is empty or is not there."""
    try:
        if (out / RUN).exists():
            begun = json.loads((out / RUN).read_text(encoding="utf-8"))
            if isinstance(begun, dict) and begun.keys() >= {"on", "input", "guideline", "program"}:
                return begun
        held = out.exists() and any(out.iterdir())
    except (OSError, ValueError):
        held = True
    if held:
        fault = "it holds something else than a cohort's answers"
        raise InputError(one_line(str(out)), "the folder", fault, "name a new or an empty folder")
    return None


def _hold(lock: Any, out: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fault = "another run is at work there"
        raise InputError(one_line(str(out)), "the folder", fault, "wait for it, or name another folder") from None


# The way of a run


def _answer(job: Job, tasks: Sequence[Task], executor: Executor, progress: Progress) -> None:
    left = [task for task in tasks if not job.journal(task.number).exists()]
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


def _finish(job: Job, many: int) -> Summary:
    counted = [json.loads(job.journal(number).read_text(encoding="utf-8")) for number in range(many)]
    summary = Summary.added(counted)
    for name, draw in pictures().items():
        write(job.out / name, draw(summary))
    write(job.out / SUMMARY, json.dumps(summary.told(), indent=2).encode() + b"\n")
    return summary
