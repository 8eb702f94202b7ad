"""The standings of criteria over columns: of every node that reads one fact as SPARQL tells them of each value of the
fact; of the nodes above by the logic of three values, as `lepto.compile` has it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyoxigraph import NamedNode

from lepto.cohort.arrays import Bits, Codes, Rows
from lepto.cohort.coding import Coding
from lepto.cohort.resolution import CODES, MET, NOT_MET, OPEN
from lepto.cohort.views import View
from lepto.compile.nodes import Path
from lepto.definition import And, Expression, Has, Named, Not, Or, Some, Stated, Within
from lepto.derive import derived
from lepto.knowledge import Knowledge
from lepto.read import read_bytes
from lepto.vocabulary import LEPTO, local_name

BATCH = 40
"""More patients at once in one graph take more time each."""


class Criteria:
    """The criteria of a guideline, as the compiler takes them apart.

    In: the knowledge, the facts by which bits are numbered, the coding of patients, and how criteria see lists of
    courses. `asked` counts the patients about whom SPARQL was asked.
    """

    def __init__(self, knowledge: Knowledge, facts: Sequence[str], coding: Coding, lists: View) -> None:
        self.knowledge, self.coding, self.lists = knowledge, coding, lists
        self.asked = 0
        self.bit = {fact: 1 << number for number, fact in enumerate(facts)}
        self.nodes = {node.iri: node.expression for node in knowledge.compiled.nodes}
        self.denied = knowledge.compiled.denied
        self.paths: dict[str, list[Path]] = defaultdict(list)
        for path in knowledge.compiled.paths:
            self.paths[path.criterion].append(path)
        leaves: dict[int, list[str]] = defaultdict(list)
        for iri, expression in self.nodes.items():
            if (fact := _fact(expression)) is not None:
                leaves[coding.column(fact)].append(iri)
        self.leaves = {column: tuple(found) for column, found in leaves.items()}
        self._known = {column: np.zeros((0, len(found)), dtype=np.int8) for column, found in self.leaves.items()}
        self._standing = {NamedNode(LEPTO + name): code for name, code in CODES.items()}

    def standings(self, rows: Rows, criteria: Iterable[str]) -> tuple[dict[str, Codes], dict[str, Bits]]:
        """Return by its name the standing of each criterion, and a bit for each fact that holds an open one open."""
        known = self._of_leaves(rows)
        wanted = {name: LEPTO + name for name in criteria}
        codes = {name: self._code(iri, known) for name, iri in wanted.items()}
        awaits = {name: self._awaits(iri, known, len(rows)) for name, iri in wanted.items()}
        return codes, awaits

    # Nodes above: `lepto.compile._standing`, and queries/derive/8-paths-of-open

    def _code(self, iri: str, known: dict[str, Codes]) -> Codes:
        """The standing of a node, by those of the nodes of which it is made."""
        if iri not in known:
            code = self._combined(self.nodes[iri], known)
            # Of a class that assumptions deny a record is silent where it neither meets nor refutes it.
            known[iri] = np.where(code == OPEN, NOT_MET, code) if iri in self.denied else code
        return known[iri]

    def _combined(self, expression: Expression, known: dict[str, Codes]) -> Codes:
        match expression:
            case Named(iri):
                return self._code(iri, known)
            case Not(part):
                return MET - self._combined(part, known)
            case And(parts):
                return reduce(np.minimum, (self._combined(part, known) for part in parts))
            case Or(parts):
                return reduce(np.maximum, (self._combined(part, known) for part in parts))
        raise AssertionError(expression)

    def _awaits(self, iri: str, known: dict[str, Codes], size: int) -> Bits:
        bits = np.zeros(size, dtype=np.int64)
        for path in self.paths[iri]:
            is_open = np.logical_and.reduce([self._code(step, known) == OPEN for step, _ in path.steps])
            bits |= np.int64(self.bit[local_name(path.property)]) * is_open
        return bits

    # Nodes that read one fact

    def _of_leaves(self, rows: Rows) -> dict[str, Codes]:
        seen = {c: self.lists.of(rows[:, c]) if c == self._list_column else rows[:, c] for c in self.leaves}
        self._learn(rows, seen)
        return {
            iri: self._known[column][seen[column], number]
            for column, found in self.leaves.items()
            for number, iri in enumerate(found)
        }

    @property
    def _list_column(self) -> int:
        return self.coding.place(self.coding.courses)

    def _learn(self, rows: Rows, seen: Mapping[int, NDArray[Any]]) -> None:
        """Ask about the values that are new: patient by patient the next of each fact, since no leaf reads two."""
        new: dict[int, list[tuple[int, int]]] = {}
        for column in self.leaves:
            size = self.lists.size if column == self._list_column else self.coding.sizes[column]
            before = self._known[column]
            grown = np.full((size, before.shape[1]), -1, dtype=np.int8)
            grown[: len(before)] = before
            self._known[column] = grown
            unasked = np.flatnonzero(grown[seen[column], 0] < 0)
            numbers, first = np.unique(seen[column][unasked], return_index=True)
            new[column] = list(zip(numbers.tolist(), rows[unasked[first], column].tolist(), strict=True))
        many = max((len(found) for found in new.values()), default=0)
        patients = [
            {
                self.coding.facts[column]: self.coding.values[column][found[number][1]]
                for column, found in new.items()
                if number < len(found) and found[number][1]
            }
            for number in range(many)
        ]
        for number, standings in enumerate(self._told(patients)):
            for column, found in new.items():
                if number < len(found):
                    self._known[column][found[number][0]] = [standings.get(iri, OPEN) for iri in self.leaves[column]]

    def _told(self, patients: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        """Yield what SPARQL says of each patient."""
        for start in range(0, len(patients), BATCH):
            people = [{**facts, "id": str(n)} for n, facts in enumerate(patients[start : start + BATCH])]
            self.asked += len(people)
            records = read_bytes(json.dumps(people).encode(), "states", self.knowledge.facts)
            said: dict[str, dict[str, Any]] = defaultdict(dict)
            with derived(self.knowledge, (t for record in records for t in record.triples), ()) as store:
                for predicate, code in self._standing.items():
                    for quad in store.quads_for_pattern(None, predicate, None, None):
                        assert isinstance(quad.subject, NamedNode)
                        assert isinstance(quad.object, NamedNode)
                        said[quad.subject.value][quad.object.value] = code
            for record in records:
                yield said[record.iri]


def _fact(expression: Expression) -> str | None:
    """The one fact that an expression reads; None where it is made of other nodes."""
    match expression:
        case Some(prop, _) | Has(prop, _) | Within(prop, _, _) | Stated(prop):
            return local_name(prop)
    return None
