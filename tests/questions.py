"""What tests ask of the graph of the guideline, as rows of names, and what the laws take from it."""

from __future__ import annotations

from collections.abc import Iterator

from pyoxigraph import Literal, NamedNode, QuerySolutions

from lepto.knowledge import Knowledge
from lepto.vocabulary import LEPTO, OWL, RDF, RDFS, SKOS, XSD, local_name

PREFIXES = "".join(
    f"PREFIX {prefix}: <{space}> "
    for prefix, space in {
        "dcterms": "http://purl.org/dc/terms/",
        "lepto": LEPTO,
        "owl": OWL,
        "rdf": RDF,
        "rdfs": RDFS,
        "skos": SKOS,
        "xsd": XSD,
    }.items()
)
Pairs = dict[str, set[str]]


def rows(knowledge: Knowledge, query: str) -> Iterator[tuple[str, ...]]:
    """Yield the rows of a SELECT as local names and texts; an unbound variable is an empty text."""
    answer = knowledge.store.query(PREFIXES + query)
    assert isinstance(answer, QuerySolutions)
    for row in answer:
        yield tuple(text_of(term) for term in row)


def text_of(term: object) -> str:
    """Return the local name of an IRI, or the text of a literal."""
    if isinstance(term, NamedNode):
        return local_name(term.value)
    return term.value if isinstance(term, Literal) else ""


def pairs(knowledge: Knowledge, query: str) -> Pairs:
    """Return the rows of a SELECT with two columns, the second ones gathered under the first."""
    found: Pairs = {}
    for first, second in rows(knowledge, query):
        found.setdefault(first, set()).add(second)
    assert found, f"nothing is found by {query}"
    return found


def facts_of_actions(knowledge: Knowledge) -> Pairs:
    """For every action the facts on which a rule about it rests: an offer of it, a bar that reaches it, an ask."""
    return pairs(
        knowledge,
        """SELECT DISTINCT ?action ?fact WHERE {
          ?rule lepto:offers|lepto:decides|(lepto:bars/^lepto:fallsUnder) ?action .
          { ?rule (lepto:needs|lepto:yieldsTo)/^lepto:pathOf/lepto:endsAt ?fact } UNION { ?rule lepto:asksFor ?fact }
        }""",
    )


def facts_of_silence(knowledge: Knowledge) -> set[str]:
    """The facts of whose silence a declared assumption makes something."""
    denied = "SELECT DISTINCT ?fact WHERE { ?assumption lepto:denies/^lepto:pathOf/lepto:endsAt ?fact }"
    return {fact for (fact,) in rows(knowledge, denied)}


def facts_of_bars(knowledge: Knowledge) -> Pairs:
    """For every bar the facts on which its own criteria rest, the pathway's left out."""
    own = "SELECT DISTINCT ?bar ?fact WHERE { ?bar lepto:bars ?a ; lepto:requires/^lepto:pathOf/lepto:endsAt ?fact }"
    return pairs(knowledge, own)


def reached_by(knowledge: Knowledge) -> Pairs:
    """For every bar the actions that it reaches."""
    return pairs(knowledge, "SELECT ?bar ?action WHERE { ?bar lepto:bars/^lepto:fallsUnder ?action }")


def held_by(knowledge: Knowledge) -> Pairs:
    """For every ask that blocks the actions whose offers wait for its answer."""
    return pairs(knowledge, "SELECT ?ask ?action WHERE { ?ask lepto:blocking true ; lepto:decides ?action }")


def outranked_by(knowledge: Knowledge) -> Pairs:
    """For every strength, as reports write it, the weaker ones."""
    ranks = "SELECT ?a ?b WHERE { ?strong lepto:outranks ?weak . ?strong skos:notation ?a . ?weak skos:notation ?b }"
    return pairs(knowledge, ranks)


def disease_directed(knowledge: Knowledge) -> set[str]:
    """The actions that act on the disease: by radiation, by route, or by a substance that is not supportive."""
    return {
        action
        for (action,) in rows(
            knowledge,
            """SELECT DISTINCT ?action WHERE {
              ?rule lepto:offers ?action .
              { ?action lepto:hasModality lepto:IonisingRadiation } UNION { ?action lepto:hasRoute ?route }
              UNION { ?action lepto:hasComponent ?drug . FILTER NOT EXISTS { ?drug a lepto:SupportiveSubstance } }
            }""",
        )
    }


def unrelated_treatments(knowledge: Knowledge) -> set[str]:
    """The treatments of which no criterion asks whether a course of them is on the record."""
    asked = "?part owl:onProperty lepto:treatment . { ?part owl:hasValue ?treatment } UNION "
    perhaps = (
        "{ ?part owl:someValuesFrom ?kind . ?treatment a lepto:Treatment MINUS { ?treatment lepto:cannotBe ?kind } }"
    )
    related = {name for (name,) in rows(knowledge, f"SELECT DISTINCT ?treatment WHERE {{ {asked} {perhaps} }}")}
    every = {local_name(iri) for iri in knowledge.values.members[LEPTO + "Treatment"]}
    assert related
    return every - related


def treatments_stood_for(knowledge: Knowledge) -> Pairs:
    """For every class-level action the treatments of its kind, or what it may comprise."""
    return pairs(
        knowledge,
        "SELECT ?action ?t WHERE { { ?action lepto:kind/^rdf:type ?t } UNION { ?action lepto:mayComprise ?t } }",
    )


def criteria_on(knowledge: Knowledge, name: str) -> set[str]:
    """The criteria that rest on a fact and on no other."""
    others = f"FILTER NOT EXISTS {{ ?criterion ^lepto:pathOf/lepto:endsAt ?fact . FILTER(?fact != lepto:{name}) }}"
    query = f"SELECT DISTINCT ?criterion WHERE {{ ?criterion ^lepto:pathOf/lepto:endsAt lepto:{name} . {others} }}"
    return {criterion for (criterion,) in rows(knowledge, query)}


def values_asked_for(knowledge: Knowledge) -> dict[str, tuple[str, str]]:
    """The criteria that ask for one named value of a fact, with the fact and the value."""
    part = "?criterion owl:equivalentClass/owl:intersectionOf/rdf:rest/rdf:first ?part ."
    query = f"SELECT ?criterion ?fact ?value WHERE {{ {part} ?part owl:onProperty ?fact ; owl:hasValue ?value }}"
    found = {criterion: (fact, value) for criterion, fact, value in rows(knowledge, query)}
    return {criterion: one for criterion, one in found.items() if LEPTO + criterion in knowledge.compiled.criteria}


def alike(knowledge: Knowledge, name: str) -> list[set[str]]:
    """The named values of a fact that no criterion tells apart: in the same classes, and none asked for by name."""
    values = rows(
        knowledge, f"SELECT ?value WHERE {{ lepto:{name} rdfs:range ?class . ?value a owl:NamedIndividual , ?class }}"
    )
    by_name = {
        value for (value,) in rows(knowledge, f"SELECT ?v WHERE {{ ?r owl:onProperty lepto:{name} ; owl:hasValue ?v }}")
    }
    groups: dict[frozenset[str], set[str]] = {}
    for (value,) in values:
        classes = frozenset(
            class_ for (class_,) in rows(knowledge, f"SELECT ?class WHERE {{ lepto:{value} a ?class }}")
        )
        if value not in by_name:
            groups.setdefault(classes, set()).add(value)
    return [group for group in groups.values() if len(group) > 1]


def bounds(knowledge: Knowledge, name: str) -> list[float]:
    """The numbers at which a criterion divides a fact."""
    facets = "xsd:minInclusive|xsd:maxExclusive|xsd:minExclusive|xsd:maxInclusive"
    path = f"owl:someValuesFrom/owl:withRestrictions/rdf:rest*/rdf:first/({facets})"
    return sorted(
        float(n) for (n,) in rows(knowledge, f"SELECT ?n WHERE {{ ?r owl:onProperty lepto:{name} ; {path} ?n }}")
    )
