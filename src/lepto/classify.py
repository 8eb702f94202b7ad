"""The reasoner's road to the standings: HermiT over the very axioms from which the SPARQL is compiled.

A criterion is met where HermiT proves that the patient belongs to it, not met where it proves that the patient cannot,
and unknown otherwise. Assumptions are taken over from the patient's graph as class assertions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pyoxigraph import BlankNode, NamedNode, Triple

from lepto.derive import derived
from lepto.knowledge import Knowledge
from lepto.read import Record
from lepto.reason import JavaMissing, ReasonerError, decide_each
from lepto.vocabulary import LEPTO, ONTOLOGY, OWL, RDF_TYPE, local_name

LOGIC = ("core", "patient", "treatments", "criteria")
STANDINGS = {True: "met", False: "not-met", None: "unknown"}
ASSUMED_NOT = NamedNode(LEPTO + "assumedNot")
BATCH = 50


@dataclass(frozen=True)
class PatientClassification:
    """What HermiT says of one patient.

    `standings`: the standing of every criterion, by its local name. Where the record contradicts the ontology there are
    none, and `culprits` are axioms that cannot hold together and of which none can be spared.
    """

    patient: str
    consistent: bool
    standings: Mapping[str, str]
    culprits: tuple[str, ...]


def classify_patients(
    knowledge: Knowledge,
    records: Sequence[Record],
    *,
    criteria: Mapping[str, Iterable[str]] | None = None,
    seconds: float = 300,
) -> list[PatientClassification]:
    """Classify patients with HermiT, each alone with the ontology, all in one run.

    In: the knowledge, records as read (valid or not), for each patient the local names of the criteria in question (all
    where none are given), and a time limit. Out: a classification for each record that states anything. Raises
    ReasonerError when there is no Java, or no answer in time.
    """
    sound = [record for record in records if record.triples]
    worlds = dict(_worlds(knowledge, sound))
    asked = {
        record.iri: [LEPTO + name for name in criteria[record.patient]] if criteria else knowledge.compiled.criteria
        for record in sound
    }
    decisions = decide_each(_axioms(knowledge), worlds, asked, seconds=seconds)
    found = []
    for record in sound:
        decision = decisions[record.iri]
        decided = decision.standings.get(record.iri, {})
        standings = {local_name(iri): STANDINGS[value] for iri, value in decided.items()}
        found.append(PatientClassification(record.patient, decision.consistent, standings, decision.culprits))
    return found


def contradiction_in(knowledge: Knowledge, record: Record, *, seconds: float = 300) -> tuple[str, ...]:
    """Return axioms that a record contradicts, none of which can be spared, or none where logic finds no fault.

    A record that the reasoner cannot even read (an unknown fact, a value of the wrong type) has faults of another kind:
    the findings name them. Raises JavaMissing when there is no Java.
    """
    try:
        answers = classify_patients(knowledge, [record], seconds=seconds)
    except JavaMissing:
        raise
    except ReasonerError:
        return ()
    return answers[0].culprits if answers else ()


def _axioms(knowledge: Knowledge) -> Iterator[Triple]:
    """The modules that hold logic; the others say nothing that could decide a criterion."""
    wanted = {f"{ONTOLOGY}/{name}" for name in LOGIC}
    for module in knowledge.modules:
        if module.iri in wanted:
            yield from module.triples


def _worlds(knowledge: Knowledge, records: Sequence[Record]) -> Iterator[tuple[str, list[Triple]]]:
    """Every patient's graph, with every assumption that the derivation makes as a class assertion."""
    for start in range(0, len(records), BATCH):
        batch = records[start : start + BATCH]
        assumed: dict[object, list[Triple]] = {}
        with derived(knowledge, (triple for record in batch for triple in record.triples), ()) as store:
            for quad in store.quads_for_pattern(None, ASSUMED_NOT, None, None):
                assumed.setdefault(quad.subject, []).append(quad.triple)
        for record in batch:
            yield record.iri, list(_world(record, assumed))


def _world(record: Record, assumed: Mapping[object, Sequence[Triple]]) -> Iterator[Triple]:
    individuals = {triple.subject for triple in record.triples}
    for individual in individuals:
        yield Triple(individual, NamedNode(RDF_TYPE), NamedNode(OWL + "NamedIndividual"))
    yield from record.triples
    for triple in (triple for individual in individuals for triple in assumed.get(individual, ())):
        outside = BlankNode()
        yield Triple(triple.subject, NamedNode(RDF_TYPE), outside)
        yield Triple(outside, NamedNode(RDF_TYPE), NamedNode(OWL + "Class"))
        yield Triple(outside, NamedNode(OWL + "complementOf"), triple.object)
