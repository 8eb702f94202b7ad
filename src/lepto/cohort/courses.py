"""Lists of courses as numbers: two lists with the same courses have the same number.

Of the dates of a course it counts which are there, in which order they are, and whether the last of them is the day of
the question: no criterion and no shape tells more of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from itertools import islice
from typing import Any, Final, TypeAlias, cast

import numpy as np

from lepto.cohort.plain import PLAIN_DATE, UnplainError, loaded
from lepto.knowledge import Knowledge
from lepto.space import Facts, named_values

Sound: TypeAlias = Callable[[Mapping[str, str]], bool]
Key: TypeAlias = tuple[tuple[str, str], ...]
BETWEEN: Final = b"},{"
MOST_DATES, NO_DAY = 2, -1
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
        self._outlines: dict[bytes, tuple[int, int]] = {}
        self._read: dict[int, Key | None] = {}
        self._days: dict[bytes, int] = {}

    @property
    def held(self) -> int:
        """How many lists and courses are remembered."""
        return len(self.values) + len(self._outlines) + len(self._read)

    def number(self, value: Any) -> int:
        """Return the number of a list of courses. Raises UnplainError."""
        if value.__class__ is not list:
            raise UnplainError
        return self._number({self._course(course) for course in value})

    def numbers_of_texts(self, texts: Sequence[bytes]) -> list[int]:
        """Return the numbers of lists whose text between the brackets is JSON, -1 for one that is not plain.

        All courses are looked at together: those that differ in their dates alone are read once.
        """
        held = [text[1:-1] if text[:1] == b"{" and text[-1:] == b"}" else None for text in texts]
        joined = BETWEEN.join(text for text in held if text is not None).replace(b"}, {", BETWEEN)
        many = [0 if text is None else 1 + text.count(BETWEEN) + text.count(b"}, {") for text in held]
        keys = iter(self._of_texts(joined)) if any(many) else iter(())
        found = []
        for text, number in zip(texts, many, strict=True):
            courses = {*islice(keys, number)}
            is_plain = None not in courses and (number or not text)
            found.append(self._number(cast("set[Key]", courses)) if is_plain else -1)
        return found

    def _of_texts(self, joined: bytes) -> list[Key | None]:
        """The courses of a text in which they follow each other; None for one that is not plain."""
        outlines, days = _DATE.sub(b'"\1"', joined).split(BETWEEN), _DATE.findall(joined)
        texts = joined.split(BETWEEN)
        kinds = [self._outlines.get(outline) or self._outline(outline) for outline in outlines]
        kind, many = np.array(kinds).T
        first = np.cumsum(many) - many
        day = np.array([0, *map(self._day, days), 0], dtype=np.int64)
        one, two = np.where(many > 0, day[first + 1], 0), np.where(many > 1, day[np.minimum(first + 2, len(days))], 0)
        order = np.where(many > 1, np.sign(one - two) + 1, 3)
        latest = np.maximum(one, two) == self.on.toordinal()
        alike = (kind * 4 + order) * 2 + latest
        is_odd = (many > MOST_DATES) | ((many > 0) & (one == NO_DAY)) | ((many > 1) & (two == NO_DAY))
        alike = np.where(is_odd, -1, alike)
        _, at, where = np.unique(alike, return_index=True, return_inverse=True)
        read = [None if alike[place] < 0 else self._read_once(int(alike[place]), texts[place]) for place in at.tolist()]
        return [read[number] for number in where.tolist()]

    def _outline(self, outline: bytes) -> tuple[int, int]:
        """The number of a course without its dates, and how many these are."""
        return self._outlines.setdefault(outline, (len(self._outlines), outline.count(b'"\1"')))

    def _day(self, text: bytes) -> int:
        found = self._days.get(text)
        if found is None:
            plain = PLAIN_DATE.fullmatch(text.decode())
            found = self._days[text] = date.fromisoformat(text.decode()).toordinal() if plain else NO_DAY
            if found > self.on.toordinal():
                found = self._days[text] = NO_DAY
        return found

    def _read_once(self, alike: int, text: bytes) -> Key | None:
        if alike not in self._read:
            try:
                self._read[alike] = self._course(loaded(b"{" + text + b"}"))
            except UnplainError:
                self._read[alike] = None
        return self._read[alike]

    def _number(self, courses: set[Key]) -> int:
        key = tuple(sorted(courses))
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = len(self.values)
            self.values.append([dict(course) for course in key])
        return found

    def _course(self, course: Any) -> Key:
        if course.__class__ is not dict:
            raise UnplainError
        parts = []
        for name, value in course.items():
            if value.__class__ is not str:
                raise UnplainError
            if name in self.allowed and value in self.allowed[name]:
                parts.append((name, value))
            elif name not in self.dates or self._day(value.encode()) == NO_DAY:
                raise UnplainError
        given = sorted({course[name] for name in self.dates if name in course}, reverse=True)
        latest = self.on - timedelta(days=bool(given and given[0] < self.on.isoformat()))
        order = {day: (latest - timedelta(days=place)).isoformat() for place, day in enumerate(given)}
        key = tuple(sorted([*parts, *((name, order[course[name]]) for name in self.dates if name in course)]))
        if key not in self._are_sound:
            self._are_sound[key] = self.is_sound(dict(key))
        if not self._are_sound[key]:
            raise UnplainError
        return key
