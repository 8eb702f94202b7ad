"""Every lint query finds nothing in the ontology and something in a toy that is wrong on purpose."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyoxigraph import DefaultGraph, Quad, QuerySolutions, RdfFormat, Store, parse
from rdflib import Graph
from rdflib.query import ResultRow

from lepto.knowledge import Knowledge
from lepto.query import header

TOYS = Path(__file__).parent / "lint"
NAMES = sorted(path.stem for path in TOYS.glob("*.ttl"))

# How many rows a toy must give: one for each of its faults.
ROWS = {
    "built-in-terms": 4,
    "circles": 9,
    "circular-definitions": 3,
    "classes-not-told-apart": 2,
    "codes-of-no-system": 2,
    "contradictory-mappings": 2,
    "definitions-without-genus": 2,
    "deprecated-uses": 3,
    "disagreeing-versions": 3,
    "disjoint-memberships": 2,
    "ill-listed-questions": 6,
    "equivalent-names": 3,
    "half-deprecated-terms": 6,
    "labels-that-are-no-names": 3,
    "malformed-codes": 3,
    "metadata-of-no-standard": 2,
    "misnamed-terms": 6,
    "property-axioms-at-odds": 5,
    "rules-resting-on-prognosis": 2,
    "shared-synonyms": 2,
    "suspicious-names": 5,
    "undeclared-modules": 2,
    "undeclared-subsets": 2,
    "undeclared-terms": 2,
    "undistinguished-values": 5,
    "unasked-mappings": 2,
    "unkept-policies": 2,
    "unshippable-labels": 2,
    "unsided-values": 2,
    "untidy-texts": 3,
    "untyped-terms": 3,
}


def rows_of(store: Store, text: str) -> list[str]:
    """The rows of a SELECT, each as one text."""
    answer = store.query(text)
    assert isinstance(answer, QuerySolutions)
    return [" ".join(map(str, row)) for row in answer]


@pytest.fixture(scope="module")
def graph(knowledge: Knowledge) -> Store:
    """A copy of the graph of the knowledge, to be spoilt and mended again."""
    store = Store()
    store.extend(knowledge.whole)
    return store


def test_every_lint_query_has_a_toy(knowledge: Knowledge) -> None:
    """A lint query without a toy, or a toy without its query, is forgotten."""
    queries = sorted(path.stem for path in (knowledge.root / "queries" / "lint").glob("*.rq"))
    assert queries == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_lint_query_finds_nothing_in_the_ontology(knowledge: Knowledge, name: str) -> None:
    """The ontology is clean."""
    assert rows_of(knowledge.whole, knowledge.query_text(f"lint/{name}")) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_lint_query_finds_its_toy(knowledge: Knowledge, graph: Store, name: str) -> None:
    """A fault that is put into the graph is found, and nothing else is."""
    toy = [quad for quad in parse((TOYS / f"{name}.ttl").read_bytes(), format=RdfFormat.TURTLE) if quad not in graph]
    graph.extend(toy)
    try:
        rows = rows_of(graph, knowledge.query_text(f"lint/{name}"))
    finally:
        for quad in toy:
            graph.remove(Quad(*quad))
    assert rows, "the toy was not found"
    own = {str(quad.subject) for quad in toy}
    assert all("toy" in row.lower() or any(subject in row for subject in own) for row in rows), rows
    assert len(rows) == ROWS.get(name, 1)


@pytest.mark.parametrize("name", NAMES)
def test_a_translation_is_no_fault(knowledge: Knowledge, graph: Store, name: str) -> None:
    """A second language beside the first is counted by itself."""
    text = """
    @prefix lepto: <https://w3id.org/lepto/> .
    @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
    @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
    lepto:Patient rdfs:label "Patient"@de ; skos:definition "Ein kranker Mensch."@de ; skos:altLabel "substance"@de .
    """
    translations = list(parse(text, format=RdfFormat.TURTLE))
    graph.extend(translations)
    try:
        assert rows_of(graph, knowledge.query_text(f"lint/{name}")) == []
    finally:
        for quad in translations:
            graph.remove(Quad(*quad))


@pytest.fixture(scope="module")
def other_engine(knowledge: Knowledge) -> Graph:
    """The graph of the knowledge in rdflib."""
    data = knowledge.whole.dump(format=RdfFormat.N_TRIPLES, from_graph=DefaultGraph())
    return Graph().parse(data=data, format="nt")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_another_engine_finds_the_same(knowledge: Knowledge, other_engine: Graph, name: str) -> None:
    """The queries are plain SPARQL 1.1: rdflib gives the rows of pyoxigraph, their words in any order."""
    spoilt = other_engine + Graph().parse(TOYS / f"{name}.ttl")
    store = Store()
    store.load(spoilt.serialize(format="nt", encoding="utf-8"), format=RdfFormat.N_TRIPLES)
    text = knowledge.query_text(f"lint/{name}")
    rows = [" ".join(str(term) for term in row) for row in spoilt.query(text) if isinstance(row, ResultRow)]
    assert rows
    assert sorted(map(words, rows)) == sorted(map(words, rows_of(store, text)))


def words(row: str) -> list[str]:
    """The words of a row, without what marks an IRI or a literal and its datatype."""
    return sorted(word.split('"^^')[0].strip('<>"') for word in row.split())


@pytest.mark.parametrize("name", NAMES)
def test_a_lint_query_says_what_it_looks_at(knowledge: Knowledge, name: str) -> None:
    """Its header names the things and the pattern by which they are counted."""
    said = header(knowledge.query_text(f"lint/{name}"))
    assert said["things"]
    assert "?thing" in said["looks-at"]
