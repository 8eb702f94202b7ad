"""Patients in plain JSON: one object, an array of objects, or one object a line; FHIR is handed on as resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from lepto.facts import Fact
from lepto.read import limits
from lepto.read.fhir.marks import is_fhir
from lepto.read.record import Record, refused, violation
from lepto.read.stated import record
from lepto.read.strict_json import NotJsonError, Value, parse
from lepto.read.text import Line, decode, lines

if TYPE_CHECKING:
    from lepto.read.fhir.bundles import Absence, Resource

Found: TypeAlias = "Record | Resource | Absence"


def read_document(document: Value, name: str, facts: Mapping[str, Fact]) -> list[Found]:
    """Return the records of a parsed JSON document, in its order, or its resources where it is FHIR."""
    if is_fhir(document):
        return list(_resources(document, name))
    items = document if isinstance(document, list) else [document]
    return [record(item, f"{name} item {number}", facts) for number, item in enumerate(items, start=1)]


def read_lines(stream: BinaryIO, name: str, facts: Mapping[str, Fact]) -> Iterator[Found]:
    """Yield the record of each line of NDJSON, or its resources where it is FHIR, a bad line costing itself alone.

    Raises InputError where the file is not UTF-8.
    """
    return (found for line in lines(stream) for found in read_line(line, name, facts))


def read_line(line: Line, name: str, facts: Mapping[str, Fact]) -> Iterator[Found]:
    """Yield what a line of NDJSON holds: a record, or resources. Raises InputError where it is not UTF-8."""
    stated = parsed(line, name)
    if isinstance(stated, Record):
        yield stated
    elif is_fhir(stated):
        yield from _resources(stated, origin(line, name))
    else:
        yield record(stated, origin(line, name), facts)


def _resources(document: Value, place: str) -> Iterator[Found]:
    from lepto.read.fhir.bundles import resources_of  # only here: most files are no health records

    return resources_of(document, place)


def parsed(line: Line, name: str) -> Value | Record:
    """Return what a line of NDJSON states, or a refused record. Raises InputError where it is not UTF-8."""
    if line.content is None:
        mend = f"a patient may take up to {limits.LINE_BYTES} bytes"
        return refused(origin(line, name), [violation(origin(line, name), "the line is too long to be read", mend)])
    try:
        return parse(decode(line.content.rstrip(b"\r\n"), name, line.offset))
    except NotJsonError as error:
        place = f"{origin(line, name)} column {error.column}"
        return refused(origin(line, name), [violation(place, error.fault, error.mend)])


def origin(line: Line, name: str) -> str:
    """Return where a record is that stands on a line."""
    return f"{name} line {line.number}"
