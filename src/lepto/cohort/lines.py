"""Lines of NDJSON to a part of a cohort: those that are plain become numbers, the others are read strictly.

A line is taken apart at its commas without being parsed. That is sound: where every piece by itself is one member of a
JSON object, the line is the object of these members, for JSON has no other way to read it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from lepto.cohort.answering import Answering
from lepto.cohort.coding import Coding
from lepto.cohort.criteria import Rows
from lepto.cohort.part import Part
from lepto.cohort.plain import PLAIN_ID, UnplainError
from lepto.cohort.resolution import Flags
from lepto.facts import Fact
from lepto.read import Record
from lepto.read.limits import LINE_BYTES
from lepto.read.record import refused, violation
from lepto.read.stated import record
from lepto.read.strict_json import NotJsonError, parse

ID: Final = b'id":'


def part_of_lines(answering: Answering, data: bytes, name: str, first: int) -> Part:
    """Return the patients on some lines of a file, of which the first has the number `first`."""
    facts, coding = answering.knowledge.facts, answering.coding
    names: list[str] = []
    origins: list[str] = []
    others: dict[int, Record] = {}
    codes: list[int] = []
    lengths: list[int] = []
    plain: dict[int, bytes] = {}
    for number, line in enumerate(data.split(b"\n"), start=first):
        line = line.removesuffix(b"\r")
        found = None if answering.by_sparql else _members(coding, line)
        if found is None and not line.strip(b" \t\r\n"):
            continue
        place = len(names)
        origins.append(f"{name} line {number}")
        if found is None:
            others[place] = _strict(line, origins[place], facts)
            names.append(others[place].patient)
        else:
            patient, members = found
            names.append(patient)
            plain[place] = line
            lengths.append(len(members))
            codes += members
    rows, twice = rows_of(coding, codes, lengths)
    places = np.array(list(plain), dtype=np.int64)
    others |= {place: _strict(plain[place], origins[place], facts) for place in places[twice].tolist()}
    return Part(names, origins, places[~twice], rows[~twice], sorted(others.items(), key=lambda item: item[0]))


def rows_of(coding: Coding, codes: Sequence[int], lengths: Sequence[int]) -> tuple[Rows, Flags]:
    """Return the codes of patients, so many a patient, as a row of numbers each, and who has a fact stated twice."""
    width = len(coding.facts)
    coded = np.array(codes, dtype=np.int64)
    places = np.repeat(np.arange(len(lengths)), lengths) * width + coded % width
    rows = np.zeros(len(lengths) * width, dtype=np.int32)
    rows[places] = coded // width
    stated = np.bincount(places, minlength=len(rows)).reshape(-1, width)
    return rows.reshape(-1, width), stated.max(axis=1, initial=0) > 1


def _members(coding: Coding, line: bytes) -> tuple[str, list[int]] | None:
    """The id and the codes of a patient's members; None where the line must be read strictly."""
    if line[:2] != b'{"' or line[-1:] != b"}" or b"\\" in line:
        return None
    pieces = _pieces(line[2:-1])
    place = next((place for place, piece in enumerate(pieces) if piece.startswith(ID)), None)
    named = None if place is None else PLAIN_ID.fullmatch(pieces.pop(place), len(ID))
    if named is None:
        return None
    try:
        return named[1].decode(), coding.members(pieces)
    except UnplainError:
        return None


def _pieces(members: bytes) -> list[bytes]:
    """Take the text between the braces apart, after commas before a quote that stand in no brackets."""
    separator = b', "' if b', "' in members else b',"'
    outside, bracket, rest = members.partition(b"[")
    pieces = outside.split(separator)
    while bracket:
        inside, closed, rest = rest.partition(b"]")
        outside, bracket, rest = rest.partition(b"[")
        first, *others = outside.split(separator)
        pieces[-1] += b"[" + inside + closed + first
        pieces += others
    return pieces


def _strict(line: bytes, origin: str, facts: Mapping[str, Fact]) -> Record:
    """The record of a line as `lepto recommend` reads it; a line that is no UTF-8 costs itself alone."""
    if len(line) > LINE_BYTES:
        mend = f"a patient may take up to {LINE_BYTES} bytes"
        return refused(origin, [violation(origin, "the line is too long to be read", mend)])
    try:
        return record(parse(line.decode()), origin, facts)
    except UnicodeDecodeError:
        return refused(origin, [violation(origin, "the line is not UTF-8", "save it as UTF-8")])
    except NotJsonError as error:
        return refused(origin, [violation(f"{origin} column {error.column}", error.fault, error.mend)])
