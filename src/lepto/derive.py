"""From records to verdicts, by SPARQL: assume, find the standing of every criterion and rule, resolve.

Every step is a CONSTRUCT query whose result joins the patients' graph; no verdict is computed in Python.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager

from pyoxigraph import Quad, QueryTriples, Store, Triple

from lepto.prepared import Prepared

CRITERIA = ("1-open-criteria",)
RULES = (*CRITERIA, "2-rules-not-met", "3-rules-open", "4-rules-met")
VERDICTS = (*RULES, "5-offers", "6-bars", "7-verdicts")
STEPS = (*VERDICTS, "8-paths", "9-hanging", "10-awaited")


@contextmanager
def derived(knowledge: Prepared, triples: Iterable[Triple], steps: Sequence[str] = STEPS) -> Iterator[Store]:
    """Put valid patients' graphs beside the knowledge, derive, and lend the store for questions.

    In: the knowledge, the triples of any number of patients, and the steps to take (all, or the first few, such as
    CRITERIA, where only standings are asked for). Out, while the context lasts: the store with the ontology, the
    patients, their assumptions, standings and verdicts. Afterwards the knowledge is as it was.
    """
    store = knowledge.store
    added: list[Quad] = []

    def add(new: Iterable[Triple]) -> None:
        if quads := [quad for triple in new if (quad := Quad(*triple)) not in store]:
            added.extend(quads)
            store.extend(quads)

    try:
        records = list(triples)
        add(records)
        for query in queries(knowledge, {triple.predicate.value for triple in records}, steps):
            answer = store.query(query)
            assert isinstance(answer, QueryTriples)
            add(set(answer))
        yield store
    finally:
        for quad in added:
            store.remove(quad)
        knowledge.forget(len(added))


def queries(knowledge: Prepared, stated: Container[str], steps: Sequence[str] = STEPS) -> Iterator[str]:
    """Return the queries of the derivation in their order: assumptions, standings of criteria, then `queries/derive/`.

    In: the properties that are stated of any patient, by IRI; of the others nothing is asked.
    """
    for step in knowledge.steps:
        yield from step.queries(stated)
    yield from (knowledge.query_text(f"derive/{step}") for step in steps)
