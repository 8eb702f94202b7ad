"""Two roads, one answer: HermiT reads the axioms, SPARQL is compiled from them, and both give every standing alike."""

from __future__ import annotations

import json
import os
import sys

import pytest
from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st

from lepto.classify import classify_patients
from lepto.knowledge import Knowledge, folder
from lepto.read import Record, read_bytes
from lepto.reason import java
from lepto.validate import Validator
from lepto.verify.evaluate import Evaluator
from lepto.verify.grounds import Grounds
from lepto.vocabulary import LEPTO, local_name
from tests.accept_cases import folders, records_of, sound_ones
from tests.patients import patients, record_of, standings_of
from tests.states import abstract_states

RANDOM = 60
STATES = sys.maxsize if os.environ.get("LEPTO_STATES") == "all" else 300
CODES = ("not-met", "unknown", "met")

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


def test_hermit_and_sparql_agree_on_the_abstract_states_of_every_criterion() -> None:
    """Over the values of the facts that decide a criterion, silence included, HermiT proves what SPARQL derives.

    Criteria that the same facts decide are asked about together. Of a group with more combinations so many are drawn,
    from a stated seed; LEPTO_STATES=all looks at every one.

    Where a union is entailed although none of its parts is, three-valued evaluation would be weaker than HermiT: such a
    case split would show here as "unknown" against "met".
    """
    with Evaluator(folder()) as evaluator:
        grounds = Grounds(evaluator)
        patients, asked, whole = abstract_states(grounds, STATES)
        sound = [one for one, good in zip(patients, evaluator.sound(patients), strict=True) if good]
        rows = evaluator.rows([{name: value for name, value in one.items() if name != "id"} for one in sound])
    records = read_bytes(json.dumps(sound).encode(), "states.json", grounds.knowledge.facts)
    by_hermit = {
        answer.patient: answer for answer in classify_patients(grounds.knowledge, records, criteria=asked, seconds=3000)
    }
    compared = 0
    weaker: list[str] = []
    different: list[str] = []
    for one, row in zip(sound, rows, strict=True):
        answer = by_hermit[one["id"]]
        assert answer.consistent, (one, answer.culprits)
        for name in asked[one["id"]]:
            derived = CODES[row[evaluator.column["criterion", name]]]
            compared += 1
            if derived != answer.standings[name]:
                axiom = grounds.knowledge.definitions[LEPTO + name]
                shown = f"{name} is {derived} to SPARQL and {answer.standings[name]} to HermiT: {axiom} of {one}"
                (weaker if derived == "unknown" else different).append(shown)
    looked_at = {name for names in asked.values() for name in names}
    print(
        f"\nabstract states: {compared} standings of {len(looked_at)} criteria in {len(sound)} states "
        f"(of {whole} combinations): {len(different)} differ, {len(weaker)} are weaker than entailment"
    )
    assert looked_at == set(map(local_name, grounds.knowledge.compiled.criteria))
    assert different == []
    assert weaker == [], "case splits that HermiT makes and SPARQL does not"


def _compare(knowledge: Knowledge, records: list[Record]) -> str:
    """Assert that every record is consistent and has the same standings on both roads; return how many there are."""
    compared = 0
    answers = {answer.patient: answer for answer in classify_patients(knowledge, records, seconds=900)}
    assert len(answers) == len(records), "two patients share an id"
    for record in records:
        by_sparql, by_hermit = standings_of(knowledge, record), answers[record.patient]
        assert by_hermit.consistent, (record.patient, by_hermit.culprits)
        different = [
            f"{name} is {by_sparql[name]} to SPARQL and {by_hermit.standings[name]} to HermiT: "
            f"{knowledge.definitions[LEPTO + name]} of {record.triples}"
            for name in by_sparql
            if by_sparql[name] != by_hermit.standings[name]
        ]
        assert different == [], record.patient
        assert by_hermit.standings.keys() == by_sparql.keys()
        compared += len(by_sparql)
    assert compared == len(records) * len(knowledge.compiled.criteria) > 0
    return f"{compared} standings of {len(records)} patients on {len(knowledge.compiled.criteria)} criteria"
