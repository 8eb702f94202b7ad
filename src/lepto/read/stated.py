"""From keys and values, as JSON and CSV state them, to a record: a mechanical mapping that judges nothing.

What does not fit a fact (a number where a name belongs, a text where a number belongs, an unknown key) is carried over
under its honest datatype, so that validation refuses it by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from urllib.parse import quote

from pyoxigraph import Literal, NamedNode

from lepto.facts import Fact
from lepto.read.literals import boolean_literal, decimal_literal, integer_literal, is_date, is_integer
from lepto.read.record import Course, Record, Statement, accepted, id_violation, refused, violation
from lepto.read.strict_json import Number, Object, Value, dump, faults
from lepto.vocabulary import LEPTO, RDF_JSON, XSD_DATE, XSD_DECIMAL

ID = "id"


def record(stated: Value, origin: str, facts: Mapping[str, Fact]) -> Record:
    """Return the record of one patient, stated as an object with an `id`; refused where the object is not sound."""
    if not isinstance(stated, Object):
        mend = 'write each patient as an object, such as {"id": "V01"} and the facts'
        return refused(origin, [violation(origin, "this is not a patient", mend)])
    findings = [violation(origin, fault.fault, fault.mend, fault.key, fault.value) for fault in faults(stated)]
    name = stated.get(ID)
    unnamed = id_violation(name, origin)
    if unnamed is not None:
        return refused(origin, [*findings, unnamed])
    if findings:
        return refused(origin, findings, str(name) if stated.count(ID) == 1 else None)
    return accepted(str(name), origin, *_statements_and_courses(stated, facts))


def _statements_and_courses(stated: Object, facts: Mapping[str, Fact]) -> tuple[list[Statement], list[Course]]:
    of_patient = {name: fact for name, fact in facts.items() if not fact.of_course}
    of_course = {name: fact for name, fact in facts.items() if fact.of_course}
    statements: list[Statement] = []
    courses: list[Course] = []
    for key, value, fact in _parts(stated, of_patient):
        if fact is not None and fact.nested and isinstance(value, Object):
            courses.append((_name(key), frozenset(_statements(value, of_course))))
        elif key != ID:
            statements.append((_name(key), _term(value, fact)))
    return statements, courses


def _statements(stated: Object, facts: Mapping[str, Fact]) -> Iterator[Statement]:
    return ((_name(key), _term(value, fact)) for key, value, fact in _parts(stated, facts))


def _parts(stated: Object, facts: Mapping[str, Fact]) -> Iterator[tuple[str, Value, Fact | None]]:
    """Yield each key with each of its values; an array under a fact is taken apart (an empty one only in a list)."""
    for key, value in stated.pairs:
        fact = facts.get(key)
        if isinstance(value, list) and fact is not None and (value or fact.many):
            yield from ((key, part, fact) for part in value)
        else:
            yield key, value, fact


@lru_cache(maxsize=4096)
def _name(key: str) -> NamedNode:
    return NamedNode(LEPTO + quote(key, safe=""))


def _term(value: Value, fact: Fact | None) -> NamedNode | Literal:
    if isinstance(value, str):
        return _text(value, fact)
    if isinstance(value, bool):
        return boolean_literal(value)
    if isinstance(value, Number):
        return _number(value.text, fact)
    return Literal(dump(value), datatype=NamedNode(RDF_JSON))


def _text(text: str, fact: Fact | None) -> NamedNode | Literal:
    if fact is None or fact.nested:
        return Literal(text)
    if fact.datatype is None and text.strip():
        return _name(text)
    if fact.datatype == XSD_DATE and is_date(text):
        return Literal(text, datatype=NamedNode(XSD_DATE))
    return Literal(text)


def _number(text: str, fact: Fact | None) -> Literal:
    if fact is not None and fact.datatype == XSD_DECIMAL:
        return decimal_literal(text)
    return integer_literal(text) if is_integer(text) else decimal_literal(text, point=True)
