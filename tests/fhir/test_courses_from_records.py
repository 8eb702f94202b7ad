"""What was irradiated, and what was given by which route, is a course; where less is told, of the wider treatment.

A course that is read as less than it was would be silence where a rule asks for it, and so a wrong yes.
"""

from __future__ import annotations

from typing import Any

import pytest

from lepto.recommend import Recommender
from lepto.report import Report
from tests.accept_cases import ON
from tests.fhir.records import MCODE, RXNORM, SCT, bundle, concept
from tests.fhir.taken import (
    BRAIN,
    CANAL,
    INTRATHECAL,
    INTRAVENOUS,
    METHOTREXATE,
    PATIENT,
    VENTRICULAR,
    Documents,
    Take,
    bundle_of,
    courses,
    facts,
    given,
    methotrexate,
    order,
    procedure,
    radiotherapy,
    reasons,
    refused,
    warnings,
    without,
)

PCS = "http://www.cms.gov/Medicare/Coding/ICD10"
INTRAOPERATIVE, ULTRA_HIGH_RATE = concept(SCT, "168524008"), concept(SCT, "1163157007")
LARGE_FIELDS = ["441799006", "1156526006", "1156528007", "1156529004", "1156530009", "1162782007", "1204242009"]
SPINE = [CANAL, "2748008", "11478001", "37554007", "50800009", "54785003", "60051002", "180959008", "421060004"]
CYTARABINE, PEMETREXED, VINCRISTINE, BUPIVACAINE = (concept(RXNORM, c) for c in ("3041", "68446", "11202", "1815"))
SUBCUTANEOUS, AS_TEXT = concept(SCT, "34206005"), {"text": "intrathecal"}


def treatments(take: Take, *resources: dict[str, Any]) -> set[str]:
    """The treatments of which a patient with these resources has a course."""
    return {treatment for treatment, _ in courses(take(*resources))}


# Radiotherapy, by its volumes


def by_technique(technique: dict[str, Any], inside: bool = True) -> dict[str, Any]:
    """The extension of a course that names its technique, as mCODE has it: inside that of its modality, or alone."""
    named = {"url": MCODE + "radiotherapy-technique", "valueCodeableConcept": technique}
    return named if not inside else {"url": MCODE + "radiotherapy-modality-and-technique", "extension": [named]}


@pytest.mark.parametrize("spine", SPINE)
@pytest.mark.parametrize("brain", [BRAIN, "258335003"])
def test_brain_and_any_part_of_the_spine_are_craniospinal(take: Take, brain: str, spine: str) -> None:
    assert treatments(take, radiotherapy(brain, spine)) == {"CraniospinalIrradiation"}


def test_brain_and_several_parts_of_the_spine_are_craniospinal(take: Take) -> None:
    assert treatments(take, radiotherapy(BRAIN, *SPINE)) == {"CraniospinalIrradiation"}


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("technique", [None, *LARGE_FIELDS])
def test_the_brain_alone_is_whole_brain_by_a_technique_for_large_fields(
    take: Take, technique: str | None, inside: bool
) -> None:
    named = [by_technique(concept(SCT, technique), inside)] if technique else []
    assert treatments(take, radiotherapy(BRAIN, extension=named)) == {"WholeBrainRadiotherapy"}


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize(
    "technique", [INTRAOPERATIVE, ULTRA_HIGH_RATE, {"text": "stereotactic"}, concept("http://example.org", "SRS")]
)
def test_the_brain_by_another_technique_is_not_whole_brain(take: Take, technique: dict[str, Any], inside: bool) -> None:
    """Nor by one that is not encoded; of several, each must be one for large fields."""
    large = by_technique(concept(SCT, LARGE_FIELDS[0]))
    for extension in ([by_technique(technique, inside)], [large, by_technique(technique, inside)]):
        assert treatments(take, radiotherapy(BRAIN, extension=extension)) == {"UnspecifiedRadiotherapy"}


QUALIFIER = {"url": MCODE + "laterality-qualifier", "valueCodeableConcept": concept(SCT, "7771000")}
OPEN_SITES = {
    "a part of the brain": [concept(SCT, BRAIN) | {"extension": [QUALIFIER]}],
    "a part of the spine": [concept(SCT, BRAIN), concept(SCT, CANAL) | {"extension": [QUALIFIER]}],
    "text": [{"text": "craniospinal axis"}],
    "a site that is not known": [concept(SCT, "21483005")],
    "a site beside one that is not known": [concept(SCT, BRAIN), concept(SCT, "21483005")],
    "a site beside text": [concept(SCT, BRAIN), {"text": "spinal canal"}],
    "a site beside one of another system": [concept(SCT, BRAIN), concept("http://example.org", "spine")],
    "a site beside a focal one": [concept(SCT, BRAIN), concept(SCT, "76752008")],
    "the spine alone": [concept(SCT, CANAL)],
    "no site": [],
}


@pytest.mark.parametrize("sites", OPEN_SITES.values(), ids=OPEN_SITES)
def test_a_course_whose_volume_is_not_told_is_unspecified(take: Take, sites: list[dict[str, Any]]) -> None:
    assert treatments(take, radiotherapy(bodySite=sites)) == {"UnspecifiedRadiotherapy"}


# Radiotherapy, in answers

FAVOURABLE = {
    "id": "p1",
    "ageYears": 60,
    "leptomeningealMetastasis": "Confirmed",
    "originTumour": "BreastCarcinoma",
    "karnofskyPerformanceStatus": 80,
    "csfCytology": "CytologyPositive",
    "depositPattern": "LinearDeposits",
    "csfFlow": "UnobstructedCsfFlow",
    "hydrocephalus": "NoHydrocephalus",
    "csfDevice": "NoCsfDevice",
    "raisedIntracranialPressure": "Absent",
}


def answer(documents: Documents, recommender: Recommender, *resources: dict[str, Any]) -> Report:
    """The answer for a patient to whom intrathecal methotrexate is offered, with these resources in the record."""
    document = bundle(FAVOURABLE, ON.isoformat())
    document["entry"] += bundle_of(*resources)["entry"]
    return recommender.answer(documents(document), ON)[0]


def test_courses_that_may_be_craniospinal_together_keep_intrathecal_methotrexate_from_being_offered(
    documents: Documents, recommender: Recommender
) -> None:
    """Brain and spine in two summaries: neither is craniospinal, and what they are together is asked for."""
    told = {}
    for name, volumes in {"none": [], "spine": [CANAL], "both": [BRAIN, CANAL]}.items():
        found = [radiotherapy(site, name=f"rt-{site}") for site in volumes]
        report = answer(documents, recommender, *found)
        (verdict,) = [one.verdict for one in report.verdicts if one.action == "IntrathecalMethotrexate"]
        told[name] = verdict, "treatmentCourse" in {request.property for request in report.requests}
    assert told == {"none": ("consider", False), "spine": ("undetermined", True), "both": ("against", True)}


@pytest.mark.parametrize("status", ["unknown", None])
def test_a_course_of_unknown_status_costs_the_answer(
    documents: Documents, recommender: Recommender, status: str | None
) -> None:
    done = without(radiotherapy(BRAIN, CANAL), "status") | ({"status": status} if status else {})
    report = answer(documents, recommender, done)
    assert report.refused
    assert [one.property for one in report.findings if one.severity == "violation"] == ["treatmentCourse"]


@pytest.mark.parametrize("status", ["not-done", "entered-in-error"])
def test_a_course_that_was_not_given_is_none(take: Take, status: str) -> None:
    record = take(radiotherapy(BRAIN, CANAL, status=status))
    assert (courses(record), refused(record)) == (set(), False)


# Drugs, by their routes


@pytest.mark.parametrize(
    "routes, told",
    [
        ([INTRATHECAL], {"IntrathecalMethotrexate"}),
        ([VENTRICULAR], {"IntrathecalMethotrexate"}),
        ([INTRAVENOUS], {"SystemicMethotrexate"}),
        ([concept(SCT, "26643006")], {"SystemicMethotrexate"}),
        ([INTRATHECAL, INTRAVENOUS], {"IntrathecalMethotrexate", "SystemicMethotrexate"}),
        ([SUBCUTANEOUS], {"MethotrexateTherapy"}),
        ([AS_TEXT], {"MethotrexateTherapy"}),
        ([INTRAVENOUS, None], {"MethotrexateTherapy", "SystemicMethotrexate"}),
        ([INTRAVENOUS, AS_TEXT], {"MethotrexateTherapy", "SystemicMethotrexate"}),
        ([None], {"MethotrexateTherapy"}),
        ([], {"MethotrexateTherapy"}),
    ],
)
def test_methotrexate_is_what_all_its_dosages_tell(take: Take, routes: list[Any], told: set[str]) -> None:
    """One dosage without a route that is known may be by any."""
    assert treatments(take, order(METHOTREXATE, *routes)) == told


@pytest.mark.parametrize(
    "drug, routes, told",
    [
        (CYTARABINE, [INTRATHECAL], "IntrathecalChemotherapy"),
        (CYTARABINE, [INTRAVENOUS], "SystemicChemotherapy"),
        (CYTARABINE, [], "UnspecifiedChemotherapy"),
        (CYTARABINE, [AS_TEXT], "UnspecifiedChemotherapy"),
        (PEMETREXED, [INTRATHECAL], "IntrathecalChemotherapy"),
        (PEMETREXED, [], "SystemicChemotherapy"),
    ],
)
def test_a_cytotoxic_drug_is_intrathecal_or_systemic_by_its_route(
    take: Take, drug: dict[str, Any], routes: list[Any], told: str
) -> None:
    assert treatments(take, order(drug, *routes)) == {told}


def test_what_is_given_by_a_spinal_route_may_be_chemotherapy(take: Take) -> None:
    """The substance of a code that is not known may be any."""
    assert courses(take(given(BUPIVACAINE, INTRATHECAL))) == {("IntrathecalTherapy", "Given")}
    assert courses(take(given(BUPIVACAINE, INTRAVENOUS))) == set()
    assert courses(take(given(METHOTREXATE, INTRATHECAL))) == {("IntrathecalMethotrexate", "Given")}


@pytest.mark.parametrize(
    "code, told",
    [
        ((SCT, "367336001"), "UnspecifiedChemotherapy"),
        ((SCT, "363688001"), "UnspecifiedChemotherapy"),
        ((SCT, "171765004"), "IntrathecalChemotherapy"),
        ((PCS, "3E0R305"), "IntrathecalChemotherapy"),
        ((PCS, "D0001ZZ"), "UnspecifiedRadiotherapy"),
        ((PCS, "00160J6"), "VentriculoperitonealShunt"),
    ],
)
def test_a_procedure_says_no_more_than_its_code(take: Take, code: tuple[str, str], told: str) -> None:
    assert treatments(take, procedure(code)) == {told}


def test_a_shunt_that_was_placed_is_a_device_too(take: Take) -> None:
    assert facts(take(procedure((PCS, "00160J6"))))["csfDevice"] == "UnspecifiedVentricularDevice"


# Drugs, by what is in them


def of_package(reference: str = "Medication/1", **more: Any) -> dict[str, Any]:
    """An intrathecal order of a medication that is a resource of its own."""
    ordered = without(order({}, INTRATHECAL), "medicationCodeableConcept")
    return ordered | {"medicationReference": {"reference": reference}} | more


def package(**content: Any) -> dict[str, Any]:
    """The medication 1."""
    return {"resourceType": "Medication", "id": "1", **content}


MIXED = {"ingredient": [{"itemCodeableConcept": concept(RXNORM, "1")}, {"itemCodeableConcept": METHOTREXATE}]}


def test_a_drug_is_known_by_its_ingredients(take: Take) -> None:
    """Of a medication beside the order or inside it; and of a product that is declared to contain them."""
    assert treatments(take, of_package(), package(**MIXED)) == {"IntrathecalMethotrexate"}
    assert treatments(take, of_package("#1", contained=[package(**MIXED)])) == {"IntrathecalMethotrexate"}
    doxorubicin = concept(RXNORM, "1790099")
    assert treatments(take, order(doxorubicin, INTRAVENOUS)) == {"SystemicChemotherapy"}
    assert treatments(take, {**of_package(), "dosageInstruction": []}, package(code=doxorubicin)) == {
        "SystemicChemotherapy"
    }


def test_drugs_that_are_not_known_are_named_in_one_warning(take: Take) -> None:
    """The first ten of them."""
    record = take(*(order(concept(RXNORM, "1"), name=f"o{number}") for number in range(12)))
    (told,) = [one.message for one in record.findings]
    assert told.startswith("MedicationRequest/o0, MedicationRequest/o1, ")
    assert "MedicationRequest/o9 and 2 more: the substance is none that is known here" in told
    assert "MedicationRequest/o0" not in warnings(take(order(METHOTREXATE, name="o0")))


@pytest.mark.parametrize("medication", [None, package()])
def test_a_medication_that_is_lost_or_empty_is_not_known(take: Take, medication: dict[str, Any] | None) -> None:
    record = take(of_package(), *([medication] if medication else []))
    assert courses(record) == {("IntrathecalTherapy", "Planned")}


def test_an_order_of_a_retracted_medication_is_not_used(take: Take) -> None:
    record = take(of_package(), package(code=METHOTREXATE, status="entered-in-error"))
    assert courses(record) == set()
    assert "MedicationRequest/order: it is not used: what it refers to by medicationReference" in warnings(record)


def test_an_order_with_a_modified_dosage_is_not_used(take: Take) -> None:
    dosage = {"route": INTRATHECAL, "modifierExtension": [{"url": "http://example.org/not", "valueBoolean": True}]}
    for entry in (methotrexate(dosageInstruction=[dosage]), given(METHOTREXATE, INTRATHECAL, dosage=dosage)):
        record = take(entry)
        assert courses(record) == set()
        assert "its dosage has a modifier that is not understood" in warnings(record)


# When, and whether at all


def test_a_dispense_is_of_no_course(take: Take) -> None:
    """What was handed over may lie in a drawer."""
    record = take({**methotrexate(status="completed"), "resourceType": "MedicationDispense"})
    assert courses(record) == set()
    assert reasons(record)["MedicationDispense/mtx"].endswith("is of no course")
    assert "MedicationDispense/mtx: it is not used" in warnings(record)


def test_an_order_of_the_future_is_not_used(take: Take) -> None:
    record = take(methotrexate(authoredOn="2030-01-01"))
    assert courses(record) == set()
    assert "MedicationRequest/mtx: it is not used: it is dated in the future" in warnings(record)


@pytest.mark.parametrize(
    "status, told", [("active", "Planned"), ("on-hold", "Planned"), ("stopped", "Given"), ("completed", "Given")]
)
def test_an_order_that_has_ended_was_given(take: Take, status: str, told: str) -> None:
    """A stopped one may have been carried out in part."""
    record = take(methotrexate(status=status, authoredOn="2026-01-01"))
    assert courses(record) == {("IntrathecalMethotrexate", told)}


@pytest.mark.parametrize("status", ["cancelled", "draft", "entered-in-error"])
def test_an_order_that_never_stood_is_no_course(take: Take, status: str) -> None:
    record = take(methotrexate(status=status))
    assert (courses(record), refused(record)) == (set(), False)


@pytest.mark.parametrize("link", ["request", "basedOn"])
def test_what_carries_out_an_active_order_is_one_course_under_way(take: Take, link: str) -> None:
    administered = given(METHOTREXATE, VENTRICULAR)
    linked = administered | {link: {"reference": "MedicationRequest/mtx"}}
    assert courses(take(methotrexate(), linked)) == {("IntrathecalMethotrexate", "Ongoing")}
    apart = {("IntrathecalMethotrexate", "Planned"), ("IntrathecalMethotrexate", "Given")}
    assert courses(take(methotrexate(), administered)) == apart


# Hazards


@pytest.mark.parametrize("status", ["draft", "active", "completed"])
def test_an_intrathecal_vinca_alkaloid_is_told_of_before_it_is_signed(take: Take, status: str) -> None:
    assert "almost always fatal" in warnings(take(order(VINCRISTINE, INTRATHECAL, status=status)))


@pytest.mark.parametrize(
    "entry",
    [
        order(VINCRISTINE, INTRATHECAL, status="cancelled"),
        order(VINCRISTINE, INTRATHECAL, status="entered-in-error"),
        order(VINCRISTINE, INTRATHECAL, doNotPerform=True),
        order(VINCRISTINE, INTRAVENOUS),
        order(METHOTREXATE, INTRATHECAL),
    ],
)
def test_no_hazard_is_told_of_what_is_none(take: Take, entry: dict[str, Any]) -> None:
    assert "almost always fatal" not in warnings(take(entry))


def test_the_orders_that_are_about_to_be_signed_are_looked_at(documents: Documents) -> None:
    """A request of CDS Hooks has them in its context, not in what was fetched; a draft is no course."""
    drafts = bundle_of(order(VINCRISTINE, INTRATHECAL, status="draft"))
    (record,) = documents({"hook": "order-sign", "context": {"draftOrders": drafts}, "prefetch": {"patient": PATIENT}})
    assert "almost always fatal" in warnings(record)
    assert courses(record) == set()
