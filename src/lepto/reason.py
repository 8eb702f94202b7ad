"""Ask HermiT, the OWL 2 DL reasoner: is an ontology consistent, can its classes have members, who is what, and why.

HermiT runs in a child process (`lepto.hermit`) that has a time limit, a process group and a private directory of its
own. The ontology goes to it through a pipe: no file is written, and no import is fetched. Every job carries a canary, a
membership that must be inferred; an answer without it is refused.

What the reasoner is given differs from the triples that come in:

- `owl:imports` is left out, and several ontology headers are read as one: the caller brings every module along;
- `xsd:date` is not in the OWL 2 datatype map, so a date is given as the `xsd:dateTime` of its midnight, in UTC where it
  names no zone. Any other datatype outside the map is refused, save in annotations, which no reasoner reads.

`xsd:decimal` and `xsd:integer` share one value space; that of `xsd:double` and that of `xsd:float` are disjoint from it
and from each other.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, serialize

from lepto.errors import LeptoError
from lepto.vocabulary import OWL, RDF, RDF_TYPE, RDFS, XSD, XSD_DATE

Term: TypeAlias = NamedNode | BlankNode | Literal | Triple

TYPE = NamedNode(RDF_TYPE)
DATE = NamedNode(XSD_DATE)
DATE_TIME = NamedNode(XSD + "dateTime")
HEADER = NamedNode("urn:lepto:reasoned")

DATATYPES = frozenset(
    [OWL + name for name in ("rational", "real")]
    + [RDF + name for name in ("PlainLiteral", "XMLLiteral", "langString")]
    + [RDFS + "Literal"]
    + [XSD + name for name in ("NCName", "NMTOKEN", "Name", "anyURI", "base64Binary", "boolean", "byte", "dateTime")]
    + [XSD + name for name in ("dateTimeStamp", "decimal", "double", "float", "hexBinary", "int", "integer")]
    + [XSD + name for name in ("language", "long", "negativeInteger", "nonNegativeInteger", "nonPositiveInteger")]
    + [XSD + name for name in ("normalizedString", "positiveInteger", "short", "string", "token", "unsignedByte")]
    + [XSD + name for name in ("unsignedInt", "unsignedLong", "unsignedShort")]
)  # https://www.w3.org/TR/owl2-syntax/#Datatype_Maps

ANNOTATIONS = frozenset(
    [RDFS + name for name in ("comment", "isDefinedBy", "label", "seeAlso")]
    + [OWL + name for name in ("deprecated", "versionInfo")]
)
BETWEEN_ONTOLOGIES = frozenset(
    OWL + name for name in ("backwardCompatibleWith", "imports", "incompatibleWith", "priorVersion", "versionIRI")
)

# The words of RDF, RDFS and OWL that can be a predicate in OWL 2. OWLAPI drops others without a word where their value
# is an IRI: a misspelt owl:disjointwith would be an axiom less, and nobody the wiser.
WORDS = (
    ANNOTATIONS
    | BETWEEN_ONTOLOGIES
    | frozenset(
        [RDF + name for name in ("first", "langRange", "rest", "type")]
        + [RDFS + name for name in ("domain", "range", "subClassOf", "subPropertyOf")]
        + [OWL + name for name in ("allValuesFrom", "annotatedProperty", "annotatedSource", "annotatedTarget")]
        + [OWL + name for name in ("assertionProperty", "bottomDataProperty", "bottomObjectProperty", "cardinality")]
        + [OWL + name for name in ("complementOf", "datatypeComplementOf", "differentFrom", "disjointUnionOf")]
        + [OWL + name for name in ("disjointWith", "distinctMembers", "equivalentClass", "equivalentProperty")]
        + [OWL + name for name in ("hasKey", "hasSelf", "hasValue", "intersectionOf", "inverseOf", "maxCardinality")]
        + [OWL + name for name in ("maxQualifiedCardinality", "members", "minCardinality", "minQualifiedCardinality")]
        + [OWL + name for name in ("onClass", "onDataRange", "onDatatype", "onProperties", "onProperty", "oneOf")]
        + [OWL + name for name in ("propertyChainAxiom", "propertyDisjointWith", "qualifiedCardinality", "sameAs")]
        + [OWL + name for name in ("someValuesFrom", "sourceIndividual", "targetIndividual", "targetValue")]
        + [OWL + name for name in ("topDataProperty", "topObjectProperty", "unionOf", "withRestrictions")]
    )
)  # https://www.w3.org/TR/owl2-mapping-to-rdf/

CANARY = "urn:lepto:canary:"
CANARY_TRIPLES = tuple(
    Triple(*terms)
    for terms in (
        (NamedNode(CANARY + "Asserted"), TYPE, NamedNode(OWL + "Class")),
        (NamedNode(CANARY + "one"), TYPE, NamedNode(OWL + "NamedIndividual")),
        (NamedNode(CANARY + "one"), TYPE, NamedNode(CANARY + "Asserted")),
        (NamedNode(CANARY + "Inferred"), TYPE, NamedNode(OWL + "Class")),
        # Inferred is the intersection of Asserted and owl:Thing: it is inferred only if lists survive the journey.
        (NamedNode(CANARY + "Inferred"), NamedNode(OWL + "equivalentClass"), BlankNode("canary0")),
        (BlankNode("canary0"), TYPE, NamedNode(OWL + "Class")),
        (BlankNode("canary0"), NamedNode(OWL + "intersectionOf"), BlankNode("canary1")),
        (BlankNode("canary1"), NamedNode(RDF + "first"), NamedNode(CANARY + "Asserted")),
        (BlankNode("canary1"), NamedNode(RDF + "rest"), BlankNode("canary2")),
        (BlankNode("canary2"), NamedNode(RDF + "first"), NamedNode(OWL + "Thing")),
        (BlankNode("canary2"), NamedNode(RDF + "rest"), NamedNode(RDF + "nil")),
    )
)

_DAY = re.compile(r"\s*(-?\d{4,}-\d\d-\d\d)(Z|[+-]\d\d:\d\d)?\s*")


class ReasonerError(LeptoError):
    """HermiT gave no answer that can be relied on. The message is one sentence that says why."""


class JavaMissing(ReasonerError):  # noqa: N818
    """No Java is found, so HermiT cannot run."""


@dataclass(frozen=True)
class Examination:
    """What HermiT says of an ontology.

    `unsatisfiable`: the IRIs of the classes that can have no member, sorted, owl:Nothing left out; none where the
    ontology is inconsistent, since then no class can. `profile_violations`: sentences, sorted; none in OWL 2 DL.
    `culprits`: none when it is consistent, else one minimal inconsistent set of axioms, in Manchester syntax, sorted.
    `classes`, `properties` (object, data, annotation), `individuals` (with an IRI) and `axioms` (logical) say how much
    was looked at.
    """

    consistent: bool
    unsatisfiable: tuple[str, ...]
    profile_violations: tuple[str, ...]
    classes: int
    properties: int
    individuals: int
    axioms: int
    culprits: tuple[str, ...]


@dataclass(frozen=True)
class Classification:
    """Which individual is a member of which classes.

    `types`: from the IRI of an individual to the IRIs of all its named classes, the indirect ones too, owl:Thing left
    out; empty when `consistent` is false. `culprits`: as in `Examination`.
    """

    consistent: bool
    types: Mapping[str, frozenset[str]]
    culprits: tuple[str, ...]


def java() -> str | None:
    """Return the path of the Java library (libjvm) that HermiT will run on, or None.

    That of JAVA_HOME, else that of the `java` on PATH, else the one that JPype finds where Java is usually installed.
    """
    on_path = shutil.which("java")
    homes = [Path(home) for home in (os.environ.get("JAVA_HOME"),) if home]
    homes += [Path(on_path).resolve().parents[1]] if on_path else []
    return next((str(library) for home in homes for library in _libraries(home)), None) or _usual_java()


def examine(triples: Iterable[Triple], *, seconds: float = 300) -> Examination:
    """Look a whole ontology over: consistency, unsatisfiable classes, OWL 2 DL, and the axioms at fault.

    In: the triples of every module together; the time limit. Raises ReasonerError, JavaMissing.
    """
    given = list(triples)
    readable = [triple for triple in given if not _is_foreign(triple.predicate)]
    answer = _ask({"task": "examine", "ontology": _document(readable)}, seconds)
    _require_proof(answer)
    return Examination(
        consistent=answer["consistent"],
        unsatisfiable=tuple(answer["unsatisfiable"]),
        profile_violations=tuple(sorted([*answer["violations"], *_not_owl(given)])),
        classes=answer["classes"],
        properties=answer["properties"],
        individuals=answer["individuals"],
        axioms=answer["axioms"],
        culprits=tuple(answer["culprits"]),
    )


def classify(triples: Iterable[Triple], *, seconds: float = 300) -> Classification:
    """Infer the classes of every individual, all of them in one world.

    In: ontology and individuals together; the time limit. Raises ReasonerError, also for a property that is declared
    nowhere, since the reasoner would not see its values, and JavaMissing. The time grows much faster than the number of
    individuals of which little is known: `classify_each` keeps it in proportion.
    """
    given = list(triples)
    _refuse_not_owl(given)
    (result,) = _ask({"task": "classify", "ontology": _document(given), "worlds": []}, seconds)["results"]
    return _classification(result)


def classify_each(
    shared: Iterable[Triple], worlds: Mapping[str, Iterable[Triple]], *, seconds: float = 300
) -> dict[str, Classification]:
    """Infer the classes of the individuals of each world, reasoned alone with what all share: a patient, a world.

    In: the ontology; the worlds under any names, which share no blank node with it or with each other; the time limit
    for all. Out: for each name a classification of the individuals that the world names and the ontology does not. A
    world that contradicts the ontology costs that world alone. Raises as `classify`.
    """
    answers = _ask_worlds({"task": "classify"}, shared, worlds, seconds)
    return {name: _classification(answer) for name, answer in answers.items()}


@dataclass(frozen=True)
class Decision:
    """Whether individuals belong to classes.

    `standings`: for the IRI of an individual and the IRI of a class True where it must belong, False where it cannot,
    None where both are possible; empty when `consistent` is false. `culprits`: as in `Examination`.
    """

    consistent: bool
    standings: Mapping[str, Mapping[str, bool | None]]
    culprits: tuple[str, ...]


def decide_each(
    shared: Iterable[Triple],
    worlds: Mapping[str, Iterable[Triple]],
    classes: Mapping[str, Iterable[str]],
    *,
    seconds: float = 300,
) -> dict[str, Decision]:
    """Settle for the individuals of each world whether they must, cannot, or may belong to each of its classes.

    In: as `classify_each`, and for each world the IRIs of the classes that are asked about. Out: for each name a
    decision about the individuals that the world names and the ontology does not. Raises as `classify`.
    """
    asked = [sorted(set(classes[name])) for name in worlds]
    answers = _ask_worlds({"task": "decide", "classes": asked}, shared, worlds, seconds)
    for answer in answers.values():
        _require_proof(answer)
    return {
        name: Decision(answer["consistent"], answer["standings"], tuple(answer["culprits"]))
        for name, answer in answers.items()
    }


def explain_unsatisfiable(triples: Iterable[Triple], class_iri: str, *, seconds: float = 300) -> tuple[str, ...]:
    """Say why a class can have no member: one minimal set of axioms that forbids it, in Manchester syntax, sorted.

    In: the ontology; the IRI of a class in it; the time limit. Out: no axiom when the class can have a member. Raises
    ReasonerError, also for a class that the ontology does not have, and JavaMissing.
    """
    given = list(triples)
    _refuse_not_owl(given)
    answer = _ask({"task": "explain", "ontology": _document(given), "class": class_iri}, seconds)
    _require_proof(answer)
    return tuple(answer["culprits"])


def _classification(result: Mapping[str, Any]) -> Classification:
    _require_proof(result)
    types = {individual: frozenset(classes) for individual, classes in sorted(result["types"].items())}
    return Classification(result["consistent"], MappingProxyType(types), tuple(result["culprits"]))


def _require_proof(answer: Mapping[str, Any]) -> None:
    """Refuse an answer that lacks its proof: the canary's membership, or the axioms behind an inconsistency."""
    if answer["canary"] is False:
        raise ReasonerError("HermiT missed a membership that it must infer, so none of its answers can be relied on.")
    if answer["canary"] is None and not answer["culprits"]:
        raise ReasonerError("HermiT found a contradiction but no axioms at fault, so its answer cannot be relied on.")


# What is sent: the triples as the reasoner may read them


def _document(triples: list[Triple]) -> str:
    return _rdf_xml([*_reasoned(triples, _annotations(triples)), *CANARY_TRIPLES])


def _world_documents(shared: list[Triple], worlds: Iterable[list[Triple]]) -> list[str]:
    """Return the worlds, each with the declarations by which the parser tells a fact from a note."""
    declarations = [triple for triple in shared if _is_declaration(triple)]
    notes = _annotations(shared)
    return [_rdf_xml([*declarations, *_reasoned(world, notes | _annotations(world))]) for world in worlds]


def _is_declaration(triple: Triple) -> bool:
    kinds = ("AnnotationProperty", "Class", "DatatypeProperty", "ObjectProperty")
    declared = [NamedNode(OWL + kind) for kind in kinds] + [NamedNode(RDFS + "Datatype")]
    return triple.predicate == TYPE and isinstance(triple.subject, NamedNode) and triple.object in declared


def _annotations(triples: Iterable[Triple]) -> frozenset[str]:
    """Return the IRIs of the properties whose values no reasoner reads."""
    subjects = (t.subject for t in triples if t.predicate == TYPE and t.object == NamedNode(OWL + "AnnotationProperty"))
    return ANNOTATIONS | {subject.value for subject in subjects if isinstance(subject, NamedNode)}


def _reasoned(triples: list[Triple], annotations: frozenset[str]) -> Iterator[Triple]:
    """Yield the triples with one header, no imports, and OWL 2 datatypes."""
    headers = {t.subject for t in triples if t.predicate == TYPE and t.object == NamedNode(OWL + "Ontology")}
    for triple in triples:
        if triple.predicate.value not in BETWEEN_ONTOLOGIES:
            subject = HEADER if triple.subject in headers else triple.subject
            value = triple.object if triple.predicate.value in annotations else _mapped(triple)
            yield Triple(subject, triple.predicate, value)


def _mapped(triple: Triple) -> Term:
    """Return the object of a triple, within the OWL 2 datatype map."""
    value = triple.object
    if isinstance(value, Triple):
        raise ReasonerError(f"A value of {triple.predicate.value} is a triple, which OWL does not know.")
    if isinstance(value, Literal):
        return _midnight(value, triple.predicate) if value.datatype == DATE else _supported(value, value.datatype)
    if isinstance(value, NamedNode) and value.value.startswith(XSD):
        return DATE_TIME if value == DATE else _supported(value, value)
    return value


def _supported(value: Term, datatype: NamedNode) -> Term:
    if datatype.value not in DATATYPES:
        raise ReasonerError(f"HermiT cannot reason over {datatype.value}: it is not in the OWL 2 datatype map.")
    return value


def _midnight(value: Literal, predicate: NamedNode) -> Literal:
    day = _DAY.fullmatch(value.value)
    if day is None:
        raise ReasonerError(f"A value of {predicate.value} is not in the lexical space of xsd:date.")
    return Literal(f"{day[1]}T00:00:00{day[2] or 'Z'}", datatype=DATE_TIME)


def _is_foreign(predicate: NamedNode) -> bool:
    return predicate.value.startswith((RDF, RDFS, OWL)) and predicate.value not in WORDS


def _not_owl(triples: Iterable[Triple]) -> list[str]:
    used = {triple.predicate for triple in triples}
    return sorted(f"No property of OWL 2: {predicate.value}." for predicate in used if _is_foreign(predicate))


def _refuse_not_owl(triples: Iterable[Triple]) -> None:
    for sentence in _not_owl(triples):
        raise ReasonerError(sentence)


def _rdf_xml(triples: Iterable[Triple]) -> str:
    """Return RDF/XML: what a thing is before what is said of it, and blank nodes under names that XML allows.

    The first type of a thing names its element, and the writer takes any IRI for it: one of OWL's own comes first,
    since the code of another terminology, such as one of digits alone, makes no name in XML.
    """
    names: dict[Term, BlankNode] = {}

    def named(term: Any) -> Any:
        return names.setdefault(term, BlankNode(f"b{len(names)}")) if isinstance(term, BlankNode) else term

    def place(triple: Triple) -> tuple[bool, str, str, bool, str]:
        value = str(triple.object)
        foreign = not value.startswith(f"<{OWL}")
        return triple.predicate != TYPE, str(triple.subject), str(triple.predicate), foreign, value

    renamed = [Triple(named(t.subject), t.predicate, named(t.object)) for t in sorted(set(triples), key=place)]
    return (serialize(renamed, format=RdfFormat.RDF_XML) or b"").decode()


# The child process


def _ask_worlds(
    job: Mapping[str, Any], shared: Iterable[Triple], worlds: Mapping[str, Iterable[Triple]], seconds: float
) -> dict[str, dict[str, Any]]:
    """Return the answer about each world, reasoned alone with what all share, by the names of the worlds."""
    common = list(shared)
    own = {name: list(triples) for name, triples in worlds.items()}
    for triples in (common, *own.values()):
        _refuse_not_owl(triples)
    if not own:
        return {}
    documents = {"ontology": _document(common), "worlds": _world_documents(common, own.values())}
    return dict(zip(own, _ask({**job, **documents}, seconds)["results"], strict=True))


def _ask(job: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """Return the answer of a child process to one job."""
    library = java()
    if library is None:
        raise JavaMissing("HermiT needs Java, and none is found: install Java 17, or set JAVA_HOME to where it is.")
    canary = {"namespace": CANARY, "individual": CANARY + "one", "class": CANARY + "Inferred"}
    whole = {**job, "jvm": library, "jar": _jar(), "seconds": seconds, "canary": canary}
    with tempfile.TemporaryDirectory(prefix="lepto-reason-") as folder:
        return _answer(*_run(json.dumps(whole).encode(), folder, seconds))


def _jar() -> str:
    """Return where HermiT.jar is: in owlready2, which is not imported, for that is slow and runs what its data name."""
    spec = importlib.util.find_spec("owlready2")
    jar = Path(spec.origin).parent / "hermit" / "HermiT.jar" if spec and spec.origin else None
    if jar is None or not jar.is_file():
        raise ReasonerError("HermiT is not installed: it comes with the Python package owlready2.")
    return str(jar)


def _run(job: bytes, folder: str, seconds: float) -> tuple[int, bytes]:
    """Return exit status and output of the child; its whole process group has ended when this returns or raises."""
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "lepto.hermit"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # what Java says in its distress may hold a patient's values
        cwd=folder,
        env=_environment(folder),
        start_new_session=True,
    )
    with child:
        try:
            output, _ = child.communicate(job, timeout=seconds)
        except subprocess.TimeoutExpired:
            raise ReasonerError(f"HermiT gave no answer within {seconds:g} seconds and was ended.") from None
        finally:
            if child.returncode is None:
                os.killpg(child.pid, signal.SIGKILL)
    return child.returncode, output


def _environment(folder: str) -> dict[str, str]:
    """Return the caller's environment, less what changes how Java runs, with this very package on the path."""
    outside = ("CLASSPATH", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS")
    kept = {name: value for name, value in os.environ.items() if name not in outside}
    package = str(Path(__file__).resolve().parents[1])
    path = os.pathsep.join(part for part in (package, os.environ.get("PYTHONPATH")) if part)
    return {**kept, "PYTHONPATH": path, "TMPDIR": folder}


def _answer(status: int, output: bytes) -> dict[str, Any]:
    if status != 0:
        raise ReasonerError(f"HermiT ended without an answer (exit status {status}).")
    try:
        answer: dict[str, Any] = dict(json.loads(output))
    except (ValueError, TypeError):
        raise ReasonerError("HermiT's answer cannot be read.") from None
    if "error" in answer:
        raise ReasonerError(answer["error"])
    return answer


# Java


def _libraries(home: Path) -> Iterator[Path]:
    names = ("lib/server/libjvm.so", "lib/server/libjvm.dylib", "jre/lib/*/server/libjvm.so")
    return (library for name in names for library in sorted(home.glob(name)))


def _usual_java() -> str | None:
    """Return where JPype finds Java in the places where it usually is, or None."""
    import jpype  # only here: it takes a tenth of a second, and JAVA_HOME or PATH mostly spare it

    try:
        return str(jpype.getDefaultJVMPath())
    except (jpype.JVMNotFoundException, OSError, ValueError):
        return None
