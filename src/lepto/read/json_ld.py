"""JSON-LD, strictly: every context in the file itself, and nothing that the JSON-LD rules would drop in silence.

JSON-LD leaves out, without a word, keys that no context maps and names that are no IRI. In a patient's record silence
reads as "not stated", so here an unmapped key falls into the LEPTO vocabulary, where validation refuses it, and
anything else that would be dropped refuses the file.
"""

from __future__ import annotations

import re

from pyoxigraph import Triple

from lepto.errors import InputError
from lepto.read.limits import shortened
from lepto.read.literals import decimal_literal, is_integer
from lepto.read.rdf_text import json_ld_triples
from lepto.read.strict_json import Number, Object, Value, dump, faults
from lepto.vocabulary import LEPTO, XSD_DECIMAL

_MARKS = ("@context", "@graph", "@id", "@type")
_KEYWORDS = frozenset({*_MARKS, "@list", "@set", "@value"})
_MAY_BE_NULL = frozenset({"@base", "@direction", "@language"})
_TAKES_KEYWORDS = frozenset({"@container", "@type"})
_VOCABULARY = Object((("@vocab", LEPTO),))
_UNSAFE = re.compile(r"[^A-Za-z0-9_.~/#?=&+,;-]")


def is_json_ld(document: Value) -> bool:
    """Tell whether a parsed JSON document is JSON-LD: it, or an object of its array, has one of the keywords."""
    items = document if isinstance(document, list) else [document]
    return any(isinstance(item, Object) and item.count(*_MARKS) for item in items)


def triples_of(document: Value, name: str) -> list[Triple]:
    """Return the triples of a JSON-LD document. Raises InputError for a remote context or what would be dropped."""
    _check_soundness(document, name)
    _check_nodes(document, name)
    _check(document, name)
    prepared = _with_vocabulary(_with_decimals(document))
    triples = json_ld_triples(dump(prepared), name)
    _refuse_drops(prepared, len(triples), name)
    return triples


def _check_soundness(document: Value, name: str) -> None:
    found = faults(document)
    if found:
        where = "" if found[0].key is None else f" under {shortened(found[0].key)}"
        raise InputError(name, "the JSON-LD", f"{found[0].fault}{where}", found[0].mend)


def _check(value: Value, name: str) -> None:
    if isinstance(value, list):
        for part in value:
            _check(part, name)
    elif isinstance(value, Object):
        for key, part in value.pairs:
            _check_pair(key, part, name)


def _check_pair(key: str, value: Value, name: str) -> None:
    if key == "@context":
        _check_context(value, name)
        return
    if key.startswith("@") and key not in _KEYWORDS:
        raise _unread(name, key)
    if key == "@graph":
        _check_nodes(value, name)
    _check(value, name)


def _check_nodes(value: Value, name: str) -> None:
    if not all(isinstance(node, Object) for node in (value if isinstance(value, list) else [value])):
        raise _dropped(name, "there is something else than objects where patients belong")


def _check_context(context: Value, name: str) -> None:
    for part in context if isinstance(context, list) else [context]:
        if isinstance(part, str):
            raise _remote(name)
        if isinstance(part, Object):
            _check_definitions(part, name)
        else:
            raise InputError(name, "the JSON-LD", "a context is neither an object nor a list of them", "correct it")


def _check_definitions(definitions: Object, name: str) -> None:
    for key, value in definitions.pairs:
        if key == "@import":
            raise _remote(name)
        if key == "@context":
            _check_context(value, name)
        if value is None and key not in _MAY_BE_NULL:
            raise _dropped(name, f"the context leaves out {shortened(key)}")
        if isinstance(value, str) and value.startswith("@") and not (value in _KEYWORDS or key in _TAKES_KEYWORDS):
            raise _unread(name, value)
        if isinstance(value, Object) and key != "@context":
            _check_definitions(value, name)


def _with_vocabulary(document: Value) -> Value:
    """Return the document with LEPTO as the vocabulary of every key that its own contexts do not map."""
    if isinstance(document, list):
        return [_with_vocabulary(part) for part in document]
    if not isinstance(document, Object):
        return document
    own = document.get("@context")
    contexts: list[Value] = own if isinstance(own, list) else [own] if document.count("@context") else []
    rest = tuple(pair for pair in document.pairs if pair[0] != "@context")
    return Object((("@context", [_VOCABULARY, *contexts]), *rest))


def _with_decimals(value: Value) -> Value:
    """Return the value with 1.5 and 80.0 as decimals, as in JSON (JSON-LD reads a double and the integer 80)."""
    if isinstance(value, Number) and not is_integer(value.text):
        return Object((("@value", _decimal(value)), ("@type", XSD_DECIMAL)))
    if isinstance(value, list):
        return [_with_decimals(part) for part in value]
    if not isinstance(value, Object):
        return value
    own = value.get("@value")
    if isinstance(own, Number) and not is_integer(own.text):
        others = tuple(pair for pair in value.pairs if pair[0] != "@value")
        typed = () if value.count("@type") else (("@type", XSD_DECIMAL),)
        return Object((("@value", _decimal(own)), *others, *typed))
    return Object(tuple((key, part if key == "@context" else _with_decimals(part)) for key, part in value.pairs))


def _decimal(number: Number) -> str:
    return decimal_literal(number.text, point=True).value


def _refuse_drops(prepared: Value, count: int, name: str) -> None:
    """Refuse a document that says more once every text in it can be part of an IRI: something had been dropped."""
    tame = _tame(prepared)
    if tame == prepared:
        return
    try:
        said = len(json_ld_triples(dump(tame), name))
    except InputError:
        said = count + 1
    if said > count:
        raise _dropped(name, "a key, an @id or a name is not a valid IRI")


def _tame(value: Value, is_context: bool = False) -> Value:
    if isinstance(value, str):
        return _tame_text(value, is_context)
    if isinstance(value, list):
        return [_tame(part, is_context) for part in value]
    if isinstance(value, Object):
        return Object(tuple(_tame_pair(key, part, is_context) for key, part in value.pairs))
    return value


def _tame_pair(key: str, value: Value, is_context: bool) -> tuple[str, Value]:
    return _tame_text(key, is_context), _tame(value, is_context or key == "@context")


def _tame_text(text: str, is_context: bool) -> str:
    if text.startswith("@") and (is_context or text in _KEYWORDS or text == "@json"):
        return text
    head, colon, tail = text.partition(":")
    return _UNSAFE.sub(_escaped, "nameless" if head == "_" else head) + colon + _UNSAFE.sub(_escaped, tail)


def _escaped(match: re.Match[str]) -> str:
    return f"_{ord(match[0]):x}_"


def _remote(name: str) -> InputError:
    mend = "put the context itself into the file: nothing is fetched from the network"
    return InputError(name, "the JSON-LD", "the context is given by its address", mend)


def _unread(name: str, keyword: str) -> InputError:
    mend = f"use only {', '.join(sorted(_KEYWORDS))}"
    return InputError(name, "the JSON-LD", f"the keyword {shortened(keyword)} is not read in a patient file", mend)


def _dropped(name: str, fault: str) -> InputError:
    mend = "write it so that JSON-LD keeps it: JSON-LD drops such statements in silence"
    return InputError(name, "the JSON-LD", fault, mend)
