"""Which cases show a rule: in which it stands, in which it falls, and in which it waits."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path

from lepto.derive import RULES, derived
from lepto.document.answers import Answers, Row
from lepto.document.errors import DocumentError
from lepto.knowledge import Knowledge
from lepto.read import Record, read_bytes
from lepto.validate import Validator
from lepto.vocabulary import local_name

SHOWN = 3


@dataclass(frozen=True)
class Case:
    """A folder with a patient, the text that says what the case shows, and the day for which it is answered."""

    name: str
    text: str
    on: date


@dataclass(frozen=True)
class Example:
    """A case in which a rule falls or waits by one criterion alone, or stands, and then there is none."""

    case: Case
    standing: str
    criterion: str = ""


class Cases:
    """The cases of a folder with everything that their patients show of the rules; a refused record shows nothing."""

    def __init__(self, knowledge: Knowledge, folder: Path) -> None:
        patients = list(_patients(knowledge, folder))
        sound = list(_sound(Validator(knowledge), patients))
        self.cases = {local_name(record.iri): case for case, record in sound}
        if len(self.cases) < len(sound):
            raise DocumentError(f"{folder}: two cases have patients with the same id; give each its own")
        self.answered, self.refused = len(sound), len(patients) - len(sound)
        with derived(knowledge, (t for _, record in sound for t in record.triples), RULES) as store:
            answers = Answers(knowledge, store)
            self.standings = answers.rows("rule-standings")
            self.sole = answers.rows("sole-criteria")
            self.counts = Counter((row["rule"], row["standing"]) for row in self.standings)

    def count(self, rule: str, standing: str) -> int:
        """Return in how many patients a rule stands, falls or waits."""
        return self.counts[rule, standing]

    def examples(self, rule: str) -> list[Example]:
        """Return a few cases in which the rule stands, and for each criterion one in which it alone makes it fall, and
        one in which it alone makes it wait.
        """
        standing = [row for row in self.standings if row["rule"] == rule and row["standing"] == "stands"]
        decided = {(row["standing"], row["label"]): row for row in reversed(self.sole) if row["rule"] == rule}
        return [
            *(Example(self._case(row), "stands") for row in standing[:SHOWN]),
            *(Example(self._case(row), told, label) for (told, label), row in sorted(decided.items())),
        ]

    def _case(self, row: Row) -> Case:
        return self.cases[row["patient"]]


def _sound(validator: Validator, patients: Sequence[tuple[Case, Record]]) -> Iterator[tuple[Case, Record]]:
    """The patients whose record is not refused on the day for which the case is answered."""
    for day, group in groupby(sorted(patients, key=lambda pair: pair[0].on), key=lambda pair: pair[0].on):
        batch = list(group)
        findings = validator.validate([record for _, record in batch], day)
        for pair, found in zip(batch, findings, strict=True):
            if pair[1].triples and not any(finding.severity == "violation" for finding in found):
                yield pair


def _patients(knowledge: Knowledge, folder: Path) -> Iterator[tuple[Case, Record]]:
    """The patients of every case, in the order of their folders."""
    folders = sorted(path for path in folder.glob("*") if path.is_dir())
    if not folders:
        raise DocumentError(f"{folder}: there is no folder with cases here; give one, or leave --cases out")
    for place in folders:
        try:
            text = " ".join((place / "case.md").read_text(encoding="utf-8").split())
            day = date.fromisoformat(json.loads((place / "expected.json").read_bytes())[0]["on"])
            data = (place / "patient.json").read_bytes()
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise DocumentError(f"{place}: {error}; a case has case.md, expected.json and patient.json") from error
        for record in read_bytes(data, str(place / "patient.json"), knowledge.facts):
            yield Case(place.name, text, day), record
