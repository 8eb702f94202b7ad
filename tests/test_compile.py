"""The compiler: what it understands, what it refuses by name, and that its query says the same on any engine."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pyoxigraph import (
    NamedNode,
    Quad,
    QueryResultsFormat,
    QuerySolutions,
    QueryTriples,
    RdfFormat,
    Store,
    parse,
    serialize,
)
from rdflib import Graph

from lepto.compile import Patterns, Values
from lepto.compile.portable import HERE, portable
from lepto.definition import And, Expression, Has, Named, Or, Some, Stated, Within, defined_classes
from lepto.derive import CRITERIA, derived
from lepto.errors import KnowledgeError
from lepto.knowledge import Knowledge
from lepto.read import read, read_bytes
from lepto.recommend import Recommender
from lepto.vocabulary import LEPTO, PATIENT, XSD, local_name
from tests.mutation.trial import bench
from tests.patients import ON, standings_of

CASES = Path(__file__).parent / "cases"
PREFIXES = """
@prefix lepto: <https://w3id.org/lepto/> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
FOREIGN = {
    "a universal restriction": "[ a owl:Restriction ; owl:onProperty lepto:p ; owl:allValuesFrom lepto:C ]",
    "a cardinality": "[ a owl:Restriction ; owl:onProperty lepto:p ; owl:minCardinality 2 ]",
    "an enumeration": "[ a owl:Class ; owl:oneOf ( lepto:a lepto:b ) ]",
    "a complement of what has no name": "[ a owl:Class ; owl:complementOf [ a owl:Class ; owl:unionOf ( lepto:C ) ] ]",
    "an inverse": "[ a owl:Restriction ; owl:onProperty [ owl:inverseOf lepto:p ] ; owl:someValuesFrom lepto:C ]",
    "a facet of text": (
        "[ a owl:Restriction ; owl:onProperty lepto:p ; owl:someValuesFrom [ a rdfs:Datatype ;"
        ' owl:onDatatype xsd:string ; owl:withRestrictions ( [ xsd:pattern "x" ] ) ] ]'
    ),
}


def toy(text: str) -> Store:
    """A graph from Turtle."""
    store = Store()
    store.extend(Quad(*quad.triple) for quad in parse((PREFIXES + text).encode(), format=RdfFormat.TURTLE))
    return store


@pytest.mark.parametrize("expression", FOREIGN.values(), ids=FOREIGN.keys())
def test_what_the_compiler_does_not_understand_is_refused_by_name(expression: str) -> None:
    """A construct outside the compiler's part of OWL is an error that names the class, never a wrong query."""
    with pytest.raises(KnowledgeError, match="Odd"):
        defined_classes(toy(f"lepto:Odd owl:equivalentClass {expression} ."))


def test_a_class_with_two_definitions_is_refused() -> None:
    """A criterion is defined once."""
    with pytest.raises(KnowledgeError, match="two definitions"):
        defined_classes(toy("lepto:C owl:equivalentClass lepto:A , lepto:B ."))


def test_a_definition_in_a_circle_is_refused(tmp_path: Path, knowledge: Knowledge) -> None:
    """A criterion that is defined by itself is an error that names it."""
    from shutil import copytree

    for name in ("ontology", "queries", "shapes"):
        copytree(knowledge.root / name, tmp_path / name)
    criteria = tmp_path / "ontology" / "criteria.ttl"
    text = criteria.read_text()
    broken = text.replace("owl:unionOf ( lepto:KarnofskyBelow70 ", "owl:unionOf ( lepto:PoorPrognosis ")
    assert broken != text
    criteria.write_text(broken)
    with pytest.raises(KnowledgeError, match="PoorPrognosis is defined by itself"):
        Knowledge(tmp_path)


@pytest.mark.parametrize(
    "name, fault",
    [
        ("drop part: NeurologicalSignPresent: without Patient", "a criterion is built from NeurologicalSignPresent"),
        ("drop part: Adult: without Patient", "names Adult, which is no defined class of patients"),
    ],
)
def test_what_is_no_class_of_patients_is_no_criterion(name: str, fault: str) -> None:
    """A criterion, or a rule, that is built on something else is refused when the knowledge is loaded."""
    with pytest.raises(KnowledgeError, match=fault):
        bench().mutated(bench().mutants[name])


def test_a_list_refutes_nothing_by_itself() -> None:
    """No value of a property that is not functional shows that another value is absent."""
    values = Values({}, {}, {"https://e/v": ("https://e/w",)})
    patterns = Patterns({}, values, functional=frozenset(), denied=frozenset())
    assert patterns.not_met(Has("https://e/list", NamedNode("https://e/v")), "?x") is None


def test_every_criterion_is_compiled(knowledge: Knowledge) -> None:
    """Every defined class of patients has a standing for a patient of whom nothing is known."""
    (record,) = read_bytes(b'{"id": "X"}', "x.json", knowledge.facts)
    standings = standings_of(knowledge, record)
    assert len(standings) == len(knowledge.compiled.criteria) > 50
    assert "met" not in {standings[name] for name in ("KarnofskyAtLeast70", "KarnofskyBelow70", "CsfFlowOpen")}


class Everything:
    """As if every property were stated of some patient."""

    def __contains__(self, name: object) -> bool:
        return True


def test_what_is_not_asked_would_say_nothing(knowledge: Knowledge) -> None:
    """Blocks about what no patient states are left out: asked all the same, they construct what is there already."""
    left_out = 0
    for path in sorted(CASES.glob("*/patient.json"))[::5]:
        triples = [triple for record in read([path], knowledge.facts) for triple in record.triples]
        stated = {triple.predicate.value for triple in triples}
        with derived(knowledge, triples, CRITERIA) as store:
            for step in knowledge.steps:
                for query in step.queries(Everything()):
                    answer = store.query(query)
                    assert isinstance(answer, QueryTriples)
                    assert all(Quad(*triple) in store for triple in answer), (path.parent.name, query)
                left_out += sum(block.stated and not block.is_asked(stated) for block in step.blocks)
    assert left_out > 200


# The portable query


@pytest.fixture(scope="module")
def cohort(knowledge: Knowledge) -> bytes:
    """All cases as N-Triples without assumptions: what a user's endpoint would hold."""
    records = {}
    for path in sorted(CASES.glob("*/patient.json")):
        for record in read([path], knowledge.facts):
            if record.triples and path.parent.name not in records:
                records[path.parent.name] = record
    assert len(records) > 50
    triples = {triple for record in {r.iri: r for r in records.values()}.values() for triple in record.triples}
    return serialize(sorted(triples, key=str), format=RdfFormat.N_TRIPLES) or b""


def table(text: str) -> dict[str, dict[str, str]]:
    """The rows of a SPARQL CSV result, by patient."""
    return {row.pop("patient"): row for row in csv.DictReader(io.StringIO(text))}


def by_embedded_engine(knowledge: Knowledge, cohort: bytes) -> dict[str, dict[str, str]]:
    """The answer of the portable query on a store that holds the patients and nothing else."""
    store = Store()
    store.load(cohort, format=RdfFormat.TURTLE)
    answer = store.query(knowledge.compiled.portable)
    assert isinstance(answer, QuerySolutions)
    return table((answer.serialize(format=QueryResultsFormat.CSV) or b"").decode())


def test_the_portable_query_gives_the_standings_of_the_derivation(knowledge: Knowledge, cohort: bytes) -> None:
    """On patients alone, without the ontology, the one query derives what the derivation derives with it."""
    answers = by_embedded_engine(knowledge, cohort)
    compared = 0
    for patient, row in answers.items():
        (record,) = read_bytes(_triples_of(cohort, patient), "cohort.nt", knowledge.facts)
        for criterion, standing in standings_of(knowledge, record).items():
            assert row[criterion] == standing, (patient, criterion)
            compared += 1
    assert compared == len(answers) * len(knowledge.compiled.criteria) > 0


def test_some_patients_alone_are_asked_about_where_the_portable_query_says(knowledge: Knowledge, cohort: bytes) -> None:
    """They have the rows that they have among all; and nowhere does the query begin with anybody else."""
    answers = by_embedded_engine(knowledge, cohort)
    some = [*answers][::3]
    values = f"VALUES ?patient {{ {' '.join(f'<{one}>' for one in some)} }}"
    query = knowledge.compiled.portable
    assert query.count(HERE) == 1 + query.count("OPTIONAL { SELECT ?patient ") == 2
    store = Store()
    store.load(cohort, format=RdfFormat.TURTLE)
    answer = store.query(query.replace(HERE, values))
    assert isinstance(answer, QuerySolutions)
    found = table((answer.serialize(format=QueryResultsFormat.CSV) or b"").decode())
    assert found == {one: answers[one] for one in some}
    assert 0 < len(found) < len(answers)


def test_the_portable_query_needs_no_types_of_courses(knowledge: Knowledge) -> None:
    """In a user's own graph a course need not be typed: what lepto:treatmentCourse leads to is a course."""
    text = f"""@prefix lepto: <{LEPTO}> . @prefix dcterms: <http://purl.org/dc/terms/> .
    <urn:lepto:patient:X> a lepto:Patient ; dcterms:identifier "X" ; lepto:treatmentCourse
        [ lepto:treatment lepto:CraniospinalIrradiation ; lepto:courseStatus lepto:Given ] ,
        [ lepto:treatment lepto:WholeBrainRadiotherapy ; lepto:courseStatus lepto:Ongoing ] ."""
    (record,) = read_bytes(text.encode(), "x.ttl", knowledge.facts)
    row = by_embedded_engine(knowledge, text.encode())[record.iri]
    standings = standings_of(knowledge, record)
    assert standings["CraniospinalIrradiationInCurrentPlan"] == standings["WholeBrainRadiotherapyPlanned"] == "met"
    assert {name: row[name] for name in standings} == standings


P, Q, R, S = (f"https://e/{name}" for name in "pqrs")
DEEP = {
    "a value of a list": (Some(P, Named("https://e/V")), ":p :v", ":p :w", "unknown"),
    "one value of a list": (Has(P, NamedNode("https://e/v")), ":p :w , :v", ":p :w", "unknown"),
    "a number of a list": (Within(P, XSD + "integer", ((">=", "7"),)), ":p 5 , 8", ":p 5", "unknown"),
    "anything of a list": (Stated(P), ":p :w", ":q :w", "unknown"),
    "an entry of a list": (
        Some(P, Has(Q, NamedNode("https://e/v"))),
        ":p [ :q :w ] , [ :q :v ]",
        ":p [ :q :w ]",
        "unknown",
    ),
    "an entry of a list of an entry": (
        Some(P, Some(R, Has(Q, NamedNode("https://e/v")))),
        ":p [ :r [ :q :v ] ]",
        ":q :v",
        "unknown",
    ),
    "a record that is a value": (Some(S, Has(Q, NamedNode("https://e/v"))), ":s [ :q :v ]", ":s [ :q :w ]", "not-met"),
    "one of a union": (Or((Has(Q, NamedNode("https://e/v")), Stated(P))), ":q :w ; :p :x", ":q :w", "unknown"),
    "a value and an entry": (
        And((Has(Q, NamedNode("https://e/v")), Stated(P))),
        ":q :v ; :p :x",
        ":q :w ; :p :x",
        "not-met",
    ),
}


@pytest.mark.parametrize("expression, has, has_not, otherwise", DEEP.values(), ids=DEEP.keys())
def test_the_portable_query_follows_any_definition(
    expression: Expression, has: str, has_not: str, otherwise: str
) -> None:
    """What the ontology does not say yet can be asked all the same, and where it is assumed not to be, it is denied."""
    iri, v, w = LEPTO + "C", "https://e/v", "https://e/w"
    definitions: dict[str, Expression] = {iri: And((Named(PATIENT), expression))}
    values = Values({"https://e/V": (v,)}, {"https://e/V": (w,)}, {v: (w,)})
    for denied in (frozenset[str](), frozenset({iri})):
        query = portable(Patterns(definitions, values, frozenset({Q, S}), denied), (iri,), ())
        for stated, standing in ((has, "met"), (has_not, otherwise), (":z 1", "unknown")):
            store = toy(f"@prefix : <https://e/> . @prefix lepto: <{LEPTO}> . :x a lepto:Patient ; {stated} .")
            answer = store.query(query)
            assert isinstance(answer, QuerySolutions)
            assert [row["C"].value for row in answer] == ["not-met" if denied and standing == "unknown" else standing]


def test_the_portable_query_has_no_list_of_one(knowledge: Knowledge) -> None:
    """Virtuoso fails on IN with one value."""
    lists = re.findall(r" IN \(([^)]*)\)", knowledge.compiled.portable)
    assert len(lists) > 50
    assert [values for values in lists if "," not in values] == []


def test_lepto_compile_prints_the_portable_query(knowledge: Knowledge) -> None:
    """The command prints the query, which parses as SPARQL and names every rule."""
    run = subprocess.run([sys.executable, "-m", "lepto.cli", "compile"], capture_output=True, text=True, check=True)
    assert run.stdout == knowledge.compiled.portable
    rules = {
        local_name(s)
        for s in knowledge._subjects(LEPTO + "partOfGuideline")
        if "Caveat" not in s and "Prognosis" not in s
    }
    assert rules
    assert all(f" AS ?{rule})" in run.stdout for rule in rules)


def _triples_of(cohort: bytes, patient: str) -> bytes:
    return b"".join(
        line + b"\n"
        for line in cohort.splitlines()
        if line.startswith((f"<{patient}>".encode(), f"<{patient}:course:".encode()))
    )


# Traps that were measured


def ill_typed(value: str) -> bytes:
    """A patient whose Karnofsky status is some literal."""
    return f"<urn:lepto:patient:X> a <{LEPTO}Patient> ; <{LEPTO}karnofskyPerformanceStatus> {value} .".encode()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("value", ['"40%"', '"unknown"', '"forty"^^<http://www.w3.org/2001/XMLSchema#integer>', '"80"'])
def test_trap_rdflib_calls_an_ill_typed_number_large(knowledge: Knowledge, value: str) -> None:
    """rdflib answers true to a bare comparison of what is no number; no query of ours lets it."""
    graph = Graph().parse(data=ill_typed(value), format="turtle")
    bare = f"ASK {{ ?p <{LEPTO}karnofskyPerformanceStatus> ?kps FILTER(?kps >= 70) }}"
    assert graph.query(bare).askAnswer is True
    columns = json.loads(graph.query(knowledge.compiled.portable).serialize(format="json") or b"{}")
    row: dict[str, Any] = columns["results"]["bindings"][0]
    assert row["KarnofskyAtLeast70"]["value"] == "unknown"
    assert row["KarnofskyBelow70"]["value"] == "unknown"


@pytest.mark.parametrize("value", ['"40%"', '"unknown"', '"forty"^^<http://www.w3.org/2001/XMLSchema#integer>'])
def test_trap_the_embedded_engine_leaves_an_ill_typed_number_unknown(knowledge: Knowledge, value: str) -> None:
    """On pyoxigraph what is no number is neither above nor below a threshold."""
    store = Store()
    store.load(ill_typed(value), format=RdfFormat.TURTLE)
    answer = store.query(knowledge.compiled.portable)
    assert isinstance(answer, QuerySolutions)
    (row,) = answer
    assert row["KarnofskyAtLeast70"].value == row["KarnofskyBelow70"].value == "unknown"


def test_trap_two_values_of_one_fact_make_both_strata_true(knowledge: Knowledge) -> None:
    """Without validation two Karnofsky values put one patient into both strata: hence a contradiction costs the
    answer.
    """
    triples = f"<urn:lepto:patient:X> a <{LEPTO}Patient> ; <{LEPTO}karnofskyPerformanceStatus> 40 , 80 ."
    store = Store()
    store.load(triples.encode(), format=RdfFormat.TURTLE)
    answer = store.query(knowledge.compiled.portable)
    assert isinstance(answer, QuerySolutions)
    assert {row["KarnofskyAtLeast70"].value for row in answer} == {"met", "not-met"}
    (report,) = Recommender(knowledge).answer(
        read_bytes(b'{"id": "X", "karnofskyPerformanceStatus": [40, 80]}', "x.json", knowledge.facts), ON
    )
    assert report.refused
    assert report.verdicts == ()


def test_trap_rdflib_forgets_in_a_union_under_exists_what_is_bound_outside() -> None:
    """Of the courses none has ended, yet rdflib finds the end of another patient's: no query of ours says it so."""
    graph = Graph().parse(data="@prefix : <urn:> . :p :course :k . :q :course :l . :l :end 1 .", format="turtle")
    ended = "{ ?k :unknown ?x } UNION { ?p :course ?k FILTER NOT EXISTS { ?k :end ?end } }"
    asked = f"PREFIX : <urn:> ASK {{ :p :course ?k FILTER EXISTS {{ {ended} }} }}"
    store = toy("@prefix : <urn:> . :p :course :k . :q :course :l . :l :end 1 .")
    assert bool(store.query(asked)) is True
    assert graph.query(asked).askAnswer is False


def test_trap_rdflib_takes_an_error_and_a_falsehood_for_an_error() -> None:
    """An error and a falsehood are false, says the standard: the portable query never brings the two together."""
    asked = 'ASK { FILTER(COALESCE(?unbound = 1 && false, "an error") = "an error") }'
    assert bool(Store().query(asked)) is False
    assert Graph().query(asked).askAnswer is True


def test_asks_fall_in_the_portable_query_once_they_are_answered(knowledge: Knowledge) -> None:
    """What an ask asks for answers it, but for those that ask even if it is stated."""
    answered = {quad.subject for quad in knowledge.store.quads_for_pattern(None, NamedNode(LEPTO + "settledBy"), None)}
    asks = set(knowledge.values.members[LEPTO + "Ask"])
    assert 0 < len(answered) < len(asks)
    for ask in asks:
        (line,) = [line for line in knowledge.compiled.portable.splitlines() if f" AS ?{local_name(ask)})" in line]
        assert ("BOUND(" in line) is (NamedNode(ask) in answered), ask
