"""The stage `read`: patient files in, one record a patient out, nothing guessed and nothing lost.

JSON, NDJSON, JSON-LD, Turtle, N-Triples, CSV and FHIR R4 are told apart by their content, and the same facts give the
same graph in each. A file that cannot be read whole raises `InputError`; a patient who cannot be read is a record
with a violation, and the others go on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from lepto.errors import InputError, one_line
from lepto.facts import Fact
from lepto.read import limits
from lepto.read.formats import Format, begins_with_object, format_of
from lepto.read.intaking import Intaking
from lepto.read.json_ld import is_json_ld, triples_of
from lepto.read.json_text import Found, read_document, read_lines
from lepto.read.record import Record, with_shared_ids_refused
from lepto.read.strict_json import NotJsonError, parse
from lepto.read.text import BYTE_ORDER_MARK, decode

__all__ = ["Intaking", "Record", "found_in", "read", "read_bytes"]

_STANDARD_INPUT = "-"


def read(paths: Sequence[Path | str], facts: Mapping[str, Fact], intaking: Intaking | None = None) -> list[Record]:
    """Return the records of all patients in the files, in input order; "-" is standard input.

    `facts` is what may be said of a patient, by name; `intaking` reads health records, which may be spread over several
    files and are refused without it. Raises InputError for a file that cannot be used at all.
    """
    return _taken([found for path in paths for found in found_in(path, facts)], intaking, one_line(str(paths[0])))


def read_bytes(data: bytes, name: str, facts: Mapping[str, Fact], intaking: Intaking | None = None) -> list[Record]:
    """Return the records of all patients in one file's bytes, in their order; `name` stands for the file in messages.

    Raises InputError for a file that cannot be used at all.
    """
    return _taken(_records(data, one_line(name), facts), intaking, one_line(name))


def _taken(found: Sequence[Found], intaking: Intaking | None, name: str) -> list[Record]:
    """The records, and those that the resources make, in the place of the first of them."""
    records = [one for one in found if isinstance(one, Record)]
    resources = [one for one in found if not isinstance(one, Record)]
    if not resources:
        return with_shared_ids_refused(records)
    if intaking is None:
        raise InputError(name, "the file", "this is FHIR, which is not read here", "give the facts as such")
    from lepto.read.fhir.bundles import lost

    before = sum(isinstance(one, Record) for one in found[: found.index(resources[0])])
    absences = [lost(one.origin) for one in records if not one.triples]
    made = intaking.records([*resources, *absences], name)
    return with_shared_ids_refused([*records[:before], *made, *records[before:]])


def found_in(path: Path | str, facts: Mapping[str, Fact]) -> list[Found]:
    """Return the records of one file, none of them refused for sharing an id, and its resources where it is FHIR.

    Raises InputError for a file that cannot be used at all.
    """
    is_standard = str(path) == _STANDARD_INPUT
    name = "standard input" if is_standard else one_line(str(path))
    try:
        return _read_standard_input(name, facts) if is_standard else _read_file(path, name, facts)
    except OSError as error:
        raise _unreadable(name, error.strerror or "the system refuses") from None


def _read_standard_input(name: str, facts: Mapping[str, Fact]) -> list[Found]:
    if sys.stdin is None:
        raise _unreadable(name, "it is closed")
    return _read_stream(sys.stdin.buffer, name, facts)


def _read_file(path: Path | str, name: str, facts: Mapping[str, Fact]) -> list[Found]:
    if "\0" in str(path):
        raise _unreadable(name, "this is not the name of a file")
    with Path(path).open("rb") as stream:
        if os.fstat(stream.fileno()).st_size > limits.FILE_BYTES:
            return _read_large(stream, name, facts)
        return _read_stream(stream, name, facts)


def _unreadable(name: str, reason: str) -> InputError:
    return InputError(name, "the file", f"it cannot be read ({reason[:1].lower()}{reason[1:]})", "name a readable file")


def _read_stream(stream: BinaryIO, name: str, facts: Mapping[str, Fact]) -> list[Found]:
    data = stream.read(limits.FILE_BYTES + 1)
    if len(data) > limits.FILE_BYTES:
        raise _too_large(name)
    return _records(data, name, facts)


def _read_large(stream: BinaryIO, name: str, facts: Mapping[str, Fact]) -> list[Found]:
    if not begins_with_object(stream):
        raise _too_large(name)
    stream.seek(0)
    return list(read_lines(stream, name, facts))


def _too_large(name: str) -> InputError:
    fault = f"it holds more than {limits.FILE_BYTES} bytes"
    return InputError(name, "the file", fault, "split it, or give it as NDJSON under a file name")


def _records(data: bytes, name: str, facts: Mapping[str, Fact]) -> list[Found]:
    found = format_of(data, name, facts)
    if found is Format.EMPTY:
        return []
    if found is Format.JSON_LINES:
        return list(read_lines(BytesIO(data), name, facts))
    mark = len(BYTE_ORDER_MARK) if data.startswith(BYTE_ORDER_MARK) else 0
    text = decode(data[mark:], name, mark)
    if found is Format.CSV:
        from lepto.read.csv_table import read_table

        return [*read_table(text, name, facts)]
    if found is Format.TURTLE:
        from lepto.read.rdf import read_graph
        from lepto.read.rdf_text import turtle_triples

        return [*read_graph(turtle_triples(data[mark:], name), name, facts)]
    return _json(text, name, facts)


def _json(text: str, name: str, facts: Mapping[str, Fact]) -> list[Found]:
    try:
        document = parse(text)
    except NotJsonError as error:
        place = f"line {error.line} column {error.column}"
        raise InputError(name, place, error.fault, error.mend) from None
    if is_json_ld(document):
        from lepto.read.rdf import read_graph

        return [*read_graph(triples_of(document, name), name, facts)]
    return read_document(document, name, facts)
