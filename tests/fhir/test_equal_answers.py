"""A health record gives the answer that the same facts give when they are stated as such."""

from __future__ import annotations

import csv
import importlib.util
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from lepto.knowledge import Knowledge
from lepto.read import Intaking, Record, read_bytes
from lepto.recommend import BATCH, Recommender
from lepto.render.as_json import as_object
from tests.accept_cases import ON, folders
from tests.fhir.records import bundle

VIGNETTES = Path(__file__).parents[3] / "shared" / "vignettes"


def answers_of(recommender: Recommender, patients: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The answers for facts as they are stated in a patient file."""
    records = read_bytes(json.dumps(patients).encode(), "patients.json", recommender.knowledge.facts)
    return reports_of(recommender, records)


def answers_through_fhir(recommender: Recommender, patients: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The answers for health records that record the facts, each patient a bundle."""
    lines = "\n".join(json.dumps(bundle(facts, ON.isoformat())) for facts in patients)
    knowledge = recommender.knowledge
    records = read_bytes(lines.encode(), "records.ndjson", knowledge.facts, Intaking(knowledge, ON))
    return reports_of(recommender, records)


def reports_of(recommender: Recommender, records: list[Record]) -> list[dict[str, Any]]:
    """The answers for records, a batch at a time."""
    batches = [records[start : start + BATCH] for start in range(0, len(records), BATCH)]
    return [told(as_object(report)) for batch in batches for report in recommender.answer(batch, ON)]


def told(report: dict[str, Any]) -> dict[str, Any]:
    """A report without what only a health record adds: the source of each fact, and what was made of each entry."""
    report.pop("intake", None)
    for verdict in report["verdicts"]:
        for reason in verdict["because"]:
            for criterion in reason["criteria"]:
                for fact in criterion["facts"]:
                    fact["source"] = None
    return report


def sound_patients() -> list[dict[str, Any]]:
    """Every patient of a case whose facts a health record can state: sound ones, in plain JSON."""
    found = []
    for folder in folders():
        reports = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
        if all(one["severity"] == "info" for report in reports for one in report["findings"]):
            stated = json.loads((folder / "patient.json").read_text(encoding="utf-8"))
            found += stated if isinstance(stated, list) else [stated]
    return found


def test_the_patients_of_all_cases_get_the_same_answers_through_fhir(recommender: Recommender) -> None:
    patients = sound_patients()
    assert len(patients) > 0.8 * len(folders())
    plain, recorded = answers_of(recommender, patients), answers_through_fhir(recommender, patients)
    different = [one["patient"] for one, other in zip(plain, recorded, strict=True) if one != other]
    assert different == []


def test_every_vignette_gets_the_same_answer_through_fhir(recommender: Recommender) -> None:
    """Twenty of twenty: the invented patients of the table, recorded in mCODE."""
    if not VIGNETTES.is_dir():
        pytest.skip("there are no vignettes beside this repository")
    specification = importlib.util.spec_from_file_location("check", VIGNETTES / "check.py")
    assert specification is not None
    assert specification.loader is not None
    check = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(check)
    rows = list(csv.DictReader((VIGNETTES / "vignettes.tsv").open(encoding="utf-8"), delimiter="\t"))
    patients = [check.patient(row) for row in rows]
    assert len(patients) >= 20
    assert answers_through_fhir(recommender, patients) == answers_of(recommender, patients)


def test_a_record_is_read_for_the_day_of_the_question(knowledge: Knowledge) -> None:
    """The completed years are those of that day."""
    data = json.dumps(bundle({"id": "A", "ageYears": 60}, "2026-11-22")).encode()
    ages = []
    for on in (date(2026, 11, 21), date(2026, 11, 22)):
        (record,) = read_bytes(data, "record.json", knowledge.facts, Intaking(knowledge, on))
        assert record.intake is not None
        ages.append(record.intake.used[0].value)
    assert ages == ["59", "60"]
