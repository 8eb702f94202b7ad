"""Laws of the guideline: what must hold for every patient, whatever the rules say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lepto.knowledge import Knowledge, load
from lepto.read import read_bytes
from lepto.recommend import Recommender
from lepto.render.as_json import as_object
from tests.patients import ON, Facts, established_patients, patients, report_of, single_facts, values_of

KNOWLEDGE = load()
OFFERS = ("recommended", "consider")
WITHOUT_RULES = {"ecogPerformanceStatus", "csfProtein"}

law = settings(deadline=None, suppress_health_check=list(HealthCheck))
anyone = st.one_of(patients(KNOWLEDGE), established_patients(KNOWLEDGE))


@pytest.fixture(scope="module")
def ask(recommender: Recommender) -> Any:
    """The shortest way from facts to a report."""
    return lambda facts: report_of(recommender, facts)


def verdicts(report: dict[str, Any]) -> dict[str, str]:
    """The verdict on every action, a bar by its strength."""
    return {entry["action"]: entry["bar"] or entry["verdict"] for entry in report["verdicts"]}


def offered(report: dict[str, Any]) -> set[str]:
    """The actions that are offered."""
    return {action for action, verdict in verdicts(report).items() if verdict in OFFERS}


@law
@given(facts=anyone)
def test_every_action_has_one_verdict(ask: Any, facts: Facts) -> None:
    """An action has one verdict, a bar exactly where it is against, and missing facts exactly where it waits."""
    report = ask(facts)
    actions = [entry["action"] for entry in report["verdicts"]]
    assert len(actions) == len(set(actions))
    for entry in report["verdicts"]:
        assert (entry["bar"] is not None) == (entry["verdict"] == "against")
        assert bool(entry["missing"]) == (entry["verdict"] == "undetermined"), entry["action"]
        assert any(reason["standing"] != "not-met" for reason in entry["because"])


@law
@given(facts=anyone)
def test_an_offer_stands_only_on_met_criteria_and_refuted_bars(ask: Any, facts: Facts) -> None:
    """Behind an offer every bar is refuted; the offer that speaks has its criteria met and its exceptions refuted."""
    strengths = {"recommended", "consider"}
    for entry in ask(facts)["verdicts"]:
        if entry["verdict"] in OFFERS:
            for reason in entry["because"]:
                if reason["strength"] not in strengths:
                    assert reason["standing"] == "not-met"
            speaking = [r for r in entry["because"] if r["strength"] == entry["verdict"] and r["standing"] == "met"]
            assert speaking
            for criterion in (criterion for reason in speaking for criterion in reason["criteria"]):
                assert criterion["standing"] == ("not-met" if criterion["role"] == "unless" else "met")


@law
@given(facts=anyone, data=st.data())
def test_an_unrelated_fact_changes_no_verdict(ask: Any, facts: Facts, data: st.DataObject) -> None:
    """ECOG status and cerebrospinal fluid protein decide nothing (R04, R30)."""
    name = data.draw(st.sampled_from(sorted(WITHOUT_RULES)))
    value = data.draw(st.sampled_from(values_of(KNOWLEDGE, name)))
    before, after = ask({k: v for k, v in facts.items() if k != name}), ask({**facts, name: value})
    assume(not any(finding["severity"] == "violation" for finding in [*before["findings"], *after["findings"]]))
    assert before["verdicts"] == after["verdicts"]
    assert before["requests"] == after["requests"]


@law
@given(facts=anyone, data=st.data())
def test_removing_a_fact_never_turns_an_offer_into_a_bar_nor_a_bar_into_an_offer(
    ask: Any, facts: Facts, data: st.DataObject
) -> None:
    """With less known an offer stays, weakens or waits, and a bar stays, softens or waits; neither becomes its
    opposite.

    The facts whose silence is read by a declared assumption are exceptions: they are named in the ontology.
    """
    assumed = {"leptomeningealMetastasis", "lifeExpectancyMonths", "originTumour", "wholeBrainBenefitOutweighsHarm"}
    stated = sorted(set(facts) & set(single_facts(KNOWLEDGE)) - assumed)
    assume(stated)
    name = data.draw(st.sampled_from(stated))
    before, after = ask(facts), ask({k: v for k, v in facts.items() if k != name})
    assume(not before["findings"] or all(f["severity"] != "violation" for f in before["findings"] + after["findings"]))
    for action, verdict in verdicts(after).items():
        earlier = verdicts(before).get(action)
        if verdict in OFFERS:
            assert earlier in OFFERS, (name, action)
        elif verdict != "undetermined":
            assert earlier not in (*OFFERS, "undetermined", None), (name, action)


@law
@given(facts=established_patients(KNOWLEDGE))
def test_a_worse_karnofsky_status_never_adds_disease_directed_treatment(ask: Any, facts: Facts) -> None:
    """What is offered below 70 and not at 70 is supportive care, symptom control, review, or guarded palliation."""
    better = ask({**facts, "karnofskyPerformanceStatus": 70})
    worse = ask({**facts, "karnofskyPerformanceStatus": 60})
    assume(not any(f["severity"] == "violation" for f in [*better["findings"], *worse["findings"]]))
    allowed = {
        "BestSupportiveCare",
        "CorticosteroidSymptomManagement",
        "MultidisciplinaryReviewOfMatchedTherapy",
        "WholeBrainRadiotherapyWithMemantine",
    }
    assert offered(worse) - offered(better) <= allowed


BARRING: list[tuple[Facts, str]] = [
    ({"csfFlow": "ObstructedCsfFlow"}, "IntrathecalMethotrexate"),
    ({"hydrocephalus": "SymptomaticHydrocephalus"}, "IntrathecalMethotrexate"),
    ({"csfDevice": "ShuntWithoutOnOffValve"}, "IntrathecalMethotrexate"),
    ({"depositPattern": "NodularDeposits"}, "IntrathecalMethotrexate"),
    (
        {"treatmentCourse": [{"treatment": "CraniospinalIrradiation", "courseStatus": "Planned"}]},
        "TrastuzumabDeruxtecan",
    ),
    (
        {
            "treatmentCourse": [
                {"treatment": "CraniospinalIrradiation", "courseStatus": "Given", "endDate": "2020-01-01"}
            ]
        },
        "IntrathecalMethotrexate",
    ),
]


@law
@given(facts=anyone, barring=st.sampled_from(BARRING))
def test_a_bars_fact_withdraws_the_offer(ask: Any, facts: Facts, barring: tuple[Facts, str]) -> None:
    """Where the fact of a bar is stated, the barred action is never offered."""
    fact, action = barring
    assert action not in offered(ask({**facts, **fact}))


@law
@given(facts=anyone, data=st.data())
def test_the_order_of_facts_and_of_courses_does_not_matter(ask: Any, facts: Facts, data: st.DataObject) -> None:
    """The same facts in another order give the same report."""
    shuffled = {key: facts[key] for key in data.draw(st.permutations(sorted(facts)))}
    if "treatmentCourse" in shuffled:
        shuffled["treatmentCourse"] = data.draw(st.permutations(shuffled["treatmentCourse"]))
    assert ask(facts) == ask(shuffled)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(several=st.lists(anyone, min_size=2, max_size=6))
def test_patients_side_by_side_do_not_touch_each_other(
    recommender: Recommender, knowledge: Knowledge, ask: Any, several: list[Facts]
) -> None:
    """A patient's report is the same alone and among others."""
    people = [{**facts, "id": f"P{number}"} for number, facts in enumerate(several)]
    together = recommender.answer(read_bytes(json.dumps(people).encode(), "cohort.json", knowledge.facts), ON)
    assert [as_object(report) for report in together] == [ask(person) for person in people]


@law
@given(facts=anyone, data=st.data())
def test_a_declined_treatment_is_not_offered(ask: Any, facts: Facts, data: st.DataObject) -> None:
    """Refusal withdraws an offer (R38) and adds none."""
    before = offered(ask({k: v for k, v in facts.items() if k != "declinedTreatment"}))
    assume(before)
    action = data.draw(st.sampled_from(sorted(before)))
    after = offered(ask({**facts, "declinedTreatment": [action]}))
    assert action not in after
    assert after <= before


@law
@given(facts=anyone)
def test_every_answer_carries_its_caveats_and_every_request_a_question(ask: Any, facts: Facts) -> None:
    """No answer goes without its caveats (Q10), and each request has a question and says whether it blocks."""
    report = ask(facts)
    assert any("not a medical device" in caveat for caveat in report["caveats"])
    waiting = {fact for entry in report["verdicts"] for fact in entry["missing"]}
    blocking = {request["property"] for request in report["requests"] if request["blocking"]}
    assert waiting <= blocking
    assert all(request["question"] for request in report["requests"])
