"""What would change a verdict: each answer is true, none is larger than it must be, and none is missed."""

from __future__ import annotations

import json
from datetime import date
from itertools import combinations
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lepto.errors import KnowledgeError
from lepto.knowledge import folder, load
from lepto.read import read_bytes
from lepto.space import Facts
from lepto.verify.counterfactuals import Counterfactual, Explanation, explain, facts_of
from lepto.verify.evaluate import Evaluator
from lepto.verify.grounds import Grounds
from tests.patients import established_patients, patients, record_of

# Actions whose grids are small, so that the quick tests are.
ACTIONS = ("BestSupportiveCare", "CnsActiveSystemicTherapy", "ThirdGenerationEgfrTki", "VentriculoperitonealShunt")
BLOCKED: Facts = {
    "ageYears": 60,
    "originTumour": "BreastCarcinoma",
    "her2Status": "Her2Negative",
    "karnofskyPerformanceStatus": 80,
    "lifeExpectancyMonths": 6,
    "leptomeningealMetastasis": "Confirmed",
    "csfCytology": "CytologyPositive",
    "depositPattern": "LinearDeposits",
    "csfFlow": "ObstructedCsfFlow",
    "hydrocephalus": "NoHydrocephalus",
    "csfDevice": "NoCsfDevice",
}


ONGOING = {"treatment": "WholeBrainRadiotherapy", "courseStatus": "Ongoing"}


def explained(grounds: Grounds, facts: Facts, action: str, up_to: int = 2) -> Explanation:
    return explain(grounds, record_of(grounds.knowledge, facts), action, up_to)


def changes(one: Counterfactual) -> dict[str, tuple[Any, ...]]:
    return {change.fact: change.after for change in one.changes}


def test_one_fact_is_enough(grounds: Grounds) -> None:
    """Supportive care is recommended once the Karnofsky status is below 70, or life expectancy under a month."""
    told = explained(grounds, {**BLOCKED, "csfFlow": "UnobstructedCsfFlow"}, "BestSupportiveCare", 1)
    assert told.verdict == "none"
    offered = [changes(one) for one in told.counterfactuals if one.verdict == "recommended"]
    assert offered == [{"karnofskyPerformanceStatus": ("below 70",)}, {"lifeExpectancyMonths": ("below 1",)}]


@pytest.mark.slow
def test_several_bars_need_several_facts(grounds: Grounds) -> None:
    """With blocked flow and symptomatic hydrocephalus both must be different before methotrexate may be considered."""
    told = explained(grounds, {**BLOCKED, "hydrocephalus": "SymptomaticHydrocephalus"}, "IntrathecalMethotrexate")
    assert told.verdict == "contraindicated"
    offered = [set(changes(one)) for one in told.counterfactuals if one.verdict == "consider"]
    assert offered
    assert all(facts == {"csfFlow", "hydrocephalus"} for facts in offered)


def test_what_is_not_known_is_a_fact_to_get(grounds: Grounds) -> None:
    """For a verdict that waits the missing fact is among the answers, and comes first among the open facts."""
    facts = {name: value for name, value in BLOCKED.items() if name != "karnofskyPerformanceStatus"}
    told = explained(grounds, facts, "CnsActiveSystemicTherapy", 1)
    assert told.verdict == "undetermined"
    assert {"karnofskyPerformanceStatus": ("70 or more",)} in [changes(one) for one in told.counterfactuals]
    assert told.open_facts[0].fact == "karnofskyPerformanceStatus"
    assert "CnsActiveSystemicTherapy" in told.open_facts[0].settles


def test_a_course_is_taken_away_or_added(grounds: Grounds) -> None:
    """Of the courses one may be dropped or come in, and the others stay: whoever is irradiated is told which stands in
    the way.
    """
    courses = [
        {"treatment": "CraniospinalIrradiation", "courseStatus": "Planned"},
        {"treatment": "FocalRadiotherapy", "courseStatus": "Planned"},
    ]
    told = explained(
        grounds, {**BLOCKED, "her2Status": "Her2Positive", "treatmentCourse": courses}, "TucatinibCombination", 1
    )
    assert told.verdict == "contraindicated"
    (offered,) = [changes(one) for one in told.counterfactuals if one.verdict == "consider"]
    assert offered == {"treatmentCourse": ("without Planned CraniospinalIrradiation",)}


@pytest.mark.parametrize(
    "facts, action, course",
    [
        ({"karnofskyPerformanceStatus": 0}, "WholeBrainRadiotherapyWithMemantine", "Ongoing WholeBrainRadiotherapy"),
        ({"csfFlow": "CsfFlowRestoredByRadiotherapy"}, "WholeBrainRadiotherapy", "Ongoing WholeBrainRadiotherapy"),
    ],
)
def test_no_change_is_told_that_makes_a_record_which_is_refused(
    grounds: Grounds, facts: Facts, action: str, course: str
) -> None:
    """Facts that the action does not rest on may contradict a change; the shapes are asked about the whole record."""

    def added(patient: Facts) -> list[str]:
        told = explained(grounds, patient, action, 1)
        ways = [way for one in told.counterfactuals for way in changes(one).get("treatmentCourse", ())]
        return [way for way in ways if way.startswith(f"with {course}")]

    assert refused(grounds, {**BLOCKED, **facts}, {"treatmentCourse": [ONGOING]})
    assert added(BLOCKED), "the change is told where nothing contradicts it"
    assert added({**BLOCKED, **facts}) == []


def test_the_day_of_the_question_is_the_day_of_the_changed_records() -> None:
    """A course that ended yesterday is no contradiction in a changed record either."""
    given = {"treatment": "FocalRadiotherapy", "courseStatus": "Given", "endDate": "2026-12-01"}
    with Evaluator(folder(), processes=1, on=date(2026, 12, 2)) as evaluator:
        told = explained(Grounds(evaluator), {"ageYears": 60, "treatmentCourse": [given]}, "BestSupportiveCare", 1)
    assert told.open_facts


def test_open_facts_come_in_the_order_of_what_they_settle(grounds: Grounds) -> None:
    told = explained(grounds, {"ageYears": 60, "leptomeningealMetastasis": "Confirmed"}, "BestSupportiveCare", 1)
    ranks = [(len(fact.settles), len(fact.may_settle)) for fact in told.open_facts]
    assert len(ranks) > 3
    assert ranks == sorted(ranks, reverse=True)


def test_an_action_that_no_rule_bears_on_is_refused(grounds: Grounds) -> None:
    with pytest.raises(KnowledgeError, match="no rule bears on Aspirin; the actions are Aumolertinib,"):
        explained(grounds, BLOCKED, "Aspirin")


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(facts=patients(load()))
def test_facts_are_given_back_as_they_were_stated(grounds: Grounds, facts: Facts) -> None:
    """What a record states is told as the file stated it, so that a changed patient is this patient."""
    record = record_of(grounds.knowledge, facts)
    again = facts_of(grounds, record)
    (read,) = read_bytes(json.dumps({"id": "X", **again}).encode(), "again.json", grounds.knowledge.facts)
    assert read.triples == record.triples


law = settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.slow
@law
@given(facts=established_patients(load()), action=st.sampled_from(ACTIONS), data=st.data())
def test_a_counterfactual_is_true_and_minimal(grounds: Grounds, facts: Facts, action: str, data: st.DataObject) -> None:
    """The patient with the changes has the verdict that is told; with any part of them alone it is not, or is refused.

    It is held against the derivation of whole patients, in which no grid has a part.
    """
    (sound,) = grounds.evaluator.sound([facts])
    assume(sound)
    told = explained(grounds, facts, action)
    assume(told.counterfactuals)
    one = data.draw(st.sampled_from(told.counterfactuals))
    assume(all(change.fact != grounds.courses for change in one.changes))
    fitting = [(change.fact, _stated(grounds, change.fact, change.after)) for change in one.changes]
    assert verdict(grounds, facts, dict(fitting), action) == one.verdict != told.verdict
    for size in range(len(fitting)):
        for part in combinations(fitting, size):
            assert refused(grounds, facts, dict(part)) or verdict(grounds, facts, dict(part), action) != one.verdict


@law
@given(facts=established_patients(load()), action=st.sampled_from(ACTIONS), data=st.data())
def test_no_single_change_is_missed(grounds: Grounds, facts: Facts, action: str, data: st.DataObject) -> None:
    """Whatever fact is changed to whatever value: if the verdict is another then, the answer says so."""
    fact = data.draw(st.sampled_from(sorted(grounds.space.single)))
    value = data.draw(st.sampled_from(grounds.space.single[fact]))
    assume(not refused(grounds, facts, {}) and not refused(grounds, facts, {fact: value}))
    told = explained(grounds, facts, action, 1)
    after = verdict(grounds, facts, {fact: value}, action)
    known = {one.verdict for one in told.counterfactuals if set(changes(one)) == {fact}}
    assert after in known | {told.verdict}


def refused(grounds: Grounds, facts: Facts, different: Facts) -> bool:
    """Say whether the shapes refuse the record of a patient with some facts changed."""
    (sound,) = grounds.evaluator.sound([changed(facts, different)])
    return not sound


def changed(facts: Facts, different: Facts) -> Facts:
    """Return a patient with some facts changed; None leaves a fact unstated."""
    return {name: value for name, value in {**facts, **different}.items() if value is not None and value != []}


def verdict(grounds: Grounds, facts: Facts, different: Facts, action: str) -> str:
    """Return the verdict on an action for a patient with some facts changed."""
    (outcome,) = grounds.evaluator.outcomes([changed(facts, different)])
    return outcome.verdict(action)


def _stated(grounds: Grounds, fact: str, told: tuple[Any, ...]) -> Any:
    """The first of the values that are told, as a file states it: an interval by its number."""
    values = grounds.space.single.get(fact)
    if values is None:
        return told[0]
    places = range(len(values))
    for first in places:
        for end in range(first + 1, len(values) + 1):
            if told[0] in grounds.space.told(fact, range(first, end)):
                return values[end - 1]
    raise AssertionError(f"{told} of {fact} is no value")
