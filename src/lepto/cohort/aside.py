"""Records of what cannot be cut: put on disk when they are read, answered in slices."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import astuple
from sqlite3 import Connection
from typing import Any, Final

import numpy as np
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, parse, serialize

from lepto.cohort.answering import Answering
from lepto.cohort.coding import Coding
from lepto.cohort.disk import held
from lepto.cohort.part import Part
from lepto.cohort.plain import BOOLEANS, PLAIN_DATE, PLAIN_INTEGER, UnplainError, decimal_of
from lepto.cohort.sources import Slice
from lepto.finding import Finding
from lepto.read import Record
from lepto.vocabulary import (
    IDENTIFIER,
    LEPTO,
    PATIENT,
    RDF_TYPE,
    TREATMENT_COURSE,
    XSD_BOOLEAN,
    XSD_DATE,
    XSD_DECIMAL,
    XSD_INTEGER,
)

_IS_PATIENT = (NamedNode(RDF_TYPE), NamedNode(PATIENT))
_IS_COURSE = (NamedNode(RDF_TYPE), NamedNode(TREATMENT_COURSE))


TABLE: Final = "CREATE TABLE record (number INTEGER PRIMARY KEY, file INTEGER, patient TEXT, stands, triples, findings)"


def put(tables: Connection, file: int, record: Record) -> None:
    """Put a record of a file on disk; what was made of a health record is not kept, since no row tells it."""
    text = (serialize(record.triples, format=RdfFormat.N_TRIPLES) or b"").decode()
    findings = json.dumps([astuple(one) for one in record.findings])
    row = (file, record.patient, record.origin, text, findings)
    tables.execute("INSERT INTO record (file, patient, stands, triples, findings) VALUES (?, ?, ?, ?, ?)", row)


def records_of(piece: Slice) -> list[Record]:
    """Return the records of a slice."""
    rows = "SELECT patient, stands, triples, findings FROM record WHERE number BETWEEN ? AND ? ORDER BY number"
    with held(piece.held) as tables:
        return [_record(*row) for row in tables.execute(rows, (piece.start, piece.end))]


def part_of_records(answering: Answering, records: Sequence[Record]) -> Part:
    """Return the patients of some records."""
    codes: list[int] = []
    lengths: list[int] = []
    plain: list[int] = []
    for place, record in enumerate(records):
        is_sound = all(one.severity != "violation" for one in record.findings)
        found = _codes(answering.coding, record) if is_sound and not answering.by_sparql else None
        if found is not None:
            plain.append(place)
            lengths.append(len(found))
            codes += found
    rows, twice = answering.coding.rows(codes, lengths)
    places = np.array(plain, dtype=np.int64)[~twice]
    by_tables = set(places.tolist())
    others = [(place, record) for place, record in enumerate(records) if place not in by_tables]
    warnings = [(place, one) for place in places.tolist() for one in records[place].findings]
    names, origins = [one.patient for one in records], [one.origin for one in records]
    return Part(names, origins, places, rows[~twice], others, warnings=warnings)


def _record(patient: str, origin: str, text: str, findings: str) -> Record:
    triples = tuple(quad.triple for quad in parse(text.encode(), format=RdfFormat.N_TRIPLES))
    return Record(patient, origin, triples, tuple(Finding(*one) for one in json.loads(findings)))


def _codes(coding: Coding, record: Record) -> list[int] | None:
    """The codes of a record in the normal form; None where it is not plain."""
    nested, patient = NamedNode(LEPTO + coding.courses), NamedNode(record.iri)
    courses: dict[Any, dict[str, Any]] = {t.object: {} for t in record.triples if t.predicate == nested}
    lists: dict[str, list[Any]] = {}
    if len(courses):
        lists[coding.courses] = list(courses.values())
    ordinary = {_IS_PATIENT, _IS_COURSE, (NamedNode(IDENTIFIER), Literal(record.patient))}
    codes = []
    try:
        for triple in record.triples:
            name = triple.predicate.value.removeprefix(LEPTO)
            if triple.predicate == nested or (triple.predicate, triple.object) in ordinary:
                continue
            value = _value(coding, triple)
            if triple.subject != patient:
                if courses[triple.subject].setdefault(name, value) is not value:
                    return None
            elif name in coding.lists:
                lists.setdefault(name, []).append(value)
            else:
                codes.append(coding.code(name, value))
        return codes + [coding.code(name, found) for name, found in lists.items()]
    except UnplainError:
        return None


def _value(coding: Coding, triple: Triple) -> Any:
    value = triple.object
    if isinstance(value, NamedNode):
        return value.value.removeprefix(LEPTO)
    if isinstance(value, Literal):
        text, datatype = value.value, value.datatype.value
        if datatype == XSD_BOOLEAN and text in BOOLEANS:
            return BOOLEANS[text]
        if datatype == XSD_DECIMAL and triple.predicate.value.removeprefix(LEPTO) in coding.decimals:
            return decimal_of(text)
        if datatype == XSD_INTEGER and PLAIN_INTEGER.fullmatch(text):
            return int(text)
        if datatype == XSD_DATE and PLAIN_DATE.fullmatch(text):
            return text
    raise UnplainError
