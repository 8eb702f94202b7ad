"""Two roads, one answer: HermiT reads the axioms, SPARQL is compiled from them, and both give every standing alike."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st

from lepto.classify import classify_patients
from lepto.knowledge import Knowledge
from lepto.read import Record
from lepto.reason import java
from lepto.validate import Validator
from tests.accept_cases import folders, records_of, sound_ones
from tests.patients import patients, record_of, standings_of

RANDOM = 60

pytestmark = [
    pytest.mark.java,
    pytest.mark.slow,
    pytest.mark.skipif(java() is None, reason="HermiT needs Java, and none is found"),
]


@pytest.fixture(scope="module")
def validator(knowledge: Knowledge) -> Validator:
    """The shapes: a record that they refuse never reaches either road."""
    return Validator(knowledge)


def test_hermit_and_sparql_agree_on_every_standing_of_every_case(knowledge: Knowledge, validator: Validator) -> None:
    """Over all accepted patients of all cases, HermiT proves exactly the standings that SPARQL derives."""
    records = sound_ones(validator, [record for folder in folders() for record in records_of(knowledge, folder)])
    assert len(records) > 0.8 * len(folders())
    print(f"\ncases: {_compare(knowledge, records)} agree between HermiT and SPARQL")


def test_hermit_and_sparql_agree_on_random_patients(knowledge: Knowledge, validator: Validator) -> None:
    """Over accepted patients drawn at random, of whom anything may be unknown, HermiT proves what SPARQL derives."""
    drawn: list[Record] = []

    @seed(20261122)
    @settings(max_examples=RANDOM, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(st.data())
    def draw(data: st.DataObject) -> None:
        record = record_of(knowledge, {**data.draw(patients(knowledge)), "id": f"random-{len(drawn)}"})
        assume(sound_ones(validator, [record]))
        drawn.append(record)

    draw()
    assert len(drawn) >= RANDOM
    print(f"\nrandom: {_compare(knowledge, drawn)} agree between HermiT and SPARQL")


def _compare(knowledge: Knowledge, records: list[Record]) -> str:
    """Assert that every record is consistent and has the same standings on both roads; return how many there are."""
    compared = 0
    answers = {answer.patient: answer for answer in classify_patients(knowledge, records, seconds=900)}
    assert len(answers) == len(records), "two patients share an id"
    for record in records:
        by_sparql, by_hermit = standings_of(knowledge, record), answers[record.patient]
        assert by_hermit.consistent, (record.patient, by_hermit.culprits)
        assert dict(by_hermit.standings) == by_sparql, record.patient
        compared += len(by_sparql)
    assert compared == len(records) * len(knowledge.compiled.criteria) > 0
    return f"{compared} standings of {len(records)} patients on {len(knowledge.compiled.criteria)} criteria"
