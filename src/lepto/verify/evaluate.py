"""What SPARQL says of abstract patients, in bulk: standings, verdicts, and which records the shapes accept.

Nothing is decided here. Patients are read as a JSON file is, validated and derived as `lepto recommend` does it, by
several processes at once; what was answered is remembered.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pyoxigraph import Literal, NamedNode, QuerySolution, QuerySolutions, Store, Triple

from lepto.derive import CRITERIA, RULES, VERDICTS, derived
from lepto.finding import Finding
from lepto.knowledge import Knowledge
from lepto.processes import end_with_parent
from lepto.read import Record, read_bytes
from lepto.space import ON, Facts
from lepto.validate import Validator
from lepto.vocabulary import LEPTO, SKOS, local_name

Codes = NDArray[np.int8]
T = TypeVar("T")

COMPILED = NamedNode(LEPTO + "CompiledNode")
STANDINGS = ("doesNotMeet", "leavesOpen", "meets")
NOT_MET, OPEN, MET = range(3)
Feature = tuple[str, str]
"""What a verdict can depend on: ("criterion", its name) or ("part", the name of an unnamed part of one), or an action
that is planned or declined by this record, as (name of the fact, name of the action).
"""
BATCH = 40
"""More patients at once in one graph take more time each."""
ALONE = 200
"""So few patients are answered by this process itself: starting others would take longer."""


@dataclass(frozen=True)
class Outcome:
    """What was derived of one patient.

    `verdicts`: for an action every (outcome, strength) given to it, one where all is well; `rules`: the standing of
    every rule; `offers`: those that are alive.
    """

    verdicts: dict[str, tuple[tuple[str, str], ...]]
    rules: dict[str, int]
    offers: frozenset[str]

    def verdict(self, action: str) -> str:
        """Return the verdict on an action as one word: the strength of an offer or bar, "undetermined" or "none"."""
        given = self.verdicts.get(action, ())
        return " and ".join(strength or outcome.lower() for outcome, strength in given) or "none"


@dataclass(frozen=True)
class Where:
    """The folder of the knowledge, and the day for which records are validated."""

    root: Path
    on: date


@dataclass(frozen=True)
class Asked:
    """What is asked for about one patient.

    `missing`: for an action the facts that its undetermined verdict awaits; `requests`: (fact, action, blocking).
    """

    missing: dict[str, frozenset[str]]
    requests: frozenset[tuple[str, str, bool]]


class Evaluator:
    """Asks SPARQL about abstract patients.

    In: the folder of the knowledge, how many processes may work at once, and the day for which records are validated. A
    context: leaving it ends the processes.
    """

    def __init__(self, root: Path, processes: int | None = None, on: date = ON) -> None:
        self.root, self.where = root, Where(root, on)
        self.knowledge = _knowledge(root)
        self.processes = processes or os.cpu_count() or 1
        self.derived = 0
        """How many patients were derived as far as their verdicts."""
        self._pool: ProcessPoolExecutor | None = None
        self.features = features(self.knowledge)
        self.column = {feature: number for number, feature in enumerate(self.features)}
        self._rows: dict[str, Codes] = {}
        self._sound: dict[str, bool] = {}
        self._rules: dict[str, dict[str, int]] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._asked: dict[str, Asked] = {}

    def __enter__(self) -> Evaluator:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    @property
    def shapes(self) -> list[Triple]:
        """The shapes on patients."""
        return _validator(self.root).shapes

    def rows(self, patients: Sequence[Facts]) -> Codes:
        """Return a row a patient and a column a feature: NOT_MET, OPEN or MET; of a plan or refusal, NOT_MET or MET."""
        found: list[Codes] = self._remembered(self._rows, patients, _rows)
        return np.stack(found)

    def sound(self, patients: Sequence[Facts]) -> list[bool]:
        """Say of each patient whether the shapes accept the record."""
        return self._remembered(self._sound, patients, _sound)

    def rules(self, patients: Sequence[Facts]) -> list[dict[str, int]]:
        """Return the standing of every rule for each patient."""
        return self._remembered(self._rules, patients, _rules)

    def outcomes(self, patients: Sequence[Facts]) -> list[Outcome]:
        """Return what is derived of each patient."""
        before = len(self._outcomes)
        found = self._remembered(self._outcomes, patients, _outcomes)
        self.derived += len(self._outcomes) - before
        return found

    def asked(self, patients: Sequence[Facts]) -> list[Asked]:
        """Return what is asked for about each patient."""
        return self._remembered(self._asked, patients, _asked)

    def findings(self, patients: Sequence[Facts]) -> list[tuple[Finding, ...]]:
        """Return what the shapes find on each patient."""
        return _findings(self.where, patients)

    def _remembered(
        self, memory: dict[str, T], patients: Sequence[Facts], ask: Callable[[Where, Sequence[Facts]], list[T]]
    ) -> list[T]:
        keys = [json.dumps(patient, sort_keys=True) for patient in patients]
        new = {key: patient for key, patient in zip(keys, patients, strict=True) if key not in memory}
        memory.update(zip(new, self._in_batches(ask, list(new.values())), strict=True))
        return [memory[key] for key in keys]

    def _in_batches(self, ask: Callable[[Where, Sequence[Facts]], list[T]], patients: list[Facts]) -> Iterable[T]:
        batches = [patients[start : start + BATCH] for start in range(0, len(patients), BATCH)]
        if len(patients) <= ALONE or self.processes == 1:
            answers: Iterable[list[T]] = (ask(self.where, batch) for batch in batches)
        else:
            # Not forked: the engine has threads of its own.
            self._pool = self._pool or ProcessPoolExecutor(
                self.processes, mp_context=get_context("spawn"), initializer=end_with_parent
            )
            answers = self._pool.map(ask, [self.where] * len(batches), batches)
        return [answer for batch in answers for answer in batch]


# What one process does; each loads the knowledge once.


@cache
def _knowledge(root: Path) -> Knowledge:
    return Knowledge(root)


@cache
def _validator(root: Path) -> Validator:
    return Validator(_knowledge(root))


def _records(where: Where, patients: Sequence[Facts]) -> list[Record]:
    people = [{**patient, "id": str(number)} for number, patient in enumerate(patients)]
    return read_bytes(json.dumps(people).encode(), "abstract patients", _knowledge(where.root).facts)


def _findings(where: Where, patients: Sequence[Facts]) -> list[tuple[Finding, ...]]:
    return _validator(where.root).validate(_records(where, patients), where.on)


def _sound(where: Where, patients: Sequence[Facts]) -> list[bool]:
    found = _findings(where, patients)
    return [all(finding.severity != "violation" for finding in findings) for findings in found]


def features(knowledge: Knowledge) -> list[Feature]:
    """Return everything in a record on which verdicts can depend: the criteria, their parts, plans and refusals."""
    actions = sorted(local_name(iri) for iri in knowledge.values.members[LEPTO + "Treatment"])
    lists = sorted(name for name, fact in knowledge.facts.items() if fact.many)
    return [*_nodes(knowledge).values(), *((name, action) for name in lists for action in actions)]


def _nodes(knowledge: Knowledge) -> dict[str, Feature]:
    """Every criterion, and every unnamed part of one, by its IRI."""
    compiled = {_iri(triple.subject) for triple in knowledge.compiled.triples if triple.object == COMPILED}
    return {
        iri: ("criterion" if iri in knowledge.compiled.criteria else "part", local_name(iri))
        for iri in sorted(compiled)
    }


def _rows(where: Where, patients: Sequence[Facts]) -> list[Codes]:
    knowledge, records = _knowledge(where.root), _records(where, patients)
    nodes = _nodes(knowledge)
    column = {feature: number for number, feature in enumerate(features(knowledge))}
    place = {record.iri: number for number, record in enumerate(records)}
    codes = np.zeros((len(records), len(column)), dtype=np.int8)
    codes[:, : len(nodes)] = -1
    with derived(knowledge, (triple for record in records for triple in record.triples), CRITERIA) as store:
        for patient, criterion, code in _standing(store):
            if criterion in nodes:
                codes[place[patient], column[nodes[criterion]]] = code
        for row in ask(knowledge, store, "verify/plans"):
            feature = name_of(row["how"]), name_of(row["action"])
            codes[place[_iri(row["patient"])], column[feature]] = MET
    assert (codes >= 0).all(), "a criterion has no standing"
    return list(codes)


def _standing(store: Store) -> Iterator[tuple[str, str, int]]:
    for code, name in enumerate(STANDINGS):
        for quad in store.quads_for_pattern(None, NamedNode(LEPTO + name), None, None):
            assert isinstance(quad.subject, NamedNode)
            assert isinstance(quad.object, NamedNode)
            yield quad.subject.value, quad.object.value, code


def _rules(where: Where, patients: Sequence[Facts]) -> list[dict[str, int]]:
    knowledge, records = _knowledge(where.root), _records(where, patients)
    rules = set(knowledge.values.members[LEPTO + "Rule"])
    found: dict[str, dict[str, int]] = {record.iri: {} for record in records}
    with derived(knowledge, (triple for record in records for triple in record.triples), RULES) as store:
        for patient, rule, code in _standing(store):
            if rule in rules:
                found[patient][local_name(rule)] = code
    return list(found.values())


def _outcomes(where: Where, patients: Sequence[Facts]) -> list[Outcome]:
    knowledge, records = _knowledge(where.root), _records(where, patients)
    rules = set(knowledge.values.members[LEPTO + "Rule"])
    notations = {
        quad.subject: quad.object.value
        for quad in knowledge.store.quads_for_pattern(None, NamedNode(SKOS + "notation"), None, None)
        if isinstance(quad.object, Literal)
    }
    verdicts: dict[str, dict[str, set[tuple[str, str]]]] = {record.iri: {} for record in records}
    standings: dict[str, dict[str, int]] = {record.iri: {} for record in records}
    offers: dict[str, set[str]] = {record.iri: set() for record in records}
    with derived(knowledge, (triple for record in records for triple in record.triples), VERDICTS) as store:
        for row in ask(knowledge, store, "explain/verdicts"):
            strength = notations[row["strength"]] if row["strength"] is not None else ""
            given = verdicts[_iri(row["patient"])].setdefault(name_of(row["action"]), set())
            given.add((name_of(row["outcome"]), strength))
        for patient, rule, code in _standing(store):
            if rule in rules:
                standings[patient][local_name(rule)] = code
        for quad in store.quads_for_pattern(None, NamedNode(LEPTO + "hasOffer"), None, None):
            offers[_iri(quad.subject)].add(name_of(quad.object))
    return [
        Outcome(
            {action: tuple(sorted(given)) for action, given in verdicts[record.iri].items()},
            standings[record.iri],
            frozenset(offers[record.iri]),
        )
        for record in records
    ]


def _asked(where: Where, patients: Sequence[Facts]) -> list[Asked]:
    knowledge, records = _knowledge(where.root), _records(where, patients)
    missing: dict[str, dict[str, set[str]]] = {record.iri: {} for record in records}
    requests: dict[str, set[tuple[str, str, bool]]] = {record.iri: set() for record in records}
    with derived(knowledge, (triple for record in records for triple in record.triples)) as store:
        about = {row["verdict"]: row for row in ask(knowledge, store, "explain/verdicts")}
        for row in ask(knowledge, store, "explain/awaited"):
            verdict = about[row["verdict"]]
            missing[_iri(verdict["patient"])].setdefault(name_of(verdict["action"]), set()).add(name_of(row["fact"]))
        for row in ask(knowledge, store, "explain/requests"):
            blocking = isinstance(row["blocking"], Literal) and row["blocking"].value == "true"
            requests[_iri(row["patient"])].add((name_of(row["fact"]), name_of(row["action"]), blocking))
    return [
        Asked(
            {action: frozenset(facts) for action, facts in missing[record.iri].items()},
            frozenset(requests[record.iri]),
        )
        for record in records
    ]


def ask(knowledge: Knowledge, store: Store, name: str) -> Iterator[QuerySolution]:
    """Yield the rows of a catalogued query over a store."""
    answer = store.query(knowledge.query_text(name))
    assert isinstance(answer, QuerySolutions)
    yield from answer


def name_of(term: object) -> str:
    """Return the local name of an IRI."""
    return local_name(_iri(term))


def _iri(term: object) -> str:
    assert isinstance(term, NamedNode)
    return term.value
