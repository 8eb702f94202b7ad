"""Which format a file is in, told from its content and never from its name."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from enum import Enum, auto
from io import BytesIO
from itertools import islice
from typing import BinaryIO

from lepto.errors import InputError
from lepto.read.strict_json import NotJsonError, Object, Value, parse
from lepto.read.text import BYTE_ORDER_MARK, Line, decode, lines


class Format(Enum):
    """The formats that are read. JSON and JSON-LD are told apart once parsed."""

    EMPTY = auto()
    JSON = auto()
    JSON_LINES = auto()
    TURTLE = auto()
    CSV = auto()


_READ = (
    "give the patients as JSON, NDJSON, JSON-LD, Turtle, N-Triples, or CSV that is separated by commas "
    "and begins with the names of facts"
)
_OTHER_ENCODINGS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_ARRAY = re.compile(rb'\[\s*(?:["{\[\-0-9,]|(?:true|false|null|NaN|Infinity)\s*[,\]]|\]\s*\Z|\Z)')
_TURTLE = re.compile(rb"[@<\[(#]|_:|(?:prefix|base|version)\s", re.IGNORECASE)
_SPACE = re.compile(rb"\s*")
_END_OF_LINE = re.compile(rb"[\r\n]")
_SEPARATOR = re.compile(r"[,;\t|]")
_MARKUP = (b"<?", b"<!", b"<rdf:RDF", b"<html")
_HEAD_BYTES = 64 * 1024


def format_of(data: bytes, name: str, facts: Container[str]) -> Format:
    """Return the format of a whole file; `facts` are the names by which a CSV header is known. Raises InputError."""
    if data.startswith(_OTHER_ENCODINGS):
        raise InputError(name, "byte 0", "the file is not UTF-8", "save it as UTF-8")
    start = _content_start(data)
    head = data[start : start + _HEAD_BYTES]
    if not head:
        return Format.EMPTY
    if head.startswith(b"{"):
        return Format.JSON_LINES if _is_lines(data) else Format.JSON
    if _ARRAY.match(data, start):
        return Format.JSON
    if _TURTLE.match(head) and not head.startswith(_MARKUP):
        return Format.TURTLE
    if _is_header(head, facts):
        return Format.CSV
    decode(data, name)
    raise InputError(name, "line 1", "this is none of the formats that are read", _READ)


def begins_with_object(stream: BinaryIO) -> bool:
    """Tell whether the first line of a stream is a whole JSON object, as in NDJSON."""
    return any(_is_object(line) for line in islice(lines(stream), 1))


def holds_lines(stream: BinaryIO) -> bool:
    """Tell whether a text that begins with an object is one object a line, however many of the lines are broken."""
    first, *others = islice(lines(stream), 2)
    if not others:
        return False
    if _is_object(first):
        return True
    stream.seek(0)
    return _are_objects(lines(stream))


def _content_start(data: bytes) -> int:
    mark = len(BYTE_ORDER_MARK) if data.startswith(BYTE_ORDER_MARK) else 0
    space = _SPACE.match(data, mark)
    return space.end() if space else mark


def _is_lines(data: bytes) -> bool:
    first, *others = islice(lines(BytesIO(data)), 2)
    if not others:
        return first.content is None and b'"@graph"' not in data
    return holds_lines(BytesIO(data))


def _are_objects(found: Iterator[Line]) -> bool:
    whole = False
    for line in found:
        if line.content is not None and not line.content.lstrip().startswith(b"{"):
            return False
        whole = whole or _is_object(line)
    return whole


def _is_object(line: Line) -> bool:
    return line.content is not None and isinstance(_parsed(line.content), Object)


def _parsed(content: bytes) -> Value:
    try:
        return parse(content.decode(errors="replace"))
    except NotJsonError:
        return None


def _is_header(head: bytes, facts: Container[str]) -> bool:
    line = _END_OF_LINE.split(head, maxsplit=1)[0].decode(errors="replace")
    cells = [cell.strip(' "') for cell in _SEPARATOR.split(line)]
    return any(cell == "id" or cell in facts for cell in cells)
