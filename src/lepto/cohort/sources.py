"""What a cohort is read from, cut into slices that fit into memory.

NDJSON, CSV and Parquet are cut without being read, so that memory does not grow with them. Everything else that
`lepto recommend` reads (JSON, Turtle, N-Triples, JSON-LD) is read whole and put aside as records; FHIR is put aside by
patients first.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from lepto.errors import InputError, one_line
from lepto.facts import Fact
from lepto.read.formats import Format, format_of
from lepto.read.json_ld import is_json_ld
from lepto.read.limits import LINE_BYTES, MIB
from lepto.read.stated import ID
from lepto.read.strict_json import NotJsonError, Object, parse
from lepto.read.text import BYTE_ORDER_MARK, lines

SLICE_BYTES: Final = 8 * MIB
"""About so much of a text file is answered at once."""
SLICE_ROWS: Final = 1 << 15
"""So many rows of a Parquet file are answered at once."""
LOOKED_AT: Final = 100
"""So many lines are looked at for one that tells what a file of lines holds."""
_PARQUET: Final = b"PAR1"


class Kind(Enum):
    """How a file is cut and read."""

    LINES = "NDJSON"
    TABLE = "CSV"
    COLUMNS = "Parquet"
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
    """A piece of a file: from one byte (of Parquet: row) to another; `first` is the number of its first line or row;
    `weight` is how many bytes of the cohort it stands for. Of an endpoint the file says who is in the slice, and the
    weight is how many patients.
    """

    kind: Kind
    path: Path
    start: int
    end: int
    first: int
    weight: int


def source(path: Path, facts: Mapping[str, Fact]) -> Source:
    """Return a file as it is to be read. Raises InputError where it cannot be read."""
    name = one_line(str(path))
    try:
        with path.open("rb") as stream:
            stat = os.fstat(stream.fileno())
            return Source(path, _kind(stream, name, facts), stat.st_size, stat.st_mtime_ns)
    except OSError as error:
        reason = (error.strerror or "the system refuses").lower()
        raise InputError(name, "the file", f"it cannot be read ({reason})", "name a readable file") from None


def slices(found: Source, size: int | None = None) -> Iterator[Slice]:
    """Yield the pieces of a file that is cut without being read, each of about so many bytes (of Parquet: rows).

    Raises InputError where it cannot be cut.
    """
    if found.kind is Kind.COLUMNS:
        yield from _rows(found, size or SLICE_ROWS)
    else:
        yield from _texts(found, size or SLICE_BYTES)


def _kind(stream: BinaryIO, name: str, facts: Mapping[str, Fact]) -> Kind:
    head = stream.read(MIB)
    if head.startswith(_PARQUET):
        return Kind.COLUMNS
    if head.removeprefix(BYTE_ORDER_MARK).lstrip()[:1] == b"{":
        stream.seek(0)
        return _kind_of_objects(stream)
    return Kind.TABLE if head and format_of(head, name, facts) is Format.CSV else Kind.WHOLE


def _kind_of_objects(stream: BinaryIO) -> Kind:
    """Tell by the first line that is a whole object; a patient has an id, a resource a type."""
    for line in islice(lines(stream), LOOKED_AT):
        try:
            stated = parse((line.content or b"").decode(errors="replace"))
        except NotJsonError:
            continue
        if isinstance(stated, Object):
            if stated.get("resourceType") is not None:
                return Kind.CHARTS
            return Kind.WHOLE if is_json_ld(stated) or stated.get(ID) is None else Kind.LINES
    return Kind.WHOLE


def _texts(found: Source, size: int) -> Iterator[Slice]:
    """Cut at ends of lines; in CSV at those that stand in no quotes."""
    with found.path.open("rb") as stream:
        start, first = 0, 1
        while data := stream.read(size):
            data += stream.readline()
            while found.kind is Kind.TABLE and data.count(b'"') % 2:
                more = stream.readline()
                if not more or len(data) > size + LINE_BYTES:
                    mend = "close every quote, and write a quote within a quoted cell twice"
                    raise InputError(one_line(str(found.path)), f"after line {first}", "a quote is never closed", mend)
                data += more
            yield Slice(found.kind, found.path, start, start + len(data), first, len(data))
            start, first = start + len(data), first + data.count(b"\n")


def _rows(found: Source, size: int) -> Iterator[Slice]:
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
    """Return the bytes of a piece of a text file, without the byte order mark. Raises InputError."""
    try:
        with piece.path.open("rb") as stream:
            stream.seek(piece.start)
            data = stream.read(piece.end - piece.start)
    except OSError as error:
        fault = f"it cannot be read ({error.strerror})"
        raise InputError(one_line(str(piece.path)), f"byte {piece.start}", fault, "name a readable file") from None
    return data.removeprefix(BYTE_ORDER_MARK) if piece.start == 0 else data


def header_of(path: Path) -> bytes:
    """Return the first line of a table that is not blank."""
    with path.open("rb") as stream:
        return next((line.content for line in lines(stream) if line.content), b"")
