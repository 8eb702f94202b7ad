"""The values that a fact can have, as the ontology lists them or as its thresholds divide the numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pyoxigraph import NamedNode

from lepto.definition import And, Expression, Or, Some, Within
from lepto.knowledge import Knowledge
from lepto.vocabulary import LEPTO, RDFS, XSD_BOOLEAN, XSD_DATE, XSD_INTEGER, local_name

# The day on which the invented patients are looked at, and on which whatever has a date happens: any day will do.
DAY = date(2000, 1, 1)


@dataclass(frozen=True)
class Value:
    """A value as a record states it, and its name; `span` is the stretch of numbers for which it stands."""

    stated: str | int | float | bool
    label: str
    span: Span | None = None


@dataclass(frozen=True)
class Span:
    """A stretch of numbers; None is no limit, and a limit belongs to the stretch where it is said to be closed."""

    low: Decimal | None
    closed_low: bool
    high: Decimal | None
    closed_high: bool

    @property
    def words(self) -> str:
        """The stretch in words."""
        if self.low is not None and self.low == self.high:
            return f"exactly {self.low}"
        low = f"{self.low} or more" if self.closed_low else f"above {self.low}"
        high = f"{self.high} or less" if self.closed_high else f"below {self.high}"
        return " and ".join(text for text, limit in ((low, self.low), (high, self.high)) if limit is not None)


def values_of(knowledge: Knowledge, name: str) -> tuple[Value, ...]:
    """Return the values of a fact: those of its class, both booleans, a date, or a number for every stretch between
    the thresholds that definitions set.
    """
    fact = knowledge.facts[name]
    if fact.datatype is None:
        range_ = next(knowledge.store.quads_for_pattern(NamedNode(LEPTO + name), NamedNode(RDFS + "range"), None, None))
        assert isinstance(range_.object, NamedNode)
        return tuple(
            Value(local_name(iri), knowledge.label(iri)) for iri in knowledge.values.members[range_.object.value]
        )
    if fact.datatype == XSD_BOOLEAN:
        return Value(True, "yes"), Value(False, "no")
    if fact.datatype == XSD_DATE:
        return (Value(DAY.isoformat(), "a date"),)
    return tuple(_numbers(_thresholds(knowledge, name), whole=fact.datatype == XSD_INTEGER))


def labels(values: Sequence[Value]) -> tuple[str, ...]:
    """Return the names of values in their order; neighbouring stretches of numbers are told as one."""
    merged: list[Span] = []
    for span in (value.span for value in values if value.span):
        if merged and merged[-1].high == span.low and (merged[-1].closed_high or span.closed_low):
            before = merged.pop()
            span = Span(before.low, before.closed_low, span.high, span.closed_high)
        merged.append(span)
    return (*(value.label for value in values if not value.span), *(span.words for span in merged))


def _thresholds(knowledge: Knowledge, name: str) -> list[Decimal]:
    return sorted({limit for part in knowledge.definitions.values() for limit in _limits(part, LEPTO + name)})


def _limits(expression: Expression, property_: str) -> Iterator[Decimal]:
    match expression:
        case Within(prop, _, limits) if prop == property_:
            yield from (Decimal(bound) for _, bound in limits)
        case And(parts) | Or(parts):
            for part in parts:
                yield from _limits(part, property_)
        case Some(_, filler):
            yield from _limits(filler, property_)


def _numbers(thresholds: Sequence[Decimal], whole: bool) -> Iterator[Value]:
    for span in _spans(thresholds):
        number = _within(span, whole)
        if number is not None:
            yield Value(int(number) if number == int(number) else float(number), span.words, span)


def _spans(thresholds: Sequence[Decimal]) -> Iterator[Span]:
    """Every threshold, and every stretch beside and between them."""
    low: Decimal | None = None
    for threshold in thresholds:
        yield Span(low, False, threshold, False)
        yield Span(threshold, True, threshold, True)
        low = threshold
    yield Span(low, False, None, False)


def _within(span: Span, whole: bool) -> Decimal | None:
    """A number inside; None where a whole one is wanted and there is none."""
    if span.low is None or span.high is None:
        known: Iterable[Decimal] = (limit for limit in (span.low, span.high) if limit is not None)
        return next((limit + (1 if span.high is None else -1) for limit in known), Decimal(0))
    middle = (span.low + span.high) / 2
    number = Decimal(int(middle)) if whole else middle
    return number if span.low < number < span.high or span.low == span.high else None
