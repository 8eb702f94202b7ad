"""Laws of the guideline: what must hold for every patient, whatever the rules say."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pyoxigraph import BlankNode, Literal, NamedNode, Quad, QueryTriples, RdfFormat, Triple, serialize

from lepto.derive import derived, queries
from lepto.knowledge import Knowledge, load
from lepto.read import Record, read_bytes
from lepto.recommend import Recommender
from lepto.render.as_json import as_object
from lepto.vocabulary import IDENTIFIER, LEPTO, OWL, RDF_TYPE, XSD
from tests import questions
from tests.patients import (
    ON,
    Facts,
    courses,
    established_patients,
    firm_standings_of,
    patients,
    record_of,
    reports_of,
    rules_met,
    single_facts,
    standings_of,
    values_of,
)

KNOWLEDGE = load()
TYPE = NamedNode(RDF_TYPE)
OFFERS = ("recommended", "consider")
SINGLE = single_facts(KNOWLEDGE)
NUMBERS = {
    "ageYears": st.integers(0, 130),
    "karnofskyPerformanceStatus": st.integers(0, 10).map(lambda tens: 10 * tens),
    "lifeExpectancyMonths": st.integers(0, 60).map(lambda tenths: tenths / 10),
    "csfProtein": st.integers(0, 2000).map(lambda tenths: tenths / 10),
}

Report = dict[str, Any]
Ask = Callable[..., list[Report]]

law = settings(deadline=None, suppress_health_check=list(HealthCheck))
anyone = st.one_of(patients(KNOWLEDGE), established_patients(KNOWLEDGE))


@pytest.fixture(scope="module")
def ask(recommender: Recommender) -> Ask:
    """The shortest way from the facts of some patients to their reports."""
    return lambda *people: reports_of(recommender, *people)


def verdicts(report: Report) -> dict[str, str]:
    """The verdict on every action, a bar by its strength."""
    return {entry["action"]: entry["bar"] or entry["verdict"] for entry in report["verdicts"]}


def offered(report: Report) -> set[str]:
    """The actions that are offered."""
    return {action for action, verdict in verdicts(report).items() if verdict in OFFERS}


def waiting(report: Report) -> dict[str, list[str]]:
    """The actions that cannot be decided, each with its missing facts."""
    return {entry["action"]: entry["missing"] for entry in report["verdicts"] if entry["missing"]}


def sound(*reports: Report) -> bool:
    """Whether no record was refused."""
    return not any(finding["severity"] == "violation" for report in reports for finding in report["findings"])


def without(facts: Facts, *names: str) -> Facts:
    """The facts but those with these names."""
    return {name: value for name, value in facts.items() if name not in names}


def drawn(data: st.DataObject, *names: str) -> Facts:
    """A value for each of the named facts of a patient."""
    return {name: data.draw(st.sampled_from(values_of(KNOWLEDGE, name))) for name in names}


# Values and courses


def test_a_value_decides_every_criterion_that_asks_for_one_by_name(knowledge: Knowledge) -> None:
    """Whoever has another value of the fact does not meet it: named values are told apart."""
    asked = questions.values_asked_for(knowledge)
    assert asked
    for name in sorted({name for name, _ in asked.values()}):
        for value in values_of(KNOWLEDGE, name):
            standings = standings_of(knowledge, record_of(knowledge, {name: value}))
            for criterion in [criterion for criterion, (of, _) in asked.items() if of == name]:
                is_it = asked[criterion] == (name, json.dumps(value).strip('"'))
                assert standings[criterion] == ("met" if is_it else "not-met"), (criterion, value)


@law
@given(status=st.sampled_from(["Given", "Ongoing", "Planned"]), site=st.sampled_from(["CsfBlockSite", "OtherSite"]))
def test_a_course_leaves_open_only_what_something_that_it_may_stand_for_would_meet(
    knowledge: Knowledge, status: str, site: str
) -> None:
    """A course of a named drug decides every criterion on treatments; one of a class of drugs leaves open what a drug
    of that class would decide otherwise.
    """
    stands_for = questions.treatments_stood_for(knowledge)
    standing = {}
    for treatment in values_of(KNOWLEDGE, "treatment"):
        course = {"treatment": treatment, "courseStatus": status, "targetSite": site, "endDate": "2026-03-01"}
        standing[treatment] = standings_of(knowledge, record_of(knowledge, {"treatmentCourse": [course]}))
    for treatment, standings in standing.items():
        for criterion in questions.criteria_on(knowledge, "treatmentCourse"):
            met = any(standing[one][criterion] == "met" for one in stands_for.get(treatment, ()))
            assert standings[criterion] != "unknown" or met, (treatment, criterion)


# What a graph may say of a patient, and no other format can


def answered(recommender: Recommender, record: Record, come: list[Triple], gone: str = "") -> Report:
    """The report on a record with some triples more, and without those of a predicate."""
    kept = [triple for triple in record.triples if triple.predicate.value != gone]
    (report,) = recommender.answer([Record(record.patient, record.origin, (*kept, *come), ())], ON)
    return as_object(report)


@law
@given(facts=anyone, data=st.data())
def test_what_follows_is_derived_and_never_stated(
    recommender: Recommender, knowledge: Knowledge, facts: Facts, data: st.DataObject
) -> None:
    """A patient, or a course, of whom a class is stated that the guideline would derive is refused."""
    record = record_of(knowledge, facts)
    class_ = NamedNode(data.draw(st.sampled_from(sorted(KNOWLEDGE.definitions))))
    for node in _nodes(record):
        assert not sound(answered(recommender, record, [Triple(node, TYPE, class_)]))


@law
@given(facts=anyone)
def test_saying_of_a_node_that_it_is_one_says_nothing(
    recommender: Recommender, knowledge: Knowledge, facts: Facts
) -> None:
    """OWL's declaration of an individual, which editors write, changes no answer."""
    record = record_of(knowledge, facts)
    declared = [Triple(node, TYPE, NamedNode(OWL + "NamedIndividual")) for node in _nodes(record)]
    assert answered(recommender, record, declared) == answered(recommender, record, [])


@law
@given(facts=anyone)
def test_a_patient_has_one_identifier(recommender: Recommender, knowledge: Knowledge, facts: Facts) -> None:
    """No identifier, two, an empty one, or one that is no text: the record is refused. A single letter will do."""
    record, name = record_of(knowledge, facts), NamedNode(IDENTIFIER)
    assert not any(finding["property"] == "identifier" for finding in answered(recommender, record, [])["findings"])
    for identifiers in ([], [Literal("X"), Literal("Y")], [Literal("")], [Literal(5)]):
        come = [Triple(NamedNode(record.iri), name, identifier) for identifier in identifiers]
        assert not sound(answered(recommender, record, come, gone=IDENTIFIER)), identifiers


@law
@given(facts=anyone, size=st.integers(1, 5))
def test_a_number_of_another_datatype_is_no_number(
    recommender: Recommender, knowledge: Knowledge, facts: Facts, size: int
) -> None:
    """A double is refused for every number of a patient, whatever its size."""
    record, double = record_of(knowledge, facts), Literal(str(float(size)), datatype=NamedNode(XSD + "double"))
    for name in [name for name in SINGLE if (knowledge.facts[name].datatype or "").endswith(("integer", "decimal"))]:
        come = [Triple(NamedNode(record.iri), NamedNode(LEPTO + name), double)]
        assert not sound(answered(recommender, record, come, gone=LEPTO + name)), name


# Verdicts


@law
@given(facts=anyone)
def test_every_action_has_one_verdict(ask: Ask, facts: Facts) -> None:
    """An action has one verdict, a bar exactly where it is against, and missing facts exactly where it waits."""
    (report,) = ask(facts)
    actions = [entry["action"] for entry in report["verdicts"]]
    assert len(actions) == len(set(actions))
    for entry in report["verdicts"]:
        assert (entry["bar"] is not None) == (entry["verdict"] == "against")
        assert bool(entry["missing"]) == (entry["verdict"] == "undetermined"), entry["action"]
        assert any(reason["standing"] != "not-met" for reason in entry["because"])


@law
@given(facts=anyone)
def test_an_offer_stands_only_on_met_criteria_and_refuted_bars(ask: Ask, facts: Facts) -> None:
    """Behind an offer every bar is refuted; the offer that speaks has its criteria met and its exceptions refuted."""
    (report,) = ask(facts)
    for entry in report["verdicts"]:
        if entry["verdict"] in OFFERS:
            for reason in entry["because"]:
                if reason["strength"] not in OFFERS:
                    assert reason["standing"] == "not-met"
            speaking = [r for r in entry["because"] if r["strength"] == entry["verdict"] and r["standing"] == "met"]
            assert speaking
            for criterion in (criterion for reason in speaking for criterion in reason["criteria"]):
                assert criterion["standing"] == ("not-met" if criterion["role"] == "unless" else "met")


@law
@given(facts=anyone)
def test_no_reason_outranks_the_verdict(ask: Ask, knowledge: Knowledge, facts: Facts) -> None:
    """The strength of a verdict is that of a rule that stands, and no rule behind it that stands is stronger (R34)."""
    (report,) = ask(facts)
    weaker = questions.outranked_by(knowledge)
    for entry in report["verdicts"]:
        strength = entry["bar"] or entry["verdict"]
        standing = {reason["strength"] for reason in entry["because"] if reason["standing"] == "met"}
        if strength != "undetermined":
            assert strength in standing
            assert not any(strength in weaker.get(other, ()) for other in standing)


@law
@given(facts=established_patients(KNOWLEDGE))
def test_a_bar_reaches_every_action_that_falls_under_its_own(
    recommender: Recommender, ask: Ask, knowledge: Knowledge, facts: Facts
) -> None:
    """While a bar stands, nothing that it reaches by composition is offered or held open."""
    (report,) = ask(facts)
    assume(sound(report))
    standing, reached = rules_met(knowledge, record_of(knowledge, facts)), questions.reached_by(knowledge)
    for bar in standing & reached.keys():
        assert not reached[bar] & (offered(report) | waiting(report).keys()), bar


@law
@given(facts=anyone)
def test_while_a_blocking_ask_stands_nothing_that_it_decides_is_offered(
    ask: Ask, knowledge: Knowledge, facts: Facts
) -> None:
    """An offer waits for the answer to every blocking ask on its action."""
    (report,) = ask(facts)
    assume(sound(report))
    for rule in rules_met(knowledge, record_of(knowledge, facts)):
        assert not questions.held_by(knowledge).get(rule, set()) & offered(report), rule


@law
@given(facts=anyone)
def test_an_option_is_open_and_an_alternative(ask: Ask, facts: Facts) -> None:
    """The options of a class-level offer may themselves be considered: none is barred, waits, or is recommended."""
    (report,) = ask(facts)
    for entry in report["verdicts"]:
        assert all(verdicts(report)[option] == "consider" for option in entry["options"]), entry["action"]
        assert not entry["options"] or entry["verdict"] in OFFERS


@law
@given(facts=anyone, outside=st.sampled_from([{"ageYears": 17}, {"originTumour": "Lymphoma"}]))
def test_whom_the_guideline_does_not_cover_gets_no_advice(ask: Ask, facts: Facts, outside: Facts) -> None:
    """Outside the scope nothing is said but why: no verdict, no request and no outlook (R33)."""
    (report,) = ask({**facts, **outside})
    assert not report["verdicts"]
    assert not report["requests"]
    assert not report["prognosis"]
    assert report["findings"]


@law
@given(facts=anyone, data=st.data())
def test_a_refused_record_gets_nothing(ask: Ask, facts: Facts, data: st.DataObject) -> None:
    """Whatever is wrong with one fact, nothing is derived from the others; the caveats stay."""
    name = data.draw(st.sampled_from(SINGLE))
    (report,) = ask({**facts, name: "no value"})
    assert not sound(report)
    assert not any(report[part] for part in ("verdicts", "requests", "prognosis", "assumptions"))
    assert report["caveats"]


@law
@given(facts=anyone)
def test_every_answer_carries_its_caveats_and_every_request_a_question(ask: Ask, facts: Facts) -> None:
    """No answer goes without its caveats (Q10), and each request has a question and says whether it blocks."""
    (report,) = ask(facts)
    assert any("not a medical device" in caveat for caveat in report["caveats"])
    asked_for = {fact for facts in waiting(report).values() for fact in facts}
    blocking = {request["property"] for request in report["requests"] if request["blocking"]}
    assert asked_for <= blocking
    assert all(request["question"] for request in report["requests"])


# What is known, and what is not


@law
@given(facts=anyone, data=st.data())
def test_a_fact_on_which_no_rule_about_an_action_rests_changes_nothing_of_it(
    ask: Ask, knowledge: Knowledge, facts: Facts, data: st.DataObject
) -> None:
    """Whatever is stated of a fact, the actions about which no rule rests on it keep verdict, reasons and doubts.

    Facts on which no rule rests at all, such as ECOG status and protein, change no verdict and no request (R04, R30).
    """
    related = questions.facts_of_actions(knowledge)
    added = drawn(data, data.draw(st.sampled_from(SINGLE)))
    before, after = ask(without(facts, *added), {**facts, **added})
    assume(sound(before, after))

    def untouched(report: Report) -> dict[str, Any]:
        kept = [entry for entry in report["verdicts"] if not related.get(entry["action"], set()) & added.keys()]
        return {entry["action"]: [entry[part] for part in ("verdict", "bar", "because", "missing")] for entry in kept}

    assert untouched(before) == untouched(after)
    if not set.union(*related.values()) & added.keys():
        assert before["requests"] == after["requests"]


@law
@given(facts=anyone, data=st.data())
def test_one_fact_more_never_changes_what_stated_facts_have_settled(
    knowledge: Knowledge, facts: Facts, data: st.DataObject
) -> None:
    """A criterion that is met or refuted without an assumption keeps its standing, whatever else becomes known."""
    unstated = sorted({*SINGLE, "treatmentCourse"} - facts.keys())
    assume(unstated)
    name = data.draw(st.sampled_from(unstated))
    more = {name: data.draw(courses(KNOWLEDGE))} if name == "treatmentCourse" else drawn(data, name)
    before = firm_standings_of(knowledge, record_of(knowledge, facts))
    after = firm_standings_of(knowledge, record_of(knowledge, {**facts, **more}))
    assert before.items() <= after.items()


@law
@given(facts=anyone, data=st.data())
def test_removing_a_fact_never_turns_an_offer_into_another_nor_into_a_bar(
    ask: Ask, knowledge: Knowledge, facts: Facts, data: st.DataObject
) -> None:
    """With less known an offer stays, weakens or waits, and a bar stays, softens or waits; neither becomes its
    opposite, and nothing else is offered instead.

    The facts whose silence is read by a declared assumption are exceptions: the ontology names them. An offer that was
    held back by a question that the fact raises, whether the shunt in place works (R20), stands without it (R21).
    """
    stated = sorted(set(facts) & set(SINGLE) - questions.facts_of_silence(knowledge))
    assume(stated)
    name = data.draw(st.sampled_from(stated))
    before, after = ask(facts, without(facts, name))
    assume(sound(before, after))
    held = {entry["action"] for entry in before["verdicts"] if any(r["strength"] == "asks" for r in entry["because"])}
    raised = {request["property"] for request in before["requests"]} & {name}
    assert offered(after) <= offered(before) | (held if raised else set()), name
    for action, verdict in verdicts(after).items():
        if verdict not in (*OFFERS, "undetermined"):
            assert verdicts(before).get(action) not in (*OFFERS, "undetermined", None), (name, action)


@law
@given(facts=anyone)
def test_what_is_missing_is_not_settled_by_the_record(ask: Ask, facts: Facts) -> None:
    """A missing fact is unstated, or is stated and leaves a criterion open, or is asked for once more."""
    (report,) = ask(facts)
    for entry in report["verdicts"]:
        for name in set(entry["missing"]) & facts.keys():
            doubts = [c for r in entry["because"] for c in r["criteria"] if c["standing"] == "unknown"]
            left_open = any(fact["property"] == name for criterion in doubts for fact in criterion["facts"])
            assert left_open or any(reason["strength"] == "asks" for reason in entry["because"]), name


@law
@given(facts=anyone, data=st.data())
def test_what_is_missing_matters(ask: Ask, facts: Facts, data: st.DataObject) -> None:
    """Every missing fact has a value that changes the verdict, or what else it waits for."""
    (before,) = ask(facts)
    open_ = [(action, name) for action, names in waiting(before).items() for name in names if name in SINGLE]
    assume(open_)
    action, name = data.draw(st.sampled_from(open_))
    answers = ask(*({**facts, name: value} for value in values_of(KNOWLEDGE, name)))
    told = [(verdicts(report).get(action), waiting(report).get(action)) for report in answers if sound(report)]
    assert any(one != ("undetermined", waiting(before)[action]) for one in told), (action, name)


@law
@given(facts=anyone)
def test_every_assumption_that_is_leant_on_is_said(ask: Ask, facts: Facts) -> None:
    """Assumptions are told exactly where a criterion behind a verdict leans on one."""
    (report,) = ask(facts)
    leaning = [c for entry in report["verdicts"] for r in entry["because"] for c in r["criteria"] if c["assumed"]]
    assert bool(leaning) == bool(report["assumptions"])


@law
@given(facts=anyone, data=st.data())
def test_values_that_no_criterion_tells_apart_give_equal_verdicts(
    ask: Ask, knowledge: Knowledge, facts: Facts, data: st.DataObject
) -> None:
    """Named values of the same classes, none of them asked for by name, are as one to the rules."""
    names = [name for name in SINGLE if knowledge.facts[name].datatype is None and questions.alike(knowledge, name)]
    name = data.draw(st.sampled_from(names))
    group = data.draw(st.sampled_from(questions.alike(knowledge, name)))
    reports = [report for report in ask(*({**facts, name: value} for value in sorted(group))) if sound(report)]
    assert all(verdicts(report) == verdicts(reports[0]) for report in reports)
    assert all(waiting(report) == waiting(reports[0]) for report in reports)


@law
@given(facts=anyone, data=st.data())
def test_numbers_on_one_side_of_every_bound_give_equal_answers(
    ask: Ask, knowledge: Knowledge, facts: Facts, data: st.DataObject
) -> None:
    """Only bounds matter of a number, and a number at a bound belongs to those above it (R03)."""
    name = data.draw(st.sampled_from(sorted(NUMBERS)))
    one, other = data.draw(NUMBERS[name]), data.draw(NUMBERS[name])
    bounds = questions.bounds(knowledge, name)
    assert bounds
    assume(all((one >= bound) == (other >= bound) for bound in bounds))
    first, second = ask({**facts, name: one}, {**facts, name: other})
    assume(sound(first, second))
    for told in (verdicts, waiting, lambda report: report["prognosis"]):
        assert told(first) == told(second)


# Treatments


@law
@given(facts=established_patients(KNOWLEDGE), data=st.data())
def test_a_worse_karnofsky_status_never_adds_disease_directed_treatment(
    ask: Ask, knowledge: Knowledge, facts: Facts, data: st.DataObject
) -> None:
    """What a worse status adds acts on no tumour, save what a clinician's recorded judgement guards (R25)."""
    worse, better = sorted([data.draw(NUMBERS["karnofskyPerformanceStatus"]) for _ in range(2)])
    poor, good = ask(*({**facts, "karnofskyPerformanceStatus": status} for status in (worse, better)))
    assume(sound(poor, good))
    added = (offered(poor) - offered(good)) & questions.disease_directed(knowledge)
    if facts.get("wholeBrainBenefitOutweighsHarm"):
        related = questions.facts_of_actions(knowledge)
        added = {action for action in added if "wholeBrainBenefitOutweighsHarm" not in related[action]}
    assert not added


@law
@given(facts=established_patients(KNOWLEDGE), data=st.data())
def test_adding_a_bars_fact_never_adds_an_offer(
    ask: Ask, knowledge: Knowledge, facts: Facts, data: st.DataObject
) -> None:
    """Where a fact that is added makes a bar stand, nothing that the bar reaches is offered."""
    rested_on, reached = questions.facts_of_bars(knowledge), questions.reached_by(knowledge)
    bar = data.draw(st.sampled_from(sorted(rested_on)))
    name = data.draw(st.sampled_from(sorted(rested_on[bar])))
    added = {name: data.draw(courses(KNOWLEDGE))} if name == "treatmentCourse" else drawn(data, name)
    assume(bar in rules_met(knowledge, record_of(knowledge, {**facts, **added})))
    (after,) = ask({**facts, **added})
    assume(sound(after))
    assert not reached[bar] & offered(after), (bar, added)


@law
@given(facts=anyone, data=st.data())
def test_an_ended_course_of_which_no_criterion_asks_changes_nothing(
    ask: Ask, knowledge: Knowledge, facts: Facts, data: st.DataObject
) -> None:
    """A treatment of no kind that any criterion asks of the record, and over, leaves every verdict and request."""
    treatment = data.draw(st.sampled_from(sorted(questions.unrelated_treatments(knowledge))))
    ended = {"treatment": treatment, "courseStatus": "Given", "endDate": "2026-03-01"}
    more = {**facts, "treatmentCourse": [*facts.get("treatmentCourse", []), ended]}
    before, after = ask(facts, more)
    assume(sound(before, after))
    assert verdicts(before) == verdicts(after)
    assert waiting(before) == waiting(after)


@law
@given(facts=anyone, data=st.data())
def test_declining_withdraws_offers_and_adds_none(ask: Ask, facts: Facts, data: st.DataObject) -> None:
    """Refusal withdraws an offer (R38) and adds none; two refusals withdraw what each withdraws."""
    one, other = data.draw(st.lists(st.sampled_from(values_of(KNOWLEDGE, "treatment")), min_size=2, max_size=2))
    refusals: list[list[str]] = [[], [one], [other], sorted({one, other})]
    none, first, second, both = ask(*({**facts, "declinedTreatment": declined} for declined in refusals))
    assert one not in offered(first)
    assert offered(first) <= offered(none)
    assert offered(both) == offered(first) & offered(second)


# The way from the record to the answer


@law
@given(facts=anyone, data=st.data())
def test_the_order_of_facts_and_of_courses_does_not_matter(ask: Ask, facts: Facts, data: st.DataObject) -> None:
    """The same facts in another order give the same report."""
    shuffled = {key: facts[key] for key in data.draw(st.permutations(sorted(facts)))}
    if "treatmentCourse" in shuffled:
        shuffled["treatmentCourse"] = data.draw(st.permutations(shuffled["treatmentCourse"]))
    assert ask(facts) == ask(shuffled)


@law
@given(facts=anyone, names=st.lists(st.from_regex("[a-z]{1,8}", fullmatch=True), min_size=4, max_size=4, unique=True))
def test_neither_the_format_nor_the_names_of_nodes_matter(
    recommender: Recommender, knowledge: Knowledge, facts: Facts, names: list[str]
) -> None:
    """The same patient in JSON, Turtle, N-Triples, JSON-LD and CSV, under whatever names, gets the same report."""
    record = record_of(knowledge, facts)
    nodes = {str(node): BlankNode(name) for node, name in zip(_nodes(record), names, strict=False)}
    triples = [Triple(nodes[str(t.subject)], t.predicate, nodes.get(str(t.object), t.object)) for t in record.triples]
    formats = (RdfFormat.TURTLE, RdfFormat.N_TRIPLES, RdfFormat.JSON_LD)
    written = [*(serialize(triples, format=format_) or b"" for format_ in formats), _table({"id": "X", **facts})]
    read = [read_bytes(data, "patient", knowledge.facts) for data in written]
    reports = [recommender.answer(records, ON) for records in ([record], *read)]
    assert all(report == reports[0] for report in reports)


def _nodes(record: Record) -> list[NamedNode]:
    """The patient and its courses."""
    return sorted({t.subject for t in record.triples if isinstance(t.subject, NamedNode)}, key=str)


def _table(facts: Facts) -> bytes:
    """A table with one patient, a list as JSON in its cell."""
    written = io.StringIO()
    csv.writer(written).writerows([facts, [v if isinstance(v, str) else json.dumps(v) for v in facts.values()]])
    return written.getvalue().encode()


@settings(law, max_examples=15)
@given(several=st.lists(anyone, min_size=2, max_size=6))
def test_patients_side_by_side_do_not_touch_each_other(ask: Ask, several: list[Facts]) -> None:
    """A patient's report is the same alone and among others."""
    people = [{**facts, "id": f"P{number}"} for number, facts in enumerate(several)]
    assert ask(*people) == [ask(person)[0] for person in people]


@law
@given(facts=anyone)
def test_deriving_again_adds_nothing(knowledge: Knowledge, facts: Facts) -> None:
    """What was derived is all that follows, and it leaves the knowledge as it was."""
    before = len(knowledge.store)
    triples = record_of(knowledge, facts).triples
    with derived(knowledge, triples) as store:
        for query in queries(knowledge, {triple.predicate.value for triple in triples}):
            answer = store.query(query)
            assert isinstance(answer, QueryTriples)
            assert all(Quad(*triple) in store for triple in answer), query
    assert len(knowledge.store) == before
