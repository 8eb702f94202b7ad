"""Invented registries: patients with leptomeningeal metastasis as a registry may hold them, from a stated seed.

    python benchmarks/registry.py 100000 [--seed 20261125] > registry.ndjson

No patient is real. How often a value occurs is a plain guess at a tertiary centre's records, so that cohorts are
neither all alike nor all different: a third of what may be said of a patient is not known, as is usual here.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

SEED = 20261125
ON = date(2026, 11, 22)
KNOWN = 0.67
"""How often a fact that may be unknown is stated."""

TUMOURS = {
    "BreastCarcinoma": 34,
    "NonSmallCellLungCarcinoma": 30,
    "SmallCellLungCarcinoma": 6,
    "LungCarcinoma": 4,
    "Melanoma": 10,
    "GastricCarcinoma": 4,
    "OtherSolidTumour": 9,
    "Lymphoma": 2,
    "Leukaemia": 1,
}
MARKERS = {
    "BreastCarcinoma": ("her2Status", {"Her2Positive": 30, "Her2Low": 25, "Her2Negative": 45}),
    "GastricCarcinoma": ("her2Status", {"Her2Positive": 20, "Her2Negative": 80}),
    "NonSmallCellLungCarcinoma": (
        "egfrStatus",
        {
            "EgfrWildType": 55,
            "EgfrL858R": 15,
            "EgfrExon19Deletion": 17,
            "EgfrT790M": 6,
            "EgfrExon20Insertion": 3,
            "EgfrMutationUnspecified": 4,
        },
    ),
    "Melanoma": (
        "brafStatus",
        {"BrafV600E": 38, "BrafV600K": 7, "BrafNonV600": 4, "BrafMutationUnspecified": 3, "BrafWildType": 48},
    ),
}
DRUGS = {
    "BreastCarcinoma": (
        "TrastuzumabDeruxtecan",
        "TucatinibCombination",
        "SystemicChemotherapy",
        "SystemicMethotrexate",
    ),
    "NonSmallCellLungCarcinoma": ("Osimertinib", "SystemicChemotherapy"),
    "Melanoma": ("BrafMekInhibitorTherapy", "SystemicChemotherapy"),
}
OTHERS = (
    "FocalRadiotherapy",
    "WholeBrainRadiotherapy",
    "CraniospinalIrradiation",
    "IntrathecalMethotrexate",
    "UnspecifiedRadiotherapy",
)
SIGNS = {
    "cranialNeuropathy": 0.35,
    "spinalCordCompression": 0.08,
    "caudaEquinaSyndrome": 0.1,
    "raisedIntracranialPressure": 0.2,
    "headache": 0.45,
}
VALUES = {
    "depositPattern": {"LinearDeposits": 50, "NodularDeposits": 15, "LinearAndNodularDeposits": 25, "NoDeposits": 10},
    "csfFlow": {"UnobstructedCsfFlow": 80, "ObstructedCsfFlow": 20},
    "hydrocephalus": {"NoHydrocephalus": 80, "AsymptomaticHydrocephalus": 8, "SymptomaticHydrocephalus": 12},
    "csfDevice": {
        "NoCsfDevice": 62,
        "OmmayaReservoir": 22,
        "ShuntWithOnOffValve": 4,
        "ShuntWithoutOnOffValve": 7,
        "UnspecifiedVentricularDevice": 5,
    },
    "csfCytology": {
        "CytologyPositive": 60,
        "CytologyNegativeOnce": 18,
        "CytologyNegativeRepeatedly": 12,
        "CytologyNotDone": 10,
    },
    "leptomeningealMetastasis": {"Confirmed": 85, "Suspected": 13, "Excluded": 2},
}


def patients(many: int, seed: int = SEED) -> Iterator[dict[str, Any]]:
    """Yield invented patients, as a JSON file states them."""
    chance = Random(seed)  # noqa: S311
    for number in range(many):
        yield {"id": f"R{number:08}", **_facts(chance)}


def _facts(chance: Random) -> dict[str, Any]:
    tumour = _one(chance, TUMOURS)
    facts: dict[str, Any] = {"ageYears": min(95, max(16, round(chance.gauss(58, 12)))), "originTumour": tumour}
    for name, values in VALUES.items():
        if chance.random() < KNOWN:
            facts[name] = _one(chance, values)
    if tumour in MARKERS and chance.random() < 0.85:
        name, values = MARKERS[tumour]
        facts[name] = _one(chance, values)
    if chance.random() < 0.9:
        facts["karnofskyPerformanceStatus"] = 10 * min(10, max(1, round(chance.gauss(6.8, 1.7))))
    elif chance.random() < 0.5:
        facts["ecogPerformanceStatus"] = chance.choice((0, 1, 1, 2, 2, 3, 4))
    if chance.random() < 0.4:
        facts["lifeExpectancyMonths"] = round(chance.lognormvariate(1.2, 0.8), 1)
    if chance.random() < KNOWN:
        facts["csfProtein"] = round(chance.lognormvariate(4.3, 0.7), 1)
    for name, often in SIGNS.items():
        if chance.random() < KNOWN:
            facts[name] = "Present" if chance.random() < often else "Absent"
    if courses := list(_courses(chance, tumour)):
        facts["treatmentCourse"] = courses
    if chance.random() < 0.04:
        facts["declinedTreatment"] = [
            chance.choice(("IntrathecalTherapy", "SystemicChemotherapy", "UnspecifiedRadiotherapy"))
        ]
    if chance.random() < 0.1:
        facts["wholeBrainBenefitOutweighsHarm"] = chance.random() < 0.5
    return facts


def _courses(chance: Random, tumour: str) -> Iterator[dict[str, Any]]:
    for _ in range(chance.choices((0, 1, 2, 3), (45, 30, 18, 7))[0]):
        treatment = chance.choice(DRUGS.get(tumour, ("SystemicChemotherapy",)) if chance.random() < 0.6 else OTHERS)
        status = chance.choices(("Given", "Ongoing", "Planned"), (60, 25, 15))[0]
        course = {"treatment": treatment, "courseStatus": status}
        start = ON - timedelta(days=chance.randrange(30, 900))
        if status != "Planned":
            course["startDate"] = start.isoformat()
        if status == "Given":
            course["endDate"] = (start + timedelta(days=chance.randrange(1, 30))).isoformat()
        yield course


def _one(chance: Random, values: dict[str, int]) -> str:
    return chance.choices(list(values), list(values.values()))[0]


def main() -> None:
    """Write a registry as NDJSON."""
    parser = argparse.ArgumentParser(description="Write an invented registry as NDJSON.")
    parser.add_argument("patients", type=int)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    for patient in patients(options.patients, options.seed):
        sys.stdout.write(json.dumps(patient, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
