"""Lists of courses as numbers: two lists with the same courses have the same number.

Of the dates of a course it counts which are there, in which order they are, and whether the last of them is the day of
the question: no criterion and no shape tells more of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, Final, TypeAlias

from lepto.cohort.plain import KEPT, PLAIN_DATE, UnplainError, loaded
from lepto.knowledge import Knowledge
from lepto.space import Facts, named_values

Sound: TypeAlias = Callable[[Mapping[str, str]], bool]
Key: TypeAlias = tuple[tuple[str, str], ...]
_DATE: Final = re.compile(rb'"([0-9]{4}-[0-9]{2}-[0-9]{2})"')


class CourseLists:
    """Numbers for lists of courses.

    In: the knowledge, whether the shapes find nothing on a course, and the day of the question. `values` is what the
    numbers stand for, as a file would state it; they are given out as lists come in.
    """

    def __init__(self, knowledge: Knowledge, is_sound: Sound, on: date) -> None:
        facts = {name: fact for name, fact in knowledge.facts.items() if fact.of_course}
        self.allowed = {n: frozenset(named_values(knowledge, n)) for n, f in facts.items() if f.datatype is None}
        self.dates = sorted(name for name, fact in facts.items() if fact.datatype is not None)
        self.is_sound, self.on = is_sound, on
        self.values: list[list[Facts] | None] = [None]
        self._numbers: dict[tuple[Key, ...], int] = {(): 0}
        self._are_sound: dict[Key, bool] = {}
        self._read: dict[tuple[bytes | int, ...], Key] = {}
        self._asked_on = on.isoformat().encode()
        self._days: set[bytes] = set()

    def number(self, value: Any) -> int:
        """Return the number of a list of courses. Raises UnplainError."""
        if value.__class__ is not list:
            raise UnplainError
        return self._number({self._course(course) for course in value})

    def number_of_text(self, text: bytes) -> int:
        """Return the number of a list whose text between the brackets is JSON. Raises UnplainError."""
        if not text:
            return 0
        if text[:1] != b"{" or text[-1:] != b"}":
            raise UnplainError
        inside = text[1:-1]
        return self._number({self._of_text(one) for one in inside.split(b"}, {" if b"}, {" in inside else b"},{")})

    def _number(self, courses: set[Key]) -> int:
        key = tuple(sorted(courses))
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = len(self.values)
            self.values.append([dict(course) for course in key])
        return found

    def _of_text(self, text: bytes) -> Key:
        """A course by the text between its braces: those that differ in their dates alone are read once."""
        parts = _DATE.split(text)
        dates = parts[1::2]
        for day in dates:
            if day not in self._days:
                self._look_at_day(day)
        order = sorted({*dates})
        alike = (*parts[::2], *map(order.index, dates), bool(order) and order[-1] == self._asked_on)
        found = self._read.get(alike)
        if found is None:
            if len(self._read) == KEPT:
                self._read.clear()
            found = self._read[alike] = self._course(loaded(b"{" + text + b"}"))
        return found

    def _look_at_day(self, text: bytes) -> None:
        if not PLAIN_DATE.fullmatch(text.decode()) or text > self._asked_on:
            raise UnplainError
        self._days.add(text)

    def _course(self, course: Any) -> Key:
        if course.__class__ is not dict:
            raise UnplainError
        parts = []
        for name, value in course.items():
            if value.__class__ is not str:
                raise UnplainError
            if name in self.allowed and value in self.allowed[name]:
                parts.append((name, value))
            elif name not in self.dates:
                raise UnplainError
            else:
                self._look_at_day(value.encode())
        given = sorted({course[name] for name in self.dates if name in course}, reverse=True)
        latest = self.on - timedelta(days=bool(given and given[0] < self.on.isoformat()))
        order = {day: (latest - timedelta(days=place)).isoformat() for place, day in enumerate(given)}
        key = tuple(sorted([*parts, *((name, order[course[name]]) for name in self.dates if name in course)]))
        if key not in self._are_sound:
            self._are_sound[key] = self.is_sound(dict(key))
        if not self._are_sound[key]:
            raise UnplainError
        return key
