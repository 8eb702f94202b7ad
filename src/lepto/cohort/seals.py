"""What shows that files are those that were written: hashes in lines, as `sha256sum` writes and checks them.

A slice is finished once it has a seal: the hashes of all its files. The seal no longer holds where one of them was
taken away, cut off or written anew, or where a failure of power took it back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from lepto.cohort.endpoint import facts_of
from lepto.cohort.job import TABLES, Job, Task
from lepto.cohort.outputs import write
from lepto.cohort.sources import Kind


def seal(job: Job, task: Task) -> None:
    """Say that a slice is finished. Raises OutputError."""
    write(_seal(job, task), _told(job, task).encode())


def sealed(job: Job, task: Task) -> bool:
    """Return whether a slice is finished, and all its files are as they were written."""
    try:
        return _seal(job, task).read_text() == _told(job, task)
    except (OSError, ValueError):
        return False


def sums_of_tables(job: Job, task: Task) -> str:
    """Return the hashes of the tables of a slice that is sealed."""
    lines = _seal(job, task).read_text().splitlines(keepends=True)
    return "".join(line for name in TABLES for line in lines if line.partition("  ")[2].startswith(f"{name}/"))


def sums(folder: Path, files: Iterable[Path]) -> str:
    """Return the hashes of some files of a folder, a line each. Raises OSError where one cannot be read."""
    lines = []
    for path in files:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        lines.append(f"{digest}  {path.relative_to(folder).as_posix()}\n")
    return "".join(lines)


def _seal(job: Job, task: Task) -> Path:
    return job.journal(task.number).with_suffix(".sha256")


def _told(job: Job, task: Task) -> str:
    """What the seal says; one of a slice answered anew since others share its ids holds for no run that goes on."""
    return sums(job.out, _files(job, task)) + ("answered again\n" if task.again else "")


def _files(job: Job, task: Task) -> list[Path]:
    tables = [job.table(name, task.number) for name in TABLES]
    listed = [task.piece.path, facts_of(task.piece.path)] if task.piece.kind is Kind.ENDPOINT else []
    return [*tables, job.journal(task.number), job.hashes(task.number), *listed]
