"""Patients in plain JSON: one object, an array of objects, or one object a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

from lepto.errors import InputError
from lepto.facts import Fact
from lepto.read import limits
from lepto.read.record import Record, refused, violation
from lepto.read.stated import record
from lepto.read.strict_json import NotJsonError, Object, Value, parse
from lepto.read.text import Line, decode, lines

_FHIR = "resourceType"


def read_document(document: Value, name: str, facts: Mapping[str, Fact]) -> list[Record]:
    """Return the records of a parsed JSON document, in its order. Raises InputError where it is FHIR."""
    items = document if isinstance(document, list) else [document]
    _refuse_fhir(items[:1], name)
    return [record(item, f"{name} item {number}", facts) for number, item in enumerate(items, start=1)]


def read_lines(stream: BinaryIO, name: str, facts: Mapping[str, Fact]) -> Iterator[Record]:
    """Yield the record of each line of NDJSON, a bad line costing itself alone.

    Raises InputError where the file is not UTF-8, or its first line is FHIR.
    """
    for position, line in enumerate(lines(stream)):
        stated = _parsed(line, name)
        if position == 0:
            _refuse_fhir([stated], name)
        yield stated if isinstance(stated, Record) else record(stated, _origin(line, name), facts)


def _parsed(line: Line, name: str) -> Value | Record:
    if line.content is None:
        mend = f"a patient may take up to {limits.LINE_BYTES} bytes"
        return refused(_origin(line, name), [violation(_origin(line, name), "the line is too long to be read", mend)])
    try:
        return parse(decode(line.content, name, line.offset))
    except NotJsonError as error:
        place = f"{_origin(line, name)} column {error.column}"
        return refused(_origin(line, name), [violation(place, error.fault, error.mend)])


def _origin(line: Line, name: str) -> str:
    return f"{name} line {line.number}"


def _refuse_fhir(items: Sequence[Value | Record], name: str) -> None:
    if any(isinstance(item, Object) and item.count(_FHIR) for item in items):
        fault = f'this is FHIR ("{_FHIR}"), and FHIR intake is not part of this version'
        raise InputError(name, "the first patient", fault, "give the facts as LEPTO JSON, CSV, Turtle or JSON-LD")
