"""From defined classes to SPARQL: one compiler for every criterion of the guideline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pyoxigraph import NamedNode, Triple

from lepto.compile.nodes import Node, Path, named_in, nodes_of, paths_of
from lepto.compile.patterns import NEVER, Patterns, Values, join, union, without
from lepto.compile.portable import CompiledRule, portable
from lepto.definition import And, Expression, Has, Named, Not, Or, Some, Stated, Within
from lepto.step import Block, Step
from lepto.vocabulary import LEPTO, PATIENT, RDF_TYPE, TREATMENT_COURSE, local_name

__all__ = ["Compiled", "CompiledRule", "Patterns", "Values", "compile_criteria"]

DECIDES = {"meets": LEPTO + "decidesMet", "doesNotMeet": LEPTO + "decidesNotMet"}


@dataclass(frozen=True)
class Compiled:
    """The guideline's criteria as SPARQL.

    `steps` are CONSTRUCT queries, to be run after the results of the step before are in the graph: assumptions,
    standings, witnesses. `triples` describe nodes and paths to the queries that explain. `portable` is one SELECT
    that needs no graph but the patients'. `criteria` are the defined classes of patients, `nodes` what they are made
    of, `paths` the ways down to the facts, and `denied` the classes that assumptions deny.
    """

    steps: tuple[Step, ...]
    triples: tuple[Triple, ...]
    portable: str
    criteria: tuple[str, ...]
    nodes: tuple[Node, ...]
    paths: tuple[Path, ...]
    denied: frozenset[str]


def compile_criteria(
    definitions: Mapping[str, Expression],
    values: Values,
    functional: frozenset[str],
    denied: frozenset[str],
    rules: Iterable[CompiledRule],
) -> Compiled:
    """Compile every criterion of patients.

    In: the defined classes, what is known of named values, the functional properties, the classes that assumptions
    deny, and the rules. Raises KnowledgeError, naming the criterion, for what cannot be compiled.
    """
    patterns = Patterns(definitions, values, functional, denied)
    criteria = tuple(iri for iri in definitions if patterns.is_criterion(iri))
    nodes = {node.iri: node for iri in criteria for node in nodes_of(patterns, iri)}
    return Compiled(
        steps=(*_assumptions(patterns), *_standings(patterns, nodes), _witnesses(patterns, nodes)),
        triples=tuple(_descriptions(patterns, criteria, nodes)),
        portable=portable(patterns, criteria, tuple(rules)),
        criteria=criteria,
        nodes=tuple(nodes.values()),
        paths=tuple(path for iri in criteria for path in paths_of(nodes, iri)),
        denied=denied,
    )


def _assumptions(patterns: Patterns) -> Iterator[Step]:
    """Assumptions about courses first, for criteria of patients are built on them."""
    for genus in (TREATMENT_COURSE, PATIENT):
        denied = [iri for iri in sorted(patterns.denied) if patterns.genus(iri) == genus]
        read = {iri: _read(patterns, iri, genus) for iri in denied}
        stated = (_silent(patterns.silent(iri, "?record"), [iri], genus, read[iri]) for iri in denied)
        properties = sorted(set(filter(None, read.values())))
        yield Step(
            f"?record <{LEPTO}assumedNot> ?class",
            (*stated, *(_unstated([iri for iri in denied if read[iri] == one], genus, one) for one in properties)),
        )


def _read(patterns: Patterns, iri: str, genus: str) -> str:
    """The one property that a class of records reads, or nothing."""
    others = _without_genus(patterns.definitions[iri], genus)
    return _property(others[0]) if len(others) == 1 else ""


def _silent(silent: str, classes: Iterable[str], genus: str, property_: str, stated: bool = True) -> Block:
    """A record on which nothing is stated of what some classes read is silent on them."""
    values = " ".join(f"<{iri}>" for iri in classes)
    return Block(f"?record a <{genus}> . {silent} VALUES ?class {{ {values} }}", property_, stated)


def _unstated(classes: Iterable[str], genus: str, property_: str) -> Block:
    return _silent(without(f"?record <{property_}> ?value"), classes, genus, property_, stated=False)


def _without_genus(definition: Expression, genus: str) -> list[Expression]:
    parts = definition.parts if isinstance(definition, And) else (definition,)
    return [part for part in parts if part != Named(genus)]


def _standings(patterns: Patterns, nodes: Mapping[str, Node]) -> Iterator[Step]:
    """First what assumptions deny, and what a value decides by itself; then, level by level, what rests on the levels
    below.
    """
    template, patient = "?patient ?standing ?criterion", f"?patient a <{PATIENT}>"
    read = f"{patient} ; ?fact ?value . ?criterion <{LEPTO}readsFact> ?fact ."
    decided = (f"{read} ?value <{decides}> ?criterion . {_is(standing)}" for standing, decides in DECIDES.items())
    denied = f"{patient} ; <{LEPTO}assumedNot> ?criterion . {_is('doesNotMeet')}"
    yield Step(template, (*map(Block, decided), Block(denied)))
    for level in sorted({node.level for node in nodes.values()}):
        layer = [node for node in nodes.values() if node.level == level]
        blocks = tuple(block for node in layer for block in _standing_blocks(patterns, node, nodes))
        yield Step(template, blocks)


def _standing_blocks(patterns: Patterns, node: Node, nodes: Mapping[str, Node]) -> Iterator[Block]:
    if any(patterns.deciding_values(node.expression)):
        return
    for standing in ("meets", "doesNotMeet"):
        pattern = _standing(patterns, node.expression, nodes, standing == "meets")
        if pattern and pattern != NEVER:
            bound = f"{_is(standing)} BIND(<{node.iri}> AS ?criterion)"
            yield Block(f"?patient a <{PATIENT}> . {pattern} {bound}", _property(node.expression))


def _is(standing: str) -> str:
    return f"BIND(<{LEPTO}{standing}> AS ?standing)"


def _property(expression: Expression) -> str:
    """The one property that a restriction reads; empty for what is built from nodes."""
    return expression.property if isinstance(expression, Some | Has | Within | Stated) else ""


def _standing(patterns: Patterns, expression: Expression, nodes: Mapping[str, Node], positive: bool) -> str | None:
    """The pattern of a node, with the standings of its parts looked up instead of derived again."""
    match expression:
        case Named(iri) if iri in nodes:
            return f"?patient <{LEPTO}{'meets' if positive else 'doesNotMeet'}> <{iri}> ."
        case Not(part):
            return _standing(patterns, part, nodes, not positive)
        case And(parts) | Or(parts):
            found = [_standing(patterns, part, nodes, positive) or NEVER for part in parts]
            return join(found) if isinstance(expression, And) == positive else union(found)
        case _:
            return patterns.met(expression, "?patient") if positive else patterns.not_met(expression, "?patient")


def _witnesses(patterns: Patterns, nodes: Mapping[str, Node]) -> Step:
    """Which entries of a list meet, or might meet, what a criterion says of the list."""
    blocks = []
    for node in nodes.values():
        if isinstance(node.expression, Some) and node.expression.property not in patterns.functional:
            entry = patterns.not_ruled_out(node.expression, "?patient", "?entry")
            pattern = f"?patient a <{PATIENT}> . {entry} BIND(<{node.iri}> AS ?criterion)"
            blocks.append(Block(pattern, node.expression.property))
    return Step(f"?entry <{LEPTO}witnesses> ?criterion", tuple(blocks))


def _descriptions(patterns: Patterns, criteria: tuple[str, ...], nodes: Mapping[str, Node]) -> Iterator[Triple]:
    yield from (_triple(iri, RDF_TYPE, LEPTO + "CompiledNode") for iri in nodes)
    for iri, node in nodes.items():
        decisive = list(patterns.deciding_values(node.expression))
        yield from (_triple(value, DECIDES[standing], iri) for standing, _, value in decisive)
        yield from (_triple(iri, LEPTO + "readsFact", prop) for prop in {prop for _, prop, _ in decisive})
    for criterion in criteria:
        yield from (_triple(criterion, LEPTO + "leansOn", class_) for class_ in sorted(_leans_on(patterns, criterion)))
        for number, path in enumerate(paths_of(nodes, criterion), 1):
            iri = f"urn:lepto:path:{local_name(criterion)}:{number}"
            yield _triple(iri, LEPTO + "pathOf", criterion)
            yield _triple(iri, LEPTO + "endsAt", path.property)
            for step, positive in path.steps:
                yield _triple(iri, LEPTO + ("passes" if positive else "passesNegated"), step)


def _leans_on(patterns: Patterns, class_: str) -> set[str]:
    """The denied classes of courses on which a class rests."""
    named = named_in(patterns.definitions[class_])
    below = [_leans_on(patterns, iri) for iri in named if iri in patterns.definitions]
    return {iri for iri in named & patterns.denied if patterns.genus(iri) == TREATMENT_COURSE}.union(*below)


def _triple(subject: str, predicate: str, object_: str) -> Triple:
    return Triple(NamedNode(subject), NamedNode(predicate), NamedNode(object_))
