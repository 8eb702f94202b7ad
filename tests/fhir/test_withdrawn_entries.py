"""What a record takes back holds no more: a newer entry that withdraws goes before an older one that states."""

from __future__ import annotations

from typing import Any

import pytest

from lepto.recommend import Recommender
from tests.accept_cases import ON
from tests.fhir.records import ICD, SCT, concept, condition
from tests.fhir.taken import LM, Take, cytology, device, facts, own, procedure, reasons, refused, warnings, without

CORD = (SCT, "71286001")
OLD, NEW = "2025-01-01", "2026-06-01"
RESERVOIR, PLACED = "118425005", (SCT, "171514009")


def diagnosis(
    name: str, code: tuple[str, str], day: str | None, clinical: str = "active", verification: str = "confirmed"
) -> dict[str, Any]:
    """A diagnosis of a day, in a state."""
    state = concept("http://terminology.hl7.org/CodeSystem/condition-clinical", clinical)
    found = without(condition(name, code, verification), "recordedDate") | {"clinicalStatus": state}
    return found | ({"recordedDate": day} if day else {})


# Diagnoses that are over

GONE: dict[str, dict[str, Any]] = {
    "resolved": diagnosis("b", CORD, NEW, "resolved"),
    "inactive": diagnosis("b", CORD, NEW, "inactive"),
    "in remission": diagnosis("b", CORD, NEW, "remission"),
    "abated": diagnosis("b", CORD, NEW) | {"abatementDateTime": "2026-05-01"},
    "abated, without a clinical status": without(diagnosis("b", CORD, NEW), "clinicalStatus")
    | {"abatementString": "May"},
    "refuted": diagnosis("b", CORD, NEW, verification="refuted"),
}


@pytest.mark.parametrize("newer", GONE.values(), ids=GONE)
def test_a_newer_diagnosis_that_is_over_takes_back_an_older_one(take: Take, newer: dict[str, Any]) -> None:
    record = take(diagnosis("a", CORD, OLD), newer)
    assert "spinalCordCompression" not in facts(record)
    assert reasons(record)["Condition/a"] == "a newer entry tells of the fact"


@pytest.mark.parametrize("older", GONE.values(), ids=GONE)
def test_an_older_diagnosis_that_is_over_takes_nothing_back(take: Take, older: dict[str, Any]) -> None:
    record = take(older, diagnosis("a", CORD, "2026-09-01"))
    assert facts(record)["spinalCordCompression"] == "Present"


@pytest.mark.parametrize("day", [NEW, None])
def test_a_diagnosis_that_is_over_at_the_same_time_contradicts(take: Take, day: str | None) -> None:
    """Without a date it may be of any time."""
    record = take(diagnosis("a", CORD, NEW), diagnosis("b", CORD, day, "resolved"))
    assert "spinalCordCompression" not in facts(record)
    assert "Condition/a: Present, Condition/b: not Present" in warnings(record)


@pytest.mark.parametrize("state", ["active", "recurrence", "relapse"])
def test_a_diagnosis_that_is_back_holds(take: Take, state: str) -> None:
    record = take(diagnosis("a", CORD, OLD, "resolved"), diagnosis("b", CORD, NEW, state))
    assert facts(record)["spinalCordCompression"] == "Present"


@pytest.mark.parametrize("element", ["clinicalStatus", "verificationStatus"])
@pytest.mark.parametrize("state", [{"text": "Active"}, {"text": "confirmed"}, {}, {"coding": [{"display": "Active"}]}])
def test_a_state_without_a_code_is_no_state(take: Take, element: str, state: dict[str, Any]) -> None:
    record = take(diagnosis("lm", LM, NEW) | {element: state})
    assert "leptomeningealMetastasis" not in facts(record)
    assert reasons(record)["Condition/lm"].endswith("status has no code")


def test_confirmed_counts_beside_a_local_coding(take: Take) -> None:
    state = condition("lm", LM)["verificationStatus"]
    state["coding"].append({"system": SCT, "code": "410605003"})
    assert facts(take(condition("lm", LM) | {"verificationStatus": state}))["leptomeningealMetastasis"] == "Confirmed"


# Diagnoses that are refuted


def test_a_newer_refuted_metastasis_is_excluded(take: Take) -> None:
    record = take(diagnosis("a", LM, OLD), diagnosis("b", LM, NEW, verification="refuted"))
    assert facts(record)["leptomeningealMetastasis"] == "Excluded"
    assert reasons(record)["Condition/a"] == "a newer entry tells of the fact"


def test_an_older_refuted_metastasis_does_not_undo_a_newer_one(take: Take) -> None:
    record = take(diagnosis("a", LM, NEW), diagnosis("b", LM, OLD, verification="refuted"))
    assert facts(record)["leptomeningealMetastasis"] == "Confirmed"


def test_a_metastasis_that_is_refuted_and_confirmed_at_once_is_neither(take: Take) -> None:
    record = take(diagnosis("a", LM, NEW), diagnosis("b", LM, NEW, verification="refuted"))
    assert "leptomeningealMetastasis" not in facts(record)
    assert "Condition/a: Confirmed, Condition/b: Excluded" in warnings(record)


def test_a_metastasis_that_is_over_is_not_excluded(take: Take) -> None:
    """That it was treated does not say that it never was."""
    assert "leptomeningealMetastasis" not in facts(take(diagnosis("a", LM, OLD), diagnosis("b", LM, NEW, "resolved")))


def shown(day: str) -> list[dict[str, Any]]:
    """Malignant cells and deposits that were found on a day."""
    return [*cytology("csf", "10828004", day), own("deposits", "LinearDeposits", day, "depositPattern")]


@pytest.mark.parametrize("state", ["resolved", "inactive", "remission"])
@pytest.mark.parametrize("day", [OLD, NEW, "2025-02-01"])
def test_what_was_found_before_a_metastasis_was_over_establishes_it_no_more(take: Take, state: str, day: str) -> None:
    """B061: the day on which it was recorded is not that on which it was over."""
    record = take(diagnosis("lm", LM, OLD, state), *shown(day))
    assert set(facts(record)) == {"ageYears"}
    assert "Condition/lm: it is not active, and csfCytology of before that says nothing of today" in warnings(record)


def test_what_was_found_after_a_metastasis_was_over_establishes_it(take: Take) -> None:
    over = diagnosis("lm", LM, OLD, "resolved") | {"abatementDateTime": "2025-06-01"}
    assert {"csfCytology", "depositPattern"} <= facts(take(over, *shown(NEW))).keys()
    assert set(facts(take(over, *shown("2025-05-01")))) == {"ageYears"}


@pytest.mark.parametrize("verification", ["confirmed", "provisional"])
def test_what_was_found_with_a_metastasis_that_is_back_counts(take: Take, verification: str) -> None:
    back = diagnosis("back", LM, "2026-05-30", verification=verification)
    record = take(diagnosis("lm", LM, OLD, "remission"), back, *shown(NEW))
    assert {"csfCytology", "depositPattern"} <= facts(record).keys()


def test_a_suspicion_does_not_bring_back_what_was_found_before_the_metastasis_was_over(take: Take) -> None:
    suspected = diagnosis("back", LM, NEW, verification="provisional")
    record = take(diagnosis("lm", LM, "2025-03-01", "remission"), suspected, *shown(OLD))
    assert facts(record) == {"ageYears": "60", "leptomeningealMetastasis": "Suspected"}


def test_a_refuted_metastasis_with_positive_cytology_is_refused(take: Take, recommender: Recommender) -> None:
    record = take(diagnosis("a", LM, NEW, verification="refuted"), *cytology("csf", "10828004"))
    assert not refused(record)
    (report,) = recommender.answer([record], ON)
    assert report.refused
    assert report.verdicts == ()
    assert any("cannot be excluded while cytology is positive" in one.message for one in report.findings)


TOO_WIDE = [(ICD, "C79.31"), (SCT, "94225005"), (SCT, "128462008"), ("http://hl7.org/fhir/sid/icd-10", "C79.3")]


@pytest.mark.parametrize("code", TOO_WIDE)
@pytest.mark.parametrize("day", [OLD, "2026-09-01", None])
@pytest.mark.parametrize("verification, told", [("confirmed", "Confirmed"), ("refuted", "Excluded")])
def test_a_code_that_cannot_tell_the_meninges_changes_nothing(
    take: Take, code: tuple[str, str], day: str | None, verification: str, told: str
) -> None:
    """B058, B106, B109."""
    record = take(diagnosis("lm", LM, NEW, verification=verification), diagnosis("wide", code, day))
    assert facts(record)["leptomeningealMetastasis"] == told
    assert "the code does not" in reasons(record)["Condition/wide"]
    assert record.findings == ()


# Devices that are out


def use(status: str = "active", **period: str) -> dict[str, Any]:
    """The use of the device d."""
    used = {"resourceType": "DeviceUseStatement", "id": "use", "status": status}
    return used | {"device": {"reference": "Device/d"}, "timingPeriod": period}


TAKEN_OUT: dict[str, list[dict[str, Any]]] = {
    "a device that is inactive": [device("d", RESERVOIR, "inactive")],
    "a use that is completed": [use("completed", end="2025-01-01"), device("d", RESERVOIR)],
    "a use that is completed, of no time": [use("completed"), device("d", RESERVOIR)],
    "a use that has ended": [use(start="2024-01-01", end="2025-01-01"), device("d", RESERVOIR)],
}


@pytest.mark.parametrize("out", TAKEN_OUT.values(), ids=TAKEN_OUT)
def test_a_device_that_is_out_takes_back_that_it_was_placed(take: Take, out: list[dict[str, Any]]) -> None:
    placed = procedure(PLACED, performedDateTime="2024-01-01")
    assert facts(take(placed))["csfDevice"] == "OmmayaReservoir"
    record = take(placed, *out)
    assert "csfDevice" not in facts(record)
    assert reasons(record)["Procedure/done"] == "another entry takes it back"


@pytest.mark.parametrize(
    "still", [use(start="2024-01-01"), use(start="2024-01-01", end="2027-01-01")], ids=["no end", "an end to come"]
)
def test_a_device_that_is_in_use_is_in_place(take: Take, still: dict[str, Any]) -> None:
    assert facts(take(still, device("d", RESERVOIR)))["csfDevice"] == "OmmayaReservoir"


def test_a_device_that_was_placed_after_another_was_taken_out_is_in_place(take: Take) -> None:
    placed = procedure(PLACED, performedDateTime="2026-01-01")
    ended = use("completed", start="2019-01-01", end="2020-01-01")
    assert facts(take(placed, ended, device("d", RESERVOIR)))["csfDevice"] == "OmmayaReservoir"
