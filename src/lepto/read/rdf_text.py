"""RDF text to triples by pyoxigraph: from bytes, whole or not at all, without any network."""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from collections.abc import Iterator
from typing import BinaryIO

from pyoxigraph import RdfFormat, Triple, parse

from lepto.errors import InputError
from lepto.read import limits
from lepto.read.text import decode

_BASE = "http://example.org/"
"""What relative IRIs (<#V01>) are relative to; no record keeps it as the name of a patient."""

_QUOTED = b"<<"
_PREFIX = re.compile(r"The prefix (\S{0,80}) has not been declared")


def turtle_triples(data: bytes, name: str) -> list[Triple]:
    """Return the triples of Turtle or N-Triples in document order. Raises InputError with line and column."""
    _check_depth(data.count(_QUOTED), name)
    return list(_triples(data, RdfFormat.TURTLE, name, "Turtle"))


def turtle_stream(stream: BinaryIO, name: str) -> Iterator[Triple]:
    """Yield the triples of Turtle or N-Triples of any length, from the place at which a file stands, as
    `turtle_triples` would of its bytes; twice through the file. Raises InputError.
    """
    start = stream.tell()
    _check_text(stream, name)
    stream.seek(start)
    return _triples(stream, RdfFormat.TURTLE, name, "Turtle")


def _check_text(stream: BinaryIO, name: str) -> None:
    decoder, quoted, offset, last = getincrementaldecoder("utf-8")(), 0, stream.tell(), b""
    while data := stream.read(limits.MIB):
        held = decoder.getstate()[0]
        try:
            decoder.decode(data)
        except UnicodeDecodeError:
            decode(held + data, name, offset - len(held))
        quoted += (last + data).count(_QUOTED)
        offset, last = offset + len(data), b"<" * (data[-1:] == b"<" and data[-2:] != _QUOTED)
    decode(decoder.getstate()[0], name, offset - len(decoder.getstate()[0]))
    _check_depth(quoted, name)


def _check_depth(quoted: int, name: str) -> None:
    if quoted > limits.DEPTH:
        mend = "state the facts plainly, without quoted triples"
        raise InputError(name, "the whole file", "the Turtle quotes too many triples", mend)


def json_ld_triples(text: str, name: str) -> list[Triple]:
    """Return the triples of JSON-LD whose contexts are all in the text. Raises InputError."""
    return list(_triples(text.encode(), RdfFormat.JSON_LD, name, "JSON-LD"))


def _triples(data: bytes | BinaryIO, syntax: RdfFormat, name: str, language: str) -> Iterator[Triple]:
    try:
        for quad in parse(data, format=syntax, base_iri=_BASE, without_named_graphs=True):
            yield quad.triple
    except SyntaxError as error:
        place = f"line {error.lineno} column {error.offset}" if error.lineno else "the whole file"
        fault, mend = _fault(str(error.msg))
        raise InputError(name, place, f"this is not {language} ({fault})", mend) from None


def _fault(message: str) -> tuple[str, str]:
    """Return fault and mend in words that hold nothing of the file but a prefix (the parser's own may hold values)."""
    prefix = _PREFIX.search(message)
    if prefix:
        return f"the prefix {prefix[1]} is not declared", "declare it, or take the statement out"
    if "Unexpected end of file" in message:
        return "the file ends within a statement", "close the text or the statement that begins here"
    if "amed graph" in message:
        return "there is a named graph", "put the statements into the default graph"
    if "IRI" in message:
        return "an IRI is not valid", "write it without spaces, with every other special character percent-encoded"
    return "the syntax is wrong", "correct the statement; nothing of the file was taken over"
