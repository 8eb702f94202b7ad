"""One patient as read: the id, where it came from, its graph in the normal form, and what was wrong with the reading.

The normal form is the same whatever the format, the order of keys or the names of blank nodes:

    <urn:lepto:patient:ID> a lepto:Patient ; dcterms:identifier "ID" ; ... ;
        lepto:treatmentCourse <urn:lepto:patient:ID:course:1> .
    <urn:lepto:patient:ID:course:1> a lepto:TreatmentCourse ; ... .

ID is percent-encoded. Courses are numbered after sorting by their content; a course that is stated twice is one course.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias
from urllib.parse import quote

from pyoxigraph import Literal, NamedNode, Triple

from lepto.errors import one_line
from lepto.finding import Finding
from lepto.read import limits
from lepto.vocabulary import IDENTIFIER, PATIENT, RDF_TYPE, TREATMENT_COURSE

Statement: TypeAlias = tuple[NamedNode, NamedNode | Literal]
Course: TypeAlias = tuple[NamedNode, frozenset[Statement]]
"""The property that leads to the course, and what is stated of the course."""

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_ID_MEND = f"give the patient an id that is text of 1 to {limits.ID_CHARACTERS} visible characters"


@dataclass(frozen=True)
class Used:
    """A fact as stated, and the entry of a health record from which it came."""

    property: str
    value: str
    source: str


@dataclass(frozen=True)
class Ignored:
    """An entry of a health record that was not used, the fact on which it bears where it bears on one, and why not."""

    source: str
    property: str | None
    reason: str


@dataclass(frozen=True)
class Intake:
    """What was made of the entries of one patient's health record; `missing` are the facts that none states."""

    used: tuple[Used, ...]
    ignored: tuple[Ignored, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Record:
    """What one file says of one patient.

    `patient` is the id as given (or `origin`, where no id can be used); `origin` is file and place, such as
    "cohort.ndjson line 7"; `triples` are the graph in the normal form, sorted by their text, empty where nothing can
    safely be said; `findings` are the faults of reading, of which a violation costs this patient the answer;
    `intake` is what was made of the entries of a health record, None where the facts were stated as such.
    """

    patient: str
    origin: str
    triples: tuple[Triple, ...]
    findings: tuple[Finding, ...]
    intake: Intake | None = None

    @property
    def iri(self) -> str:
        """The IRI of the patient in the normal form."""
        return patient_iri(self.patient)


def patient_iri(patient: str) -> str:
    """Return the IRI under which a patient with this id stands in the normal form."""
    return f"urn:lepto:patient:{quote(patient, safe='')}"


def accepted(patient: str, origin: str, statements: Iterable[Statement], courses: Iterable[Course]) -> Record:
    """Return the record of a patient whose statements could all be read."""
    return Record(patient, origin, normal_form(patient, statements, courses), ())


def refused(origin: str, findings: Iterable[Finding], patient: str | None = None) -> Record:
    """Return the record of a patient of whom nothing is taken over, named after its place where it has no usable id."""
    return Record(patient or origin, origin, (), tuple(sorted(set(findings), key=str)))


def violation(origin: str, fault: str, mend: str, about: str | None = None, value: str | None = None) -> Finding:
    """Return the finding that costs the record at `origin` its answer; `about` is the key, `value` is shortened."""
    message = one_line(f"{origin}: {fault}; {mend}")
    return Finding("violation", _shown(about), _shown(value), message)


def id_violation(patient: object, origin: str) -> Finding | None:
    """Return what is wrong with an id, or None where it can be used. `patient` is None where there is no id."""
    fault = _id_fault(patient)
    return None if fault is None else violation(origin, fault, _ID_MEND, about="id")


def normal_form(patient: str, statements: Iterable[Statement], courses: Iterable[Course]) -> tuple[Triple, ...]:
    """Return a patient's graph in the normal form, sorted by text."""
    subject = NamedNode(patient_iri(patient))
    triples = {
        Triple(subject, NamedNode(RDF_TYPE), NamedNode(PATIENT)),
        Triple(subject, NamedNode(IDENTIFIER), Literal(patient)),
        *(Triple(subject, name, value) for name, value in statements),
    }
    for number, course in enumerate(sorted(set(courses), key=_course_order), start=1):
        triples |= _course_triples(subject, number, course)
    return tuple(sorted(triples, key=str))


class Shared(NamedTuple):
    """The first two of the places at which an id is given, and at how many it is."""

    first: str
    second: str
    many: int


def with_shared_ids_refused(records: Sequence[Record]) -> list[Record]:
    """Return the records in their order, those that share an id with another refused, with the pair named.

    Their triples are taken out: side by side in one graph they would become one patient.
    """
    shared = shared_ids((record.patient, record.origin) for record in records)
    return [refused_if_shared(record, shared) for record in records]


def shared_ids(given: Iterable[tuple[str, str]]) -> dict[str, Shared]:
    """Return the ids that are given more than once, of ids with their places."""
    origins = defaultdict(list)
    for patient, origin in given:
        origins[patient].append(origin)
    return {patient: Shared(found[0], found[1], len(found)) for patient, found in origins.items() if len(found) > 1}


def refused_if_shared(record: Record, shared: Mapping[str, Shared]) -> Record:
    """Return a record, refused where its id is one of those that are given more than once."""
    if record.patient not in shared:
        return record
    first, second, many = shared[record.patient]
    others = f" (and {many - 2} more)" if many > 2 else ""
    fault = f"the same id is given at {first} and at {second}{others}"
    mend = "give each patient one record and an id of its own"
    finding = violation(record.origin, fault, mend, about="id", value=record.patient)
    return replace(record, triples=(), findings=(*record.findings, finding))


def _shown(text: str | None) -> str | None:
    return None if text is None else limits.shortened(text)


def _id_fault(patient: object) -> str | None:
    if patient is None:
        return "the patient has no id"
    if not isinstance(patient, str):
        return "the id is not text"
    if not patient.strip():
        return "the id is empty"
    if len(patient) > limits.ID_CHARACTERS:
        return f"the id is longer than {limits.ID_CHARACTERS} characters"
    if any(unicodedata.category(character) in _UNSEEN for character in patient):
        return "the id holds control characters"
    return None


def _course_triples(patient: NamedNode, number: int, course: Course) -> set[Triple]:
    link, content = course
    subject = NamedNode(f"{patient.value}:course:{number}")
    return {
        Triple(patient, link, subject),
        Triple(subject, NamedNode(RDF_TYPE), NamedNode(TREATMENT_COURSE)),
        *(Triple(subject, name, value) for name, value in content),
    }


def _course_order(course: Course) -> tuple[str, list[str]]:
    link, content = course
    return link.value, sorted(f"{name} {value}" for name, value in content)
