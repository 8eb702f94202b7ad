"""What `lepto.reason` promises of HermiT."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from pyoxigraph import RdfFormat, Triple, parse

from lepto import hermit, reason
from lepto.errors import LeptoError
from lepto.reason import Classification, JavaMissing, ReasonerError

L = "https://w3id.org/lepto/"

java = pytest.mark.java
needs_java = pytest.mark.skipif(reason.java() is None, reason="HermiT needs Java 17, and none is found")

PREFIXES = """
@prefix : <https://w3id.org/lepto/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""

ONTOLOGY = """
<https://w3id.org/lepto/ontology/a> a owl:Ontology ; rdfs:label "one module"@en .
<https://w3id.org/lepto/ontology/b> a owl:Ontology ; owl:versionIRI <https://w3id.org/lepto/ontology/b/1> .
:Patient a owl:Class ; owl:disjointWith :Course .
:Course a owl:Class .
:Colour a owl:Class .
:requires a owl:AnnotationProperty .
:issued a owl:AnnotationProperty .
:colour a owl:ObjectProperty , owl:FunctionalProperty ; rdfs:range :Colour .
:planned a owl:ObjectProperty .
:treatment a owl:ObjectProperty , owl:FunctionalProperty ; rdfs:domain :Course .
:score a owl:DatatypeProperty , owl:FunctionalProperty ; rdfs:range xsd:integer .
:months a owl:DatatypeProperty , owl:FunctionalProperty ; rdfs:range xsd:decimal .
:born a owl:DatatypeProperty , owl:FunctionalProperty ; rdfs:range xsd:date .
:Red a owl:NamedIndividual , :Warm . :Pink a owl:NamedIndividual , :Warm . :Blue a owl:NamedIndividual , :Colour .
[] a owl:AllDifferent ; owl:distinctMembers ( :Red :Pink :Blue ) .
:Warm a owl:Class ; rdfs:subClassOf :Colour .
:IsRed a owl:Class ; owl:equivalentClass [ a owl:Class ; owl:intersectionOf ( :Patient
    [ a owl:Restriction ; owl:onProperty :colour ; owl:hasValue :Red ] ) ] .
:IsWarm a owl:Class ; owl:equivalentClass [ a owl:Class ; owl:intersectionOf ( :Patient
    [ a owl:Restriction ; owl:onProperty :colour ; owl:someValuesFrom :Warm ] ) ] .
:IsHigh a owl:Class ; owl:equivalentClass [ a owl:Class ; owl:intersectionOf ( :Patient
    [ a owl:Restriction ; owl:onProperty :score ; owl:someValuesFrom
        [ a rdfs:Datatype ; owl:onDatatype xsd:integer ; owl:withRestrictions ( [ xsd:minInclusive 70 ] ) ] ] ) ] .
:IsBrief a owl:Class ; owl:equivalentClass [ a owl:Class ; owl:intersectionOf ( :Patient
    [ a owl:Restriction ; owl:onProperty :months ; owl:someValuesFrom
        [ a rdfs:Datatype ; owl:onDatatype xsd:decimal ; owl:withRestrictions ( [ xsd:maxExclusive 3.0 ] ) ] ] ) ] .
:IsOld a owl:Class ; owl:equivalentClass [ a owl:Class ; owl:intersectionOf ( :Patient
    [ a owl:Restriction ; owl:onProperty :born ; owl:someValuesFrom
        [ a rdfs:Datatype ; owl:onDatatype xsd:date ;
          owl:withRestrictions ( [ xsd:maxInclusive "1950-12-31"^^xsd:date ] ) ] ] ) ] .
:Either a owl:Class ; owl:equivalentClass [ a owl:Class ; owl:unionOf ( :IsRed :IsHigh ) ] .
:Both a owl:Class ; owl:equivalentClass [ a owl:Class ; owl:intersectionOf ( :IsRed :IsHigh ) ] .
:NotRed a owl:Class ; owl:equivalentClass [ a owl:Class ; owl:intersectionOf ( :Patient
    [ a owl:Class ; owl:complementOf :IsRed ] ) ] .
:Plans a owl:Class ; owl:equivalentClass [ a owl:Restriction ; owl:onProperty :planned ; owl:someValuesFrom
    [ a owl:Restriction ; owl:onProperty :treatment ; owl:hasValue :Red ] ] .
:rule a :Course ; :requires :IsRed , :IsHigh ; :issued "2023"^^xsd:gYear ; rdfs:label "Regel"@de-AT .
"""

DEFINED = frozenset(
    L + name for name in ("IsRed", "IsWarm", "IsHigh", "IsBrief", "IsOld", "Either", "Both", "NotRed", "Plans")
)

# What is said of a patient, and exactly the defined classes that follow
PATIENTS = {
    "nothing": ("", ""),
    "red": (":colour :Red", "IsRed IsWarm Either"),
    "pink": (":colour :Pink", "IsWarm NotRed"),
    "blue": (":colour :Blue", "NotRed"),
    "seventy": (":score 70", "IsHigh Either"),
    "sixty": (":score 60", ""),
    "red and seventy": (":score 70 ; :colour :Red", "IsRed IsWarm IsHigh Either Both"),
    "under three months": (":months 2.99", "IsBrief"),
    "three months": (":months 3", ""),
    "two months as integer": (":months 2", "IsBrief"),
    "born on the day": (':born "1950-12-31"^^xsd:date', "IsOld"),
    "born a day later": (':born "1951-01-01"^^xsd:date', ""),
    "born in a zone": (':born "1950-12-31+02:00"^^xsd:date', "IsOld"),
    "denied": ("a [ a owl:Class ; owl:complementOf :IsRed ]", "NotRed"),
    "plan of no name": (":planned [ a :Course ; :treatment :Red ]", "Plans"),
    "other plan": (":planned [ a :Course ; :treatment :Blue ]", ""),
}

FUNCTIONAL = """
:colour a owl:ObjectProperty . :colour a owl:FunctionalProperty .
[] a owl:AllDifferent ; owl:distinctMembers ( :Red :Pink :Blue ) .
:p :colour :Red . :p :colour :Blue .
"""


def triples(*turtle: str) -> list[Triple]:
    return [quad.triple for quad in parse((PREFIXES + "\n".join(turtle)).encode(), format=RdfFormat.TURTLE)]


def patient(facts: str, name: str = ":p") -> list[Triple]:
    return triples(f"{name} a owl:NamedIndividual , :Patient {';' if facts else ''} {facts} .")


def explain_red(ontology: list[Triple]) -> tuple[str, ...]:
    return reason.explain_unsatisfiable(ontology, L + "IsRed")


@pytest.fixture(scope="module")
def classified() -> Mapping[str, Classification]:
    worlds = {name: patient(facts) for name, (facts, _) in PATIENTS.items()}
    contradictory = patient(":score 60 , 70")
    return reason.classify_each(triples(ONTOLOGY), {**worlds, "contradictory": contradictory})


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The process ids of the children that are started."""
    started: list[int] = []

    class Watched(subprocess.Popen[bytes]):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            started.append(self.pid)

    monkeypatch.setattr(subprocess, "Popen", Watched)
    return started


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder in place of the temporary one."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@java
@needs_java
@pytest.mark.parametrize("name", PATIENTS)
def test_defined_classes(classified: Mapping[str, Classification], name: str) -> None:
    """Of every patient exactly the defined classes that the facts entail are inferred; silence entails none."""
    expected = {L + one for one in PATIENTS[name][1].split()}
    assert classified[name].consistent
    assert classified[name].types[L + "p"] & DEFINED == expected
    assert L + "Patient" in classified[name].types[L + "p"]


@java
@needs_java
def test_a_world_brings_its_own_individuals(classified: Mapping[str, Classification]) -> None:
    """A world answers for the individuals that it alone names: no value of the ontology, no canary, no owl:Thing."""
    assert {tuple(one.types) for name, one in classified.items() if name != "contradictory"} == {(L + "p",)}
    assert all(iri.startswith(L) for one in classified.values() for types in one.types.values() for iri in types)


@java
@needs_java
def test_a_contradictory_world_costs_itself_alone(classified: Mapping[str, Classification]) -> None:
    """Two numbers for one functional fact contradict one another: named exactly, and no other world is touched."""
    bad = classified["contradictory"]
    assert (bad.consistent, dict(bad.types)) == (False, {})
    assert bad.culprits == ("Functional: score", "p score 60", "p score 70")
    assert all(one.consistent and not one.culprits for name, one in classified.items() if name != "contradictory")


@java
@needs_java
def test_one_world_gives_the_same_types(classified: Mapping[str, Classification]) -> None:
    """Patients who share a world are classified as each alone, and the ontology's individuals along with them."""
    everybody = [patient(facts, f":p{i}") for i, (facts, _) in enumerate(PATIENTS.values())]
    joint = reason.classify([*triples(ONTOLOGY), *chain.from_iterable(everybody)])
    assert joint.consistent
    alone = [classified[name].types[L + "p"] for name in PATIENTS]
    assert [joint.types[f"{L}p{i}"] for i in range(len(PATIENTS))] == alone
    assert joint.types[L + "Red"] == {L + "Warm", L + "Colour"}
    assert joint.types[L + "rule"] == {L + "Course"}, "an annotation that points at a class is no membership"
    assert not any(iri.startswith(reason.CANARY) for iri in joint.types)


@java
@needs_java
def test_membership_is_what_cannot_be_denied(classified: Mapping[str, Classification]) -> None:
    """A class is inferred just when to deny it contradicts the facts."""
    name, names = "red and seventy", sorted(DEFINED)
    denied = {iri: patient(f"{PATIENTS[name][0]} ; a [ a owl:Class ; owl:complementOf <{iri}> ]") for iri in names}
    results = reason.classify_each(triples(ONTOLOGY), denied)
    assert [iri in classified[name].types[L + "p"] for iri in names] == [not results[iri].consistent for iri in names]


@java
@needs_java
def test_decisions() -> None:
    """A patient must, cannot or may belong to a class: entailed, refuted, or open."""
    classes = [L + name for name in ("IsRed", "IsHigh", "Both")]
    worlds = {name: patient(PATIENTS[name][0]) for name in ("nothing", "blue", "red and seventy", "seventy")}
    asked = dict.fromkeys((*worlds, "torn"), classes)
    decided = reason.decide_each(triples(ONTOLOGY), {**worlds, "torn": patient(":score 1 , 2")}, asked)
    standings = {name: [decided[name].standings[L + "p"][iri] for iri in classes] for name in worlds}
    assert standings == {
        "nothing": [None, None, None],
        "blue": [False, None, False],
        "red and seventy": [True, True, True],
        "seventy": [None, True, None],
    }
    assert (decided["torn"].consistent, dict(decided["torn"].standings)) == (False, {})


@java
@needs_java
def test_two_values_of_a_functional_fact() -> None:
    """Two different values contradict a functional property: the axioms at fault are named, and no others."""
    found = reason.examine([*triples(ONTOLOGY), *patient(":colour :Red , :Blue ; :score 70")])
    assert not found.consistent
    assert found.unsatisfiable == ()
    assert found.culprits == (
        "DifferentIndividuals: Blue, Pink, Red",
        "Functional: colour",
        "p colour Blue",
        "p colour Red",
    )


@java
@needs_java
def test_culprits_are_minimal() -> None:
    """Without any one of the axioms at fault there is no contradiction."""
    whole = triples(FUNCTIONAL)
    axioms = [t for t in whole if any(mark in str(t) for mark in ("Functional", "distinctMembers", "lepto/p>"))]
    worlds = {str(axiom): [t for t in whole if t != axiom] for axiom in axioms}
    results = reason.classify_each([], {**worlds, "whole": whole})
    assert len(results.pop("whole").culprits) == len(axioms) == 4
    assert all(result.consistent for result in results.values())


@java
@needs_java
def test_culprits_do_not_hang_on_order() -> None:
    """The same axioms are named, out of several contradictions, whatever the order of the triples."""
    contradictions = ":p :colour :Red , :Blue , :Pink ; :score 1 , 2 . [] :score 3 , 4 . [] :colour :Red , :Blue ."
    whole = triples(ONTOLOGY, contradictions)
    worlds = {str(seed): random.Random(seed).sample(whole, len(whole)) for seed in range(4)}
    results = reason.classify_each([], worlds)
    assert len({result.culprits for result in results.values()}) == 1


@java
@needs_java
def test_unsatisfiable_class() -> None:
    """A class that can have no member is found, and no other is; the axioms that forbid a member are named."""
    whole = triples(ONTOLOGY, ":Torn a owl:Class ; rdfs:subClassOf :IsHigh , :Course .")
    found = reason.examine(whole)
    assert found.consistent
    assert found.unsatisfiable == (L + "Torn",)
    assert found.culprits == ()
    assert reason.explain_unsatisfiable(whole, L + "Torn") == (
        "Course DisjointWith Patient",
        "IsHigh EquivalentTo Patient and (score some integer[>= 70])",
        "Torn SubClassOf Course",
        "Torn SubClassOf IsHigh",
    )


@java
@needs_java
def test_satisfiable_class() -> None:
    """A class that can have a member has nothing to explain; a class that is not there is an error."""
    assert reason.explain_unsatisfiable(triples(ONTOLOGY), L + "IsHigh") == ()
    with pytest.raises(ReasonerError, match="lepto/Nowhere is not a class"):
        reason.explain_unsatisfiable(triples(ONTOLOGY), L + "Nowhere")


@java
@needs_java
def test_examination_counts() -> None:
    """An examination says how much it looked at; the canary is not counted, and a sound ontology has no violation."""
    found = reason.examine(triples(ONTOLOGY))
    assert (found.consistent, found.unsatisfiable, found.profile_violations) == (True, (), ())
    assert (found.classes, found.properties, found.individuals) == (13, 8, 4)
    nothing = reason.examine([])
    assert (nothing.classes, nothing.properties, nothing.individuals, nothing.axioms) == (0, 0, 0, 0)


@java
@needs_java
def test_every_kind_of_axiom_survives() -> None:
    """Lists, facets, negation, annotated axioms and blank individuals arrive as the axioms that were written."""
    forms = """
    :A a owl:Class ; rdfs:subClassOf :B ; rdfs:label "a"@en , "ein A"@de-AT ; :note :B .
    :B a owl:Class . :C a owl:Class .
    :note a owl:AnnotationProperty . :r a owl:ObjectProperty . :n a owl:DatatypeProperty .
    [] a owl:Axiom ; :note "why" ;
        owl:annotatedSource :A ; owl:annotatedProperty rdfs:subClassOf ; owl:annotatedTarget :B .
    [] a owl:AllDisjointClasses ; owl:members
        ( :A :C [ a owl:Class ; owl:intersectionOf ( :B [ a owl:Class ; owl:oneOf ( :k ) ] ) ] ) .
    :n rdfs:range [ a rdfs:Datatype ; owl:onDatatype xsd:decimal ;
        owl:withRestrictions ( [ xsd:minInclusive 0.5 ] [ xsd:maxExclusive 9.5 ] ) ] .
    :i a owl:NamedIndividual , :B ; :r [ a :C ; :n 1.5 ] .
    [] a owl:NegativePropertyAssertion ; owl:sourceIndividual :i ; owl:assertionProperty :n ; owl:targetValue 2 .
    :i owl:sameAs :j . :j a owl:NamedIndividual .
    """
    found = reason.examine(triples(forms))
    assert (found.classes, found.properties, found.individuals, found.axioms) == (3, 3, 3, 9)
    assert found.profile_violations == ()


@java
@needs_java
def test_profile_violations() -> None:
    """What is not OWL 2 DL is said in sentences that name the term and the place."""
    found = reason.examine(
        triples(
            ONTOLOGY,
            ":pun a owl:ObjectProperty , owl:DatatypeProperty .",
            ":p :undeclared 5 .  # no declaration",
            ":A owl:disjointwith :B .  # not the word disjointWith",
        )
    )
    assert found.profile_violations == (
        "Cannot pun between properties: pun, in: DataProperty: pun.",
        "Cannot pun between properties: pun, in: ObjectProperty: pun.",
        "No property of OWL 2: http://www.w3.org/2002/07/owl#disjointwith.",
        "Use of undeclared annotation property: undeclared, in: p undeclared 5.",
    )


@java
@needs_java
@pytest.mark.parametrize(
    "facts, sentence",
    [
        (":undeclared 5", "HermiT would not see every undeclared"),
        (':colour "red"', "HermiT would not see every colour"),
        ("a [ a owl:Restriction ; owl:onProperty :colour ]", "A class expression cannot be read as OWL 2"),
        (':score "many"^^xsd:integer', "A value of score is not in the lexical space of its datatype."),
    ],
)
def test_facts_that_would_be_overlooked(facts: str, sentence: str) -> None:
    """A fact that the reasoner would not see, or cannot read, is an error that names the property, never the value."""
    with pytest.raises(ReasonerError, match=sentence) as caught:
        reason.classify([*triples(ONTOLOGY), *patient(facts)])
    assert "many" not in str(caught.value)
    assert '"red"' not in str(caught.value)


@pytest.mark.parametrize(
    "facts, sentence",
    [
        (':born "1950"^^xsd:gYear', "XMLSchema#gYear: it is not in the OWL 2 datatype map"),
        (
            "a [ a owl:Restriction ; owl:onProperty :born ; owl:someValuesFrom xsd:time ]",
            "XMLSchema#time: it is not in",
        ),
        (':born "1"^^:mine', "lepto/mine: it is not in the OWL 2 datatype map"),
        (':born "31.12.1950"^^xsd:date', "A value of .*born is not in the lexical space of xsd:date"),
        ("rdf:value 1", "No property of OWL 2: .*#value"),
        (":born <<( :a :b :c )>>", "A value of .*born is a triple"),
    ],
)
def test_what_is_not_owl_is_refused(facts: str, sentence: str) -> None:
    """What OWL 2 does not know is refused by name before anything runs."""
    with pytest.raises(ReasonerError, match=sentence) as caught:
        reason.classify([*triples(ONTOLOGY), *patient(facts)])
    assert "1950" not in str(caught.value)


@pytest.mark.parametrize(
    "date, moment",
    [
        ("2024-02-29", "2024-02-29T00:00:00Z"),
        ("2024-02-29Z", "2024-02-29T00:00:00Z"),
        ("2024-02-29-05:00", "2024-02-29T00:00:00-05:00"),
    ],
)
def test_a_date_is_its_midnight(date: str, moment: str) -> None:
    """A date goes to the reasoner as the moment at which it begins, in UTC where it names no zone."""
    document = reason._document(triples(f':p :born "{date}"^^xsd:date . :born rdfs:range xsd:date .'))
    assert f'XMLSchema#dateTime">{moment}<' in document
    assert 'XMLSchema#date"' not in document


@java
@needs_java
@pytest.mark.parametrize("seconds", [0.05, 2.5])
def test_time_limit_ends_the_process_group(children: list[int], temporary: Path, seconds: float) -> None:
    """A child that is too slow, before Java runs or amid the reasoning, ends with its group, and leaves no file."""
    pigeons, holes = range(11), range(10)
    sits = "".join(f":q{p} a [ a owl:Class ; owl:unionOf ( {' '.join(f':H{h}' for h in holes)} ) ] ." for p in pigeons)
    alone = "".join(f":H{h} a owl:Class ; rdfs:subClassOf [ a owl:Class ; owl:oneOf ( :h{h} ) ] ." for h in holes)
    apart = f"[] a owl:AllDifferent ; owl:distinctMembers ( {' '.join(f':q{p}' for p in pigeons)} ) ."
    with pytest.raises(ReasonerError, match=f"HermiT gave no answer within {seconds:g} seconds and was ended"):
        reason.examine(triples(sits, alone, apart), seconds=seconds)
    assert len(children) == 1
    with pytest.raises(ProcessLookupError):
        os.killpg(children[0], 0)
    assert list(temporary.iterdir()) == []


@java
@needs_java
def test_nothing_is_left_behind(children: list[int], temporary: Path) -> None:
    """After an answer there is no process, no file and no folder, and no trace of Java in the usual temporary one."""
    before = set(Path("/tmp").glob("hsperfdata_*/*"))
    reason.classify(triples(ONTOLOGY))
    with pytest.raises(ProcessLookupError):
        os.killpg(children[0], 0)
    assert list(temporary.iterdir()) == []
    assert not {path for path in set(Path("/tmp").glob("hsperfdata_*/*")) - before if path.name == str(children[0])}


@java
@needs_java
def test_no_import_is_fetched() -> None:
    """An import is left out by the parent; a child that is given one refuses it; nobody ever calls its server."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/"
        header = f"<https://w3id.org/lepto/ontology/a> a owl:Ontology ; owl:imports <{address}> ."
        assert reason.examine(triples(ONTOLOGY, header)).consistent
        document = reason._document(triples(ONTOLOGY)).replace(
            "</rdf:RDF>",
            f'<rdf:Description rdf:about="urn:lepto:reasoned"><imports xmlns="http://www.w3.org/2002/07/owl#" '
            f'rdf:resource="{address}"/></rdf:Description></rdf:RDF>',
        )
        with pytest.raises(ReasonerError, match=r"cannot be read as RDF/XML \(UnloadableImportException\)"):
            reason._ask({"task": "examine", "ontology": document}, 60)
        with pytest.raises(BlockingIOError):
            server.accept()


@java
@needs_java
@pytest.mark.parametrize("ask", [reason.examine, reason.classify, explain_red])
def test_canary(monkeypatch: pytest.MonkeyPatch, ask: Callable[[list[Triple]], object]) -> None:
    """Where the membership that must be inferred is not, there is no answer."""
    kept = tuple(t for t in reason.CANARY_TRIPLES if not t.predicate.value.endswith("equivalentClass"))
    monkeypatch.setattr(reason, "CANARY_TRIPLES", kept)
    with pytest.raises(ReasonerError, match="missed a membership that it must infer"):
        ask(triples(ONTOLOGY))


def test_an_inconsistency_without_culprits_is_refused() -> None:
    """A contradiction counts only with the axioms that cause it."""
    with pytest.raises(ReasonerError, match="no axioms at fault"):
        reason._require_proof({"canary": None, "culprits": []})


@java
@needs_java
def test_java_is_found_on_path_and_in_java_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """JAVA_HOME goes before PATH, and a JAVA_HOME that holds no Java does no harm."""
    found = reason.java()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert reason.java() is not None
    library = tmp_path / "lib" / "server" / "libjvm.so"
    library.parent.mkdir(parents=True)
    library.touch()
    assert reason.java() == str(library) != found


def test_java_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any Java there is an error of its own that says what to install."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(reason, "_usual_java", lambda: None)
    assert reason.java() is None
    with pytest.raises(JavaMissing, match="install Java 17") as caught:
        reason.examine([])
    assert isinstance(caught.value, LeptoError)


@java
@needs_java
def test_a_crash_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A child that ends without an answer is an error, not an empty answer."""
    monkeypatch.setattr(reason, "_jar", lambda: str(tmp_path / "none.jar"))
    with pytest.raises(ReasonerError, match=r"ended without an answer \(exit status 1\)"):
        reason.examine([])


@pytest.mark.parametrize("output", [b"", b"null", b"[1]", b'{"consistent": tru', b"Picked up JAVA_TOOL_OPTIONS\n{}"])
def test_an_unreadable_answer_is_an_error(output: bytes) -> None:
    """Whatever is not one JSON object is no answer."""
    with pytest.raises(ReasonerError, match="cannot be read"):
        reason._answer(0, output)


def test_reason_imports_no_reasoner() -> None:
    """To import `lepto.reason` loads neither JPype nor owlready2."""
    code = "import lepto.reason, sys; sys.exit(bool({'jpype', 'owlready2'} & set(sys.modules)))"
    environment = {**os.environ, "PYTHONPATH": str(Path(reason.__file__).parents[1])}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0


def test_names() -> None:
    """An IRI is shortened to what follows the namespace, or to its last segment; not where two would be the same."""
    iris = [L + "Patient", "http://example.org/ns#Drug", "urn:patient:7", L + "shared", "http://example.org/shared", L]
    names = hermit.Names.from_iris(iris)
    assert [names.short(iri) for iri in iris] == [
        "Patient",
        "Drug",
        "7",
        f"<{L}shared>",
        "<http://example.org/shared>",
        f"<{L}>",
    ]
