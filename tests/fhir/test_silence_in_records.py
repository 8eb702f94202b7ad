"""An entry that bears on a fact and states nothing is not silence: it costs the answer where silence would be read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fhir.records import LOINC, OWN, SCT, concept, condition, observation, quantity
from tests.fhir.taken import (
    ABSENT,
    EGFR,
    HER2,
    NEGATIVE,
    PATIENT,
    POSITIVE,
    PROTEIN,
    Take,
    cytology,
    facts,
    kps,
    own,
    reasons,
    refused,
    shunt,
    variant,
    warnings,
    without,
)

BREAST, LUNG = (SCT, "254837009"), (SCT, "254637007")
EQUIVOCAL = concept(SCT, "42425007")
OLD, DAY, NEW = "2025-01-01", "2026-03-02", "2026-06-01"
HALF_A_YEAR = quantity(6, "mo")


def expectancy(value: dict[str, Any], day: str | None = DAY, name: str = "expectancy") -> dict[str, Any]:
    """An estimate of life expectancy: a fact on which silence is read as a sufficient one."""
    found = without(observation(name, (OWN, "lifeExpectancyMonths"), valueQuantity=value), "effectiveDateTime")
    return found | ({"effectiveDateTime": day} if day else {})


UNREAD: dict[str, dict[str, Any]] = {
    "a bound": quantity(1, "mo") | {"comparator": "<"},
    "no unit": {"value": 1},
    "a unit that is none": {"value": 1, "unit": "moons"},
    "a unit of something else": quantity(1, "m"),
    "no number": {"unit": "mo"},
}
unread = pytest.mark.parametrize("value", UNREAD.values(), ids=UNREAD)


# Facts on which silence is read


@unread
def test_an_estimate_that_is_not_read_costs_the_answer(take: Take, value: dict[str, Any]) -> None:
    record = take(expectancy(value))
    assert "lifeExpectancyMonths" not in facts(record)
    assert refused(record)
    assert "Observation/expectancy: " in warnings(record)
    assert "silence would be read as no" in warnings(record)


@unread
@pytest.mark.parametrize("day", [NEW, DAY, "2026-03", None])
def test_an_estimate_that_is_not_read_costs_the_answer_unless_it_is_surely_older(
    take: Take, value: dict[str, Any], day: str | None
) -> None:
    assert refused(take(expectancy(value, day, "other"), expectancy(HALF_A_YEAR)))


@unread
def test_an_older_estimate_that_is_not_read_costs_nothing(take: Take, value: dict[str, Any]) -> None:
    record = take(expectancy(value, OLD, "older"), expectancy(HALF_A_YEAR))
    assert facts(record)["lifeExpectancyMonths"] == "6"
    assert not refused(record)
    assert "Observation/older" in reasons(record)


def test_two_estimates_at_one_time_cost_the_answer(take: Take) -> None:
    record = take(expectancy(quantity(1, "mo"), name="one"), expectancy(HALF_A_YEAR, name="other"))
    assert "lifeExpectancyMonths" not in facts(record)
    assert refused(record)
    assert "Observation/one: 1, Observation/other: 6" in warnings(record)


def test_an_estimate_that_was_retracted_is_silence(take: Take) -> None:
    record = take(expectancy(UNREAD["a bound"]) | {"status": "entered-in-error"})
    assert not refused(record)


def test_two_primaries_that_nothing_tells_apart_cost_the_answer(take: Take) -> None:
    record = take(condition("breast", BREAST), condition("lung", LUNG))
    assert "originTumour" not in facts(record)
    assert refused(record)
    assert "BreastCarcinoma, NonSmallCellLungCarcinoma: originTumour is left open" in warnings(record)


def test_a_primary_that_is_not_confirmed_costs_the_answer_when_it_is_alone(take: Take) -> None:
    suspected = condition("lung", LUNG, "provisional")
    alone = take(suspected)
    assert refused(alone)
    assert "Condition/lung: it is not confirmed, and silence would be read as no" in warnings(alone)
    record = take(suspected, condition("breast", BREAST))
    assert facts(record)["originTumour"] == "BreastCarcinoma"
    assert not refused(record)


def test_a_refuted_primary_costs_nothing(take: Take) -> None:
    assert not refused(take(condition("lung", LUNG, "refuted")))


# Facts on which silence is unknown


def her2(value: dict[str, Any], day: str, name: str) -> dict[str, Any]:
    """A HER2 test of a day."""
    return observation(name, HER2, valueCodeableConcept=value, effectiveDateTime=day)


def test_a_newer_entry_that_states_no_value_leaves_the_fact_open(take: Take) -> None:
    record = take(her2(POSITIVE, OLD, "old"), her2(EQUIVOCAL, NEW, "new"))
    assert "her2Status" not in facts(record)
    assert "Observation/new: it is newer than what states her2Status, and states no value" in warnings(record)
    assert not refused(record)


def test_an_older_entry_that_states_no_value_is_only_listed(take: Take) -> None:
    record = take(her2(EQUIVOCAL, OLD, "old"), her2(POSITIVE, NEW, "new"))
    assert facts(record)["her2Status"] == "Her2Positive"
    assert (record.findings, "Observation/old" in reasons(record)) == ((), True)


def flow(value: dict[str, Any], day: str | None, **more: Any) -> dict[str, Any]:
    """An observation of flow."""
    found = without(observation("flow", (OWN, "csfFlow")), "effectiveDateTime") | value | more
    return found | ({"effectiveDateTime": day} if day else {})


OPEN = own("open", "UnobstructedCsfFlow", DAY)
BLOCKED = {"valueCodeableConcept": concept(OWN, "ObstructedCsfFlow")}
UNUSED: dict[str, list[dict[str, Any]]] = {
    "without a date": [flow(BLOCKED, None, issued="2026-03-20T10:00:00Z")],
    "of a time that is not read": [flow(BLOCKED, None, effectiveTiming={"event": ["2026-03-20"]})],
    "of a date that is none": [flow(BLOCKED, "20 March 2026")],
    "with two values": [flow(BLOCKED, NEW, valueString="obstructed")],
    "with a modifier": [flow(BLOCKED, NEW, modifierExtension=[{"url": "x"}])],
    "of unknown status": [flow(BLOCKED, NEW, status="unknown")],
    "of two versions": [flow(BLOCKED, NEW), flow({}, OLD)],
    "of two versions, the other way round": [flow({}, OLD), flow(BLOCKED, NEW)],
    "in words on the same day": [flow({"valueString": "obstructed"}, DAY)],
    "in words of that month": [flow({"valueString": "obstructed"}, "2026-03")],
    "without data on the same day": [flow({"dataAbsentReason": {"text": "masked"}}, DAY)],
    "that contradicts itself": [flow(BLOCKED | {"interpretation": [concept(OWN, "UnobstructedCsfFlow")]}, DAY)],
}


@pytest.mark.parametrize("found", UNUSED.values(), ids=UNUSED)
def test_an_entry_that_cannot_be_used_and_may_be_newer_leaves_the_fact_open(
    take: Take, found: list[dict[str, Any]]
) -> None:
    record = take(OPEN, *found)
    assert "csfFlow" not in facts(record)
    assert "newer than what states csfFlow" in warnings(record)
    assert "Observation/flow" in warnings(record)


@pytest.mark.parametrize("found", UNUSED.values(), ids=UNUSED)
def test_an_entry_that_cannot_be_used_and_is_surely_older_changes_nothing(
    take: Take, found: list[dict[str, Any]]
) -> None:
    old = [one | {"effectiveDateTime": OLD} for one in found]
    assert facts(take(OPEN, *old))["csfFlow"] == "UnobstructedCsfFlow"


SAYS_NOTHING: dict[str, dict[str, Any]] = {
    "entered in error": flow(BLOCKED, NEW, status="entered-in-error"),
    "preliminary": flow(BLOCKED, NEW, status="preliminary"),
    "the same without a date": flow(OPEN, None, id="flow"),
    "issued before, at the same time": flow({"valueString": "?"}, DAY, issued="2026-03-02T08:00:00Z"),
    "a report of it": flow({}, DAY, resourceType="DiagnosticReport", result=[{"reference": "Observation/open"}])
    | {"code": concept(LOINC, "24663-7")},
}


@pytest.mark.parametrize("found", SAYS_NOTHING.values(), ids=SAYS_NOTHING)
def test_what_is_retracted_or_says_nothing_else_leaves_no_fact_open(take: Take, found: dict[str, Any]) -> None:
    record = take(OPEN | {"issued": "2026-03-02T12:00:00Z"}, found)
    assert facts(record)["csfFlow"] == "UnobstructedCsfFlow"
    assert record.findings == ()


UNDATED: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "a shunt": (
        "csfDevice",
        own("no", "NoCsfDevice", DAY, "csfDevice"),
        own("a", "ShuntWithoutOnOffValve", DAY, "csfDevice"),
    ),
    "hydrocephalus": (
        "hydrocephalus",
        own("no", "NoHydrocephalus", DAY, "hydrocephalus"),
        own("a", "SymptomaticHydrocephalus", DAY, "hydrocephalus"),
    ),
    "a low score": ("karnofskyPerformanceStatus", kps(80), kps(50, name="a")),
    "HER2 negative": ("her2Status", her2(POSITIVE, DAY, "b"), her2(NEGATIVE, DAY, "a")),
    "EGFR wild type": ("egfrStatus", variant(EGFR, "p.L858R"), variant(EGFR, None, answer=ABSENT, name="a")),
    "EGFR without that change": (
        "egfrStatus",
        variant(EGFR, "p.L858R"),
        variant(EGFR, "p.L858R", answer=ABSENT, name="a"),
    ),
}


@pytest.mark.parametrize("fact, dated, other", UNDATED.values(), ids=UNDATED)
def test_an_undated_entry_that_says_otherwise_leaves_the_fact_open(
    take: Take, fact: str, dated: dict[str, Any], other: dict[str, Any]
) -> None:
    """B049."""
    assert fact in facts(take(dated))
    record = take(dated, without(other, "effectiveDateTime"))
    assert fact not in facts(record)
    assert f"it may be newer than what states {fact}, and cannot be used: it has no date" in warnings(record)


@pytest.mark.parametrize(
    "day, told", [(OLD, "UnobstructedCsfFlow"), (DAY, "UnobstructedCsfFlow"), (NEW, None), (None, None)]
)
def test_a_flow_study_in_words_leaves_open_what_is_older(take: Take, day: str | None, told: str | None) -> None:
    """What is read from it on its day is how its result is recorded."""
    study = flow({"conclusion": "see text"}, day, resourceType="DiagnosticReport") | {"code": concept(LOINC, "24663-7")}
    assert facts(take(OPEN, study)).get("csfFlow") == told


@pytest.mark.parametrize(
    "status, told",
    [("preparation", "NoCsfDevice"), ("not-done", "NoCsfDevice"), ("in-progress", None), ("stopped", None)],
)
def test_a_shunt_that_may_have_been_placed_leaves_the_device_open(take: Take, status: str, told: str | None) -> None:
    assert facts(take(own("no", "NoCsfDevice", DAY, "csfDevice"), shunt(status))).get("csfDevice") == told


def test_an_undated_test_for_another_change_leaves_the_one_that_was_found(take: Take) -> None:
    other = observation("a", (LOINC, "55764-5"), valueCodeableConcept=NEGATIVE)
    record = take(variant(EGFR, "p.L858R"), without(other, "effectiveDateTime"))
    assert facts(record)["egfrStatus"] == "EgfrL858R"


RATIO = {"numerator": {"value": 4}, "denominator": {"value": 2}}


@pytest.mark.parametrize(
    "detail",
    [
        her2(EQUIVOCAL, DAY, "protein"),
        without(her2(EQUIVOCAL, DAY, "protein"), "valueCodeableConcept")
        | {"code": concept(LOINC, "85318-4"), "valueRatio": RATIO},
    ],
    ids=["equivocal", "a ratio"],
)
def test_a_test_that_does_not_decide_leaves_what_another_one_of_the_day_decides(
    take: Take, detail: dict[str, Any]
) -> None:
    """B076: protein equivocal, gene copies positive."""
    record = take(detail, her2(POSITIVE, DAY, "copies"))
    assert facts(record)["her2Status"] == "Her2Positive"
    assert "her2Status" not in facts(take(detail | {"effectiveDateTime": NEW}, her2(POSITIVE, DAY, "copies")))


def test_an_age_without_a_date_leaves_that_by_birth(take: Take) -> None:
    recorded = observation("age", (LOINC, "30525-0"), valueQuantity=quantity(40, "a"))
    assert facts(take(without(recorded, "effectiveDateTime")))["ageYears"] == "60"


def test_a_patient_without_a_birth_date_says_nothing_of_the_age(take: Take) -> None:
    recorded = observation("age", (LOINC, "30525-0"), valueQuantity=quantity(40, "a"))
    record = take(recorded, patient=without(PATIENT, "birthDate"))
    assert facts(record)["ageYears"] == "40"
    assert not warnings(record)


@pytest.mark.parametrize("first, told", [("260385009", None), ("10828004", "CytologyPositive")])
def test_a_cytology_that_cannot_be_used_may_be_positive(take: Take, first: str, told: str | None) -> None:
    unknown = cytology("b", "10828004", NEW)[1] | {"status": "unknown"}
    assert facts(take(*cytology("a", first), unknown)).get("csfCytology") == told


@pytest.mark.parametrize("status, told", [("unknown", "its status is unknown"), (None, "it has no status")])
def test_an_entry_of_unknown_status_is_told_of(take: Take, status: str | None, told: str) -> None:
    record = take(without(kps(80), "status") | ({"status": status} if status else {}))
    assert "karnofskyPerformanceStatus" not in facts(record)
    assert f"Observation/kps: it is not used: {told}" in warnings(record)


# Units


def protein(code: str, unit: str, value: float = 85) -> dict[str, Any]:
    """A protein concentration whose unit is coded and shown."""
    return observation("protein", PROTEIN, valueQuantity=quantity(value, code) | {"unit": unit})


@pytest.mark.parametrize("code, unit", [("mg/dL", "g/L"), ("mg/dL", "mg/L"), ("g/L", "mg/dL")])
def test_a_unit_that_is_shown_as_another_one_is_not_read(take: Take, code: str, unit: str) -> None:
    record = take(protein(code, unit))
    assert "csfProtein" not in facts(record)
    assert f"Observation/protein: it is not used: its unit is {code} and is shown as {unit}" in warnings(record)


@pytest.mark.parametrize(
    "code, word", [("mo", "weeks"), ("mo", "week(s), estimated"), ("mo", "Years"), ("wk", "months")]
)
def test_a_unit_that_words_show_as_another_one_is_not_read(take: Take, code: str, word: str) -> None:
    record = take(expectancy(quantity(3, code) | {"unit": word}))
    assert "lifeExpectancyMonths" not in facts(record)
    assert f"its unit is {code} and is shown as {word}" in warnings(record)


@pytest.mark.parametrize(
    "word", ["month", "months", "Months", "Monate", "mths", "month(s)", "months, estimated", "9**9**9**9"]
)
def test_a_unit_that_words_show_otherwise_is_read_as_it_is_coded(take: Take, word: str) -> None:
    assert facts(take(expectancy(quantity(3, "mo") | {"unit": word})))["lifeExpectancyMonths"] == "3"


@pytest.mark.parametrize("unit", ["mg/dL", "mg/dl", "MG/DL", "mg per dL", "mg%", "mg/100 ml"])
def test_a_unit_that_is_shown_otherwise_is_read_as_it_is_coded(take: Take, unit: str) -> None:
    assert facts(take(protein("mg/dL", unit)))["csfProtein"] == "85"


# Times that overlap


def lasting(value: int, name: str, **period: str) -> dict[str, Any]:
    """A Karnofsky score of a period."""
    return kps(value, None, name, effectivePeriod=period)


@pytest.mark.parametrize(
    "other",
    [
        lasting(50, "other", start="2026-01-01", end="2026-10-01"),
        lasting(50, "other", start="2026-02-01", end=DAY),
        lasting(50, "other", start="2026-02-01"),
        kps(50, "2026-03", "other"),
        kps(50, "2026", "other"),
    ],
    ids=["a period around it", "a period up to it", "a period that has no end", "its month", "its year"],
)
def test_entries_whose_times_overlap_contradict_each_other(take: Take, other: dict[str, Any]) -> None:
    record = take(kps(80), other)
    assert "karnofskyPerformanceStatus" not in facts(record)
    assert "Observation/kps: 80, Observation/other: 50" in warnings(record)


@pytest.mark.parametrize(
    "other, told",
    [
        (lasting(50, "other", start="2026-01-01", end="2026-03-01"), "80"),
        (lasting(50, "other", start="2026-03-03", end="2026-04-01"), "50"),
        (kps(50, "2026-02", "other"), "80"),
        (kps(50, "2026-04", "other"), "50"),
    ],
)
def test_entries_whose_times_do_not_overlap_are_ordered(take: Take, other: dict[str, Any], told: str) -> None:
    assert facts(take(kps(80), other))["karnofskyPerformanceStatus"] == told
