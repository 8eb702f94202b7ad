"""What is stated of a patient as numbers: a column a fact, a number for each value, 0 for silence.

Only what is plain gets numbers: known facts with known values, sound dates, an id of visible characters. Everything
else (a typing error, a number out of bounds, a date that is none) is left to the road that every single patient takes,
which says what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import orjson

from lepto.facts import Fact
from lepto.knowledge import Knowledge
from lepto.space import Facts, Interval, named_values
from lepto.vocabulary import XSD_BOOLEAN, XSD_DECIMAL, XSD_INTEGER

PLAIN_ID: Final = re.compile(rb' ?"([!#-~](?:[ !#-~]{0,98}[!#-~])?)"')
PLAIN_DATE: Final = re.compile(
    r"(?:19|20)[0-9]{2}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
)
PLAIN_INTEGER: Final = re.compile(r"0|[1-9][0-9]{0,5}")
PLAIN_DECIMAL: Final = re.compile(r"(?:0|[1-9][0-9]{0,5})(?:\.[0-9]{1,12})?")
BOOLEANS: Final = {"true": True, "false": False}
KEPT: Final = 100_000
"""So many members are remembered with their codes; no registry holds more that come again."""
INTEGERS: Final = range(1000)
FAR: Final = Decimal(10) ** 6

Numbers = Callable[[Any], int]
Sound = Callable[[Mapping[str, str]], bool]
Intervals = Mapping[str, Sequence[tuple[Interval, int | float]]]


class UnplainError(Exception):
    """A record has something on it which must be looked at by itself."""


class Coding:
    """Numbers for values.

    In: the knowledge; for every decimal the intervals that no criterion and no shape can tell apart, each with the
    number that stands for it; whether the shapes find nothing on a course; and the day of the question. `facts` are the
    columns, of which `decimals` hold decimals and `lists` lists, that of `courses` among them; `values[column][number]`
    is what a number stands for, as a file would state it. Numbers are given out as values come in.
    """

    def __init__(self, knowledge: Knowledge, intervals: Intervals, is_sound: Sound, on: date) -> None:
        of_patient = {name: fact for name, fact in knowledge.facts.items() if not fact.of_course}
        self.knowledge, self.intervals, self.is_sound, self.on = knowledge, intervals, is_sound, on
        self.facts = tuple(of_patient)
        self.values: list[list[Any]] = [[None] for _ in self.facts]
        self._place = {name: number for number, name in enumerate(self.facts)}
        self._number = [self._numbers(place, fact) for place, fact in enumerate(of_patient.values())]
        self.decimals = frozenset(name for name, fact in of_patient.items() if fact.datatype == XSD_DECIMAL)
        self.lists = frozenset(name for name, fact in of_patient.items() if fact.many)
        self.courses = next(name for name, fact in of_patient.items() if fact.nested)
        self._known: dict[bytes, int] = {}

    def member(self, text: bytes) -> int:
        """Return the code of one member of a JSON object, whose opening quote is left out: `code % W` is the column and
        `code // W` the number, where W is how many facts there are. Raises UnplainError.
        """
        code = self._known.get(text)
        if code is None:
            code = self._coded(text)
            if len(self._known) == KEPT:
                self._known.clear()
            self._known[text] = code
        return code

    def cell(self, name: str, text: str) -> int:
        """Return the code of a fact whose value is written as text, lists as JSON. Raises UnplainError."""
        if name in self.lists:
            return self.code(name, _loaded(text.encode()))
        datatype = self.knowledge.facts[name].datatype if name in self._place else None
        if datatype == XSD_BOOLEAN:
            return self.code(name, BOOLEANS.get(text))
        if datatype == XSD_INTEGER:
            return self.code(name, int(text) if PLAIN_INTEGER.fullmatch(text) else None)
        return self.code(name, decimal_of(text) if name in self.decimals else text)

    def _coded(self, text: bytes) -> int:
        ((name, value),) = _loaded(b'{"' + text + b"}", many=1).items()
        is_decimal = name in self.decimals
        return self.code(name, decimal_of(text.rpartition(b":")[2].decode().strip()) if is_decimal else value)

    def code(self, name: str, value: Any) -> int:
        """Return the code of a fact with its value: a text, a boolean, an integer, a Decimal, or a list of texts or of
        courses. Raises UnplainError.
        """
        place = self._place.get(name)
        if place is None:
            raise UnplainError
        return self._number[place](value) * len(self.facts) + place

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
    def sizes(self) -> list[int]:
        """How many numbers each column has by now."""
        return [len(values) for values in self.values]

    # How a value gets its number

    def _numbers(self, place: int, fact: Fact) -> Numbers:
        if fact.nested:
            return self._course_lists(place)
        if fact.many:
            return self._lists(place, fact)
        if fact.datatype is None:
            return self._named(place, named_values(self.knowledge, fact.name), str)
        if fact.datatype == XSD_BOOLEAN:
            return self._named(place, (True, False), bool)
        return self._integers(place) if fact.datatype == XSD_INTEGER else self._decimals(place, fact)

    def _named(self, place: int, values: Sequence[Any], kind: type) -> Numbers:
        known = {value: number for number, value in enumerate(values, start=1)}
        self.values[place] += values

        def number(value: Any) -> int:
            if value.__class__ is not kind or value not in known:
                raise UnplainError
            return known[value]

        return number

    def _integers(self, place: int) -> Numbers:
        known: dict[int, int] = {}

        def number(value: Any) -> int:
            if value.__class__ is not int or value not in INTEGERS:
                raise UnplainError
            found = known.get(value)
            return found if found is not None else self._new(place, known, value, value)

        return number

    def _decimals(self, place: int, fact: Fact) -> Numbers:
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

    def _lists(self, place: int, fact: Fact) -> Numbers:
        allowed = frozenset(named_values(self.knowledge, fact.name))
        known: dict[tuple[str, ...], int] = {(): 0}

        def number(value: Any) -> int:
            if value.__class__ is not list or not all(one.__class__ is str and one in allowed for one in value):
                raise UnplainError
            key = tuple(sorted(set(value)))
            found = known.get(key)
            return found if found is not None else self._new(place, known, key, list(key))

        return number

    def _course_lists(self, place: int) -> Numbers:
        """A number for each set of courses; of the dates of a course it counts which are there, and in which order."""
        facts = {name: fact for name, fact in self.knowledge.facts.items() if fact.of_course}
        allowed = {n: frozenset(named_values(self.knowledge, n)) for n, f in facts.items() if f.datatype is None}
        dates = sorted(name for name, fact in facts.items() if fact.datatype is not None)
        asked_on = self.on.isoformat()
        known: dict[tuple[tuple[tuple[str, str], ...], ...], int] = {(): 0}
        sound: dict[tuple[tuple[str, str], ...], bool] = {}

        def plain(course: Any) -> tuple[tuple[str, str], ...]:
            if course.__class__ is not dict:
                raise UnplainError
            parts = []
            for name, value in course.items():
                if value.__class__ is not str:
                    raise UnplainError
                if name in allowed and value in allowed[name]:
                    parts.append((name, value))
                elif name not in dates or not PLAIN_DATE.fullmatch(value) or value > asked_on:
                    raise UnplainError
            given = sorted({course[name] for name in dates if name in course}, reverse=True)
            latest = self.on - timedelta(days=bool(given and given[0] < asked_on))
            order = {day: (latest - timedelta(days=place)).isoformat() for place, day in enumerate(given)}
            key = tuple(sorted([*parts, *((name, order[course[name]]) for name in dates if name in course)]))
            if key not in sound:
                sound[key] = self.is_sound(dict(key))
            if not sound[key]:
                raise UnplainError
            return key

        def number(value: Any) -> int:
            if value.__class__ is not list:
                raise UnplainError
            key = tuple(sorted({plain(course) for course in value}))
            found = known.get(key)
            return found if found is not None else self._new(place, known, key, [dict(course) for course in key])

        return number

    def _new(self, place: int, known: dict[Any, int], key: Any, value: Any) -> int:
        known[key] = len(self.values[place])
        self.values[place].append(value)
        return known[key]


def decimal_of(text: str) -> Decimal:
    """Return a number as it is written: as a float it might be rounded to a limit. Raises UnplainError."""
    if not PLAIN_DECIMAL.fullmatch(text):
        raise UnplainError
    return Decimal(text)


def _loaded(text: bytes, many: int | None = None) -> Any:
    """What a JSON text holds, of so many members. Raises UnplainError where it is none, or might state a key twice."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise UnplainError from None
    # Without escapes every text stands between two quotes: were a key given twice, there would be more of them.
    if b"\\" in text or text.count(b'"') != 2 * _texts(value) or (many is not None and len(value) != many):
        raise UnplainError
    return value


def _texts(value: Any) -> int:
    """How many texts, keys among them, a value holds."""
    if value.__class__ is str:
        return 1
    if value.__class__ is dict:
        return len(value) + sum(_texts(one) for one in value.values() if one.__class__ in (str, list, dict))
    return sum(_texts(one) for one in value) if value.__class__ is list else 0
