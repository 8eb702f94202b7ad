"""The abstract space of patients, as the ontology cuts it.

For every fact that a criterion reads: silence, and each of its values; for a number one value of every interval between
the thresholds that criteria use. Within an interval no criterion can tell two numbers apart, so one stands for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise, product
from types import MappingProxyType
from typing import Any

from pyoxigraph import NamedNode

from lepto.definition import And, Expression, Has, Not, Or, Some, Stated, Within
from lepto.facts import Fact
from lepto.knowledge import Knowledge
from lepto.vocabulary import LEPTO, RDFS, XSD_BOOLEAN, XSD_INTEGER, local_name

Facts = dict[str, Any]
"""What a JSON file would state of one patient: from the names of facts to their values."""

ON = date(2026, 11, 22)
"""The day for which abstract patients are asked about; their courses ended before it."""

ENDED = "2026-03-01"
# So far from a threshold a number is tried; of these the nearest is taken in which the shapes find nothing odd.
STEPS = {True: (Decimal(0), Decimal(1), Decimal(10)), False: (Decimal(0), Decimal("0.1"), Decimal(1))}


@dataclass(frozen=True)
class Interval:
    """The numbers between two cuts; a cut is a threshold, and whether it lies before (0) or after (1) the number."""

    low: tuple[Decimal, int] | None
    high: tuple[Decimal, int] | None

    def __str__(self) -> str:
        """The interval in words."""
        low = "" if self.low is None else f"{self.low[0]} or more" if self.low[1] == 0 else f"above {self.low[0]}"
        high = "" if self.high is None else f"below {self.high[0]}" if self.high[1] == 0 else f"up to {self.high[0]}"
        return " and ".join(filter(None, (low, high))) or "any number"

    def holds(self, number: Decimal) -> bool:
        """Say whether a number lies between the cuts."""
        above = self.low is None or (number, 0) >= self.low
        return above and (self.high is None or (number, 0) < self.high)


def intervals(limits: Iterable[tuple[str, str]]) -> list[Interval]:
    """Return the intervals into which limits (an operator and a bound) cut the numbers, in their order."""
    cuts = sorted({(Decimal(bound), int(operator in (">", "<="))) for operator, bound in limits})
    return [Interval(low, high) for low, high in pairwise([None, *cuts, None])]


def candidates(interval: Interval, whole: bool) -> list[int | float]:
    """Return numbers in an interval, those next to its cuts first."""
    bounds = [cut[0] for cut in (interval.low, interval.high) if cut] or [Decimal(1)]
    tried = [bound + sign * step for step in STEPS[whole] for bound in bounds for sign in (1, -1)]
    tried.append(sum(bounds, Decimal(0)) / len(bounds))
    held = [number for number in tried if interval.holds(number) and (not whole or number == int(number))]
    return list(dict.fromkeys(int(number) if whole else float(number) for number in held))


class Space:
    """For every fact the values that abstract patients may have, silence (None) first.

    In: the knowledge, and for every number the intervals that its shapes accept with the number that stands for each
    (see `numbers`). `unread` are the facts that no definition reads: they decide nothing and are left out.
    """

    def __init__(self, knowledge: Knowledge, accepted: dict[str, list[tuple[Interval, int | float]]]) -> None:
        self.knowledge = knowledge
        self.intervals = {name: [interval for interval, _ in found] for name, found in accepted.items()}
        chosen = {name: [number for _, number in found] for name, found in accepted.items()}
        read = {local_name(iri) for definition in knowledge.definitions.values() for iri in properties(definition)}
        self.unread = tuple(
            sorted(name for name, fact in knowledge.facts.items() if name not in read and not fact.many)
        )
        self.single: dict[str, tuple[Any, ...]] = {
            name: (None, *_values(knowledge, fact, chosen))
            for name, fact in knowledge.facts.items()
            if name in read and not fact.many and not fact.of_course
        }
        self.courses = tuple(_courses(knowledge, read))
        self.course_list = next(name for name, fact in knowledge.facts.items() if fact.nested)

    def place(self, fact: str, value: Any) -> int:
        """Return the number of the value, or of the interval, in which a stated value of a fact lies; 0 for silence."""
        if value is None or fact not in self.intervals:
            return self.single[fact].index(value)
        number = Decimal(str(value))
        return 1 + next(place for place, interval in enumerate(self.intervals[fact]) if interval.holds(number))

    def told(self, fact: str, places: Iterable[int]) -> list[Any]:
        """Return the values of those numbers as a reader would say them: neighbouring intervals as one, in words; None
        for silence.
        """
        if fact not in self.intervals:
            return [self.single[fact][place] for place in places]
        known, last = sorted(places), len(self.intervals[fact])
        runs: list[list[int]] = []
        for place in (place for place in known if place):
            if runs and runs[-1][-1] == place - 1:
                runs[-1].append(place)
            else:
                runs.append([place])
        return [None] * (0 in known) + [self._words(fact, run[0], run[-1], last) for run in runs]

    def _words(self, fact: str, first: int, end: int, last: int) -> str:
        """The intervals of a fact from one number to another in words; what no record may state is no limit."""
        low = None if first == 1 else self.intervals[fact][first - 1].low
        return str(Interval(low, None if end == last else self.intervals[fact][end - 1].high))

    def read_fact(self, iri: str) -> str:
        """Return the fact of a patient under which a property is stated: its own name, or that of the course list."""
        name = local_name(iri)
        return self.course_list if self.knowledge.facts[name].of_course else name


def numbers(
    knowledge: Knowledge, named: Mapping[str, Iterable[str]] = MappingProxyType({})
) -> Iterator[tuple[str, Interval, list[int | float]]]:
    """Yield every interval of every number that a definition reads, with the fact and candidates in the interval.

    `named` numbers of a fact, such as those that shapes name, are intervals of their own.
    """
    limits = {name: {(side, number) for number in found for side in ("<", ">")} for name, found in named.items()}
    for definition in knowledge.definitions.values():
        for within in _within(definition):
            limits.setdefault(local_name(within.property), set()).update(within.limits)
    for name, found in sorted(limits.items()):
        whole = knowledge.facts[name].datatype == XSD_INTEGER
        for interval in intervals(found):
            yield name, interval, candidates(interval, whole)


def properties(expression: Expression) -> set[str]:
    """Return the properties that a class expression restricts."""
    match expression:
        case And(parts) | Or(parts):
            return {iri for part in parts for iri in properties(part)}
        case Not(part):
            return properties(part)
        case Some(prop, filler):
            return {prop} | properties(filler)
        case _:
            return {expression.property} if isinstance(expression, Has | Within | Stated) else set()


def _within(expression: Expression) -> Iterator[Within]:
    match expression:
        case Within():
            yield expression
        case And(parts) | Or(parts):
            for part in parts:
                yield from _within(part)
        case Not(part) | Some(_, part):
            yield from _within(part)


def named_values(knowledge: Knowledge, name: str) -> list[str]:
    """Return the local names of the values of a fact whose values are named things."""
    quads = knowledge.store.quads_for_pattern(NamedNode(LEPTO + name), NamedNode(RDFS + "range"), None, None)
    range_ = next(quads).object
    assert isinstance(range_, NamedNode)
    return [local_name(iri) for iri in knowledge.values.members[range_.value]]


def _values(knowledge: Knowledge, fact: Fact, chosen: dict[str, list[int | float]]) -> Sequence[Any]:
    if fact.datatype == XSD_BOOLEAN:
        return True, False
    return named_values(knowledge, fact.name) if fact.datatype is None else chosen[fact.name]


def _courses(knowledge: Knowledge, read: set[str]) -> Iterator[Facts]:
    """Every course that definitions can tell from another: all values of what is read of it, silence included."""
    facts = [fact for name, fact in knowledge.facts.items() if fact.of_course and name in read]
    choices = [[None, ENDED] if fact.datatype else [None, *_values(knowledge, fact, {})] for fact in facts]
    for combination in product(*choices):
        yield {fact.name: value for fact, value in zip(facts, combination, strict=True) if value is not None}
