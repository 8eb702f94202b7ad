"""What a defined class says, as a small tree: the part of OWL that the compiler understands.

A definition is read from `owl:equivalentClass`. Understood are named classes, intersections, unions, complements of
named classes, existential and value restrictions, and facets of numbers; anything else is refused by name. HermiT
reads the very same axioms.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyoxigraph import BlankNode, Literal, NamedNode, Store

from lepto.errors import KnowledgeError
from lepto.vocabulary import OWL, RDF, RDFS, XSD, local_name

Term = NamedNode | BlankNode | Literal

FACETS = {
    XSD + "minInclusive": ">=",
    XSD + "minExclusive": ">",
    XSD + "maxInclusive": "<=",
    XSD + "maxExclusive": "<",
}


@dataclass(frozen=True)
class Named:
    """A class by name."""

    iri: str


@dataclass(frozen=True)
class And:
    """All of the parts."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True)
class Or:
    """At least one of the parts."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True)
class Not:
    """None of a named class."""

    part: Named


@dataclass(frozen=True)
class Some:
    """A value of the property that belongs to the filler."""

    property: str
    filler: Expression


@dataclass(frozen=True)
class Has:
    """Exactly this value of the property."""

    property: str
    value: NamedNode | Literal


@dataclass(frozen=True)
class Within:
    """A number of the property, of the datatype, within every limit (an operator and a bound)."""

    property: str
    datatype: str
    limits: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Stated:
    """Any literal value of the property."""

    property: str


Expression = Named | And | Or | Not | Some | Has | Within | Stated


def defined_classes(store: Store) -> dict[str, Expression]:
    """Return every defined class of the graph with its definition; refuse by name what the compiler does not
    understand.
    """
    found: dict[str, Expression] = {}
    for quad in store.quads_for_pattern(None, NamedNode(OWL + "equivalentClass"), None, None):
        if not isinstance(quad.subject, NamedNode):
            continue
        iri = quad.subject.value
        if iri in found:
            raise KnowledgeError(f"{local_name(iri)} has two definitions; a criterion is defined once")
        found[iri] = _Reader(store, iri).expression(quad.object)
    return dict(sorted(found.items()))


class _Reader:
    """Reads the class expressions of one defined class."""

    def __init__(self, store: Store, iri: str) -> None:
        self.store = store
        self.name = local_name(iri)

    def expression(self, node: object) -> Expression:
        """Return what a node of the graph says as a class expression."""
        if isinstance(node, NamedNode):
            return Named(node.value)
        if parts := self._value(node, "intersectionOf"):
            return And(tuple(self.expression(part) for part in self._list(parts)))
        if parts := self._value(node, "unionOf"):
            return Or(tuple(self.expression(part) for part in self._list(parts)))
        if part := self._value(node, "complementOf"):
            return self._complement(part)
        if part := self._value(node, "onProperty"):
            return self._restriction(node, part)
        raise self._refusal("an expression that is no intersection, union, complement or restriction")

    def _complement(self, part: Term) -> Not:
        inner = self.expression(part)
        if not isinstance(inner, Named):
            raise self._refusal("a complement of something that has no name; name it")
        return Not(inner)

    def _restriction(self, node: object, on: Term) -> Expression:
        if not isinstance(on, NamedNode):
            raise self._refusal("a restriction on an inverse or unnamed property")
        value = self._value(node, "hasValue")
        if isinstance(value, NamedNode | Literal):
            return Has(on.value, value)
        filler = self._value(node, "someValuesFrom")
        if filler is None:
            raise self._refusal("a restriction that is neither owl:someValuesFrom nor owl:hasValue")
        if filler == NamedNode(RDFS + "Literal"):
            return Stated(on.value)
        datatype = self._value(filler, "onDatatype")
        if datatype is None:
            return Some(on.value, self.expression(filler))
        return Within(on.value, self._iri(datatype), self._limits(filler))

    def _limits(self, node: Term) -> tuple[tuple[str, str], ...]:
        limits: list[tuple[str, str]] = []
        facets = self._value(node, "withRestrictions")
        for facet in self._list(facets) if facets else []:
            for quad in self.store.quads_for_pattern(facet, None, None, None):  # type: ignore[arg-type]
                if quad.predicate.value not in FACETS or not isinstance(quad.object, Literal):
                    raise self._refusal(f"the facet {local_name(quad.predicate.value)}")
                limits.append((FACETS[quad.predicate.value], quad.object.value))
        if not limits:
            raise self._refusal("a datatype without a facet")
        return tuple(sorted(limits))

    def _list(self, head: Term) -> list[Term]:
        members: list[Term] = []
        while head != NamedNode(RDF + "nil"):
            first, rest = self._value(head, "first", RDF), self._value(head, "rest", RDF)
            if first is None or rest is None:
                raise self._refusal("a broken list")
            members.append(first)
            head = rest
        return members

    def _value(self, node: object, name: str, space: str = OWL) -> Term | None:
        if not isinstance(node, NamedNode | BlankNode):
            return None
        for quad in self.store.quads_for_pattern(node, NamedNode(space + name), None, None):
            if isinstance(quad.object, NamedNode | BlankNode | Literal):
                return quad.object
        return None

    def _iri(self, node: Term) -> str:
        if not isinstance(node, NamedNode):
            raise self._refusal("an unnamed datatype")
        return node.value

    def _refusal(self, what: str) -> KnowledgeError:
        return KnowledgeError(f"the definition of {self.name} uses {what}, which the compiler does not understand")
