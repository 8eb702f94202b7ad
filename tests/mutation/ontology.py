"""Operators over the ontology: criteria, rules, values, treatments, regimens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from lepto.vocabulary import LEPTO, OWL, PATIENT, RDF_TYPE, RDFS, TREATMENT_COURSE, XSD, XSD_BOOLEAN
from tests.mutation.graph import FIRST, Graph, Term
from tests.mutation.mutants import Change, Operator, Original, operator

INCLUSIVE = {"minInclusive": "minExclusive", "maxInclusive": "maxExclusive"}
FLIPPED = {XSD + a: XSD + b for a, b in (*INCLUSIVE.items(), *((b, a) for a, b in INCLUSIVE.items()))}
DROPPED = (
    *("requires", "unless", "entryCriterion", "overrides", "decides", "asksFor", "denies", "cautionsOn", "appliesTo"),
    *("hasComponent", "hasRoute", "hasModality", "hasTarget", "byDevice", "activeIn", "mayComprise", "kind"),
    *("outranks", "regimenOf", "hasPhase", "hasFractionation", "followedBy", "formulation", "durationInPeriods"),
)
REMARKS = ("Caution", "PrognosticStatement", "Caveat")
NUMBERS = ("doseValue", "dosesPerPeriod", "durationInPeriods", "fractions")
SUBCLASS = RDFS + "subClassOf"
TRUE = Literal(True)
FACTS_OF = (NamedNode(PATIENT), NamedNode(TREATMENT_COURSE))
TREATMENT = NamedNode(LEPTO + "Treatment")


def changed(graph: Graph, triple: Triple, to: Term | None = None, by: NamedNode | None = None) -> Change:
    """Return the change of a statement's object, or of its predicate."""
    new = Triple(triple.subject, by or triple.predicate, triple.object if to is None else to)
    how = f"{graph.said(triple)} becomes {graph.said(new)}"
    return Change(graph.owner(triple.subject), how, (triple,), (new,))


def dropped(graph: Graph, triple: Triple) -> Change:
    """Return the loss of a statement, with what hangs on its object."""
    gone = (triple, *graph.hanging(triple.object))
    return Change(graph.owner(triple.subject), f"without {graph.said(triple)}", gone)


def taken_out(graph: Graph, cell: BlankNode, member: Term) -> Change:
    """Return the loss of a list's member."""
    gone, come = graph.cell_taken_out(cell)
    return Change(graph.owner(cell), f"without {graph.told(member)}", tuple(gone), tuple(come))


def moved(literal: Term) -> Iterator[Literal]:
    """Yield a number one step down and one step up: one for a whole number, a tenth for a decimal one."""
    assert isinstance(literal, Literal)
    step = Decimal(1) if literal.datatype.value == XSD + "integer" else Decimal("0.1")
    for number in (Decimal(literal.value) - step, Decimal(literal.value) + step):
        yield Literal(str(number), datatype=literal.datatype)


def after(term: Term, among: Iterable[Term]) -> Term:
    """Return the next of some terms by name, the first after the last."""
    others = sorted({one for one in among if one != term}, key=str)
    return next((one for one in others if str(one) > str(term)), others[0])


# Statements that are dropped


def _dropping(name: str) -> Operator:
    def drop(original: Original) -> Iterator[Change]:
        for triple in original.ontology_graph.stating(LEPTO + name):
            yield dropped(original.ontology_graph, triple)

    return drop


for _name in DROPPED:
    operator(f"drop {_name}")(_dropping(_name))


def _dropping_whole(classes: tuple[str, ...]) -> Operator:
    def drop(original: Original) -> Iterator[Change]:
        graph = original.ontology_graph
        for class_ in classes:
            for term in graph.instances(LEPTO + class_):
                yield Change(graph.told(term), "dropped whole", tuple(graph.of(term)))

    return drop


for _name, _classes in {
    "drop offer": ("Offer",),
    "drop bar": ("Bar",),
    "drop ask": ("Ask",),
    "drop assumption": ("Assumption",),
    "drop remark": REMARKS,
}.items():
    operator(_name)(_dropping_whole(_classes))


# Criteria


@operator("move threshold")
def move_threshold(original: Original) -> Iterator[Change]:
    """A bound of a criterion one step down and up."""
    graph = original.ontology_graph
    for facet in FLIPPED:
        for triple in graph.stating(facet):
            yield from (changed(graph, triple, to=bound) for bound in moved(triple.object))


@operator("flip facet")
def flip_facet(original: Original) -> Iterator[Change]:
    """A bound that is included is excluded, or the other way round."""
    graph = original.ontology_graph
    for facet, other in FLIPPED.items():
        for triple in graph.stating(facet):
            yield changed(graph, triple, by=NamedNode(other))


@operator("swap and with or")
def swap_and_with_or(original: Original) -> Iterator[Change]:
    """An intersection becomes a union, or the other way round."""
    graph = original.ontology_graph
    for here, there in (("intersectionOf", "unionOf"), ("unionOf", "intersectionOf")):
        for triple in graph.stating(OWL + here):
            if _in_definition(graph, triple):
                yield changed(graph, triple, by=NamedNode(OWL + there))


@operator("drop part")
def drop_part(original: Original) -> Iterator[Change]:
    """A definition loses one part of an intersection or union."""
    graph = original.ontology_graph
    for kind in ("intersectionOf", "unionOf"):
        for triple in graph.stating(OWL + kind):
            if _in_definition(graph, triple):
                yield from (taken_out(graph, cell, member) for cell, member in graph.cells(triple.object))


@operator("drop complement")
def drop_complement(original: Original) -> Iterator[Change]:
    """A class stands where its complement stood."""
    graph = original.ontology_graph
    for triple in graph.stating(OWL + "complementOf"):
        (cell,) = (t for t in graph.stating(FIRST) if t.object == triple.subject)
        change = changed(graph, cell, to=triple.object)
        yield Change(
            change.term,
            f"{graph.told(triple.object)} without its complement",
            (*change.gone, *graph.of(triple.subject)),
            change.come,
        )


@operator("exchange value")
def exchange_value(original: Original) -> Iterator[Change]:
    """A restriction asks for another value, or for the class that is disjoint from its class of values."""
    graph = original.ontology_graph
    for triple in graph.stating(OWL + "hasValue"):
        if isinstance(triple.object, Literal):
            yield changed(graph, triple, to=_negated(triple.object))
        else:
            same = {
                one
                for class_ in graph.objects(triple.object, RDF_TYPE)
                if _own(class_)
                for one in graph.subjects(RDF_TYPE, class_)
            }
            if same - {triple.object}:
                yield changed(graph, triple, to=after(triple.object, same))
    for triple in graph.stating(OWL + "someValuesFrom"):
        if others := _disjoint(graph).get(triple.object):
            yield changed(graph, triple, to=after(triple.object, others))


def _in_definition(graph: Graph, triple: Triple) -> bool:
    """Whether an expression is part of a definition, and not the domain of a property."""
    return NamedNode(OWL + "Class") in graph.objects(NamedNode(LEPTO + graph.owner(triple.subject)), RDF_TYPE)


def _negated(literal: Term) -> Literal:
    assert isinstance(literal, Literal)
    assert literal.datatype.value == XSD_BOOLEAN
    return Literal(literal.value != "true")


def _own(term: Term) -> bool:
    return isinstance(term, NamedNode) and term.value.startswith(LEPTO)


def _disjoint(graph: Graph) -> dict[Term, set[Term]]:
    """For every class of values those that are stated to be disjoint from it."""
    groups = [[t.subject, t.object] for t in graph.stating(OWL + "disjointWith")]
    groups += [graph.members(t.object) for t in graph.stating(OWL + "members")]
    found: dict[Term, set[Term]] = {}
    for group in groups:
        for class_ in group:
            found.setdefault(class_, set()).update(set(group) - {class_})
    return found


# Rules


@operator("turn requires into unless")
def turn_requires_into_unless(original: Original) -> Iterator[Change]:
    """A rule yields to a criterion that it required."""
    for triple in original.ontology_graph.stating(LEPTO + "requires"):
        yield changed(original.ontology_graph, triple, by=NamedNode(LEPTO + "unless"))


@operator("turn unless into requires")
def turn_unless_into_requires(original: Original) -> Iterator[Change]:
    """A rule requires a criterion to which it yielded."""
    for triple in original.ontology_graph.stating(LEPTO + "unless"):
        yield changed(original.ontology_graph, triple, by=NamedNode(LEPTO + "requires"))


@operator("swap strength")
def swap_strength(original: Original) -> Iterator[Change]:
    """A rule speaks with each other strength of its kind."""
    graph = original.ontology_graph
    for triple in graph.stating(LEPTO + "strength"):
        (kind,) = (class_ for class_ in graph.objects(triple.object, RDF_TYPE) if _own(class_))
        for other in graph.subjects(RDF_TYPE, kind):
            if other != triple.object:
                yield changed(graph, triple, to=other)


@operator("exchange criterion")
def exchange_criterion(original: Original) -> Iterator[Change]:
    """A criterion gives way to the nearest: the next by name on the same facts, else on one of them, else of all."""
    graph, facts = original.ontology_graph, _facts_of_criteria(original)
    for name in ("requires", "unless", "entryCriterion", "appliesTo"):
        for triple in graph.stating(LEPTO + name):
            own, used = facts[triple.object], set(graph.objects(triple.subject, LEPTO + name))
            same = {one for one, theirs in facts.items() if theirs == own} - used
            near = {one for one, theirs in facts.items() if theirs & own} - used
            yield changed(graph, triple, to=after(triple.object, same or near or set(facts) - used))


@operator("flip answer")
def flip_answer(original: Original) -> Iterator[Change]:
    """What is said to be blocking, asked even if stated, or open-ended is not, or the other way round."""
    graph = original.ontology_graph
    for name in ("blocking", "asksEvenIfStated", "openEnded"):
        for triple in graph.stating(LEPTO + name):
            yield changed(graph, triple, to=_negated(triple.object))
    for ask in graph.instances(LEPTO + "Ask"):
        if not graph.objects(ask, LEPTO + "asksEvenIfStated"):
            new = Triple(ask, NamedNode(LEPTO + "asksEvenIfStated"), TRUE)
            yield Change(graph.told(ask), f"with {graph.said(new)}", (), (new,))


@operator("widen pathway")
def widen_pathway(original: Original) -> Iterator[Change]:
    """A rule, or a pathway, moves to the pathway around its own."""
    graph = original.ontology_graph
    for triple in graph.stating(LEPTO + "withinPathway"):
        for around in graph.objects(triple.object, LEPTO + "withinPathway"):
            yield changed(graph, triple, to=around)


@operator("plain type")
def plain_type(original: Original) -> Iterator[Change]:
    """A covered pathway is any pathway, and an alternative offer any offer."""
    graph = original.ontology_graph
    for name in ("CoveredPathway", "AlternativeOffer"):
        for triple in graph.stating(RDF_TYPE):
            if triple.object == NamedNode(LEPTO + name):
                for wider in graph.objects(triple.object, SUBCLASS):
                    yield changed(graph, triple, to=wider)


@operator("exchange action")
def exchange_action(original: Original) -> Iterator[Change]:
    """A rule or caution is about the next more general, or the most general of the more special actions."""
    graph, general = original.ontology_graph, _generals(original)
    for name in ("offers", "bars", "decides", "cautionsOn"):
        for triple in graph.stating(LEPTO + name):
            above = general[triple.object]
            below = {action for action, those in general.items() if triple.object in those}
            nearest = sorted(above, key=lambda action: (-len(general[action]), str(action)))[:1]
            widest = sorted(below, key=lambda action: (len(general[action]), str(action)))[:1]
            named = {stated.object for stated in graph.stating(LEPTO + name) if stated.subject == triple.subject}
            yield from (changed(graph, triple, to=action) for action in (*nearest, *widest) if action not in named)


@operator("exchange fact")
def exchange_fact(original: Original) -> Iterator[Change]:
    """An ask or an assumption asks for the next fact by name."""
    graph = original.ontology_graph
    facts = [NamedNode(LEPTO + name) for name, fact in original.knowledge.facts.items() if not fact.of_course]
    for triple in graph.stating(LEPTO + "asksFor"):
        yield changed(graph, triple, to=after(triple.object, facts))


def _facts_of_criteria(original: Original) -> dict[Term, frozenset[str]]:
    """For every criterion the facts at the ends of its paths."""
    ends: dict[Term, list[Term]] = {}
    criteria: dict[Term, set[str]] = {}
    for triple in original.knowledge.compiled.triples:
        if triple.predicate.value == LEPTO + "endsAt":
            ends.setdefault(triple.subject, []).append(triple.object)
    for triple in original.knowledge.compiled.triples:
        if triple.predicate.value == LEPTO + "pathOf":
            criteria.setdefault(triple.object, set()).update(map(str, ends[triple.subject]))
    return {criterion: frozenset(facts) for criterion, facts in criteria.items()}


def _generals(original: Original) -> dict[Term, set[Term]]:
    """For every action the more general ones under which it falls, by inference."""
    found: dict[Term, set[Term]] = {}
    for quad in original.knowledge.store.quads_for_pattern(None, NamedNode(LEPTO + "fallsUnder"), None, None):
        found.setdefault(quad.subject, set()).update({quad.object} - {quad.subject})
    return found


# Values


@operator("drop value class")
def drop_value_class(original: Original) -> Iterator[Change]:
    """A value leaves a class to which it is stated to belong, unless another of its classes implies that one."""
    graph = original.ontology_graph
    for value in _values(original):
        classes = _stated_classes(graph, value)
        implied = {above for class_ in classes for above in graph.above(class_, SUBCLASS)}
        for class_ in classes - implied:
            yield dropped(graph, Triple(value, NamedNode(RDF_TYPE), class_))


@operator("move value")
def move_value(original: Original) -> Iterator[Change]:
    """A value moves from a class to one that is disjoint from it."""
    graph, disjoint = original.ontology_graph, _disjoint(original.ontology_graph)
    for value in _values(original):
        for class_ in _stated_classes(graph, value) & disjoint.keys():
            yield changed(graph, Triple(value, NamedNode(RDF_TYPE), class_), to=after(class_, disjoint[class_]))


@operator("add value class")
def add_value_class(original: Original) -> Iterator[Change]:
    """A value of a fact joins a class of it to which it neither belongs nor is stated not to belong."""
    graph, disjoint = original.ontology_graph, _disjoint(original.ontology_graph)
    for value in _values(original, FACTS_OF):
        own = _with_above(graph, _stated_classes(graph, value))
        barred = {other for class_ in own for other in disjoint.get(class_, ())}
        for class_ in sorted({triple.subject for triple in graph.stating(SUBCLASS)}, key=str):
            up = _with_above(graph, [class_])
            if class_ not in own and up & own and not up & barred:
                new = Triple(value, NamedNode(RDF_TYPE), class_)
                yield Change(graph.told(value), f"is {graph.told(class_)} too", (), (new,))


@operator("drop superclass")
def drop_superclass(original: Original) -> Iterator[Change]:
    """A class of values leaves the class above it that a restriction asks for, where values belong to it only so."""
    graph = original.ontology_graph
    asked_for = {triple.object for triple in graph.stating(OWL + "someValuesFrom")}
    for triple in graph.stating(SUBCLASS):
        lost = [
            value
            for value in _values(original)
            if triple.object in _with_above(graph, _stated_classes(graph, value))
            and triple.object not in _with_above(graph, _stated_classes(graph, value), without=triple)
        ]
        if triple.object in asked_for and lost:
            yield dropped(graph, triple)


@operator("drop disjointness")
def drop_disjointness(original: Original) -> Iterator[Change]:
    """Two classes of values are no longer disjoint, or one of several is not disjoint from the others."""
    graph = original.ontology_graph
    for triple in graph.stating(OWL + "disjointWith"):
        if _about_values(original, [triple.subject]):
            yield dropped(graph, triple)
    for triple in graph.stating(OWL + "members"):
        if _about_values(original, graph.members(triple.object)):
            yield from (taken_out(graph, cell, member) for cell, member in graph.cells(triple.object))


@operator("drop difference")
def drop_difference(original: Original) -> Iterator[Change]:
    """A value is no longer told apart from others, of which a criterion asks for one by name."""
    graph = original.ontology_graph
    by_name = {triple.object for triple in graph.stating(OWL + "hasValue")}
    for triple in graph.stating(OWL + "distinctMembers"):
        if by_name & set(graph.members(triple.object)):
            yield from (taken_out(graph, cell, member) for cell, member in graph.cells(triple.object))


@operator("drop functional")
def drop_functional(original: Original) -> Iterator[Change]:
    """A fact may have several values."""
    graph = original.ontology_graph
    functional = NamedNode(OWL + "FunctionalProperty")
    for name in original.knowledge.facts:
        if functional in graph.objects(NamedNode(LEPTO + name), RDF_TYPE):
            yield dropped(graph, Triple(NamedNode(LEPTO + name), NamedNode(RDF_TYPE), functional))


def _values(original: Original, of: tuple[NamedNode, ...] = (*FACTS_OF, TREATMENT)) -> list[NamedNode]:
    """The named values of the facts, and of what treatments consist of."""
    graph, members = original.ontology_graph, original.knowledge.values.members
    properties = [t.subject for t in graph.stating(RDFS + "domain") if t.object in of]
    ranges = {
        term.value for one in properties for term in graph.objects(one, RDFS + "range") if isinstance(term, NamedNode)
    }
    return sorted((NamedNode(value) for value in {v for one in ranges for v in members.get(one, ())}), key=str)


def _stated_classes(graph: Graph, value: object) -> set[Term]:
    return {class_ for class_ in graph.objects(value, RDF_TYPE) if _own(class_)}


def _with_above(graph: Graph, classes: Iterable[Term], without: Triple | None = None) -> set[Term]:
    """The classes and all above them, one statement left out."""
    return {one for class_ in classes for one in (class_, *graph.above(class_, SUBCLASS, without))}


def _about_values(original: Original, classes: list[Term]) -> bool:
    values = set(_values(original))
    return any(values & set(original.ontology_graph.subjects(RDF_TYPE, class_)) for class_ in classes)


# Regimens


@operator("move number of regimen")
def move_number_of_regimen(original: Original) -> Iterator[Change]:
    """A dose, a number of doses, a duration or a number of fractions one step down and up."""
    graph = original.ontology_graph
    for name in NUMBERS:
        for triple in graph.stating(LEPTO + name):
            yield from (changed(graph, triple, to=number) for number in moved(triple.object))
