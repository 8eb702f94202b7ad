"""Invented patients as charts in FHIR R4, in its simplest form: with LEPTO's own codes for all that is stated.

A fact is an Observation, a course of treatment a Procedure or, while it is only planned, a ServiceRequest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lepto.facts import Fact
from lepto.vocabulary import XSD_BOOLEAN, XSD_INTEGER

SYSTEM = "https://w3id.org/lepto/FactCodes"
SEEN = "2026-11-01"
PERIODS = {"Procedure": "performedPeriod", "ServiceRequest": "occurrencePeriod"}
STATES = {
    "Given": ("Procedure", "completed"),
    "Ongoing": ("Procedure", "in-progress"),
    "Planned": ("ServiceRequest", "active"),
}
"""How a chart says what the status of a course is: by a resource and its status."""

Stated = Mapping[str, Any]


def chart(stated: Stated, facts: Mapping[str, Fact], units: Mapping[str, str]) -> dict[str, Any]:
    """Return the chart of a patient.

    In: what a patient file states, the facts by their names, and the units of those that are counted.
    """
    resources = [{"resourceType": "Patient", "id": stated["id"]}]
    subject = {"reference": f"Patient/{stated['id']}"}
    for number, resource in enumerate(_resources(stated, facts, units)):
        resources.append({**resource, "id": f"{stated['id']}-{number}", "subject": subject})
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}


def _resources(stated: Stated, facts: Mapping[str, Fact], units: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for name, value in stated.items():
        if name != "id" and facts[name].nested:
            yield from map(_course, value)
        elif name != "id":
            for one in value if facts[name].many else [value]:
                yield {
                    "resourceType": "Observation",
                    "status": "final",
                    "code": _concept(name),
                    "effectiveDateTime": SEEN,
                    **_value(facts[name], one, units.get(name, "")),
                }


def _value(fact: Fact, value: Any, unit: str) -> dict[str, Any]:
    if fact.datatype is None:
        return {"valueCodeableConcept": _concept(value)}
    if fact.datatype == XSD_BOOLEAN:
        return {"valueBoolean": value}
    if fact.datatype == XSD_INTEGER:
        return {"valueInteger": value}
    return {"valueQuantity": {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}}


def _course(course: Stated) -> dict[str, Any]:
    resource, status = STATES[course["courseStatus"]]
    period = {key: course[name] for key, name in (("start", "startDate"), ("end", "endDate")) if name in course}
    return {
        "resourceType": resource,
        "status": status,
        "code": _concept(course["treatment"]),
        **({"intent": "order"} if resource == "ServiceRequest" else {}),
        **({PERIODS[resource]: period} if period else {}),
        **({"bodySite": [_concept(course["targetSite"])]} if "targetSite" in course else {}),
    }


def _concept(code: str) -> dict[str, Any]:
    return {"coding": [{"system": SYSTEM, "code": code}]}
