"""The query that `lepto compile` prints, in the engines that Python users have: pyoxigraph and rdflib."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl
from pyoxigraph import Quad, QueryResultsFormat, QuerySolutions, RdfFormat, Store, Triple, serialize

from benchmarks.roads.road import Kind, Road, Says, in_batches, of
from lepto.knowledge import Knowledge, load
from lepto.read import read_bytes
from lepto.vocabulary import local_name

Answer = Callable[[bytes], pl.DataFrame]


def by_pyoxigraph() -> Answer:
    """A fresh store for the lines, and one query."""
    knowledge = load()

    def answer(lines: bytes) -> pl.DataFrame:
        triples, name = triples_of(knowledge, lines)
        store = Store()
        store.bulk_extend(Quad(*triple) for triple in triples)
        found = store.query(knowledge.compiled.portable)
        assert isinstance(found, QuerySolutions)
        return table_of(knowledge, found.serialize(format=QueryResultsFormat.CSV), name)

    return answer


def by_rdflib() -> Answer:
    """A fresh graph for the lines, and one query, parsed once."""
    import rdflib
    from rdflib.plugins.sparql import prepareQuery

    rdflib.NORMALIZE_LITERALS = False
    knowledge = load()
    query = prepareQuery(knowledge.compiled.portable)

    def answer(lines: bytes) -> pl.DataFrame:
        triples, name = triples_of(knowledge, lines)
        graph = rdflib.Graph().parse(data=serialize(triples, format=RdfFormat.N_TRIPLES), format="nt")
        return table_of(knowledge, graph.query(query).serialize(format="csv"), name)

    return answer


def triples_of(knowledge: Knowledge, lines: bytes) -> tuple[list[Triple], dict[str, str]]:
    """Return the triples of some patients, and from each IRI to its patient."""
    records = read_bytes(lines, "cohort.ndjson", knowledge.facts)
    return [triple for record in records for triple in record.triples], {r.iri: r.patient for r in records}


def table_of(knowledge: Knowledge, csv: bytes | None, name: Mapping[str, str]) -> pl.DataFrame:
    """Return what the query answered, a column a criterion or rule, as one row for each of them."""
    assert csv
    criteria = {local_name(iri) for iri in knowledge.compiled.criteria}
    kind = pl.when(pl.col("name").is_in(sorted(criteria))).then(pl.lit("criterion")).otherwise(pl.lit("rule"))
    long = pl.read_csv(csv, infer_schema=False).unpivot(index="patient", variable_name="name", value_name="standing")
    return long.with_columns(pl.col("patient").replace_strict(dict(name)), kind=kind).select(Says.STANDINGS.value)


ROADS = (
    Road(
        "wide",
        "portable query, pyoxigraph, stores of 1,000 patients",
        Kind.LEPTO,
        Says.STANDINGS,
        in_batches(1000, by_pyoxigraph),
    ),
    Road(
        "pyoxigraph",
        "portable query, pyoxigraph, a store a patient",
        Kind.PEER,
        Says.STANDINGS,
        in_batches(1, by_pyoxigraph),
    ),
    Road(
        "rdflib",
        "portable query, rdflib, graphs of 20 patients",
        Kind.PEER,
        Says.STANDINGS,
        in_batches(20, by_rdflib),
        versions=of("rdflib"),
    ),
)
