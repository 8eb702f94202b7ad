"""Operators over the shapes on patients. Those on rules and annotations are held by `lepto check` and its toys."""

from __future__ import annotations

from collections.abc import Iterator

from pyoxigraph import Literal, NamedNode, Triple

from lepto.vocabulary import RDF_TYPE, SH
from tests.mutation.mutants import Change, Operator, Original, operator
from tests.mutation.ontology import after, changed, dropped, moved, taken_out

CONSTRAINTS = (
    *("minCount", "maxCount", "datatype", "class", "minInclusive", "maxInclusive", "minLength", "pattern", "in"),
    *("lessThanOrEquals", "hasValue", "qualifiedMinCount", "qualifiedMaxCount", "not", "or", "closed"),
)
LIMITS = ("minCount", "maxCount", "minInclusive", "maxInclusive", "minLength", "qualifiedMinCount", "qualifiedMaxCount")
LISTS = ("in", "or", "ignoredProperties")
VIOLATION, WARNING = NamedNode(SH + "Violation"), NamedNode(SH + "Warning")


def _dropping(name: str) -> Operator:
    def drop(original: Original) -> Iterator[Change]:
        for triple in original.shapes_graph.stating(SH + name):
            yield dropped(original.shapes_graph, triple)

    return drop


for _name in CONSTRAINTS:
    operator(f"shape: drop {_name}")(_dropping(_name))
operator("shape: drop target")(_dropping("targetClass"))
operator("shape: drop property")(_dropping("property"))


@operator("shape: drop member")
def drop_member(original: Original) -> Iterator[Change]:
    """A list of allowed values, of alternatives, or of ignored properties loses a member."""
    graph = original.shapes_graph
    for name in LISTS:
        for triple in graph.stating(SH + name):
            yield from (taken_out(graph, cell, member) for cell, member in graph.cells(triple.object))


@operator("shape: move limit")
def move_limit(original: Original) -> Iterator[Change]:
    """A bound or a count one step down and up, and a number that is asked for."""
    graph = original.shapes_graph
    asked_for = [t for t in graph.stating(SH + "hasValue") if isinstance(t.object, Literal)]
    for triple in (*(t for name in LIMITS for t in graph.stating(SH + name)), *asked_for):
        yield from (changed(graph, triple, to=limit) for limit in moved(triple.object) if _possible(triple, limit))


@operator("shape: flip facet")
def flip_facet(original: Original) -> Iterator[Change]:
    """A bound that is included is excluded."""
    graph = original.shapes_graph
    for here, there in (("minInclusive", "minExclusive"), ("maxInclusive", "maxExclusive")):
        for triple in graph.stating(SH + here):
            yield changed(graph, triple, by=NamedNode(SH + there))


@operator("shape: exchange value")
def exchange_value(original: Original) -> Iterator[Change]:
    """A contradiction or doubt is about the next value of the same fact."""
    graph, ontology = original.shapes_graph, original.ontology_graph
    for triple in graph.stating(SH + "hasValue"):
        if isinstance(triple.object, NamedNode):
            classes = [one for one in ontology.objects(triple.object, RDF_TYPE) if "lepto" in str(one)]
            same = {value for class_ in classes for value in ontology.subjects(RDF_TYPE, class_)}
            yield changed(graph, triple, to=after(triple.object, same))


@operator("shape: exchange severity")
def exchange_severity(original: Original) -> Iterator[Change]:
    """A violation, stated or by default, becomes a warning, or the other way round."""
    graph = original.shapes_graph
    for triple in graph.stating(SH + "severity"):
        yield changed(graph, triple, to=WARNING if triple.object == VIOLATION else VIOLATION)
    for shape in sorted({t.subject for t in graph.stating(SH + "message")}, key=str):
        if not graph.objects(shape, SH + "severity"):
            new = Triple(shape, NamedNode(SH + "severity"), WARNING)
            yield Change(graph.told(shape), "is a warning", (), (new,))


def _possible(triple: Triple, limit: Literal) -> bool:
    """No count is below nought, and a least count of nought is none: that is another operator's."""
    counts = triple.predicate.value.endswith(("Count", "Length"))
    least = 1 if triple.predicate.value.endswith(("minCount", "MinCount", "Length")) else 0
    return not counts or int(limit.value) >= least
