"""What is mutated, as a graph with look-ups: who states what, what hangs on what, how a node is told to a reader."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from lepto.knowledge import Module
from lepto.vocabulary import OWL, RDF, RDF_TYPE, SH, local_name

Term = NamedNode | BlankNode | Literal | Triple

FIRST, REST, NIL = RDF + "first", RDF + "rest", RDF + "nil"
UNNAMED_LISTS = (OWL + "distinctMembers", OWL + "members")


class Graph:
    """The triples of some modules, each with the module that states it."""

    def __init__(self, modules: Iterable[Module]) -> None:
        self.home: dict[Triple, Module] = {triple: module for module in modules for triple in module.triples}
        self._of: dict[object, list[Triple]] = defaultdict(list)
        self._on: dict[object, list[Triple]] = defaultdict(list)
        self._by: dict[str, list[Triple]] = defaultdict(list)
        for triple in self.home:
            self._of[triple.subject].append(triple)
            self._on[triple.object].append(triple)
            self._by[triple.predicate.value].append(triple)

    # Look-ups

    def of(self, subject: object) -> list[Triple]:
        """Return what is stated of a subject."""
        return self._of[subject]

    def stating(self, predicate: str) -> list[Triple]:
        """Return the statements with a predicate."""
        return self._by[predicate]

    def objects(self, subject: object, predicate: str) -> list[Term]:
        """Return the objects of a subject's statements with a predicate, sorted."""
        return sorted((t.object for t in self._of[subject] if t.predicate.value == predicate), key=str)

    def subjects(self, predicate: str, object_: object) -> list[NamedNode]:
        """Return the named subjects of the statements with a predicate and an object, sorted."""
        found = [triple.subject for triple in self._on[object_] if triple.predicate.value == predicate]
        return sorted((term for term in found if isinstance(term, NamedNode)), key=str)

    def instances(self, class_: str) -> list[NamedNode]:
        """Return what is stated to be of a class, sorted."""
        return self.subjects(RDF_TYPE, NamedNode(class_))

    def above(self, term: object, predicate: str, without: Triple | None = None) -> set[Term]:
        """Return what is reached from a term by one or more steps of a predicate, one statement left out."""
        found: set[Term] = set()
        pending = [term]
        while pending:
            steps = [t for t in self._of[pending.pop()] if t.predicate.value == predicate and t != without]
            pending += [step.object for step in steps if step.object not in found]
            found |= {step.object for step in steps}
        return found

    # Lists

    def cells(self, head: object) -> Iterator[tuple[BlankNode, Term]]:
        """Yield the cells of a list with their members."""
        while isinstance(head, BlankNode):
            yield head, self.objects(head, FIRST)[0]
            head = self.objects(head, REST)[0]

    def members(self, head: object) -> list[Term]:
        """Return the members of a list."""
        return [member for _, member in self.cells(head)]

    def cell_taken_out(self, cell: BlankNode) -> tuple[list[Triple], list[Triple]]:
        """Return what goes and what comes when a cell is taken out of its list, with what hangs on its member."""
        (before,) = self._on[cell]
        (after,) = self.objects(cell, REST)
        gone = [before, *self.of(cell), *self.hanging(self.objects(cell, FIRST)[0])]
        return gone, [Triple(before.subject, before.predicate, after)]

    def hanging(self, node: object) -> Iterator[Triple]:
        """Yield what is stated of an unnamed node, and of the unnamed nodes that hang on it."""
        if isinstance(node, BlankNode):
            for triple in self._of[node]:
                yield triple
                yield from self.hanging(triple.object)

    # For a reader

    def said(self, triple: Triple) -> str:
        """Return a statement in words, without its subject unless that is a part without a name."""
        on = [
            self.told(path)
            for path in self.objects(triple.subject, SH + "path")
            if isinstance(triple.subject, BlankNode)
        ]
        return " ".join([*on, self.told(triple.predicate), self.told(triple.object)])

    def owner(self, node: object) -> str:
        """Return the name of the term on which a node hangs; of an axiom without a name, its first member."""
        while isinstance(node, BlankNode):
            if not self._on[node]:
                head = next(t.object for t in self._of[node] if t.predicate.value in UNNAMED_LISTS)
                return f"{self.told(self.members(head)[0])} and others"
            node = self._on[node][0].subject
        return self.told(node)

    def told(self, term: object) -> str:
        """Return a term in words: a local name, a text, or what an unnamed node says."""
        if isinstance(term, NamedNode):
            return local_name(term.value)
        if isinstance(term, Literal):
            return term.value
        if self.objects(term, FIRST):
            return " and ".join(map(self.told, self.members(term)))
        said = [t for t in self._of[term] if t.predicate.value not in (RDF_TYPE, SH + "path", OWL + "onProperty")]
        on = [self.told(t) for t in (*self.objects(term, SH + "path"), *self.objects(term, OWL + "onProperty"))]
        return " ".join([*on, *sorted(f"{local_name(t.predicate.value)} {self.told(t.object)}" for t in said)])
