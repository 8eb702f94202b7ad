"""Ways on which something that a record holds was lost, and a wrong treatment offered: none of them is open."""

from __future__ import annotations

from typing import Any

import pytest

from lepto.recommend import Recommender
from tests.accept_cases import ON
from tests.fhir.records import HGNC, LOINC, OWN, RXNORM, SCT, bundle, concept, condition, observation, quantity
from tests.fhir.taken import (
    BRAIN,
    CANAL,
    EGFR,
    INTRATHECAL,
    INTRAVENOUS,
    LM,
    METHOTREXATE,
    PATIENT,
    Documents,
    Take,
    bundle_of,
    courses,
    facts,
    kps,
    order,
    own,
    part,
    procedure,
    radiotherapy,
    reasons,
    refused,
    variant,
    warnings,
    without,
)
from tests.fhir.test_courses_from_records import FAVOURABLE

CSI = radiotherapy(BRAIN, CANAL)
OURS, THEIRS = "https://a.org/fhir", "https://b.org/fhir"
OTHER = procedure((SCT, "80146002"), name="rt") | {"subject": {"reference": f"{OURS}/Patient/p1"}}
VOLUME = {"url": "http://x", "extension": [{"url": "volume", "valueReference": {"reference": "BodyStructure/b"}}]}


def verdict(documents: Documents, recommender: Recommender, *mine: dict[str, Any], theirs: Any = ()) -> str:
    document = bundle(FAVOURABLE, ON.isoformat())
    document["entry"] += bundle_of(*mine)["entry"]
    for entry in document["entry"]:
        entry["fullUrl"] = f"{OURS}/{entry['resource']['resourceType']}/{entry['resource']['id']}"
    document["entry"] += theirs
    (report,) = recommender.answer(documents(document), ON)
    if report.refused:
        return "refused"
    return next(one.verdict for one in report.verdicts if one.action == "IntrathecalMethotrexate")


@pytest.mark.parametrize(
    "more",
    [
        {"performedDateTime": "31/02/2026"},
        {"modifierExtension": [{"url": "x"}]},
        {"implicitRules": "x"},
        {"extension": [VOLUME]},
        {"valueString": "a", "valueInteger": 1},
    ],
    ids=["no date", "modifier", "rules", "lost volume", "ill-formed"],
)
def test_a_course_that_cannot_be_used_costs_the_answer(
    documents: Documents, recommender: Recommender, more: dict[str, Any]
) -> None:
    assert verdict(documents, recommender, CSI) == "against"
    assert verdict(documents, recommender, CSI | more) != "consider"


def test_a_course_in_two_versions_costs_the_answer(documents: Documents, recommender: Recommender) -> None:
    assert verdict(documents, recommender, CSI, CSI | {"note": [{"text": "x"}]}) != "consider"


def test_a_version_without_an_instant_is_not_older(documents: Documents, recommender: Recommender) -> None:
    undone = radiotherapy(BRAIN, CANAL, status="not-done", meta={"lastUpdated": "2020-01-01T00:00:00Z"})
    assert verdict(documents, recommender, CSI, undone) != "consider"


def test_one_id_on_two_servers_is_two_resources(documents: Documents, recommender: Recommender) -> None:
    mine, yours = ({"meta": {"lastUpdated": f"2026-0{n}-01T00:00:00Z"}} for n in (1, 2))
    theirs = [{"fullUrl": f"{THEIRS}/Procedure/rt", "resource": OTHER | yours}]
    assert verdict(documents, recommender, CSI | mine, theirs=theirs) == "against"


def test_a_deletion_on_one_server_deletes_nothing_on_another(documents: Documents, recommender: Recommender) -> None:
    gone = {"fullUrl": f"{THEIRS}/Procedure/rt", "request": {"method": "DELETE", "url": "Procedure/rt"}}
    assert verdict(documents, recommender, CSI, theirs=[gone]) == "against"


@pytest.mark.parametrize("url", [f"{OURS}/Observation/kps", "Observation/kps/_history/2"])
def test_a_deletion_by_address_or_version_counts(documents: Documents, url: str) -> None:
    document = bundle_of(PATIENT, kps(80))
    document["entry"].append({"request": {"method": "DELETE", "url": url}})
    for entry in document["entry"][:2]:
        entry["fullUrl"] = f"{OURS}/{entry['resource']['resourceType']}/{entry['resource']['id']}"
    assert set(facts(documents(document)[0])) == {"ageYears"}


@pytest.mark.parametrize(
    "more",
    [
        {"location": {"text": "spine"}},
        {"location": concept(SCT, BRAIN), "locationQualifier": [concept(SCT, "7771000")]},
        {},
    ],
    ids=["text", "qualified", "empty"],
)
def test_a_volume_that_is_not_understood_leaves_the_course_open(take: Take, more: dict[str, Any]) -> None:
    structure = {"resourceType": "BodyStructure", "id": "b", "patient": {"reference": "Patient/p1"}} | more
    assert courses(take(radiotherapy(BRAIN, extension=[VOLUME]), structure)) == {("UnspecifiedRadiotherapy", "Given")}


@pytest.mark.parametrize(
    "reference",
    [{"identifier": {"value": "v1"}}, {"reference": "urn:uuid:a"}, {"reference": "#b"}, {"display": "brain and spine"}],
    ids=["by identifier", "by name", "contained", "in words"],
)
def test_a_volume_that_is_not_in_the_input_leaves_the_course_open(take: Take, reference: dict[str, Any]) -> None:
    """However it is referred to; what an extension says of anything else does not."""
    breast, volume = "76752008", [{"url": "volume", "valueReference": reference}]
    lost = take(radiotherapy(breast, extension=[{"url": "http://x", "extension": volume}]))
    assert courses(lost) == {("UnspecifiedRadiotherapy", "Given")}
    assert "which is not in the input" in warnings(lost)
    other = take(radiotherapy(breast, extension=[{"url": "http://x", "valueReference": reference}]))
    assert courses(other) == {("FocalRadiotherapy", "Given")}


def test_a_volume_that_was_withdrawn_is_none(take: Take) -> None:
    structure = {
        "resourceType": "BodyStructure",
        "id": "b",
        "active": False,
        "location": concept(SCT, CANAL),
        "patient": {"reference": "Patient/p1"},
    }
    assert courses(take(radiotherapy(BRAIN, extension=[VOLUME]), structure)) != {("CraniospinalIrradiation", "Given")}


def test_a_hazard_is_told_though_another_dosage_has_no_route(take: Take) -> None:
    assert "almost always fatal" in warnings(take(order(concept(RXNORM, "11202"), INTRATHECAL, None)))


@pytest.mark.parametrize("routes", [[INTRATHECAL, None], [INTRATHECAL, INTRAVENOUS]])
def test_pemetrexed_by_several_routes_is_not_one_of_them(take: Take, routes: list[Any]) -> None:
    told = {name for name, _ in courses(take(order(concept(RXNORM, "68446"), *routes)))}
    assert told in ({"UnspecifiedChemotherapy"}, {"IntrathecalChemotherapy", "SystemicChemotherapy"})


def test_an_order_of_a_medication_of_another_bundle_is_not_known(documents: Documents) -> None:
    mine = without(order({}), "medicationCodeableConcept") | {"medicationReference": {"reference": "Medication/1"}}
    other = bundle_of(
        PATIENT | {"id": "p2"}, {"resourceType": "Medication", "id": "1", "code": concept(RXNORM, "1721560")}
    )
    assert courses(documents([bundle_of(PATIENT, mine), other])[0]) == set()


def test_a_modified_medication_is_not_used(take: Take) -> None:
    mine = without(order({}), "medicationCodeableConcept") | {"medicationReference": {"reference": "Medication/1"}}
    medication = {"resourceType": "Medication", "id": "1", "code": METHOTREXATE, "modifierExtension": [{"url": "x"}]}
    assert courses(take(mine, medication)) == set()


def test_active_counts_beside_a_local_coding(take: Take) -> None:
    found = condition("b", (SCT, "71286001"))
    found["clinicalStatus"]["coding"].append({"system": SCT, "code": "55561003"})
    assert facts(take(found)).get("spinalCordCompression") == "Present"


def test_confirmed_of_another_code_system_is_not_believed(take: Take) -> None:
    found = condition("lm", LM) | {"verificationStatus": concept("http://example.org", "confirmed")}
    assert facts(take(found)).get("leptomeningealMetastasis") != "Confirmed"


@pytest.mark.parametrize(
    "more", [{"status": "unknown"}, {"modifierExtension": [{"url": "x"}]}, {"effectiveDateTime": "x"}]
)
def test_an_estimate_that_cannot_be_used_costs_the_answer(take: Take, more: dict[str, Any]) -> None:
    found = observation("le", (OWN, "lifeExpectancyMonths"), valueQuantity=quantity(0.5, "mo"))
    assert refused(take(found | more))


def test_a_used_entry_is_not_listed_as_not_used(take: Take) -> None:
    assert "Observation/variant" not in reasons(take(variant(EGFR, "p.L858R")))


def test_a_variant_of_two_genes_states_nothing(take: Take) -> None:
    both = part("48018-6", {"coding": [{"system": HGNC, "code": "HGNC:1097"}]})
    assert set(facts(take(variant(EGFR, "p.L858R", both)))) == {"ageYears"}


def test_a_patient_who_was_deleted_gets_no_answer(documents: Documents) -> None:
    gone = {"request": {"method": "DELETE", "url": "Patient/p1"}}
    document = bundle_of(PATIENT, kps(80))
    document["entry"].append(gone)
    assert all(refused(one) for one in documents(document))


CLEAR = own("clear", "UnobstructedCsfFlow", "2026-03-02")
FOUND = own("found", "ObstructedCsfFlow", "2026-03-20")
IMAGING = (LOINC, "24587-8")


def report(**more: Any) -> dict[str, Any]:
    """A report of imaging."""
    return observation("mri", IMAGING, effectiveDateTime="2026-03-20", **more) | {"resourceType": "DiagnosticReport"}


BLOCK_WITHIN: dict[str, dict[str, Any]] = {
    "contained in a report": report(contained=[FOUND], result=[{"reference": "#found"}]),
    "contained in what a report contains": report(
        contained=[FOUND, observation("panel", IMAGING, hasMember=[{"reference": "#found"}])],
        result=[{"reference": "#panel"}],
    ),
    "a component": observation(
        "panel",
        IMAGING,
        effectiveDateTime="2026-03-20",
        component=[{"id": "c"} | {key: FOUND[key] for key in ("code", "valueCodeableConcept")}],
    ),
    "concluded by a report": report(conclusionCode=[FOUND["valueCodeableConcept"]]) | {"code": FOUND["code"]},
}


@pytest.mark.parametrize("found", BLOCK_WITHIN.values(), ids=BLOCK_WITHIN)
def test_what_a_report_or_a_panel_holds_is_read(take: Take, found: dict[str, Any]) -> None:
    assert facts(take(CLEAR, found))["csfFlow"] == "ObstructedCsfFlow"


@pytest.mark.parametrize("found", BLOCK_WITHIN.values(), ids=BLOCK_WITHIN)
@pytest.mark.parametrize("status, told", [("entered-in-error", "UnobstructedCsfFlow"), ("unknown", None)])
def test_what_a_report_holds_is_no_better_than_the_report(
    take: Take, found: dict[str, Any], status: str, told: str | None
) -> None:
    assert facts(take(CLEAR, found | {"status": status})).get("csfFlow") == told


def test_what_a_report_contains_of_another_patient_is_not_believed(take: Take) -> None:
    theirs = FOUND | {"subject": {"reference": "Patient/p9"}}
    record = take(report(contained=[theirs], result=[{"reference": "#found"}]))
    assert "csfFlow" not in facts(record)
    assert reasons(record)["DiagnosticReport/mri#found"] == "it is about another patient"


def test_what_is_contained_and_no_result_is_listed(take: Take) -> None:
    record = take(report(contained=[FOUND]))
    assert "csfFlow" not in facts(record)
    assert "is no result of it" in reasons(record)["DiagnosticReport/mri#found"]


def test_a_panel_that_is_coded_as_its_component_leaves_open_nothing_of_it(take: Take) -> None:
    component = {key: CLEAR[key] for key in ("code", "valueCodeableConcept")}
    panel = without(CLEAR, "valueCodeableConcept") | {"component": [component]}
    record = take(panel)
    assert facts(record)["csfFlow"] == "UnobstructedCsfFlow"
    assert record.findings == ()


def test_components_that_state_no_fact_are_not_listed(take: Take) -> None:
    assert set(reasons(take(variant(EGFR, "p.L858R")))) == set()
