"""Invented patients: strategies that draw them from the ontology, and the shortest way from facts to a report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from pyoxigraph import NamedNode, QuerySolutions, Store

from lepto.derive import derived
from lepto.knowledge import Knowledge
from lepto.prepared import Prepared
from lepto.read import Record, read_bytes
from lepto.recommend import Recommender
from lepto.render.as_json import as_object
from lepto.vocabulary import LEPTO, RDFS, local_name

ON = date(2026, 11, 22)
NUMBERS: dict[str, list[int | float]] = {
    "ageYears": [17, 18, 60],
    "karnofskyPerformanceStatus": [10, 60, 70, 100],
    "ecogPerformanceStatus": [1, 3],
    "lifeExpectancyMonths": [0.9, 1.0, 6],
    "csfProtein": [99, 100],
}
STANDINGS = {"meets": "met", "doesNotMeet": "not-met", "leavesOpen": "unknown"}

Facts = dict[str, Any]


def record_of(knowledge: Prepared, facts: Mapping[str, Any]) -> Record:
    """Read one patient from facts as a JSON file would state them."""
    (record,) = read_bytes(json.dumps({"id": "X", **facts}).encode(), "patient.json", knowledge.facts)
    return record


def report_of(recommender: Recommender, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the report on one patient as JSON values."""
    (report,) = reports_of(recommender, facts)
    return report


def reports_of(recommender: Recommender, *people: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the reports on several patients, answered together, as JSON values."""
    stated = [{"id": f"X{number}", **facts} for number, facts in enumerate(people, start=1)]
    records = read_bytes(json.dumps(stated).encode(), "patients.json", recommender.knowledge.facts)
    return [as_object(report) for report in recommender.answer(records, ON)]


def standings_of(knowledge: Knowledge, record: Record) -> dict[str, str]:
    """Return the standing of every criterion, as SPARQL derives it."""
    with derived(knowledge, record.triples) as store:
        return {name: how for name, how in _standings(store, record).items() if LEPTO + name in _criteria(knowledge)}


def firm_standings_of(knowledge: Knowledge, record: Record) -> dict[str, str]:
    """Return the standing of every criterion that is met or refuted by what is stated, and by no assumption."""
    with derived(knowledge, record.triples) as store:
        answer = store.query(knowledge.query_text("explain/assumed"))
        assert isinstance(answer, QuerySolutions)
        leaning = {local_name(row["criterion"].value) for row in answer}
        return {
            name: how
            for name, how in _standings(store, record).items()
            if how != "unknown" and name not in leaning and LEPTO + name in _criteria(knowledge)
        }


def rules_met(knowledge: Knowledge, record: Record) -> set[str]:
    """Return the rules that stand for a patient."""
    rules = knowledge.values.members[LEPTO + "Rule"]
    with derived(knowledge, record.triples) as store:
        return {name for name, how in _standings(store, record).items() if how == "met" and LEPTO + name in rules}


def _standings(store: Store, record: Record) -> dict[str, str]:
    return {
        local_name(quad.object.value): standing
        for predicate, standing in STANDINGS.items()
        for quad in store.quads_for_pattern(NamedNode(record.iri), NamedNode(LEPTO + predicate), None, None)
        if isinstance(quad.object, NamedNode)
    }


def _criteria(knowledge: Knowledge) -> set[str]:
    return set(knowledge.compiled.criteria)


def values_of(knowledge: Knowledge, name: str) -> list[Any]:
    """Return the values that a fact may have: those of its class, both booleans, or numbers around every threshold."""
    fact = knowledge.facts[name]
    if fact.datatype is None:
        range_ = next(knowledge.store.quads_for_pattern(NamedNode(LEPTO + name), NamedNode(RDFS + "range"), None, None))
        assert isinstance(range_.object, NamedNode)
        return [local_name(iri) for iri in knowledge.values.members[range_.object.value]]
    return list(NUMBERS.get(name, [True, False]))


def single_facts(knowledge: Knowledge) -> list[str]:
    """Return the facts of a patient that have one value."""
    return [name for name, fact in knowledge.facts.items() if not fact.many and not fact.of_course]


def courses(knowledge: Knowledge) -> st.SearchStrategy[list[Facts]]:
    """Draw up to three courses of treatment."""
    course = st.fixed_dictionaries(
        {
            "treatment": st.sampled_from(values_of(knowledge, "treatment")),
            "courseStatus": st.sampled_from(values_of(knowledge, "courseStatus")),
        },
        optional={
            "targetSite": st.sampled_from(values_of(knowledge, "targetSite")),
            "endDate": st.just("2026-03-01"),
        },
    )
    return st.lists(course, max_size=3)


def patients(knowledge: Knowledge) -> st.SearchStrategy[Facts]:
    """Draw patients of whom anything may be unknown."""
    single = {name: st.sampled_from(values_of(knowledge, name)) for name in single_facts(knowledge)}
    lists = {
        "treatmentCourse": courses(knowledge),
        "declinedTreatment": st.lists(st.sampled_from(values_of(knowledge, "treatment")), max_size=2, unique=True),
    }
    return st.fixed_dictionaries({}, optional={**single, **lists})


def established_patients(knowledge: Knowledge) -> st.SearchStrategy[Facts]:
    """Draw patients who are inside the guideline's scope, so that rules come into play more often."""
    inside = {"ageYears": 54, "csfCytology": "CytologyPositive", "leptomeningealMetastasis": "Confirmed"}
    return patients(knowledge).map(lambda facts: {**facts, **inside})


def drawn_patients(knowledge: Knowledge, number: int) -> list[Facts]:
    """Return patients drawn at random, the same each time, every other one inside the scope."""
    drawn: list[Facts] = []

    @seed(20261122)
    @settings(max_examples=number, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(patients(knowledge), established_patients(knowledge))
    def draw(anyone: Facts, established: Facts) -> None:
        drawn.append(established if len(drawn) % 2 else anyone)

    draw()
    return drawn
