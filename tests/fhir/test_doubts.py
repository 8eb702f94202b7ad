"""What is doubtful in a record is never taken for certain: none of these leads to an offer that the record may bar."""

from __future__ import annotations

from typing import Any

import pytest

from lepto.recommend import Recommender
from tests.accept_cases import ON
from tests.fhir.records import HGVS, ICD, LOINC, OWN, SCT, bundle, concept, condition, observation, quantity
from tests.fhir.taken import (
    BRAIN,
    CANAL,
    EGFR,
    LM,
    PATIENT,
    Documents,
    Take,
    bundle_of,
    courses,
    cytology,
    device,
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

NEGATIVE = "260385009"
SHUNT = (SCT, "47020004")
BREAST, RELATED = (SCT, "254837009"), "http://hl7.org/fhir/StructureDefinition/condition-related"


def intrathecal(documents: Documents, recommender: Recommender, *more: dict[str, Any]) -> str:
    """What is said of intrathecal methotrexate to a patient to whom it is offered, where the record holds some more."""
    document = bundle(FAVOURABLE, ON.isoformat())
    document["entry"] += bundle_of(*more)["entry"]
    (report,) = recommender.answer(documents(document), ON)
    if report.refused:
        return "refused"
    return next((one.verdict for one in report.verdicts if one.action == "IntrathecalMethotrexate"), "none")


def linked(*conditions: str) -> dict[str, Any]:
    """A leptomeningeal metastasis that is related to other conditions."""
    links = [{"url": RELATED, "valueReference": {"reference": f"Condition/{name}"}} for name in conditions]
    return condition("linked", LM) | {"extension": links}


@pytest.mark.parametrize("day", ["2026-03-02", "2026-10-01", None])
def test_a_diagnosis_of_hydrocephalus_denies_that_there_is_none(
    documents: Documents, recommender: Recommender, day: str | None
) -> None:
    found = without(condition("hydrocephalus-found", (SCT, "230745008")), "recordedDate")
    assert intrathecal(documents, recommender) == "consider"
    assert intrathecal(documents, recommender, found | ({"recordedDate": day} if day else {})) == "undetermined"


HYDROCEPHALUS: dict[str, dict[str, Any]] = {
    "a diagnosis by ICD-10": condition("h", ("http://hl7.org/fhir/sid/icd-10", "G91.9")),
    "an observation": observation("h", (SCT, "230745008"), valueCodeableConcept=concept(SCT, "52101004")),
    "a finding": observation("h", (LOINC, "24587-8"), valueCodeableConcept=concept(SCT, "230745008")),
    "a report": observation("h", (LOINC, "24587-8"), conclusionCode=[concept(SCT, "230745008")])
    | {"resourceType": "DiagnosticReport"},
}


@pytest.mark.parametrize("found", HYDROCEPHALUS.values(), ids=HYDROCEPHALUS)
def test_hydrocephalus_that_is_recorded_denies_that_there_is_none(take: Take, found: dict[str, Any]) -> None:
    record = take(own("none", "NoHydrocephalus", "2026-01-01", "hydrocephalus"), found)
    assert "hydrocephalus" not in facts(record)
    assert "does not say whether it causes symptoms" in reasons(record)[f"{found['resourceType']}/h"]


def test_hydrocephalus_that_is_observed_to_be_absent_is_none(take: Take) -> None:
    found = observation("h", (SCT, "230745008"), valueCodeableConcept=concept(SCT, "2667000"))
    assert facts(take(found))["hydrocephalus"] == "NoHydrocephalus"


def test_a_shunt_that_icd_10_records_denies_that_there_is_no_device(take: Take) -> None:
    shunted = condition("shunt", ("http://hl7.org/fhir/sid/icd-10", "Z98.2"))
    assert "csfDevice" not in facts(take(own("none", "NoCsfDevice", "2026-03-02", "csfDevice"), shunted))


VENTRICULAR_PATH, SPINAL_PATH, WORDS = concept(SCT, "280371009"), concept(SCT, "280401006"), {"text": "upper part"}
OPEN, BLOCKED, RESTORED = "UnobstructedCsfFlow", "ObstructedCsfFlow", "CsfFlowRestoredByRadiotherapy"


def on_sites(fact: str, *found: tuple[str, Any, str]) -> list[dict[str, Any]]:
    """What was found of a fact, each on a site (None: on no site by name) and at a time."""
    return [
        own(f"at-{number}", value, time, fact) | ({"bodySite": site} if site else {})
        for number, (value, site, time) in enumerate(found)
    ]


@pytest.mark.parametrize(
    "found, told",
    [
        ([(BLOCKED, SPINAL_PATH, "2026-03-01"), (OPEN, VENTRICULAR_PATH, "2026-03-02")], BLOCKED),
        ([(OPEN, SPINAL_PATH, "2026-03-01"), (OPEN, VENTRICULAR_PATH, "2026-03-02")], OPEN),
        ([(BLOCKED, SPINAL_PATH, "2026-03-01"), (OPEN, SPINAL_PATH, "2026-03-02")], None),
        ([(BLOCKED, SPINAL_PATH, "2026-03-01"), (OPEN, None, "2026-03-02")], OPEN),
        ([(BLOCKED, None, "2026-03-01"), (OPEN, SPINAL_PATH, "2026-03-02")], BLOCKED),
        ([(BLOCKED, WORDS, "2026-03-01"), (OPEN, WORDS, "2026-03-02")], BLOCKED),
        ([(RESTORED, SPINAL_PATH, "2026-03-01"), (OPEN, VENTRICULAR_PATH, "2026-03-02")], RESTORED),
        ([(OPEN, VENTRICULAR_PATH, "2026-03-02")], None),
        ([(BLOCKED, VENTRICULAR_PATH, "2026-03-02")], BLOCKED),
        ([(BLOCKED, SPINAL_PATH, "2026-03-02"), (OPEN, SPINAL_PATH, "2026-03-02")], None),
    ],
)
def test_a_look_at_one_compartment_does_not_clear_the_other(
    take: Take, found: list[tuple[str, Any, str]], told: str | None
) -> None:
    """R10."""
    assert facts(take(*on_sites("csfFlow", *found))).get("csfFlow") == told


def test_what_cannot_be_read_of_one_compartment_is_not_cleared_by_the_other(take: Take) -> None:
    both = on_sites("csfFlow", (OPEN, SPINAL_PATH, "2026-01-01"), (OPEN, VENTRICULAR_PATH, "2026-03-02"))
    unread = without(both[0], "valueCodeableConcept") | {"id": "unread", "effectiveDateTime": "2026-02-01"}
    assert facts(take(*both))["csfFlow"] == OPEN
    assert "csfFlow" not in facts(take(*both, unread))


@pytest.mark.parametrize(
    "brain, spine, told",
    [
        ("NodularDeposits", "LinearDeposits", "LinearAndNodularDeposits"),
        ("NoDeposits", "LinearDeposits", "LinearDeposits"),
        ("LinearAndNodularDeposits", "NoDeposits", "LinearAndNodularDeposits"),
        ("NoDeposits", "NoDeposits", "NoDeposits"),
    ],
)
def test_deposits_on_one_site_stand_beside_those_on_another(take: Take, brain: str, spine: str, told: str) -> None:
    found = (brain, concept(SCT, BRAIN), "2026-03-01"), (spine, concept(SCT, CANAL), "2026-03-02")
    assert facts(take(*on_sites("depositPattern", *found)))["depositPattern"] == told


@pytest.mark.parametrize(
    "other",
    [
        [],
        [condition("other", (SCT, "363418001"))],
        [condition("other", BREAST, "entered-in-error")],
        [condition("other", (SCT, "254637007"), "provisional")],
        [condition("other", (SCT, "254637007")) | {"subject": {"reference": "Patient/p9"}}],
    ],
    ids=["lost", "unknown code", "retracted", "provisional", "of another patient"],
)
def test_a_link_to_what_names_no_tumour_costs_the_answer(take: Take, other: list[dict[str, Any]]) -> None:
    """B095, and what is like it: another primary of the patient is not meant."""
    assert refused(take(linked("other"), condition("breast", BREAST), *other))
    sound = take(linked("breast"), condition("breast", BREAST), *other)
    assert facts(sound)["originTumour"] == "BreastCarcinoma"


@pytest.mark.parametrize("code", [(SCT, "109969005"), (ICD, "C90.00"), (ICD, "C96.9")])
def test_a_diagnosis_that_may_be_the_tumour_is_no_silence_on_it(take: Take, code: tuple[str, str]) -> None:
    assert refused(take(condition("lm", LM), condition("blood", code, profile="primary-cancer-condition")))
    assert refused(take(condition("lm", LM), condition("blood", code, profile="x")))


@pytest.mark.parametrize("status", ["finished", "Completed", "in_progress"])
def test_a_status_that_is_none_costs_the_answer(documents: Documents, recommender: Recommender, status: str) -> None:
    assert intrathecal(documents, recommender, radiotherapy(BRAIN, CANAL, status=status)) == "refused"
    assert intrathecal(documents, recommender, radiotherapy(BRAIN, CANAL, status="not-done")) == "consider"


def test_a_course_after_the_day_of_the_question_costs_the_answer(
    documents: Documents, recommender: Recommender
) -> None:
    assert intrathecal(documents, recommender, radiotherapy(BRAIN, CANAL, performedDateTime="2026-11-25")) == "refused"


@pytest.mark.parametrize("code", ["10611004", "1156506007", "441799006"])
def test_radiotherapy_by_its_modality_or_technique_is_a_course(take: Take, code: str) -> None:
    sites = [concept(SCT, BRAIN), concept(SCT, CANAL)]
    assert courses(take(procedure((SCT, code), bodySite=sites))) == {("CraniospinalIrradiation", "Given")}


@pytest.mark.parametrize("later", [{}, {"performedPeriod": {"start": "2026-10-01"}}])
def test_a_second_course_without_an_end_does_not_end_with_the_first(take: Take, later: dict[str, Any]) -> None:
    ended = radiotherapy(BRAIN, CANAL, performedPeriod={"start": "2020-01-01", "end": "2020-01-20"})
    assert facts(take(ended))["endDate"] == "2020-01-20"
    record = take(ended, radiotherapy(BRAIN, CANAL, name="rt2", **later))
    assert "endDate" not in facts(record)


@pytest.mark.parametrize(
    "first, second",
    [
        ("2026-03", "2026-03-02"),
        ("2026-03-02T23:00:00-05:00", "2026-03-03T04:00:00Z"),
        ("2026-03-02T23:50:00Z", "2026-03-03T00:05:00Z"),
        ("2026-03-02", "2026-03-02"),
    ],
)
def test_examinations_that_may_be_one_are_counted_once(take: Take, first: str, second: str) -> None:
    record = take(*cytology("a", NEGATIVE, first), *cytology("b", NEGATIVE, second))
    assert facts(record)["csfCytology"] == "CytologyNegativeOnce"


def test_two_reports_of_one_specimen_are_one_examination(take: Take) -> None:
    specimen, found = cytology("a", NEGATIVE)
    again = found | {"id": "b", "effectiveDateTime": "2026-03-09"}
    assert facts(take(specimen, found, again))["csfCytology"] == "CytologyNegativeOnce"
    apart = take(specimen, found, *cytology("b", NEGATIVE, "2026-03-09"))
    assert facts(apart)["csfCytology"] == "CytologyNegativeRepeatedly"


@pytest.mark.parametrize(
    "first, second", [("2026-03-02", "2026-03-03"), ("2026-03-02T12:00:00Z", "2026-03-03T12:00:00Z")]
)
def test_examinations_of_two_days_are_two(take: Take, first: str, second: str) -> None:
    record = take(*cytology("a", NEGATIVE, first), *cytology("b", NEGATIVE, second))
    assert facts(record)["csfCytology"] == "CytologyNegativeRepeatedly"


@pytest.mark.parametrize(
    "origin",
    [
        {"parent": [{"reference": "Specimen/puncture"}]},
        {"parent": [{"reference": "Specimen/aliquot"}]},
        {"accessionIdentifier": {"system": "http://lab.example", "value": "26-1"}},
    ],
    ids=["of one specimen", "of an aliquot of it", "of one accession"],
)
def test_parts_of_one_specimen_are_one_examination(take: Take, origin: dict[str, Any]) -> None:
    """R23: what was punctured once is not negative repeatedly."""
    puncture = {"resourceType": "Specimen", "id": "puncture"}
    aliquot = {"resourceType": "Specimen", "id": "aliquot", "parent": [{"reference": "Specimen/puncture"}]}
    (one, first), (other, second) = cytology("a", NEGATIVE), cytology("b", NEGATIVE, "2026-03-09")
    record = take(puncture, aliquot, one | origin, other | origin, first, second)
    assert facts(record)["csfCytology"] == "CytologyNegativeOnce"


def test_a_cytology_that_says_positive_and_negative_says_neither(take: Take) -> None:
    specimen, found = cytology("a", "10828004")
    negative = concept("http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "NEG")
    both = [concept(SCT, "10828004"), concept(SCT, NEGATIVE)]
    report = without(found, "valueCodeableConcept") | {"resourceType": "DiagnosticReport", "conclusionCode": both}
    for one in (found | {"interpretation": [negative]}, report):
        record = take(specimen, one)
        assert "csfCytology" not in facts(record)
        assert "it contradicts itself (CytologyNegativeOnce, CytologyPositive)" in warnings(record)


def test_a_specimen_of_another_patient_tells_nothing(take: Take) -> None:
    specimen, found = cytology("a", "10828004")
    record = take(specimen | {"subject": {"reference": "Patient/p9"}}, found)
    assert "csfCytology" not in facts(record)


def test_a_variant_that_is_absent_takes_back_the_one_that_was_present(take: Take) -> None:
    absent = concept(LOINC, "LA9634-2")
    record = take(variant(EGFR, "p.L858R"), variant(EGFR, "p.L858R", answer=absent, name="absent"))
    assert "egfrStatus" not in facts(record)
    assert "contradict" in warnings(record)


def test_a_newer_entry_that_says_less_takes_nothing_back(take: Take) -> None:
    inserted = variant(EGFR, "p.(Asp770_Asn771insSerValAsp)")
    mutated = observation(
        "any", (LOINC, "21665-5"), valueCodeableConcept=concept(SCT, "10828004"), effectiveDateTime="2026-10-01"
    )
    assert facts(take(inserted, mutated))["egfrStatus"] == "EgfrExon20Insertion"


@pytest.mark.parametrize(
    "doubt",
    [
        part("53037-8", {"text": "Uncertain significance"}),
        part("48002-0", {"text": "Germline"}),
        {"code": concept(LOINC, "53037-8"), "valueString": "uncertain"},
    ],
)
def test_a_remark_on_a_variant_that_is_not_understood_leaves_it_open(take: Take, doubt: dict[str, Any]) -> None:
    assert "egfrStatus" not in facts(take(variant(EGFR, "p.L858R", doubt)))


def test_a_component_without_data_states_nothing(take: Take) -> None:
    lost = part("48005-3", concept(HGVS, "p.L858R")) | {"dataAbsentReason": {"text": "error"}}
    assert "egfrStatus" not in facts(take(variant(EGFR, None, lost)))


def test_a_value_goes_before_its_interpretation(take: Take) -> None:
    doubtful = concept(LOINC, "LA11884-6")
    positive = [concept("http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "POS")]
    assert "egfrStatus" not in facts(take(variant(EGFR, "p.L858R", answer=doubtful, interpretation=positive)))


def test_a_device_without_a_status_is_in_place(documents: Documents, recommender: Recommender) -> None:
    found = without(device("d", "258593008"), "status")
    assert intrathecal(documents, recommender, found) == "undetermined"


def test_an_old_device_that_is_out_does_not_take_back_a_new_one(documents: Documents, recommender: Recommender) -> None:
    placed = procedure(SHUNT, name="new", performedDateTime="2026-10-01")
    assert intrathecal(documents, recommender, placed, device("old", "258593008", "inactive")) == "undetermined"


@pytest.mark.parametrize(
    "died", [{"_deceasedDateTime": {"extension": []}}, {"deceasedBoolean": "true"}, {"deceasedDateTime": "2026"}]
)
def test_whoever_may_have_died_gets_no_answer(take: Take, died: dict[str, Any]) -> None:
    assert refused(take(kps(80), patient=PATIENT | died))
    assert not refused(take(kps(80), patient=PATIENT | {"deceasedBoolean": False}))


def test_a_course_beside_its_deletion_costs_the_answer(documents: Documents) -> None:
    document = bundle_of(PATIENT, radiotherapy(BRAIN, CANAL))
    document["entry"].insert(1, {"request": {"method": "DELETE", "url": "Procedure/rt"}})
    assert refused(documents(document)[0])


def test_the_newest_version_of_a_medication_counts(take: Take) -> None:
    old, new = (
        {"resourceType": "Medication", "id": "1", "code": concept("http://www.nlm.nih.gov/research/umls/rxnorm", code)}
        | {"meta": {"lastUpdated": f"2026-0{month}-01T00:00:00Z"}}
        for month, code in ((1, "3264"), (2, "6851"))
    )
    mine = without(order({}), "medicationCodeableConcept") | {"medicationReference": {"reference": "Medication/1"}}
    for versions in ((old, new), (new, old)):
        assert courses(take(mine, *versions)) == {("MethotrexateTherapy", "Planned")}


@pytest.mark.parametrize("value", [{"valueString": "40"}, {"valueRange": {"low": quantity(40, "{score}")}}])
def test_a_newer_score_that_cannot_be_read_leaves_the_older_one_behind(take: Take, value: dict[str, Any]) -> None:
    newer = without(kps(0, "2026-10-01", "newer"), "valueInteger") | value
    assert "karnofskyPerformanceStatus" not in facts(take(kps(80), newer))


def test_what_is_declined_needs_no_date(take: Take) -> None:
    undated = without(own("d", "IntrathecalTherapy", "2026-03-02", "declinedTreatment"), "effectiveDateTime")
    assert facts(take(undated))["declinedTreatment"] == "IntrathecalTherapy"


def test_an_observation_states_no_course_and_is_not_passed_over(take: Take) -> None:
    assert refused(take(own("c", "CraniospinalIrradiation", "2026-03-02", "treatmentCourse")))


def test_a_name_that_is_none_of_this_ontology_is_told_of(take: Take) -> None:
    record = take(procedure((OWN, "CraniospinalIrradiatio")))
    assert "the code CraniospinalIrradiatio is not written" in warnings(record)


@pytest.mark.parametrize(
    "value, unit, months", [(4, "wk", "0.933333333333"), (28, "d", "0.933333333333"), (10, "wk", "2.33333333333")]
)
def test_an_estimate_in_weeks_or_days_is_converted(take: Take, value: int, unit: str, months: str) -> None:
    found = observation("le", (OWN, "lifeExpectancyMonths"), valueQuantity=quantity(value, unit))
    assert facts(take(found))["lifeExpectancyMonths"] == months


def test_each_of_many_deletions_counts(documents: Documents) -> None:
    document = bundle_of(PATIENT, *(kps(80, name=f"kps-{number}") for number in range(2000)))
    document["entry"] += [{"request": {"method": "DELETE", "url": f"Observation/kps-{n}"}} for n in range(2000)]
    (record,) = documents(document)
    assert set(facts(record)) == {"ageYears"}


def test_a_request_without_prefetched_data_is_read(documents: Documents) -> None:
    """B128: the draft orders alone."""
    vincristine = order(concept("http://www.nlm.nih.gov/research/umls/rxnorm", "11202"), concept(SCT, "72607000"))
    context = {"patientId": "p1", "draftOrders": bundle_of(PATIENT, vincristine)}
    hook = {"hook": "order-sign", "context": context}
    for request in (hook, hook | {"prefetch": None}, hook | {"prefetch": {}}):
        (record,) = documents(request)
        assert "almost always fatal" in warnings(record)


def hook(asked: str, *resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A request about a patient, with data in a bundle."""
    return {"hook": "patient-view", "context": {"patientId": asked}, "prefetch": {"all": bundle_of(*resources)} | more}


@pytest.mark.parametrize(
    "request_", [hook("p9", PATIENT), hook("p9", kps(80)), hook("Patient/p9", kps(80), patient=PATIENT)]
)
def test_data_of_another_patient_than_asked_for_get_no_answer(documents: Documents, request_: dict[str, Any]) -> None:
    (record,) = documents(request_)
    assert refused(record)
    assert "the request is about the patient p9, and the data are not" in warnings(record)


@pytest.mark.parametrize("asked", ["p1", "Patient/p1", "https://a.example/fhir/Patient/p1"])
def test_data_of_the_patient_who_is_asked_for_are_read(documents: Documents, asked: str) -> None:
    (record,) = documents(hook(asked, kps(80), patient=PATIENT))
    assert facts(record)["karnofskyPerformanceStatus"] == "80"


def test_what_a_request_lacks_is_told_of_its_own_patient(documents: Documents) -> None:
    first, second = documents([hook("p1", PATIENT, csf=None), bundle_of(PATIENT | {"id": "p2"}, kps(80))])
    assert "this was not fetched" in reasons(first).values()
    assert reasons(second) == {}


@pytest.mark.parametrize("fault", [{"implicitRules": "http://x"}, {"entry": {"resource": PATIENT}}])
def test_a_bundle_that_cannot_be_read_is_no_empty_one(documents: Documents, fault: dict[str, Any]) -> None:
    assert refused(documents(bundle_of(PATIENT, kps(80)) | fault)[0])


OVER = {"clinicalStatus": concept("http://terminology.hl7.org/CodeSystem/condition-clinical", "resolved")}


@pytest.mark.parametrize("answer, told", [("10828004", True), ("2667000", False)])
def test_a_pregnancy_is_warned_of_and_its_absence_is_not(take: Take, answer: str, told: bool) -> None:
    found = observation("pregnancy", (SCT, "77386006"), valueCodeableConcept=concept(SCT, answer))
    assert ("A pregnancy is recorded" in warnings(take(found))) == told


@pytest.mark.parametrize("code", ["O09.90", "O09.511", "Z33.1", "Z34.82", "Z3A.20"])
def test_a_pregnancy_is_warned_of_by_any_code_of_its_care(take: Take, code: str) -> None:
    """B104."""
    assert "A pregnancy is recorded" in warnings(take(condition("z", (ICD, code))))
    assert "A pregnancy is recorded" not in warnings(take(condition("z", (ICD, code)) | {"id": "y", **OVER}))


@pytest.mark.parametrize("code", ["Z33", "Z34.9", "Z35.9"])
def test_a_pregnancy_is_warned_of_by_icd_10_of_the_world(take: Take, code: str) -> None:
    assert "A pregnancy is recorded" in warnings(take(condition("z", ("http://hl7.org/fhir/sid/icd-10", code))))


@pytest.mark.parametrize("code", ["O08.9", "Z32.02", "Z39.2", "Z3B"])
def test_a_code_beside_those_of_pregnancy_warns_of_none(take: Take, code: str) -> None:
    assert "A pregnancy is recorded" not in warnings(take(condition("z", (ICD, code))))
