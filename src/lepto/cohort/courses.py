"""Lists of courses as numbers: two lists with the same courses have the same number.

Of the dates of a course it counts which are there, in which order they are, and whether the last of them is the day of
the question: no criterion and no shape tells more of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import combinations
from typing import Any, Final, TypeAlias

import numpy as np

from lepto.cohort.arrays import Numbers
from lepto.cohort.plain import PLAIN_DATE, UnplainError
from lepto.knowledge import Knowledge
from lepto.space import Facts, named_values

Sound: TypeAlias = Callable[[Sequence[Facts]], Iterable[bool]]
UNPLAIN: Final = -1
MOST_COURSES: Final = 32
"""A list with more different courses is left to the road of single patients."""
_ROOM: Final = 1 << 32
"""More than there are numbers of courses."""


class CourseLists:
    """Numbers for lists of courses.

    In: the knowledge, on which courses the shapes find nothing, and the day of the question. `name` is
    that of the lists, `facts` are what is told of a course, `dates` those that are dates; `values` is what the numbers
    stand for, as a file would state it; they are given out as lists come in.
    """

    def __init__(self, knowledge: Knowledge, is_sound: Sound, on: date) -> None:
        facts = {name: fact for name, fact in knowledge.facts.items() if fact.of_course}
        self.name = next(name for name, fact in knowledge.facts.items() if fact.nested)
        self.facts = tuple(facts)
        self.dates = tuple(name for name, fact in facts.items() if fact.datatype is not None)
        self.is_sound, self.on = is_sound, on
        self.values: list[list[Facts] | None] = [None]
        self._named = {
            name: {value: number for number, value in enumerate(named_values(knowledge, name), start=1)}
            for name in facts
            if name not in self.dates
        }
        self._texts = {name: [*values] for name, values in self._named.items()}
        self._courses: list[Facts] = []
        self._number_of: dict[tuple[tuple[str, str], ...], int] = {}
        self._alike: dict[int, int] = {UNPLAIN: UNPLAIN}
        self._extended: dict[int, int] = {}

    @property
    def held(self) -> int:
        """How many lists and kinds of courses are remembered."""
        return len(self.values) + len(self._alike)

    def value(self, name: str, text: str) -> int:
        """Return the number of a value of a fact of courses; of a date its ordinal. Raises UnplainError."""
        if name in self.dates and PLAIN_DATE.fullmatch(text):
            day = date.fromisoformat(text)
            if day <= self.on:
                return day.toordinal()
        elif number := self._named.get(name, {}).get(text):
            return number
        raise UnplainError

    def number(self, value: Any) -> int:
        """Return the number of a list of courses, as JSON has it. Raises UnplainError."""
        if value.__class__ is not list:
            raise UnplainError
        rows = np.zeros((len(value), len(self.facts)), dtype=np.int64)
        for row, course in zip(rows, value, strict=True):
            if course.__class__ is not dict or not all(text.__class__ is str for text in course.values()):
                raise UnplainError
            for name, text in course.items():
                number = self.value(name, text)
                row[self.facts.index(name)] = number
        (found,) = self.numbers(np.zeros(len(value), dtype=np.int64), rows, 1).tolist()
        if found == UNPLAIN:
            raise UnplainError
        return int(found)

    def numbers(self, of_list: Numbers, courses: Numbers, many: int) -> Numbers:
        """Return the numbers of so many lists, UNPLAIN for one that is not plain.

        In: for each course in which list it stands, and its values, a column a fact: 0 where nothing is stated, UNPLAIN
        where what is stated has no number.
        """
        found = np.zeros(many, dtype=np.int64)
        numbers = self._numbered(courses)
        lists, numbers = np.divmod(np.unique(of_list * _ROOM + numbers + 1), _ROOM)
        numbers -= 1
        first = np.flatnonzero(np.diff(lists, prepend=-1))
        place = np.arange(len(lists)) - np.repeat(first, np.diff(first, append=len(lists)))
        unplain = lists[(numbers == UNPLAIN) | (place >= MOST_COURSES)]
        for step in range(min(place.max(initial=-1) + 1, MOST_COURSES)):
            at = np.flatnonzero((place == step) & (numbers != UNPLAIN))
            longer, where = np.unique(found[lists[at]] * _ROOM + numbers[at], return_inverse=True)
            found[lists[at]] = np.array([self._longer(one) for one in longer.tolist()], dtype=np.int64)[where]
        found[unplain] = UNPLAIN
        return found

    def _longer(self, key: int) -> int:
        """The number of a list with one course more."""
        found = self._extended.get(key)
        if found is None:
            shorter, course = divmod(key, _ROOM)
            found = self._extended[key] = len(self.values)
            self.values.append([*(self.values[shorter] or ()), self._courses[course]])
        return found

    def _numbered(self, courses: Numbers) -> Numbers:
        """The number of each course; all that differ in nothing that counts are looked at once."""
        dates = [courses[:, self.facts.index(name)] for name in self.dates]
        alike = np.zeros(len(courses), dtype=np.int64)
        for name, texts in self._texts.items():
            alike = alike * (len(texts) + 1) + courses[:, self.facts.index(name)]
        for day in dates:
            alike = alike * 2 + (day > 0)
        for one, other in combinations(dates, 2):
            alike = alike * 3 + 1 + np.sign(one - other)
        alike = alike * 2 + np.logical_or.reduce([day == self.on.toordinal() for day in dates])
        alike[(courses == UNPLAIN).any(axis=1)] = UNPLAIN
        kinds, at, where = np.unique(alike, return_index=True, return_inverse=True)
        self._learn({kind: courses[row] for kind, row in zip(kinds.tolist(), at.tolist(), strict=True)})
        return np.array([self._alike[kind] for kind in kinds.tolist()], dtype=np.int64)[where]

    def _learn(self, kinds: Mapping[int, Numbers]) -> None:
        """Give numbers to the courses of new kinds in which the shapes find nothing."""
        new = {kind: self._course(course.tolist()) for kind, course in kinds.items() if kind not in self._alike}
        unknown = [one for one in dict.fromkeys(new.values()) if one not in self._number_of]
        for one, is_sound in zip(unknown, self.is_sound([dict(one) for one in unknown]), strict=True):
            self._number_of[one] = len(self._courses) if is_sound else UNPLAIN
            if is_sound:
                self._courses.append(dict(one))
        self._alike |= {kind: self._number_of[one] for kind, one in new.items()}

    def _course(self, numbers: Sequence[int]) -> tuple[tuple[str, str], ...]:
        """What is told of a course, whose dates become the last days that are in the same order."""
        course = dict(zip(self.facts, numbers, strict=True))
        given = sorted({course[name] for name in self.dates if course[name]}, reverse=True)
        latest = self.on - timedelta(days=bool(given and given[0] < self.on.toordinal()))
        facts = {name: texts[course[name] - 1] for name, texts in self._texts.items() if course[name]}
        for name in self.dates:
            if course[name]:
                facts[name] = (latest - timedelta(days=given.index(course[name]))).isoformat()
        return tuple(sorted(facts.items()))
