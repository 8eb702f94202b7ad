"""RDF text to triples by pyoxigraph: from bytes, whole or not at all, without any network."""

from __future__ import annotations

import re

from pyoxigraph import RdfFormat, Triple, parse

from lepto.errors import InputError
from lepto.read import limits

_BASE = "http://example.org/"
"""What relative IRIs (<#V01>) are relative to; no record keeps it as the name of a patient."""

_PREFIX = re.compile(r"The prefix (\S{0,80}) has not been declared")


def turtle_triples(data: bytes, name: str) -> list[Triple]:
    """Return the triples of Turtle or N-Triples in document order. Raises InputError with line and column."""
    if data.count(b"<<") > limits.DEPTH:
        mend = "state the facts plainly, without quoted triples"
        raise InputError(name, "the whole file", "the Turtle quotes too many triples", mend)
    return _triples(data, RdfFormat.TURTLE, name, "Turtle")


def json_ld_triples(text: str, name: str) -> list[Triple]:
    """Return the triples of JSON-LD whose contexts are all in the text. Raises InputError."""
    return _triples(text.encode(), RdfFormat.JSON_LD, name, "JSON-LD")


def _triples(data: bytes, syntax: RdfFormat, name: str, language: str) -> list[Triple]:
    try:
        quads = list(parse(data, format=syntax, base_iri=_BASE, without_named_graphs=True))
    except SyntaxError as error:
        place = f"line {error.lineno} column {error.offset}" if error.lineno else "the whole file"
        fault, mend = _fault(str(error.msg))
        raise InputError(name, place, f"this is not {language} ({fault})", mend) from None
    return [quad.triple for quad in quads]


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
