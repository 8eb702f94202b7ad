"""Small records: the resources of which tests make them, and how tests look at what is taken from them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from lepto.read import Record
from lepto.vocabulary import local_name
from tests.fhir.records import HGNC, HGVS, LOINC, OWN, RXNORM, SCT, concept, observation

PATIENT: dict[str, Any] = {"resourceType": "Patient", "id": "p1", "birthDate": "1966-01-01"}
KPS = (LOINC, "89243-0")
PROTEIN = (LOINC, "2880-3")
HER2 = (LOINC, "48676-1")
POSITIVE, NEGATIVE = concept(LOINC, "LA6576-8"), concept(LOINC, "LA6577-6")
LM = (SCT, "1155991005")
BRAIN, CANAL = "12738006", "61853006"
INTRATHECAL, VENTRICULAR = concept(SCT, "72607000"), concept(SCT, "420719007")
INTRAVENOUS = concept(SCT, "47625008")
METHOTREXATE = concept(RXNORM, "6851")
EGFR = {"system": HGNC, "code": "HGNC:3236", "display": "EGFR"}
PRESENT, ABSENT = concept(LOINC, "LA9633-4"), concept(LOINC, "LA9634-2")

Take = Callable[..., Record]
Documents = Callable[[Any], list[Record]]


def bundle_of(*resources: dict[str, Any]) -> dict[str, Any]:
    """A bundle of resources, each about the patient p1 unless it says otherwise."""
    about = {"subject": {"reference": "Patient/p1"}}
    whole = [one if one["resourceType"] == "Patient" or "patient" in one else about | one for one in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in whole]}


def facts(record: Record) -> dict[str, Any]:
    """What a record states, by name; of a course the treatment and the status."""
    found: dict[str, Any] = {}
    for triple in record.triples:
        name = local_name(triple.predicate.value)
        value = getattr(triple.object, "value", "")
        if name not in ("type", "identifier", "treatmentCourse"):
            found[name] = local_name(value) if value.startswith("https://w3id.org/lepto/") else value
    return found


def courses(record: Record) -> set[tuple[str, str]]:
    """The treatment and the status of every course that a record states."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for triple in record.triples:
        value = getattr(triple.object, "value", "")
        found[str(triple.subject)][local_name(triple.predicate.value)] = local_name(value)
    return {(one["treatment"], one["courseStatus"]) for one in found.values() if "treatment" in one}


def reasons(record: Record) -> dict[str, str]:
    """Why entries were not used, by their source."""
    assert record.intake is not None
    return {one.source: one.reason for one in record.intake.ignored}


def warnings(record: Record) -> str:
    """All that is said of the record, as one text."""
    return " ".join(finding.message for finding in record.findings)


def refused(record: Record) -> bool:
    """Whether the record has a violation."""
    return any(finding.severity == "violation" for finding in record.findings)


def without(resource: dict[str, Any], *elements: str) -> dict[str, Any]:
    """A resource less some of its elements."""
    return {key: value for key, value in resource.items() if key not in elements}


def kps(value: Any, day: str | None = "2026-03-02", name: str = "kps", **more: Any) -> dict[str, Any]:
    """A Karnofsky score of a day."""
    found = without(observation(name, KPS, valueInteger=value), "effectiveDateTime")
    return found | ({"effectiveDateTime": day} if day else {}) | more


def own(name: str, value: str, day: str, fact: str = "csfFlow") -> dict[str, Any]:
    """An observation that is coded with a fact of the ontology."""
    return observation(name, (OWN, fact), valueCodeableConcept=concept(OWN, value), effectiveDateTime=day)


def procedure(code: tuple[str, str], status: str = "completed", name: str = "done", **more: Any) -> dict[str, Any]:
    """A procedure, done unless its status says otherwise."""
    return {"resourceType": "Procedure", "id": name, "status": status, "code": concept(*code), **more}


def radiotherapy(*sites: str, name: str = "rt", status: str = "completed", **more: Any) -> dict[str, Any]:
    """A completed course of radiotherapy on some sites."""
    on = {"bodySite": [concept(SCT, site) for site in sites]}
    return procedure((SCT, "1217123003"), status, name, **(on | more))


def shunt(status: str) -> dict[str, Any]:
    """A shunt procedure."""
    return procedure((SCT, "47020004"), status, "shunt")


def device(name: str, code: str, status: str = "active") -> dict[str, Any]:
    """A device of the patient p1."""
    made = {"resourceType": "Device", "id": name, "status": status, "type": concept(SCT, code)}
    return made | {"patient": {"reference": "Patient/p1"}}


def order(drug: dict[str, Any], *routes: dict[str, Any] | None, name: str = "order", **more: Any) -> dict[str, Any]:
    """An active order of a substance, with a dosage for each route; None is a dosage without one."""
    return {
        "resourceType": "MedicationRequest",
        "id": name,
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": drug,
        "dosageInstruction": [{"route": route} if route else {"text": "as told"} for route in routes],
        **more,
    }


def methotrexate(**more: Any) -> dict[str, Any]:
    """An order of intrathecal methotrexate."""
    return order(METHOTREXATE, INTRATHECAL, name="mtx", **more)


def given(drug: dict[str, Any], route: dict[str, Any], day: str = "2026-11-02", **more: Any) -> dict[str, Any]:
    """A completed administration of a substance."""
    return {
        "resourceType": "MedicationAdministration",
        "id": "given",
        "status": "completed",
        "medicationCodeableConcept": drug,
        "dosage": {"route": route},
        "effectiveDateTime": day,
        **more,
    }


def cytology(name: str, code: str, day: str = "2026-03-02") -> tuple[dict[str, Any], dict[str, Any]]:
    """A cytological examination of a specimen of cerebrospinal fluid."""
    specimen = {"resourceType": "Specimen", "id": f"csf-{name}", "type": concept(SCT, "258450006")}
    found = observation(name, (LOINC, "47523-6"), valueCodeableConcept=concept(SCT, code), effectiveDateTime=day)
    return specimen, found | {"specimen": {"reference": f"Specimen/csf-{name}"}}


def part(code: str, answer: dict[str, Any]) -> dict[str, Any]:
    """A component of a variant, by its code in LOINC."""
    return {"code": concept(LOINC, code), "valueCodeableConcept": answer}


def variant(
    gene: dict[str, Any],
    change: str | None,
    *parts: dict[str, Any],
    answer: dict[str, Any] = PRESENT,
    name: str = "variant",
    **more: Any,
) -> dict[str, Any]:
    """A variant of a gene, present unless the answer says otherwise, with its change of the protein where one is."""
    changes = [part("48005-3", concept(HGVS, change))] if change else []
    found = [part("48018-6", {"coding": [gene]}), *changes, *parts]
    return observation(name, (LOINC, "69548-6"), valueCodeableConcept=answer, component=found, **more)
