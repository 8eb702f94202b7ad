"""What is to be done, slice by slice, and where the files of each are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from lepto.cohort.outputs import Format
from lepto.cohort.sources import Slice

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
        """Return the file that counts what was answered of a slice."""
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
