"""From triples to records. A patient file may speak only about patients and their treatment courses.

The names of nodes are not kept: a patient is its `dcterms:identifier`, or else the last segment of its IRI. What is
stated is kept as it stands, unknown properties and ill-typed values too, so that validation refuses them by name; only
numbers are written in one way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias, TypeGuard
from urllib.parse import unquote

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from lepto.errors import InputError
from lepto.facts import Fact
from lepto.finding import Finding
from lepto.read.limits import DIGITS
from lepto.read.literals import (
    boolean_literal,
    decimal_literal,
    integer_literal,
    is_decimal,
    is_integer,
    is_within_limits,
)
from lepto.read.record import Course, Record, Statement, accepted, id_violation, refused, violation
from lepto.vocabulary import (
    IDENTIFIER,
    LEPTO,
    PATIENT,
    RDF_TYPE,
    TREATMENT_COURSE,
    XSD_BOOLEAN,
    XSD_DECIMAL,
    XSD_INTEGER,
    XSD_STRING,
)

Node: TypeAlias = NamedNode | BlankNode
Subject: TypeAlias = NamedNode | BlankNode | Triple
Term: TypeAlias = NamedNode | BlankNode | Literal | Triple
Said: TypeAlias = tuple[NamedNode, Term]

_TYPE = NamedNode(RDF_TYPE)
_IS_PATIENT = (_TYPE, NamedNode(PATIENT))
_IS_COURSE = (_TYPE, NamedNode(TREATMENT_COURSE))
_IDENTIFIER = NamedNode(IDENTIFIER)
_UNNAMED = NamedNode("urn:lepto:unnamed")
"""Stands for any blank node that is given as a value: whatever it is called, it is the value of no fact."""

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True)
class File:
    """What a file, or a part of it, states: what is said of each node; the numbers of patients; and for each course the
    patients that lead to it, in their order. `by_iri` tells the place of a patient by its IRI.
    """

    name: str
    facts: Mapping[NamedNode, Fact]
    said: Mapping[Subject, list[Said]]
    patients: Mapping[Node, int]
    owners: Mapping[Node, list[Node]]
    by_iri: bool = False

    def origin(self, patient: Node) -> str:
        """Where a patient is stated."""
        if self.by_iri and isinstance(patient, NamedNode):
            return f"{self.name} {patient.value}"
        return f"{self.name} item {self.patients[patient]}"

    def courses(self, patient: Node) -> list[tuple[NamedNode, Node]]:
        """The courses of a patient, each with the property that leads to it."""
        return courses_of(self.said[patient], self.facts)


def read_graph(
    triples: Iterable[Triple], name: str, facts: Mapping[str, Fact], *, by_iri: bool = False
) -> list[Record]:
    """Return the records of the patients of a graph, in document order.

    What is no document has no numbers: `by_iri` tells the place of a patient by its IRI.

    Raises InputError where the graph speaks about anything but patients and their courses.
    """
    file = _file(name, said_of(triples), properties(facts), by_iri)
    strange = next((node for node in file.said if node not in file.patients and node not in file.owners), None)
    if strange is not None:
        raise stranger(name, strange, file.said[strange][0][0])
    return [record_of(patient, file) for patient in file.patients]


def properties(facts: Mapping[str, Fact]) -> dict[NamedNode, Fact]:
    """Return the facts by the properties that state them."""
    return {NamedNode(LEPTO + fact.name): fact for fact in facts.values()}


def said_of(triples: Iterable[Triple]) -> dict[Subject, list[Said]]:
    """Return what some triples say of each subject, in the order in which subjects are first named."""
    said: defaultdict[Subject, list[Said]] = defaultdict(list)
    for triple in dict.fromkeys(triples):
        said[triple.subject].append((triple.predicate, triple.object))
    return dict(said)


def _file(name: str, said: Mapping[Subject, list[Said]], facts: Mapping[NamedNode, Fact], by_iri: bool) -> File:
    patients = [node for node, stated in said.items() if is_patient(node, stated)]
    owners = defaultdict(list)
    for patient in patients:
        for _, course in courses_of(said[patient], facts):
            owners[course].append(patient)
    numbers = {patient: number for number, patient in enumerate(patients, start=1)}
    return File(name, facts, said, numbers, owners, by_iri)


def is_patient(node: Subject, stated: Iterable[Said]) -> TypeGuard[Node]:
    """Tell whether what is said of a node makes it a patient."""
    return _IS_PATIENT in stated and not isinstance(node, Triple)


def courses_of(stated: Iterable[Said], facts: Mapping[NamedNode, Fact]) -> list[tuple[NamedNode, Node]]:
    """Return the courses to which what is said of a patient leads, each with the property that does."""
    return [
        (name, value)
        for name, value in stated
        if name in facts and facts[name].nested and isinstance(value, NamedNode | BlankNode)
    ]


def stranger(name: str, node: Subject, about: NamedNode) -> InputError:
    """Return what to say of the first node of a file that is neither a patient nor a course, and the first property
    that is stated of it.
    """
    spoken = str(node) if isinstance(node, NamedNode) else f"a nameless node ({about} ...)"
    fault = f"{spoken} is spoken of, and a patient file may speak only about patients and their treatment courses"
    mend = "take its statements out, or state that it is a lepto:Patient"
    return InputError(name, "the whole file", fault, mend)


def record_of(patient: Node, file: File) -> Record:
    """Return the record of a patient of a file, of which at least what bears on this patient is given."""
    origin = file.origin(patient)
    name, unnamed = _identity(patient, file)
    findings = [*unnamed, *_strayed(patient, file), *_unusable(patient, file)]
    if findings:
        return refused(origin, findings, None if unnamed else str(name))
    return accepted(str(name), origin, _statements(patient, file), _stated_courses(patient, file))


def _identity(patient: Node, file: File) -> tuple[object, list[Finding]]:
    origin = file.origin(patient)
    named = [value for name, value in file.said[patient] if name == _IDENTIFIER]
    if len(named) > 1:
        return None, [violation(origin, f"the patient has {len(named)} identifiers", "keep one of them", about="id")]
    name = _text(named[0]) if named else _last_segment(patient)
    unnamed = id_violation(name, origin)
    return name, [] if unnamed is None else [unnamed]


def _text(term: Term) -> object:
    return term.value if isinstance(term, Literal) and term.datatype.value == XSD_STRING else term


def _last_segment(patient: Node) -> str | None:
    if isinstance(patient, BlankNode):
        return None
    iri = patient.value
    mark = "#" if "#" in iri else ":" if iri.startswith("urn:") else "/"
    return unquote(iri.rpartition(mark)[2], errors="replace")


def _strayed(patient: Node, file: File) -> Iterator[Finding]:
    """Yield a violation for each course that is a patient, or that another patient has too."""
    origin = file.origin(patient)
    for name, course in file.courses(patient):
        about = file.facts[name].name
        others = [file.origin(owner) for owner in file.owners[course] if owner != patient]
        if course in file.patients:
            yield violation(origin, "a treatment course is itself a patient", "give it a node of its own", about)
        elif others:
            fault = f"a treatment course is shared with the patient at {others[0]}"
            yield violation(origin, fault, "give each patient a course of its own", about)


def _unusable(patient: Node, file: File) -> Iterator[Finding]:
    """Yield a violation for each value that no engine here holds exactly."""
    nodes = [patient, *(course for _, course in file.courses(patient))]
    for name, value in (said for node in nodes for said in file.said.get(node, [])):
        about = file.facts[name].name if name in file.facts else name.value
        if isinstance(value, Triple) or (isinstance(value, Literal) and value.direction is not None):
            yield violation(file.origin(patient), "a value is of RDF 1.2", "give a name, number or plain text", about)
        elif isinstance(value, Literal) and _is_number(value) and not is_within_limits(value.value):
            mend = f"give at most {DIGITS} digits"
            fault = "a number is too long or too large to be held exactly"
            yield violation(file.origin(patient), fault, mend, about, value.value)


def _statements(patient: Node, file: File) -> Iterator[Statement]:
    courses = set(file.courses(patient))
    for name, value in file.said[patient]:
        if name != _IDENTIFIER and (name, value) not in courses:
            yield _statement(name, value, file.facts)


def _stated_courses(patient: Node, file: File) -> Iterator[Course]:
    for name, course in file.courses(patient):
        stated = (_statement(*said, file.facts) for said in file.said.get(course, []))
        yield name, frozenset(statement for statement in stated if statement != _IS_COURSE)


def _statement(name: NamedNode, value: Term, facts: Mapping[NamedNode, Fact]) -> Statement:
    if isinstance(value, Literal):
        fact = facts.get(name)
        return name, _one_way(value, is_decimal_fact=fact is not None and fact.datatype == XSD_DECIMAL)
    return name, value if isinstance(value, NamedNode) else _UNNAMED


def _is_number(literal: Literal) -> bool:
    return {XSD_INTEGER: is_integer, XSD_DECIMAL: is_decimal}.get(literal.datatype.value, _never)(literal.value)


def _never(_: str) -> bool:
    return False


def _one_way(literal: Literal, *, is_decimal_fact: bool) -> Literal:
    """Return a number or boolean in the one way that all formats share, and anything else as it stands."""
    text, datatype = literal.value, literal.datatype.value
    if datatype == XSD_BOOLEAN:
        return boolean_literal(_BOOLEANS[text]) if text in _BOOLEANS else literal
    if not _is_number(literal):
        return literal
    if is_decimal_fact:
        return decimal_literal(text)
    return integer_literal(text) if datatype == XSD_INTEGER else decimal_literal(text, point=True)
