"""Lines of NDJSON to a part of a cohort: those that are plain become numbers, the others are read strictly.

A line is taken apart at its commas without being parsed. That is sound: where every piece by itself is one member of a
JSON object, the line is the object of these members, for JSON has no other way to read it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Final

import numpy as np

from lepto.cohort.answering import Answering
from lepto.cohort.coding import Coding
from lepto.cohort.criteria import Rows
from lepto.cohort.part import Origins, Part
from lepto.cohort.plain import PLAIN_ID, UnplainError
from lepto.cohort.resolution import Bits, Flags
from lepto.facts import Fact
from lepto.read import Record
from lepto.read.limits import LINE_BYTES
from lepto.read.record import refused, violation
from lepto.read.stated import record
from lepto.read.strict_json import NotJsonError, parse

ID: Final = b'id":'
ODD: Final = (b"\\", b"\0", b"\1", b', ",', b', "}', b', "]', b', ":')
"""What has a line read strictly: escapes, marks for lists and dates, a text that ends as if another began."""
LIST: Final = b"[]"
UNKNOWN, IDENTIFIER = -1, -2


def part_of_lines(answering: Answering, data: bytes, name: str, first: int) -> Part:
    """Return the patients on some lines of a file, of which the first has the number `first`."""
    facts, coding = answering.knowledge.facts, answering.coding
    lines = data.split(b"\n")
    held = [place for place, line in enumerate(lines) if line and not line.isspace()]
    lines = [lines[place] for place in held]
    origins = Origins(name, "line", [first + place for place in held])
    may_be_plain = np.array([line[:2] == b'{"' and line[-1:] == b"}" for line in lines], dtype=np.bool_)
    if answering.by_sparql:
        may_be_plain[:] = False
    elif any(mark in data for mark in ODD):
        may_be_plain &= [not any(mark in line for mark in ODD) for line in lines]
    whole = np.flatnonzero(may_be_plain)
    patients, rows, is_plain = _numbers(coding, [lines[place] for place in whole])
    names = [""] * len(lines)
    for place, patient in zip(whole.tolist(), patients, strict=True):
        names[place] = patient
    plain = whole[is_plain]
    others = []
    for place in np.setdiff1d(np.arange(len(lines)), plain, assume_unique=True).tolist():
        others.append((place, _strict(lines[place].removesuffix(b"\r"), origins[place], facts)))
        names[place] = others[-1][1].patient
    return Part(names, origins, plain, rows[is_plain], others)


def _numbers(coding: Coding, lines: Sequence[bytes]) -> tuple[list[str], Rows, Flags]:
    """The ids of patients, their rows of numbers, and who of them is plain.

    All lines are taken apart at once. What begins a line is marked by a line break, which no piece holds.
    """
    pieces = _pieces(coding, b',"\n'.join([b"", *(line[2:-1] for line in lines)]))[1:]
    codes = np.fromiter(map(coding.known.get, pieces, repeat(UNKNOWN)), dtype=np.int64, count=len(pieces))
    patients, starts, named = [b""] * len(lines), [], np.zeros(len(lines), dtype=np.int64)
    for place in np.flatnonzero(codes == UNKNOWN).tolist():
        piece = pieces[place]
        if piece[:1] == b"\n":
            starts.append(place)
            piece = piece[1:]
        if piece.startswith(ID):
            found = PLAIN_ID.fullmatch(piece, len(ID))
            patients[len(starts) - 1] = found[1] if found else b""
            named[len(starts) - 1] += 1 if found else 2
            codes[place] = IDENTIFIER
        else:
            codes[place] = _learned(coding, piece)
    lengths = np.diff([*starts, len(pieces)])
    of_row = np.repeat(np.arange(len(lines)), lengths)
    rows, twice = _rows(coding, of_row[codes >= 0], codes[codes >= 0], len(lines))
    unplain = np.bincount(of_row[codes == UNKNOWN], minlength=len(lines)) > 0
    return b"\n".join(patients).decode().split("\n")[: len(lines)], rows, (named == 1) & ~unplain & ~twice


def rows_of(coding: Coding, codes: Sequence[int], lengths: Sequence[int]) -> tuple[Rows, Flags]:
    """Return the codes of patients, so many a patient, as a row of numbers each, and who has a fact stated twice."""
    of_row = np.repeat(np.arange(len(lengths)), lengths)
    return _rows(coding, of_row, np.array(codes, dtype=np.int64), len(lengths))


def _rows(coding: Coding, of_row: Bits, codes: Bits, many: int) -> tuple[Rows, Flags]:
    width = len(coding.facts)
    places = of_row * width + codes % width
    rows = np.zeros(many * width, dtype=np.int32)
    rows[places] = codes // width
    stated = np.bincount(places, minlength=len(rows)).reshape(-1, width)
    return rows.reshape(-1, width), stated.max(axis=1, initial=0) > 1


def _learned(coding: Coding, piece: bytes) -> int:
    try:
        return coding.learn(piece)
    except UnplainError:
        return UNKNOWN


def _pieces(coding: Coding, members: bytes) -> list[bytes]:
    """Take members apart, after commas before a quote that stand in no brackets; of courses the number takes the place
    of the list.
    """
    if b', "' in members:
        members = members.replace(b', "', b',"')
    outside, *others = members.split(b"[")
    befores, insides, parts = [], [], [outside]
    for other in others:
        inside, closed, rest = other.partition(b"]")
        if closed and b"\n" not in inside:
            befores.append(parts[-1])
            insides.append(inside)
            parts += [LIST, rest]
        else:  # not closed on its line, which is read strictly
            parts += [b"[", other]
    lists = iter(coding.lists_as_pieces(befores, insides))
    return b"".join(next(lists) if part is LIST else part for part in parts).split(b',"')


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
