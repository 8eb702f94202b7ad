"""The values that a fact can have, with the names under which a clinician reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from lepto.knowledge import Knowledge
from lepto.space import Interval, named_values, numbers
from lepto.vocabulary import LEPTO, XSD_BOOLEAN, XSD_DATE

# The day on which the invented patients are looked at, and on which whatever has a date happens: any day will do.
DAY = date(2000, 1, 1)


@dataclass(frozen=True)
class Value:
    """A value as a record states it, and its name; `span` is the interval of numbers for which it stands."""

    stated: str | int | float | bool
    label: str
    span: Interval | None = None


def values_of(knowledge: Knowledge, name: str) -> tuple[Value, ...]:
    """Return the values of a fact: those of its class, both booleans, a date, or a number for every interval between
    the thresholds that definitions set.
    """
    fact = knowledge.facts[name]
    if fact.datatype is None:
        return tuple(Value(value, knowledge.label(LEPTO + value)) for value in named_values(knowledge, name))
    if fact.datatype == XSD_BOOLEAN:
        return Value(True, "yes"), Value(False, "no")
    if fact.datatype == XSD_DATE:
        return (Value(DAY.isoformat(), "a date"),)
    return tuple(
        Value(candidates[0], str(interval), interval)
        for fact_of, interval, candidates in numbers(knowledge)
        if fact_of == name
    )


def labels(values: Sequence[Value]) -> tuple[str, ...]:
    """Return the names of values in their order; neighbouring intervals of numbers are told as one."""
    merged: list[Interval] = []
    for span in (value.span for value in values if value.span):
        if merged and merged[-1].high == span.low:
            span = Interval(merged.pop().low, span.high)
        merged.append(span)
    return (*(value.label for value in values if not value.span), *map(str, merged))
