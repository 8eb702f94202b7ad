"""The whole way, on one screen: read, validate, derive, explain."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

from pyoxigraph import Store

from lepto.derive import derived
from lepto.explain import Explainer
from lepto.facts import Fact
from lepto.finding import Finding
from lepto.prepared import Prepared
from lepto.read import Intaking, Record, read
from lepto.recall import recall
from lepto.report import Report
from lepto.validate import Validator

BATCH = 50


class Recommender:
    """The stages with their knowledge, prepared once for any number of patients."""

    def __init__(self, knowledge: Prepared, validator: Validator | None = None) -> None:
        self.knowledge = knowledge
        self.validator = validator or Validator(knowledge)
        self.explainer = Explainer(knowledge)

    def answer(self, records: Sequence[Record], on: date) -> list[Report]:
        """Return a report for each record, in order; one with a violation gets its findings and nothing derived."""
        findings = dict(zip(map(id, records), self.validator.validate(records, on), strict=True))
        sound = [record for record in records if not _refused(findings[id(record)])]
        with derived(self.knowledge, (triple for record in sound for triple in record.triples)) as store:
            patients = [(record, findings[id(record)]) for record in sound]
            reports = dict(zip(map(id, sound), self.explainer.explain(store, patients, on), strict=True))
        return [
            reports.get(id(record)) or self.explainer.refuse(record, findings[id(record)], on) for record in records
        ]


def recommend(
    paths: Sequence[Path | str], on: date, progress: Callable[[int, int], None] = lambda done, of: None
) -> Iterator[Report]:
    """Yield a report for every patient in the files, in input order.

    In: paths ("-" is standard input), the day for which the answer is asked, and who wants to hear how many of how
    many patients are done. Raises InputError for a file that cannot be used at all.
    """
    knowledge = recall()
    records = read(paths, knowledge.facts, Intaking(_Whole(), on))
    recommender = Recommender(knowledge)
    for start in range(0, len(records), BATCH):
        yield from recommender.answer(records[start : start + BATCH], on)
        progress(min(start + BATCH, len(records)), len(records))


class _Whole:
    """All of the knowledge, loaded once there is a health record: the intake is not prepared with the rest."""

    @property
    def store(self) -> Store:
        from lepto.knowledge import load

        return load().store

    @property
    def facts(self) -> dict[str, Fact]:
        return recall().facts


def _refused(findings: tuple[Finding, ...]) -> bool:
    return any(finding.severity == "violation" for finding in findings)
