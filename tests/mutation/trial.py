"""What becomes of a mutant: refused when it is loaded, caught by a case, by a lint query or by a law, or alive."""

from __future__ import annotations

import inspect
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from hypothesis import Phase, settings
from hypothesis.errors import Unsatisfiable
from pyoxigraph import RdfFormat, serialize

from lepto.errors import KnowledgeError
from lepto.knowledge import Knowledge, load
from lepto.prepared import Prepared
from lepto.query import catalogue
from lepto.read import Record
from lepto.recommend import Recommender
from lepto.render.as_json import as_object
from lepto.validate import Validator
from tests.accept_cases import ON, folders, records_of
from tests.mutation import shapes  # noqa: F401  (registers its operators, and those over the ontology)
from tests.mutation.mutants import Mutant, Original, mutants_of
from tests.patients import Facts, drawn_patients, reports_of

REFUSED, CASE, LINT, LAW, ALIVE = "refused", "case", "lint", "law", "alive"
BATCH = 10
EXAMPLES = 10
STRANGERS = 100


@dataclass(frozen=True)
class Fate:
    """What becomes of a mutant, and what caught it first; of one that is alive, a patient whom it answers otherwise."""

    mutant: str
    what: str
    by: str = ""


@dataclass(frozen=True)
class Case:
    """A case: its folder, its text, in which terms are looked up, its patients and the reports that they should get."""

    folder: Path
    words: frozenset[str]
    records: list[Record]
    expected: list[dict[str, Any]]

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.folder.name


def case_of(knowledge: Knowledge, folder: Path) -> Case:
    """Read a case from its folder."""
    expected = (folder / "expected.json").read_text(encoding="utf-8")
    words = (folder / "patient.json").read_text(encoding="utf-8") + expected
    return Case(
        folder,
        frozenset(words.replace('"', " ").replace(",", " ").split()),
        records_of(knowledge, folder),
        json.loads(expected),
    )


class Bench:
    """The original guideline with its mutants and cases, prepared once a process."""

    def __init__(self) -> None:
        self.original = Original(load())
        self.recommender = Recommender(self.original.knowledge)
        self.cases = [case_of(self.original.knowledge, folder) for folder in folders()]

    @cached_property
    def mutants(self) -> dict[str, Mutant]:
        """Every mutant by its name."""
        return {mutant.name: mutant for mutant in mutants_of(self.original)}

    @cached_property
    def strangers(self) -> list[tuple[Facts, dict[str, Any]]]:
        """Patients of no case, drawn once and for all, with what the original answers."""
        people = drawn_patients(self.original.knowledge, STRANGERS)
        return list(zip(people, reports_of(self.recommender, *people), strict=True))

    def fate(self, mutant: Mutant, explained: bool = False) -> Fate:
        """Try a mutant: load it, ask it the cases, hold it under the laws, and then under the lint queries.

        One that is explained as equivalent is spared the laws, for it must answer strangers as the original does.
        """
        try:
            recommender = self.mutated(mutant)
        except KnowledgeError as error:
            return Fate(mutant.name, REFUSED, str(error))
        if case := next(self.caught_by_cases(mutant, recommender), None):
            return Fate(mutant.name, CASE, case)
        if not explained and (law := next(caught_by_laws(recommender), None)):
            return Fate(mutant.name, LAW, law)
        if not mutant.of_shapes and (query := next(caught_by_lint(recommender.knowledge), None)):
            return Fate(mutant.name, LINT, query)
        return Fate(mutant.name, ALIVE, self.answered_otherwise(recommender))

    def mutated(self, mutant: Mutant) -> Recommender:
        """Return the stages with the mutant for their knowledge; KnowledgeError where it cannot be loaded."""
        known = self.original.knowledge
        if mutant.of_shapes:
            (changed,) = mutant.applied([self.original.shapes])
            text = serialize(changed.triples, format=RdfFormat.N_TRIPLES)
            recommender = Recommender(known, Validator(known, (text or b"").decode()))
            recommender.validator.validate([], ON)
            return recommender
        return Recommender(Knowledge(known.root, mutant.applied(known.modules)))

    def caught_by_cases(self, mutant: Mutant, recommender: Recommender) -> Iterator[str]:
        """Yield the cases in which the mutant answers otherwise than expected, those that speak of it first."""
        cases = self.ranked(mutant)
        for start in range(0, len(cases), BATCH):
            yield from self._caught_in(cases[start : start + BATCH], mutant, recommender)

    def answered_otherwise(self, recommender: Recommender) -> str:
        """Return a stranger whom a mutant answers otherwise than the original, as JSON; empty where there is none."""
        for start in range(0, len(self.strangers), BATCH):
            some = self.strangers[start : start + BATCH]
            came = reports_of(recommender, *(facts for facts, _ in some))
            for (facts, report), other in zip(some, came, strict=True):
                if {**report, "patient": ""} != {**other, "patient": ""}:
                    return json.dumps(facts)
        return ""

    def ranked(self, mutant: Mutant) -> list[Case]:
        """Return the cases, those first that name what the mutant changes, a rare name above a frequent one."""
        named = [(case, mutant.speaks_of & case.words) for case in self.cases]
        often = Counter(word for _, words in named for word in words)
        return [case for case, words in sorted(named, key=lambda c: (-sum(1 / often[w] for w in c[1]), c[0].name))]

    def _caught_in(self, cases: Sequence[Case], mutant: Mutant, recommender: Recommender) -> Iterator[str]:
        answer = _findings if mutant.of_shapes else _reports
        records = [self._records(case, recommender.knowledge) for case in cases]
        came = iter(answer(recommender, [record for some in records for record in some]))
        for case, some in zip(cases, records, strict=True):
            wanted = _told_by_shapes(case) if mutant.of_shapes else case.expected
            if [next(came) for _ in some] != wanted:
                yield case.name

    def _records(self, case: Case, knowledge: Prepared) -> list[Record]:
        """The patients of a case, read again where the mutant knows other facts."""
        return case.records if knowledge.facts == self.original.knowledge.facts else records_of(knowledge, case.folder)


def _reports(recommender: Recommender, records: list[Record]) -> list[Any]:
    return [as_object(report) for report in recommender.answer(records, ON)]


def _findings(recommender: Recommender, records: list[Record]) -> list[Any]:
    """What shapes can change of a report, from which all the rest follows."""
    return [[asdict(finding) for finding in found] for found in recommender.validator.validate(records, ON)]


def _told_by_shapes(case: Case) -> list[Any]:
    """The findings of the expected reports, without the remarks of the guideline."""
    return [[one for one in report["findings"] if one["severity"] != "info"] for report in case.expected]


def caught_by_lint(knowledge: Prepared) -> Iterator[str]:
    """Yield the lint queries that find a fault."""
    assert isinstance(knowledge, Knowledge)
    for entry in catalogue(knowledge):
        if entry.name.startswith("lint/") and list(knowledge.store.query(knowledge.query_text(entry.name))):  # type: ignore[arg-type]
            yield entry.name


def caught_by_laws(recommender: Recommender) -> Iterator[str]:
    """Yield the laws that do not hold: the tests of `tests/test_laws.py`, over patients drawn once and for all."""
    given = {
        "recommender": recommender,
        "knowledge": recommender.knowledge,
        "ask": lambda *people: reports_of(recommender, *people),
    }
    for name, law in laws().items():
        try:
            law(**{key: given[key] for key in inspect.signature(law).parameters})
        except Unsatisfiable:
            continue
        except Exception:
            yield name


@cache
def laws() -> dict[str, Any]:
    """Return the laws by name, under settings by which they draw the same patients each time."""
    settings.register_profile(
        "mutation", max_examples=EXAMPLES, derandomize=True, database=None, phases=[Phase.generate]
    )
    settings.load_profile("mutation")
    from tests import test_laws

    return {name: test for name, test in vars(test_laws).items() if name.startswith("test_")}


@cache
def bench() -> Bench:
    """Return the bench of this process."""
    return Bench()


def try_mutant(name: str, explained: bool = False) -> Fate:
    """Return the fate of the mutant with a name."""
    return bench().fate(bench().mutants[name], explained)
