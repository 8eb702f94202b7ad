"""Lines of NDJSON to a part of a cohort: those that are plain become numbers, the others are read strictly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from lepto.cohort.answering import Answering, Part
from lepto.cohort.coding import ID, Coding, UnplainError
from lepto.facts import Fact
from lepto.read import Record
from lepto.read.record import refused, violation
from lepto.read.stated import record
from lepto.read.strict_json import NotJsonError, parse


def part_of_lines(answering: Answering, data: bytes, name: str, first: int) -> Part:
    """Return the patients on some lines of a file, of which the first has the number `first`."""
    part, coding = Part(), answering.coding
    for number, line in enumerate(data.split(b"\n"), start=first):
        if not line or line.isspace():
            continue
        row = None if answering.by_sparql else _plain(coding, line)
        place = len(part.names)
        if row is None:
            record = _strict(line, f"{name} line {number}", answering.knowledge.facts)
            part.names.append(record.patient)
            part.others.append((place, record))
        else:
            patient, codes = row
            part.names.append(patient)
            part.plain.append(place)
            part.rows.append(codes)
    return part


def _plain(coding: Coding, line: bytes) -> tuple[str, list[int]] | None:
    """The id and the numbers of a patient; None where the line must be read strictly."""
    if b"\\" in line:
        return None
    try:
        stated = orjson.loads(line)
        row = coding.row(stated)
    except (orjson.JSONDecodeError, UnplainError, TypeError):
        return None
    # Without escapes every text stands between two quotes: were a key given twice, there would be more of them.
    return (stated[ID], row) if line.count(b'"') == 2 * _texts(stated) else None


def _texts(value: Any) -> int:
    """How many texts, keys among them, a value holds."""
    if value.__class__ is str:
        return 1
    if value.__class__ is dict:
        return len(value) + sum(_texts(one) for one in value.values() if one.__class__ in (str, list, dict))
    return sum(_texts(one) for one in value) if value.__class__ is list else 0


def _strict(line: bytes, origin: str, facts: Mapping[str, Fact]) -> Record:
    """The record of a line as `lepto recommend` reads it; a line that is no UTF-8 costs itself alone."""
    try:
        return record(parse(line.decode()), origin, facts)
    except UnicodeDecodeError:
        return refused(origin, [violation(origin, "the line is not UTF-8", "save it as UTF-8")])
    except NotJsonError as error:
        return refused(origin, [violation(f"{origin} column {error.column}", error.fault, error.mend)])
