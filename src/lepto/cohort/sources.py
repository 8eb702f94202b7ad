"""What a cohort is read from, cut into slices that fit into memory.

NDJSON, CSV and Parquet are cut without being read. Of Turtle and of lines of FHIR no piece is sure to hold all of a
patient, so that they are put on disk first. Memory does not grow with any of these. What else `lepto recommend` reads
(JSON, JSON-LD) is read whole.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import BinaryIO, Final

from lepto.errors import InputError, one_line
from lepto.facts import Fact
from lepto.read.csv_table import header_of, line_ends, not_csv
from lepto.read.formats import Format, format_of, holds_lines
from lepto.read.limits import LINE_BYTES, MIB
from lepto.read.text import BYTE_ORDER_MARK, skip_line

SLICE_BYTES: Final = 8 * MIB
"""About so much of a text file is answered at once."""
SLICE_ROWS: Final = 1 << 15
"""So many rows of a Parquet file are answered at once."""
_PARQUET: Final = b"PAR1"
_OF_CHARTS: Final = (b'"resourceType"', b'"hook"')
_ROWS: Final = re.compile(
    rb"""(?:(?: (?<![^,\r\n]) "(?:[^"]++|"")*+" (?=[^"])  # a quoted cell, which begins where a cell begins
          | [^"\r\n]++ | (?<=[^,\r\n]) "               # what is in no quotes; a quote within a cell is a character
         )*+ (?:\r\n|\n|\r(?=[^\n])) )*+""",
    re.VERBOSE,
)
"""Whole rows of CSV."""


class Kind(Enum):
    """How a file is cut and read."""

    LINES = "NDJSON"
    TABLE = "CSV"
    COLUMNS = "Parquet"
    GRAPH = "Turtle"
    CHARTS = "FHIR"
    ENDPOINT = "a SPARQL endpoint"
    WHOLE = "a file that is read whole"


@dataclass(frozen=True)
class Source:
    """A file of a cohort; `size` is in bytes, `changed` the time of its last change in nanoseconds."""

    path: Path
    kind: Kind
    size: int
    changed: int


@dataclass(frozen=True)
class Slice:
    """A piece of a file: from one byte to another (of Parquet: row); `first` is the number of its first line or row;
    `weight` is how many bytes of the cohort it stands for. `columns` are those of a table.

    Of what was put on disk first, `held` is the file there, and the piece is from one number to another, both included.
    Of an endpoint the file says who is in the slice, and the weight is how many patients.
    """

    kind: Kind
    path: Path
    start: int
    end: int
    first: int
    weight: int
    columns: tuple[str, ...] = ()
    held: Path = Path()


def source(path: Path, facts: Mapping[str, Fact]) -> Source:
    """Return a file as it is to be read. Raises InputError where it cannot be read."""
    name = one_line(str(path))
    if str(path) == "-" or (path.exists() and not path.is_file() and not path.is_dir()):
        fault = "a cohort is read from files, which can be looked at again, and not from what is only passed on"
        raise InputError("standard input" if str(path) == "-" else name, "the file", fault, "save it as a file first")
    with opened(path) as stream:
        stat = os.fstat(stream.fileno())
        return Source(path, _kind(stream, name, facts), stat.st_size, stat.st_mtime_ns)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Lend a file, after its byte order mark. Raises InputError where it cannot be read."""
    try:
        with path.open("rb") as stream:
            stream.seek(len(BYTE_ORDER_MARK) if stream.read(len(BYTE_ORDER_MARK)) == BYTE_ORDER_MARK else 0)
            yield stream
    except OSError as error:
        reason = (error.strerror or "the system refuses").lower()
        raise InputError(
            one_line(str(path)), "the file", f"it cannot be read ({reason})", "name a readable file"
        ) from None


def slices(found: Source, size: int | None = None) -> Iterator[Slice]:
    """Yield the pieces of a file that is cut without being read, each of about so many bytes (of Parquet: rows).

    Raises InputError where it cannot be cut.
    """
    if found.kind is Kind.COLUMNS:
        return _of_columns(found, size or SLICE_ROWS)
    return (_of_table if found.kind is Kind.TABLE else _of_lines)(found, size or SLICE_BYTES)


def _kind(stream: BinaryIO, name: str, facts: Mapping[str, Fact]) -> Kind:
    start = stream.tell()
    head = stream.read(MIB)
    if head.startswith(_PARQUET):
        return Kind.COLUMNS
    if head.lstrip()[:1] == b"{":
        stream.seek(start)
        if not holds_lines(stream):
            return Kind.WHOLE
        stream.seek(start)
        return Kind.CHARTS if _holds(stream, _OF_CHARTS) else Kind.LINES
    return {Format.CSV: Kind.TABLE, Format.TURTLE: Kind.GRAPH}.get(format_of(head, name, facts), Kind.WHOLE)


def _holds(stream: BinaryIO, marks: Sequence[bytes]) -> bool:
    """Tell whether one of some marks is anywhere in a file."""
    last, longest = b"", max(map(len, marks))
    while data := stream.read(MIB):
        if any(mark in data or mark in last + data[:longest] for mark in marks):
            return True
        last = data[-longest:]
    return False


def _of_lines(found: Source, size: int) -> Iterator[Slice]:
    """Cut at ends of lines; of a line that is too long so much is kept as shows that it is."""
    with opened(found.path) as stream:
        start, first = stream.tell(), 1
        while data := stream.read(size):
            data += stream.readline(LINE_BYTES + 1)
            left_out = 0 if data.endswith(b"\n") else skip_line(stream)
            yield Slice(found.kind, found.path, start, start + len(data), first, len(data) + left_out)
            start, first = start + len(data) + left_out, first + data.count(b"\n") + bool(left_out)


def _of_table(table: Source, size: int) -> Iterator[Slice]:
    """Cut at ends of rows; a row that does not end is told here where it is too long to be looked at."""
    name = one_line(str(table.path))
    with table.path.open("rb") as stream:
        header = header_of(stream.read(LINE_BYTES), name)
        stream.seek(header.end)
        start, first, data = header.end, header.next_line, b""
        while more := stream.read(max(size, len(data))):
            data += more
            end = found.end() if (found := _ROWS.match(data)) else 0
            if not end and len(data) > LINE_BYTES:
                raise not_csv(name, first)
            if end:
                yield Slice(table.kind, table.path, start, start + end, first, end, header.columns)
                start, first, data = start + end, first + line_ends(data[:end]), data[end:]
        if data:
            yield Slice(table.kind, table.path, start, start + len(data), first, len(data), header.columns)


def _of_columns(found: Source, size: int) -> Iterator[Slice]:
    import polars as pl

    try:
        many = pl.scan_parquet(found.path, glob=False).select(pl.len()).collect().item()
    except (pl.exceptions.PolarsError, OSError) as error:
        fault = f"this is no Parquet file that can be read ({str(error).splitlines()[0]})"
        raise InputError(one_line(str(found.path)), "the file", fault, "write it anew") from None
    for start in range(0, many, size):
        end = min(start + size, many)
        yield Slice(found.kind, found.path, start, end, start + 1, found.size * (end - start) // many)


def text_of(piece: Slice) -> bytes:
    """Return the bytes of a piece of a text file. Raises InputError."""
    with opened(piece.path) as stream:
        stream.seek(piece.start)
        return stream.read(piece.end - piece.start)
