"""A mutant, and the operators that make mutants: functions over the original, registered under a name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from pyoxigraph import RdfFormat, Triple, parse

from lepto.knowledge import Knowledge, Module
from lepto.vocabulary import RDF_TYPE, local_name
from tests.mutation.graph import Graph

SHAPES = Path("shapes", "patient.ttl")


@dataclass(frozen=True)
class Change:
    """What an operator changes: a term, in words how, and the triples that go and come."""

    term: str
    how: str
    gone: tuple[Triple, ...] = ()
    come: tuple[Triple, ...] = ()


@dataclass(frozen=True)
class Mutant:
    """The guideline with one change in one file, by one operator."""

    operator: str
    change: Change
    file: Path

    @property
    def name(self) -> str:
        """What identifies the mutant: its operator, the term and the change."""
        return f"{self.operator}: {self.change.term}: {self.change.how}"

    @property
    def of_shapes(self) -> bool:
        """Whether the shapes are changed, and not the ontology."""
        return self.file == SHAPES

    @property
    def speaks_of(self) -> frozenset[str]:
        """The local names of the terms in what is changed."""
        triples = (*self.change.gone, *self.change.come)
        terms = [term for triple in triples for term in (triple.subject, triple.object)]
        return frozenset({self.change.term, *(local_name(str(term).strip("<>")) for term in terms)})

    def applied(self, modules: Iterable[Module]) -> list[Module]:
        """Return the modules with the change."""
        return [self._applied(module) for module in modules]

    def _applied(self, module: Module) -> Module:
        gone = set(self.change.gone)
        kept = [triple for triple in module.triples if triple not in gone]
        come = self.change.come if module.path.as_posix().endswith(self.file.as_posix()) else ()
        return replace(module, triples=(*kept, *come))


class Original:
    """The guideline that is mutated: its knowledge, the shapes on patients, and both as graphs."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        path = knowledge.root / SHAPES
        triples = tuple(Triple(*quad.triple) for quad in parse(path.read_bytes(), format=RdfFormat.TURTLE))
        self.shapes = Module("shapes", path, triples)

    @cached_property
    def ontology_graph(self) -> Graph:
        """The ontology as it is written."""
        return Graph(self.knowledge.modules)

    @cached_property
    def shapes_graph(self) -> Graph:
        """The shapes on patients."""
        return Graph([self.shapes])


Operator = Callable[[Original], Iterator[Change]]
OPERATORS: dict[str, Operator] = {}


def operator(name: str) -> Callable[[Operator], Operator]:
    """Register an operator under a name."""

    def register(made: Operator) -> Operator:
        assert name not in OPERATORS, name
        OPERATORS[name] = made
        return made

    return register


def mutants_of(original: Original) -> list[Mutant]:
    """Return every mutant of every operator, sorted by name."""
    graphs = (original.ontology_graph, original.shapes_graph)
    homes = {triple: module.path for graph in graphs for triple, module in graph.home.items()}
    subjects = {triple.subject: path for triple, path in homes.items() if triple.predicate.value == RDF_TYPE}
    found = []
    for name, make in OPERATORS.items():
        for change in make(original):
            path = homes[change.gone[0]] if change.gone else subjects[change.come[0].subject]
            found.append(Mutant(name, change, path.relative_to(original.knowledge.root)))
    return sorted(found, key=lambda mutant: mutant.name)
