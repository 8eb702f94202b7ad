"""From records to verdicts, by SPARQL: assume, find the standing of every criterion and rule, resolve.

Every step is a CONSTRUCT query whose result joins the patients' graph; no verdict is computed in Python.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache

from pyoxigraph import NamedNode, Quad, Store, Triple

from lepto.prepared import Prepared
from lepto.vocabulary import LEPTO

OF_PATIENT = NamedNode(LEPTO + "ofPatient")
PREFIX = re.compile(r"^PREFIX .*\n", re.MULTILINE)
MANY = 500
"""Triples about patients beside which copying the knowledge takes no longer than removing all that is derived."""
CRITERIA = ("1-open-criteria",)
RULES = (*CRITERIA, "2-rules-not-met", "3-rules-open", "4-rules-met")
VERDICTS = (*RULES, "5-offers", "6-bars", "7-verdicts")
AWAITED = (*VERDICTS, "8-paths-of-open", "9-hanging", "10-awaited")
STEPS = (*AWAITED, "11-paths-of-met", "11-paths-of-not-met")


@contextmanager
def derived(knowledge: Prepared, triples: Iterable[Triple], steps: Sequence[str] = STEPS) -> Iterator[Store]:
    """Put valid patients' graphs beside the knowledge, derive, and lend the store for questions.

    In: the knowledge, the triples of any number of patients, and the steps to take (all, or the first few, such as
    CRITERIA, where only standings are asked for). Out, while the context lasts: the store with the ontology, the
    patients, their assumptions, standings and verdicts: not always the store of the knowledge, which is afterwards as
    it was.
    """
    records = list(triples)
    with _beside(knowledge, records) as store:
        store.extend([Quad(*triple) for triple in records])
        store.update(_update(queries(knowledge, {triple.predicate.value for triple in records}, steps)))
        yield store


@contextmanager
def _beside(knowledge: Prepared, records: Sequence[Triple]) -> Iterator[Store]:
    """Lend the store of the knowledge for a few patients, of whom nothing is left in it; for many, a copy of it."""
    store = knowledge.store
    if len(records) > MANY:
        copy = Store()
        copy.extend(store)
        yield copy
        return
    try:
        yield store
    finally:
        ours = {triple.subject for triple in records}
        verdicts = {quad.subject for one in ours for quad in store.quads_for_pattern(None, OF_PATIENT, one)}
        added = [quad for subject in ours | verdicts for quad in store.quads_for_pattern(subject, None, None)]
        for quad in added:
            store.remove(quad)
        knowledge.forget(len(added))


def _update(constructs: Iterable[str]) -> str:
    """One update that inserts in turn what queries construct, so that nothing of it need pass through Python.

    pyoxigraph takes prefixes before the first of several operations only.
    """
    prefixes, inserts = zip(*map(_insert, constructs), strict=True)
    return "".join(sorted(set().union(*prefixes))) + ";\n".join(inserts)


@lru_cache(maxsize=1024)
def _insert(construct: str) -> tuple[frozenset[str], str]:
    """The prefixes of a query, and the query as an operation that inserts what it constructs."""
    text = construct.replace("CONSTRUCT {", "INSERT {", 1)
    return frozenset(PREFIX.findall(text)), PREFIX.sub("", text)


def queries(knowledge: Prepared, stated: Container[str], steps: Sequence[str] = STEPS) -> Iterator[str]:
    """Return the queries of the derivation in their order: assumptions, standings of criteria, then `queries/derive/`.

    In: the properties that are stated of any patient, by IRI; of the others nothing is asked.
    """
    for step in knowledge.steps:
        yield from step.queries(stated)
    yield from (knowledge.query_text(f"derive/{step}") for step in steps)
