"""All combinations of the facts on which some features rest, as an array with an axis a fact.

Two values of a fact are *alike* where no feature in question, and no contradiction that the shapes find, can tell them
apart, whatever the other facts are. The tables that show this are filled by SPARQL and SHACL, for every combination of
what a feature or a contradiction reads. Alike values make one class; the product of the classes is the grid.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lepto.errors import KnowledgeError
from lepto.space import Facts
from lepto.verify.evaluate import Codes, Feature
from lepto.verify.grounds import Grounds


@dataclass(frozen=True)
class Axis:
    """One fact of a grid: its values, the classes of alike ones, that of silence first, and `steps`: pairs of classes
    of which the second states one fact, or one course, more than the first.
    """

    fact: str
    values: tuple[Any, ...]
    classes: tuple[tuple[int, ...], ...]
    steps: tuple[tuple[int, int], ...]

    def value(self, place: int) -> Any:
        """Return the value that stands for a class."""
        return self.values[self.classes[place][0]]


class Grid:
    """The states of some features.

    In: the grounds; the features; the facts of which it matters that they are stated at all; the actions whose plans
    and refusals are told apart. `axes`: a fact each; `shape`: how many classes each has; `sound`: which states the
    shapes accept.
    """

    def __init__(
        self, grounds: Grounds, features: Sequence[Feature], settling: Iterable[str] = (), actions: Sequence[str] = ()
    ) -> None:
        self.grounds, self.features, self.settling, self.actions = grounds, list(features), set(settling), actions
        self.facts = sorted({fact for feature in features for fact in grounds.facts_of(feature)} | self.settling)
        self.constraints = [read for read in grounds.constraints.values() if set(read) <= set(self.facts)]
        self._steps: dict[str, set[tuple[int, int]]] = {}
        self.domains = {fact: self._domain(fact) for fact in self.facts}
        self.tables = {feature: self._table(feature) for feature in self.features}
        self.refusals = [(read, self._refusal(read)) for read in self.constraints]
        self.axes = tuple(self._axis(fact) for fact in self.facts)
        self.shape = tuple(len(axis.classes) for axis in self.axes)
        self.sound = self._sound()

    @property
    def combinations(self) -> int:
        """How many combinations of values the states stand for."""
        return prod(len(domain) for domain in self.domains.values())

    def patient(self, state: Sequence[int], *, stated: bool = False) -> Facts:
        """Return a patient in a state, given by its class on each axis; one of whom what silence is alike to is stated,
        where that is wanted.
        """
        values = {axis.fact: axis.value(place) for axis, place in zip(self.axes, state, strict=True)}
        if stated:
            for axis, place in zip(self.axes, state, strict=True):
                if values[axis.fact] is None and len(axis.classes[place]) > 1:
                    values[axis.fact] = axis.values[axis.classes[place][1]]
        return {fact: value for fact, value in values.items() if value is not None and value != []}

    def at(self, index: int) -> tuple[int, ...]:
        """Return the state at a flat index."""
        return tuple(int(place) for place in np.unravel_index(index, self.shape))

    def beside(self, place: int, index: int) -> tuple[int, ...]:
        """Return the state at a flat index of a slice across one axis, without that axis."""
        shape = (*self.shape[:place], *self.shape[place + 1 :])
        return tuple(int(part) for part in np.unravel_index(index, shape))

    def code(self, feature: Feature) -> Codes:
        """Return the standing of a feature in every state, as an array that broadcasts to the grid's shape."""
        return self._spread(self.grounds.facts_in(feature, self.facts), self.tables[feature])

    def stated(self, fact: str) -> NDArray[np.bool_]:
        """Return whether a fact is stated in every state, as an array that broadcasts to the grid's shape."""
        return self._spread((fact,), np.arange(len(self.domains[fact])) > 0)

    # Values

    def _domain(self, fact: str) -> tuple[Any, ...]:
        if fact == self.grounds.courses:
            return tuple(self._course_lists())
        if fact == self.grounds.declined:
            return ([], *([name] for name in sorted(self.grounds.rules)))
        return self.grounds.space.single[fact]

    def _course_lists(self) -> list[list[Facts]]:
        """Lists of courses, one for all that the features and contradictions here cannot tell apart.

        A course of each kind is added to the lists found so far until none is new.
        """
        courses = self.grounds.kinds_of_courses(self.actions)
        lists: list[list[Facts]] = [[]]
        number = {self.signatures(lists)[0]: 0}
        steps = self._steps.setdefault(self.grounds.courses, set())
        done = 0
        while done < len(lists):
            tried = [
                (place, [*lists[place], course])
                for place in range(done, len(lists))
                for course in courses
                if course not in lists[place]
            ]
            done = len(lists)
            for (place, longer), signature in zip(tried, self.signatures([entry for _, entry in tried]), strict=True):
                if signature not in number:
                    number[signature] = len(lists)
                    lists.append(longer)
                steps.add((place, number[signature]))
        return lists

    def signatures(self, lists: Sequence[list[Facts]]) -> list[tuple[bytes, bytes]]:
        """What the features that read courses, all their parts, and contradictions say of each list.

        The parts are told apart because a list that is extended may meet a whole of which it met one part before.
        """
        name = self.grounds.courses
        reading = [feature for feature in self.features if name in self.grounds.facts_of(feature)]
        if mixed := [feature for feature in reading if len(self.grounds.facts_of(feature)) > 1]:
            raise KnowledgeError(f"{mixed[0][1]} reads courses together with another fact; give the parts names")
        evaluator = self.grounds.evaluator
        parts = {part for kind, criterion in reading if kind == "criterion" for part in self.grounds.parts[criterion]}
        columns = [evaluator.column[feature] for feature in sorted({*reading, *parts})]
        rows = evaluator.rows([{name: entry} for entry in lists])[:, columns]
        others = [tuple(fact for fact in read if fact != name) for read in self.constraints if name in read]
        beside = [
            {fact: value for fact, value in zip(facts, values, strict=True) if value is not None}
            for facts in others
            for values in product(*(self.grounds.space.single[fact] for fact in facts))
        ]
        sound = np.array(evaluator.sound([{**facts, name: entry} for entry in lists for facts in beside]), dtype=bool)
        refusals = sound.reshape(len(lists), len(beside))
        return [(row.tobytes(), refusal.tobytes()) for row, refusal in zip(rows, refusals, strict=True)]

    # Tables

    def _patients(self, facts: Sequence[str]) -> tuple[list[Facts], tuple[int, ...]]:
        domains = [self.domains[fact] for fact in facts]
        everyone = [
            {fact: value for fact, value in zip(facts, values, strict=True) if value is not None and value != []}
            for values in product(*domains)
        ]
        return everyone, tuple(len(domain) for domain in domains)

    def _table(self, feature: Feature) -> Codes:
        everyone, shape = self._patients(self.grounds.facts_in(feature, self.facts))
        evaluator = self.grounds.evaluator
        return evaluator.rows(everyone)[:, evaluator.column[feature]].reshape(shape)

    def _refusal(self, facts: Sequence[str]) -> NDArray[np.bool_]:
        everyone, shape = self._patients(facts)
        return ~np.array(self.grounds.evaluator.sound(everyone), dtype=bool).reshape(shape)

    def _axis(self, fact: str) -> Axis:
        tables: list[tuple[Sequence[str], NDArray[Any]]] = [
            (self.grounds.facts_in(feature, self.facts), table) for feature, table in self.tables.items()
        ]
        slices = [
            np.moveaxis(table, facts.index(fact), 0) for facts, table in (*tables, *self.refusals) if fact in facts
        ]
        number: dict[tuple[bytes, ...], int] = {}
        members: list[list[int]] = []
        class_of = []
        for place in range(len(self.domains[fact])):
            signature = tuple(part[place].tobytes() for part in slices)
            if fact in self.settling:
                signature += (bytes([place > 0]),)
            if signature not in number:
                number[signature] = len(members)
                members.append([])
            members[number[signature]].append(place)
            class_of.append(number[signature])
        first = {(0, place) for place in range(1, len(class_of))} if fact in self.grounds.space.single else set()
        steps = {(class_of[low], class_of[high]) for low, high in self._steps.get(fact, first)}
        return Axis(
            fact,
            self.domains[fact],
            tuple(map(tuple, members)),
            tuple(sorted((low, high) for low, high in steps if low != high)),
        )

    def _spread(self, facts: Sequence[str], table: NDArray[Any]) -> NDArray[Any]:
        """A table of some facts as one of all axes, at the values that stand for the classes."""
        for place, fact in enumerate(facts):
            axis = self.axes[self.facts.index(fact)]
            table = np.take(table, [members[0] for members in axis.classes], axis=place)
        shape = [len(axis.classes) if axis.fact in facts else 1 for axis in self.axes]
        return table.reshape(shape)

    def _sound(self) -> NDArray[np.bool_]:
        sound = np.ones(self.shape, dtype=bool)
        for facts, refusal in self.refusals:
            sound &= ~self._spread(facts, refusal)
        return sound
