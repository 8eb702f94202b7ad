"""From facts as a patient file states them to a health record in FHIR R4, in the forms of mCODE and US Core.

Where a terminology has a code, it is used; what has none is coded with the fact itself. The patients are invented.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

SCT, LOINC, OWN = "http://snomed.info/sct", "http://loinc.org", "https://w3id.org/lepto/FactCodes"
ICD, RXNORM, HGNC = (
    "http://hl7.org/fhir/sid/icd-10-cm",
    "http://www.nlm.nih.gov/research/umls/rxnorm",
    "http://www.genenames.org",
)
HGVS, UCUM = "http://varnomen.hgvs.org", "http://unitsofmeasure.org"
MCODE = "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-"
SEEN = "2026-03-02"

TUMOURS = {
    "BreastCarcinoma": (SCT, "254837009"),
    "NonSmallCellLungCarcinoma": (SCT, "254637007"),
    "SmallCellLungCarcinoma": (SCT, "254632001"),
    "LungCarcinoma": (SCT, "363358000"),
    "Melanoma": (SCT, "372244006"),
    "GastricCarcinoma": (SCT, "363349007"),
    "OtherSolidTumour": (ICD, "C64.9"),
    "Lymphoma": (SCT, "118600007"),
    "Leukaemia": (SCT, "93143009"),
    "PrimaryCnsTumour": (ICD, "C71.9"),
}
SIGNS = {
    "cranialNeuropathy": "73013002",
    "spinalCordCompression": "71286001",
    "caudaEquinaSyndrome": "192970008",
    "raisedIntracranialPressure": "271719001",
    "headache": "25064002",
}
CHANGES = {
    "EgfrL858R": ("HGNC:3236", "NP_005219.2:p.(Leu858Arg)"),
    "EgfrT790M": ("HGNC:3236", "p.Thr790Met"),
    "EgfrExon19Deletion": ("HGNC:3236", "NP_005219.2:p.(Glu746_Ala750del)"),
    "EgfrExon20Insertion": ("HGNC:3236", "p.(Asp770_Asn771insSerValAsp)"),
    "BrafV600E": ("HGNC:1097", "NP_004324.2:p.(Val600Glu)"),
    "BrafV600K": ("HGNC:1097", "p.V600K"),
    "BrafNonV600": ("HGNC:1097", "p.(Lys601Glu)"),
}
TESTS = {"EgfrMutationUnspecified": "21665-5", "BrafV600Unspecified": "97025-1", "BrafMutationUnspecified": "58483-9"}
WILD = {"EgfrWildType": "HGNC:3236", "BrafWildType": "HGNC:1097"}
CELLS = {
    "CytologyPositive": ["10828004"],
    "CytologyNegativeOnce": ["260385009"],
    "CytologyNegativeRepeatedly": ["260385009"] * 2,
}
DEVICES = {"OmmayaReservoir": "118425005", "UnspecifiedVentricularDevice": "258593008"}
DRUGS = {
    "TrastuzumabDeruxtecan": "2267582",
    "TucatinibCombination": "2361285",
    "Osimertinib": "1721560",
    "IntrathecalMethotrexate": "6851",
    "SystemicMethotrexate": "6851",
}
ROUTES = {"IntrathecalMethotrexate": "72607000", "SystemicMethotrexate": "47625008"}
VOLUMES = {
    "WholeBrainRadiotherapy": ["12738006"],
    "CraniospinalIrradiation": ["12738006", "61853006"],
    "FocalRadiotherapy": ["76752008"],
}


def bundle(facts: dict[str, Any], on: str) -> dict[str, Any]:
    """Return a Bundle that records the facts of one patient, whose age is that on a day (YYYY-MM-DD)."""
    resources = list(_resources(facts, on))
    for resource in resources[1:]:
        resource["patient" if resource["resourceType"] == "Device" else "subject"] = {
            "reference": f"Patient/{facts['id']}"
        }
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}


def _resources(facts: dict[str, Any], on: str) -> Iterator[dict[str, Any]]:
    patient: dict[str, Any] = {"resourceType": "Patient", "id": facts["id"]}
    if "ageYears" in facts:
        patient["birthDate"] = f"{int(on[:4]) - facts['ageYears']}{on[4:]}"
    yield patient
    for name, value in facts.items():
        if name == "treatmentCourse":
            for number, course in enumerate(value):
                yield _course(f"course-{number}", course)
        elif name == "declinedTreatment":
            for number, treatment in enumerate(value):
                yield observation(f"declined-{number}", (OWN, name), valueCodeableConcept=concept(OWN, treatment))
        elif name not in ("id", "ageYears"):
            yield from _fact(name, value)


def _fact(name: str, value: Any) -> Iterator[dict[str, Any]]:
    if name == "leptomeningealMetastasis" and value != "Excluded":
        yield condition("lm", (SCT, "1155991005"), "confirmed" if value == "Confirmed" else "provisional")
    elif name == "originTumour":
        yield condition("origin", TUMOURS[value], profile="primary-cancer-condition")
    elif name == "her2Status" and value != "Her2Low":
        code = "LA6576-8" if value == "Her2Positive" else "LA6577-6"
        yield observation("her2", (LOINC, "48676-1"), valueCodeableConcept=concept(LOINC, code))
    elif value in CHANGES:
        yield _variant(name, "LA9633-4", *CHANGES[value])
    elif value in WILD:
        yield _variant(name, "LA9634-2", WILD[value])
    elif value in TESTS:
        yield observation(name, (LOINC, TESTS[value]), valueCodeableConcept=concept(SCT, "10828004"))
    elif name == "karnofskyPerformanceStatus":
        yield observation("kps", (LOINC, "89243-0"), valueInteger=value)
    elif name == "ecogPerformanceStatus":
        yield observation("ecog", (LOINC, "89247-1"), valueInteger=value)
    elif name == "csfProtein":
        yield observation("protein", (LOINC, "2880-3"), valueQuantity=quantity(value, "mg/dL"))
    elif name == "lifeExpectancyMonths":
        yield observation("expectancy", (OWN, name), valueQuantity=quantity(value, "mo"))
    elif name in SIGNS and value == "Present":
        yield condition(name, (SCT, SIGNS[name]))
    elif name in SIGNS:
        yield observation(name, (SCT, SIGNS[name]), valueCodeableConcept=concept(SCT, "2667000"))
    elif value in CELLS:
        for number, code in enumerate(CELLS[value]):
            yield {"resourceType": "Specimen", "id": f"csf-{number}", "type": concept(SCT, "258450006")}
            found = observation(f"cytology-{number}", (LOINC, "47523-6"), valueCodeableConcept=concept(SCT, code))
            puncture = {"effectiveDateTime": f"2026-03-{2 + number:02}"}
            yield found | puncture | {"specimen": {"reference": f"Specimen/csf-{number}"}}
    elif value in DEVICES:
        yield {"resourceType": "Device", "id": "device", "status": "active", "type": concept(SCT, DEVICES[value])}
    elif isinstance(value, bool):
        yield observation(name, (OWN, name), valueBoolean=value)
    else:
        yield observation(name, (OWN, name), valueCodeableConcept=concept(OWN, value))


def _course(name: str, course: dict[str, Any]) -> dict[str, Any]:
    treatment, status = course["treatment"], course["courseStatus"]
    period = {key: course[given] for key, given in (("start", "startDate"), ("end", "endDate")) if given in course}
    if treatment in DRUGS and not (period and status == "Planned"):
        route = [{"route": concept(SCT, ROUTES[treatment])}] if treatment in ROUTES else []
        drug = {"id": name, "medicationCodeableConcept": concept(RXNORM, DRUGS[treatment])}
        if status == "Planned":
            return drug | {
                "resourceType": "MedicationRequest",
                "status": "active",
                "intent": "order",
                "dosageInstruction": route,
            }
        state = {"Given": "completed", "Ongoing": "in-progress"}[status]
        given = drug | {
            "resourceType": "MedicationAdministration",
            "status": state,
            "effectivePeriod": period or {"start": "2026"},
        }
        return given | ({"dosage": route[0]} if route else {})
    code = concept(SCT, "1217123003") if treatment in VOLUMES else concept(OWN, treatment)
    sites = [] if course.get("targetSite") else [concept(SCT, site) for site in VOLUMES.get(treatment, [])]
    sites += [concept(OWN, course["targetSite"])] if course.get("targetSite") else []
    if treatment in VOLUMES and treatment != "FocalRadiotherapy":
        sites = [concept(SCT, site) for site in VOLUMES[treatment]] + sites * bool(course.get("targetSite"))
    done = {"id": name, "code": code} | ({"bodySite": sites} if sites else {})
    if status == "Planned":
        order = done | {"resourceType": "ServiceRequest", "status": "active", "intent": "order"}
        return order | ({"occurrencePeriod": period} if period else {})
    state = {"Given": "completed", "Ongoing": "in-progress"}[status]
    return done | {"resourceType": "Procedure", "status": state} | ({"performedPeriod": period} if period else {})


def _variant(name: str, answer: str, gene: str, change: str | None = None) -> dict[str, Any]:
    parts = [{"code": concept(LOINC, "48018-6"), "valueCodeableConcept": concept(HGNC, gene)}]
    if change:
        parts.append({"code": concept(LOINC, "48005-3"), "valueCodeableConcept": concept(HGVS, change)})
    found = observation(name, (LOINC, "69548-6"), valueCodeableConcept=concept(LOINC, answer), component=parts)
    return found | {"meta": {"profile": [MCODE + "genomic-variant"]}}


def concept(system: str, code: str) -> dict[str, Any]:
    """Return a CodeableConcept of one coding."""
    return {"coding": [{"system": system, "code": code}]}


def quantity(value: float, unit: str) -> dict[str, Any]:
    """Return a Quantity in a unit of UCUM."""
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def observation(name: str, code: tuple[str, str], **values: Any) -> dict[str, Any]:
    """Return a final Observation of a day."""
    return {
        "resourceType": "Observation",
        "id": name,
        "status": "final",
        "code": concept(*code),
        "effectiveDateTime": SEEN,
        **values,
    }


def condition(
    name: str, code: tuple[str, str], verification: str = "confirmed", profile: str = "secondary-cancer-condition"
) -> dict[str, Any]:
    """Return an active Condition."""
    state = "http://terminology.hl7.org/CodeSystem/condition-"
    return {
        "resourceType": "Condition",
        "id": name,
        "meta": {"profile": [MCODE + profile]},
        "clinicalStatus": concept(state + "clinical", "active"),
        "verificationStatus": concept(state + "ver-status", verification),
        "code": concept(*code),
        "recordedDate": SEEN,
    }
