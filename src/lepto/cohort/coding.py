"""What is stated of a patient as numbers: a column a fact, a number for each value, 0 for silence.

Only what is plain gets numbers: known facts with known values, sound dates, an id of visible characters. Everything
else (a typing error, a number out of bounds, a date that is none) is left to the road that every single patient takes,
which says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final, TypeAlias

import numpy as np

from lepto.cohort.arrays import Flags, Rows
from lepto.cohort.courses import CourseLists, Sound
from lepto.cohort.plain import BOOLEANS, KEPT, PLAIN_INTEGER, UnplainError, decimal_of, loaded
from lepto.facts import Fact
from lepto.knowledge import Knowledge
from lepto.space import Facts, Interval, named_values
from lepto.vocabulary import XSD_BOOLEAN, XSD_DECIMAL, XSD_INTEGER

INTEGERS: Final = range(1000)
FAR: Final = Decimal(10) ** 6

Numbering: TypeAlias = Callable[[Any], int]
Intervals = Mapping[str, Sequence[tuple[Interval, int | float]]]


class Coding:
    """Numbers for values.

    In: the knowledge; for every decimal the intervals that no criterion and no shape can tell apart, each with the
    number that stands for it; on which courses the shapes find nothing; and the day of the question. `facts` are the
    columns, of which `decimals` hold decimals and `lists` lists, that of `courses` among them; `values[column][number]`
    is what a number stands for, as a file would state it. Numbers are given out as values come in.
    """

    def __init__(self, knowledge: Knowledge, intervals: Intervals, is_sound: Sound, on: date) -> None:
        of_patient = {name: fact for name, fact in knowledge.facts.items() if not fact.of_course}
        self.knowledge, self.intervals = knowledge, intervals
        self.facts = tuple(of_patient)
        self.values: list[list[Any]] = [[None] for _ in self.facts]
        self.course_lists = CourseLists(knowledge, is_sound, on)
        self._place = {name: number for number, name in enumerate(self.facts)}
        self._number = [self._numbers(place, fact) for place, fact in enumerate(of_patient.values())]
        self.decimals = frozenset(name for name, fact in of_patient.items() if fact.datatype == XSD_DECIMAL)
        self.lists = frozenset(name for name, fact in of_patient.items() if fact.many)
        self.courses = self.course_lists.name

    def member(self, text: bytes) -> int:
        """Return the code of one member of a JSON object, whose opening quote is left out: `code % W` is the column and
        `code // W` the number, where W is how many facts there are. Raises UnplainError.
        """
        ((name, value),) = loaded(b'{"' + text + b"}", many=1).items()
        is_decimal = name in self.decimals
        return self.code(name, decimal_of(text.rpartition(b":")[2].decode().strip()) if is_decimal else value)

    def cell(self, name: str, text: str) -> int:
        """Return the code of a fact whose value is written as text, lists as JSON. Raises UnplainError."""
        if name in self.lists:
            return self.code(name, loaded(text.encode()))
        datatype = self.knowledge.facts[name].datatype if name in self._place else None
        if datatype == XSD_BOOLEAN:
            return self.code(name, BOOLEANS.get(text))
        if datatype == XSD_INTEGER:
            return self.code(name, int(text) if PLAIN_INTEGER.fullmatch(text) else None)
        return self.code(name, decimal_of(text) if name in self.decimals else text)

    def code(self, name: str, value: Any) -> int:
        """Return the code of a fact with its value: a text, a boolean, an integer, a Decimal, or a list of texts or of
        courses. Raises UnplainError.
        """
        place = self._place.get(name)
        if place is None:
            raise UnplainError
        return self._number[place](value) * len(self.facts) + place

    def rows(self, codes: Sequence[int], lengths: Sequence[int]) -> tuple[Rows, Flags]:
        """Return the codes of patients, so many a patient, as a row of numbers each; and who has one fact twice."""
        width, many = len(self.facts), len(lengths)
        found = np.array(codes, dtype=np.int64)
        at = np.repeat(np.arange(many), lengths) * width + found % width
        rows = np.zeros(many * width, dtype=np.int32)
        rows[at] = found // width
        stated = np.bincount(at, minlength=len(rows)).reshape(-1, width)
        return rows.reshape(-1, width), stated.max(axis=1, initial=0) > 1

    def stated(self, row: Sequence[int], places: Sequence[int]) -> Facts:
        """Return what the numbers in some columns stand for."""
        return {self.facts[place]: self.values[place][row[place]] for place in places if row[place]}

    def place(self, fact: str) -> int:
        """Return the column of a fact."""
        return self._place[fact]

    def column(self, fact: str) -> int:
        """Return the column in which a fact is told; what is told of a course is in the column of courses."""
        return self._place[self.courses if self.knowledge.facts[fact].of_course else fact]

    @property
    def is_full(self) -> bool:
        """Whether more lists or courses have numbers than memory is meant for."""
        return self.course_lists.held > KEPT

    @property
    def sizes(self) -> list[int]:
        """How many numbers each column has by now."""
        return [len(values) for values in self.values]

    # How a value gets its number

    def _numbers(self, place: int, fact: Fact) -> Numbering:
        if fact.nested:
            self.values[place] = self.course_lists.values
            return self.course_lists.number
        if fact.many:
            return self._lists(place, fact)
        if fact.datatype is None:
            return self._named(place, named_values(self.knowledge, fact.name), str)
        if fact.datatype == XSD_BOOLEAN:
            return self._named(place, (True, False), bool)
        return self._integers(place) if fact.datatype == XSD_INTEGER else self._decimals(place, fact)

    def _named(self, place: int, values: Sequence[Any], kind: type) -> Numbering:
        known = {value: number for number, value in enumerate(values, start=1)}
        self.values[place] += values

        def number(value: Any) -> int:
            if value.__class__ is not kind or value not in known:
                raise UnplainError
            return known[value]

        return number

    def _integers(self, place: int) -> Numbering:
        known: dict[int, int] = {}

        def number(value: Any) -> int:
            if value.__class__ is not int or value not in INTEGERS:
                raise UnplainError
            found = known.get(value)
            return found if found is not None else self._new(place, known, value, value)

        return number

    def _decimals(self, place: int, fact: Fact) -> Numbering:
        """A number for each interval."""
        found = self.intervals.get(fact.name, ())
        self.values[place] += [chosen for _, chosen in found]

        def number(value: Any) -> int:
            if value.__class__ is not Decimal or not 0 < value < FAR:
                raise UnplainError
            at = next((at for at, (interval, _) in enumerate(found, start=1) if interval.holds(value)), None)
            if at is None:
                raise UnplainError
            return at

        return number

    def _lists(self, place: int, fact: Fact) -> Numbering:
        allowed = frozenset(named_values(self.knowledge, fact.name))
        known: dict[tuple[str, ...], int] = {(): 0}

        def number(value: Any) -> int:
            if value.__class__ is not list or not all(one.__class__ is str and one in allowed for one in value):
                raise UnplainError
            key = tuple(sorted(set(value)))
            found = known.get(key)
            return found if found is not None else self._new(place, known, key, list(key))

        return number

    def _new(self, place: int, known: dict[Any, int], key: Any, value: Any) -> int:
        known[key] = len(self.values[place])
        self.values[place].append(value)
        return known[key]
