"""Examples that others published, read as they are: nothing falls over, and nobody is called what they are not.

They are fetched from the npm registry by name and version, and nothing of them is kept.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from lepto.knowledge import Knowledge
from lepto.read import Intaking, Record, read_bytes
from lepto.recommend import BATCH, Recommender
from lepto.report import Report
from tests.accept_cases import ON
from tests.fhir.packages import files_of, needs_npm

PACKAGES = {
    "hl7.fhir.us.mcode@4.0.0": 170,
    "hl7.fhir.uv.genomics-reporting@3.0.0": 190,
    "hl7.fhir.r4.examples@4.0.1": 5000,
}
"""Packages of examples, and how many resources each has at least."""

pytestmark = [pytest.mark.slow, needs_npm]


def fetched(package: str, folder: Path) -> list[bytes]:
    """The example resources of a package, each as the text of its file."""
    found = files_of(package, folder)
    return [
        data for name, data in found if ("/example/" in name or "examples" in package) and b'"resourceType"' in data
    ]


def answered(recommender: Recommender, records: list[Record]) -> list[Report]:
    """The answers for records, a batch at a time."""
    batches = [records[start : start + BATCH] for start in range(0, len(records), BATCH)]
    return [report for batch in batches for report in recommender.answer(batch, ON)]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_example_is_answered_or_refused_for_a_stated_reason(
    package: str, tmp_path: Path, recommender: Recommender, knowledge: Knowledge, capsys: pytest.CaptureFixture[str]
) -> None:
    """As one export: no example has leptomeningeal metastasis, and nobody is offered anything."""
    texts = fetched(package, tmp_path)
    lines = [json.dumps(json.loads(text)) for text in texts]
    assert len(lines) >= PACKAGES[package]
    records = read_bytes("\n".join(lines).encode(), package, knowledge.facts, Intaking(knowledge, ON))
    reports = answered(recommender, records)
    assert len(reports) == len(records) > 0
    told = Counter("refused" if report.refused else "answered" for report in reports)
    why = Counter(_reason(report) for report in reports if report.refused)
    with capsys.disabled():
        print(f"\n{package}: {len(lines)} resources, {len(records)} patients: {dict(told)} {dict(why)}")
    for record, report in zip(records, reports, strict=True):
        assert report.refused or record.intake is not None
        assert all(finding.message for finding in report.findings)
        assert not _stated(record, "leptomeningealMetastasis"), record.patient
        assert not [one for one in report.verdicts if one.verdict in ("recommended", "consider")], record.patient


def test_each_example_patient_is_answered_alone(
    tmp_path: Path, recommender: Recommender, knowledge: Knowledge, capsys: pytest.CaptureFixture[str]
) -> None:
    """The examples of mCODE share an identifier between patients, which refuses them together but not one by one."""
    resources = [json.loads(text) for text in fetched("hl7.fhir.us.mcode@4.0.0", tmp_path)]
    patients = {one["id"]: one for one in resources if one["resourceType"] == "Patient"}
    told = {}
    for name, patient in patients.items():
        mine = [one for one in resources if one.get("subject", {}).get("reference") == f"Patient/{name}"]
        lines = [json.dumps(one) for one in (patient, *mine)]
        records = read_bytes("\n".join(lines).encode(), name, knowledge.facts, Intaking(knowledge, ON))
        (report,) = answered(recommender, records)
        assert not report.refused or "by a code that is not known" in str(report.findings), report.findings
        assert not [one for one in report.verdicts if one.verdict in ("recommended", "consider")]
        assert records[0].intake is not None
        told[name] = {one.property: one.value for one in records[0].intake.used}
    with capsys.disabled():
        print("\n" + "\n".join(f"{name}: {facts}" for name, facts in sorted(told.items())))
    assert sum("originTumour" in facts for facts in told.values()) > 1


def test_every_example_can_be_read_alone(tmp_path: Path, knowledge: Knowledge) -> None:
    """A file of one resource is a record of the patient whom it is about, or of nobody, which is said."""
    for text in fetched("hl7.fhir.us.mcode@4.0.0", tmp_path):
        for record in read_bytes(text, "example.json", knowledge.facts, Intaking(knowledge, ON)):
            assert record.intake is not None or record.findings
            assert not _stated(record, "leptomeningealMetastasis")


def _stated(record: Record, fact: str) -> list[Any]:
    return [one for one in record.intake.used if one.property == fact] if record.intake else []


def _reason(report: Report) -> str:
    found = next(one.message for one in report.findings if one.severity == "violation")
    return found.split(": ", 1)[1].split(";")[0].split("/")[-1]
