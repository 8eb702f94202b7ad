"""Laws of reading: it never fails in any other way than by refusing, and the format never matters."""

from __future__ import annotations

import csv
import io
import json
import string
from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, serialize

from lepto.errors import InputError
from lepto.facts import Fact
from lepto.read import Record, read_bytes
from lepto.vocabulary import IDENTIFIER, LEPTO, PATIENT, RDF_TYPE, XSD_DATE, XSD_DECIMAL, XSD_INTEGER

Take = Callable[[str | bytes], list[Record]]

NAMES = st.text(string.ascii_letters, min_size=1, max_size=8).map("A{}".format)
KEYS = st.sampled_from(["id", "ageYears", "csfProtein", "csfFlow", "treatmentCourse", "declinedTreatment", "@id"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | NAMES
VALUES = st.recursive(SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(KEYS | st.text(), v, max_size=4))
PIECES = st.sampled_from(
    [
        *("[", "]", "{", "}", ",", "\n", "\r", '"', ":", ";", ".", "#", "<<", ">>", "\ufeff", "\x00", "\u2028"),
        *('{"id":"a"', '"@id":"a"', '"@type":"Patient"', '"@context"', '"@graph"', "\\ud800", "1e9", "NaN", "54"),
        *("@prefix lepto: <https://w3id.org/lepto/> .", "<#a>", "_:b", " a ", "lepto:Patient", "lepto:ageYears"),
        *("lepto:treatmentCourse", "id,ageYears", "V01,54"),
    ]
)


def _is_sound(record: Record) -> bool:
    """Tell whether a record is answered or refused, and can be written."""
    record.patient.encode()
    return bool(record.triples) != bool(record.findings) and all(str(triple).encode() for triple in record.triples)


def _outcome(data: bytes, facts: Mapping[str, Fact]) -> list[Record] | str:
    try:
        return read_bytes(data, "cohort", facts)
    except InputError as error:
        return str(error)


def _reads_or_refuses(data: bytes, facts: Mapping[str, Fact]) -> None:
    outcome = _outcome(data, facts)
    assert outcome == _outcome(data, facts)
    if isinstance(outcome, str):
        assert len(outcome.splitlines()) == 1
    else:
        assert all(_is_sound(record) for record in outcome)


@settings(deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(facts: Mapping[str, Fact], data: bytes) -> None:
    """Arbitrary bytes raise nothing but InputError, and give the same records each time."""
    _reads_or_refuses(data, facts)


@settings(max_examples=400, deadline=None)
@given(pieces=st.lists(PIECES | st.text(max_size=3), max_size=25))
def test_any_mixture_of_formats_is_read_or_refused(facts: Mapping[str, Fact], pieces: list[str]) -> None:
    """Texts made of pieces of all the formats raise nothing but InputError."""
    _reads_or_refuses("".join(pieces).encode(errors="replace"), facts)


@settings(max_examples=400, deadline=None)
@given(value=VALUES, layout=st.sampled_from(["{}", "[{}]", "{}\n{}", '{{"id": "a", "x": {}}}', '{{"@graph": {}}}']))
def test_any_json_is_read_or_refused(facts: Mapping[str, Fact], value: Any, layout: str) -> None:
    """Arbitrary JSON, with Python's NaN and Infinity, raises nothing but InputError."""
    text = json.dumps(value)
    _reads_or_refuses(layout.format(text, text).encode(), facts)


@settings(deadline=None)
@given(rows=st.lists(st.lists(st.text(), max_size=4), max_size=4), header=st.lists(KEYS, max_size=4))
def test_any_table_is_read_or_refused(facts: Mapping[str, Fact], rows: list[list[str]], header: list[str]) -> None:
    """Arbitrary tables raise nothing but InputError."""
    _reads_or_refuses(_csv([["id", *header], *rows]).encode(errors="replace"), facts)


COURSES = st.fixed_dictionaries(
    {"treatment": NAMES}, optional={"courseStatus": NAMES, "startDate": st.dates().map(lambda day: day.isoformat())}
)
DECIMALS = st.integers(0, 10**9) | st.decimals(0, 10**6, places=2).map(float)
PATIENTS = st.fixed_dictionaries(
    {"id": st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=12)},
    optional={
        "ageYears": st.integers(-(10**6), 10**6),
        "csfProtein": DECIMALS,
        "lifeExpectancyMonths": DECIMALS,
        "wholeBrainBenefitOutweighsHarm": st.booleans(),
        "csfFlow": NAMES,
        "treatmentCourse": st.lists(COURSES, max_size=3),
        "declinedTreatment": st.lists(NAMES, max_size=3),
    },
)
COHORTS = st.lists(PATIENTS, min_size=1, max_size=4, unique_by=lambda patient: str(patient["id"]))
CONTEXT = {
    **{name: {"@type": "@vocab"} for name in ("csfFlow", "declinedTreatment", "treatment", "courseStatus")},
    "startDate": {"@type": XSD_DATE},
    "id": IDENTIFIER,
}


@settings(max_examples=200, deadline=None)
@given(cohort=COHORTS)
@example(cohort=[{"id": "1,\"';\u00e9"}, {"id": "{"}, {"id": "["}, {"id": "<"}])
def test_the_format_never_matters(take: Take, facts: Mapping[str, Fact], cohort: list[dict[str, Any]]) -> None:
    """The same facts in JSON, NDJSON, Turtle, N-Triples, JSON-LD and CSV give the same patients with equal triples."""
    expected = [(record.patient, record.triples, ()) for record in take(json.dumps(cohort))]
    triples = _triples(cohort, facts)
    for written in (
        "\n".join(json.dumps(dict(reversed(patient.items()))) for patient in cohort),
        json.dumps(cohort, indent=2, ensure_ascii=False),
        json.dumps({"@context": CONTEXT, "@graph": [{"@type": "Patient", **patient} for patient in cohort]}),
        serialize(triples, format=RdfFormat.TURTLE, prefixes={"lepto": LEPTO}),
        serialize(triples, format=RdfFormat.N_TRIPLES),
        _table(cohort, facts),
    ):
        assert isinstance(written, str | bytes)
        assert [(record.patient, record.triples, record.findings) for record in take(written)] == expected


@settings(deadline=None)
@given(patient=PATIENTS, seed=st.randoms())
def test_the_order_never_matters(take: Take, patient: dict[str, Any], seed: Any) -> None:
    """Shuffled keys and shuffled lists give the identical record."""
    keys = list(patient)
    seed.shuffle(keys)
    shuffled = {key: patient[key][::-1] if isinstance(patient[key], list) else patient[key] for key in keys}
    assert take(json.dumps(shuffled)) == take(json.dumps(patient))


def _csv(rows: list[list[str]]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue()


def _table(cohort: list[dict[str, Any]], facts: Mapping[str, Fact]) -> str:
    header = ["id", *(name for name, fact in facts.items() if not fact.of_course)]
    cells = [[_cell(patient[name]) if name in patient else "" for name in header] for patient in cohort]
    return _csv([header, *cells])


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _triples(cohort: list[dict[str, Any]], facts: Mapping[str, Fact]) -> list[Triple]:
    """Return the facts as RDF with nameless nodes, numbers as Python writes them."""
    triples = []
    for patient in cohort:
        subject = BlankNode()
        triples.append(Triple(subject, NamedNode(RDF_TYPE), NamedNode(PATIENT)))
        triples.append(Triple(subject, NamedNode(IDENTIFIER), Literal(patient["id"])))
        for key, value in patient.items():
            if key != "id":
                triples += _stated(subject, facts[key], value, facts)
    return triples


def _stated(subject: BlankNode, fact: Fact, value: Any, facts: Mapping[str, Fact]) -> list[Triple]:
    name, triples = NamedNode(LEPTO + fact.name), []
    for part in value if isinstance(value, list) else [value]:
        if fact.nested:
            course = BlankNode()
            triples.append(Triple(subject, name, course))
            triples += [triple for key, own in part.items() for triple in _stated(course, facts[key], own, facts)]
        else:
            triples.append(Triple(subject, name, _term(part, fact)))
    return triples


def _term(value: Any, fact: Fact) -> NamedNode | Literal:
    if fact.datatype is None:
        return NamedNode(LEPTO + value)
    form = {XSD_INTEGER: "{:05}", XSD_DECIMAL: "{:.2f}"}.get(fact.datatype, "{}").format
    text = str(value).lower() if isinstance(value, bool) else form(value)
    return Literal(text, datatype=NamedNode(fact.datatype))
