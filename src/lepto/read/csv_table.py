"""Patients in a CSV table: one header row with the names of facts, one row a patient, commas only.

An empty cell is not stated. A cell in a list's column is a JSON array.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lepto.errors import InputError
from lepto.facts import Fact
from lepto.finding import Finding
from lepto.read.limits import shortened
from lepto.read.literals import is_number
from lepto.read.record import Record, refused, violation
from lepto.read.stated import ID, record
from lepto.read.strict_json import NotJsonError, Number, Object, Value, parse
from lepto.read.text import BYTE_ORDER_MARK, decode
from lepto.vocabulary import XSD_BOOLEAN, XSD_DECIMAL, XSD_INTEGER

_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True)
class Header:
    """The names of a table's columns, the byte at which they end, and the line that follows."""

    columns: tuple[str, ...]
    end: int
    next_line: int


def read_table(text: str, name: str, facts: Mapping[str, Fact]) -> list[Record]:
    """Return the records of a table, in its order. Raises InputError where the header or the quoting is at fault."""
    rows = rows_of(io.StringIO(text, newline=""), name)
    line, header = next(rows)
    check_header(header, name, line)
    return [record_of(header, row, f"{name} line {line}", facts) for line, row in rows]


def header_of(start: bytes, name: str) -> Header:
    """Return the header of a table of which the first bytes are given. Raises InputError where it is at fault."""
    mark = len(BYTE_ORDER_MARK) if start.startswith(BYTE_ORDER_MARK) else 0
    text = io.StringIO(start[mark:].decode(errors="surrogateescape"), newline="")
    line, columns = next(rows_of(text, name))
    end = mark + len(text.getvalue()[: text.tell()].encode(errors="surrogateescape"))
    decode(start[mark:end], name, mark)
    check_header(columns, name, line)
    return Header(tuple(columns), end, 1 + line_ends(start[:end]))


def line_ends(data: bytes) -> int:
    """Return how many lines end in some bytes, where CR, LF and CRLF end lines, in quotes too."""
    return data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")


def rows_of(lines: Iterable[str], name: str, first: int = 1) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not blank with the line on which it begins, where the lines begin with line `first`.

    Raises InputError where the quoting is at fault.
    """
    reader = csv.reader(lines, strict=True)
    while True:
        line = reader.line_num + first
        try:
            row = next(reader, None)
        except csv.Error:
            raise not_csv(name, line) from None
        if row is None:
            return
        if row:
            yield line, row


def not_csv(name: str, line: int) -> InputError:
    """Return what to say of a row whose quoting is at fault, by the line on which it begins."""
    mend = "close every quote, write a quote within a quoted cell twice, and keep cells short"
    return InputError(name, f"line {line}", "the row is not CSV", mend)


def check_header(header: Sequence[str], name: str, line: int) -> None:
    """Raise InputError where a header is at fault."""
    place, fault = f"line {line}", _header_fault(header)
    if fault is not None:
        raise InputError(name, place, *fault)


def _header_fault(header: Sequence[str]) -> tuple[str, str] | None:
    if any(mark in cell for cell in header for mark in ";\t|"):
        mend = "separate the columns by commas and write decimals with a point (1.42)"
        return "the header is separated by something else than commas", mend
    twice = sorted({cell for cell in header if header.count(cell) > 1 and cell})
    if twice:
        return f"the column {shortened(twice[0])} is given twice", "keep one of them"
    if "" in header:
        return f"column {header.index('') + 1} has no name", "name it after its fact, or take it out"
    if ID not in header:
        return f"the header has no column {ID}", f"add a column {ID} that names each patient"
    return None


def record_of(header: Sequence[str], row: Sequence[str], origin: str, facts: Mapping[str, Fact]) -> Record:
    """Return the record of one row; refused where it does not fit the header."""
    if len(row) != len(header):
        fault = f"the row has {len(row)} cells and the header has {len(header)}"
        return refused(origin, [violation(origin, fault, "quote every cell that holds a comma, and leave none out")])
    stated = {key: _value(cell, facts.get(key)) for key, cell in zip(header, row, strict=True) if cell}
    pairs = tuple((key, value) for key, value in stated.items() if not isinstance(value, NotJsonError))
    taken = record(Object(pairs), origin, facts)
    unread = [_not_a_list(key, origin) for key, value in stated.items() if isinstance(value, NotJsonError)]
    return refused(origin, [*taken.findings, *unread], taken.patient) if unread else taken


def _value(cell: str, fact: Fact | None) -> Value | NotJsonError:
    if fact is None:
        return cell
    if fact.many:
        return _array(cell)
    if fact.datatype == XSD_BOOLEAN:
        return _BOOLEANS.get(cell, cell)
    return Number(cell) if fact.datatype in (XSD_INTEGER, XSD_DECIMAL) and is_number(cell) else cell


def _array(cell: str) -> Value | NotJsonError:
    try:
        value = parse(cell)
    except NotJsonError as error:
        return error
    return value if isinstance(value, list) else NotJsonError(1, 1, "this is not an array", "write it as a JSON array")


def _not_a_list(key: str, origin: str) -> Finding:
    mend = "write the cell as a JSON array, such as [], and leave it empty where nothing is stated"
    return violation(origin, f"the cell of the list {key} is not a JSON array", mend, about=key)
