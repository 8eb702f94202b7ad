"""A criterion taken apart: nodes that have a standing of their own, and the paths from it down to the facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lepto.compile.patterns import Patterns
from lepto.definition import And, Expression, Has, Named, Not, Or, Some, Stated, Within
from lepto.errors import KnowledgeError
from lepto.vocabulary import PATIENT, local_name


@dataclass(frozen=True)
class Node:
    """A criterion, or an unnamed part of one; its expression reads one fact or combines nodes of lower levels."""

    iri: str
    expression: Expression
    level: int


@dataclass(frozen=True)
class Path:
    """A way from a criterion down to one fact; each step says whether the node on it counts as it is or negated."""

    criterion: str
    steps: tuple[tuple[str, bool], ...]
    property: str


def nodes_of(patterns: Patterns, criterion: str) -> list[Node]:
    """Return the nodes of a criterion of patients: its unnamed parts and itself, each after the parts that it needs."""
    found: list[Node] = []

    def named(part: Expression) -> Named:
        if isinstance(part, Named):
            return part
        iri = f"{criterion}-{len(found) + 1}"
        found.append(Node(iri, split(part), _level(patterns, part)))
        return Named(iri)

    def split(expression: Expression) -> Expression:
        match expression:
            case And(parts):
                return And(tuple(named(part) for part in parts))
            case Or(parts):
                return Or(tuple(named(part) for part in parts))
            case _:
                return expression

    body = _body(patterns, criterion)
    own = Node(criterion, split(body), _level(patterns, body))
    return [*found, own]


def paths_of(nodes: Mapping[str, Node], criterion: str) -> Iterator[Path]:
    """Yield every path from a criterion down to a fact."""

    def walk(at: str, positive: bool, above: tuple[tuple[str, bool], ...]) -> Iterator[Path]:
        steps = (*above, (at, positive))
        match nodes[at].expression:
            case And(parts) | Or(parts):
                for part in parts:
                    assert isinstance(part, Named)
                    yield from walk(part.iri, positive, steps)
            case Not(part):
                yield from walk(part.iri, not positive, steps)
            case Named(iri):
                yield from walk(iri, positive, steps)
            case Some(prop, _) | Has(prop, _) | Within(prop, _, _) | Stated(prop):
                yield Path(criterion, steps, prop)

    return walk(criterion, True, ())


def named_in(expression: Expression) -> set[str]:
    """Return the classes that an expression names."""
    match expression:
        case Named(iri):
            return {iri}
        case And(parts) | Or(parts):
            return {iri for part in parts for iri in named_in(part)}
        case Not(part) | Some(_, part):
            return named_in(part)
        case _:
            return set()


def _body(patterns: Patterns, criterion: str) -> Expression:
    """The definition of a criterion without its genus."""
    definition = patterns.definitions[criterion]
    parts = definition.parts if isinstance(definition, And) else ()
    own = tuple(part for part in parts if part != Named(PATIENT))
    if not own:
        raise KnowledgeError(f"{local_name(criterion)} must be an intersection of lepto:Patient with something")
    return own[0] if len(own) == 1 else And(own)


def _level(patterns: Patterns, expression: Expression, above: tuple[str, ...] = ()) -> int:
    """How many layers of nodes lie under an expression; a criterion that is defined by itself is refused."""
    match expression:
        case Named(iri) if patterns.is_criterion(iri):
            if iri in above:
                raise KnowledgeError(f"{local_name(iri)} is defined by itself")
            return 1 + _level(patterns, _body(patterns, iri), (*above, iri))
        case Named(iri):
            raise KnowledgeError(f"a criterion is built from {local_name(iri)}, which is no defined class of patients")
        case And(parts) | Or(parts):
            return 1 + max(_level(patterns, part, above) for part in parts)
        case Not(part):
            return 1 + _level(patterns, part, above)
        case _:
            return 0
