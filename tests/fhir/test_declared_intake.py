"""The intake is data: what is declared can be counted, and a code more is a line of Turtle more."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from pyoxigraph import Quad, RdfFormat, Store, parse

from lepto.facts import Fact
from lepto.knowledge import Knowledge
from lepto.read import Intaking, read_bytes
from lepto.read.fhir.declared import Conditions, declared
from lepto.vocabulary import LEPTO
from tests.accept_cases import ON
from tests.fhir.records import LOINC, bundle, concept, observation


def _is_foreign(*conditions: Conditions) -> bool:
    """Whether an entry can meet the conditions without a name of this ontology, by its code and by its answer."""
    coded = {code for one in conditions for code in (*one.codes, *one.families)}
    answered = [answers for one in conditions for answers in (one.answers,) if answers]
    return all(any(not code.startswith(LEPTO) for code in codes) for codes in (coded or {""}, *answered))


@dataclass(frozen=True)
class Declaring:
    """Knowledge with something more declared."""

    store: Store
    facts: Mapping[str, Fact]


def test_every_fact_of_a_patient_can_be_stated_by_a_record(
    knowledge: Knowledge, capsys: pytest.CaptureFixture[str]
) -> None:
    """By a code of some terminology, or by an observation that is coded with the fact itself."""
    known = declared(knowledge.store)
    facts = {name for name, fact in knowledge.facts.items() if not fact.of_course}
    by_terminology = {
        intake.fact
        for intake in known.intakes
        for reading in intake.readings
        if reading.value or reading.number or reading.years or reading.treatment
        if _is_foreign(intake.conditions, reading.conditions)
    }
    with capsys.disabled():
        print(f"\nfacts with an intake: {len(facts)} of {len(facts)}, {len(by_terminology)} of them by terminologies")
    assert known.systems[LEPTO + "FactCodes"].iri("csfFlow") == LEPTO + "csfFlow"
    assert by_terminology <= facts
    assert facts - by_terminology == {
        "csfFlow",
        "declinedTreatment",
        "depositPattern",
        "lifeExpectancyMonths",
        "wholeBrainBenefitOutweighsHarm",
    }


def test_every_reading_that_states_a_value_states_one_of_the_fact(knowledge: Knowledge) -> None:
    """A value of another fact's kind would be refused in every record."""
    looked_at = 0
    for intake in declared(knowledge.store).intakes:
        assert intake.fact is not None
        fact = knowledge.facts[intake.fact]
        for reading in intake.readings:
            for value in filter(None, (reading.value, reading.unconfirmed)):
                looked_at += 1
                if fact.datatype is None:
                    assert value in _values(knowledge, intake.fact), (intake.name, value)
            if reading.treatment:
                assert value_exists(knowledge, reading.treatment), reading.treatment
    assert looked_at > 50


def test_a_code_more_is_a_line_of_turtle_more(knowledge: Knowledge) -> None:
    """No Python: another code for the same test is read as soon as it is declared."""
    record = bundle({"id": "A"}, ON.isoformat())
    found = observation("other", (LOINC, "99999-9"), valueCodeableConcept=concept(LOINC, "LA6576-8"))
    record["entry"].append({"resource": found | {"subject": {"reference": "Patient/A"}}})
    line = f"<{LEPTO}Her2Result> <{LEPTO}coded> <https://loinc.org/99999-9> ."
    store = Store()
    store.extend(knowledge.store)
    store.extend(Quad(*quad.triple) for quad in parse(line, format=RdfFormat.TURTLE))
    told = []
    for place in (knowledge.store, store):
        intaking = Intaking(Declaring(place, knowledge.facts), ON)
        (one,) = read_bytes(json.dumps(record).encode(), "record.json", knowledge.facts, intaking)
        assert one.intake is not None
        told.append([(used.property, used.value) for used in one.intake.used])
    assert told == [[], [("her2Status", "Her2Positive")]]


def _values(knowledge: Knowledge, fact: str) -> set[str]:
    answer = knowledge.store.query(
        f"SELECT ?v {{ <{LEPTO}{fact}> <http://www.w3.org/2000/01/rdf-schema#range> ?c . ?v a ?c }}"
    )
    return {str(row[0].value).removeprefix(LEPTO) for row in answer}  # type: ignore[union-attr]


def value_exists(knowledge: Knowledge, name: str) -> bool:
    """Whether a treatment of that name is known."""
    return bool(knowledge.store.query(f"ASK {{ <{LEPTO}{name}> a <{LEPTO}Treatment> }}"))
