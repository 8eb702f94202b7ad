"""Each FHIR and coding row of the table of bad inputs has its outcome, in a test that is named after the row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lepto.finding import Finding
from lepto.knowledge import Knowledge
from lepto.read import Intaking, Record, read
from lepto.recommend import Recommender
from tests.accept_cases import ON
from tests.fhir.records import ICD, LOINC, RXNORM, SCT, concept, condition, observation, quantity
from tests.fhir.taken import (
    EGFR,
    HER2,
    INTRATHECAL,
    LM,
    METHOTREXATE,
    NEGATIVE,
    PATIENT,
    POSITIVE,
    PROTEIN,
    VENTRICULAR,
    Documents,
    Take,
    bundle_of,
    cytology,
    device,
    facts,
    given,
    kps,
    methotrexate,
    order,
    own,
    part,
    radiotherapy,
    reasons,
    refused,
    shunt,
    variant,
    warnings,
)


def findings_of(recommender: Recommender, record: Record) -> tuple[Finding, ...]:
    """What the contract on patient data says of a record."""
    return recommender.validator.validate([record], ON)[0]


# Syntax


def test_B007_a_line_that_is_too_long_is_named_to_every_patient(
    documents: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a lost line said is not known, so that every patient of the file is warned."""
    monkeypatch.setattr("lepto.read.limits.LINE_BYTES", 300)
    lines = [json.dumps(PATIENT), json.dumps(kps(80) | {"note": "x" * 400, "subject": {"reference": "Patient/p1"}})]
    lost, patient = sorted(documents("\n".join(lines).encode()), key=lambda one: one.patient != "record.json line 2")
    assert refused(lost)
    assert "line 2: it cannot be read, and may be about this patient" in warnings(patient)


def test_B008_deep_nesting_is_refused(documents: Documents) -> None:
    deep: dict[str, Any] = {}
    for _ in range(100):
        deep = {"extension": [deep]}
    broken = json.dumps(PATIENT) + "\n" + json.dumps(kps(80) | deep)
    assert [refused(one) for one in documents(broken.encode())].count(True) == 1


def test_B010_a_number_that_is_none_refuses_the_resource(documents: Documents) -> None:
    text = json.dumps(bundle_of(PATIENT, kps(80))).replace("80", "NaN")
    (record,) = documents(text.encode())
    assert "karnofskyPerformanceStatus" not in facts(record)
    assert "not a number" in reasons(record)["Observation/kps"]


def test_B011_half_a_character_refuses_the_resource(documents: Documents) -> None:
    text = json.dumps(bundle_of(PATIENT, kps(80, note="HERE"))).replace("HERE", "\\ud800")
    (record,) = documents(text.encode())
    assert "surrogate" in reasons(record)["Observation/kps"]


def test_B014_an_empty_bundle_is_no_patient(documents: Documents) -> None:
    assert documents({"resourceType": "Bundle", "type": "collection"}) == []


# Values


def test_B020_a_score_beyond_the_scale_is_refused(take: Take, recommender: Recommender) -> None:
    found = findings_of(recommender, take(kps(105)))
    assert [one.property for one in found if one.severity == "violation"] == ["karnofskyPerformanceStatus"]


@pytest.mark.parametrize("value", [True, "80", 80.0])
def test_B026_a_score_of_another_type_is_refused(take: Take, recommender: Recommender, value: Any) -> None:
    found = findings_of(recommender, take(kps(value)))
    assert [one.property for one in found if one.severity == "violation"] == ["karnofskyPerformanceStatus"]


def test_B029_ecog_is_never_converted(take: Take) -> None:
    record = take(observation("ecog", (LOINC, "89247-1"), valueInteger=1))
    assert facts(record)["ecogPerformanceStatus"] == "1"
    assert "karnofskyPerformanceStatus" not in facts(record)


@pytest.mark.parametrize("value, unit", [(1.2, "g/L"), (1200, "mg/L"), (120, "mg/dL")])
def test_B031_one_concentration_in_three_units(take: Take, value: float, unit: str) -> None:
    assert facts(take(observation("protein", PROTEIN, valueQuantity=quantity(value, unit))))["csfProtein"] == "120"


def test_B032_a_concentration_without_a_unit_is_unknown(take: Take) -> None:
    record = take(observation("protein", PROTEIN, valueQuantity={"value": 120}))
    assert "csfProtein" not in facts(record)
    assert reasons(record)["Observation/protein"] == "its unit is missing"


@pytest.mark.parametrize("comparator", ["<", "<=", ">", ">="])
def test_B034_a_bound_is_no_value(take: Take, comparator: str) -> None:
    value = quantity(100, "mg/dL") | {"comparator": comparator}
    record = take(observation("protein", PROTEIN, valueQuantity=value))
    assert "csfProtein" not in facts(record)
    assert "a bound only" in reasons(record)["Observation/protein"]


def test_B035_text_is_never_read_as_a_number(take: Take) -> None:
    assert "csfProtein" not in facts(take(observation("protein", PROTEIN, valueString="142 mg/dl H")))


def test_B038_an_intrathecal_vinca_alkaloid_is_told(take: Take) -> None:
    """Whatever the patient has, and whatever the guideline says."""
    record = take(order(concept(RXNORM, "11202"), INTRATHECAL))
    assert "almost always fatal" in warnings(record)


def test_B040_radiotherapy_without_fractions_was_given(take: Take) -> None:
    record = take(radiotherapy("12738006"))
    assert (facts(record)["treatment"], facts(record)["courseStatus"]) == ("WholeBrainRadiotherapy", "Given")


# Time


def test_B041_a_score_of_the_future_is_no_evidence(take: Take) -> None:
    record = take(kps(80, "2026-12-24"), kps(60, "2026-03-01", "old"))
    assert facts(record)["karnofskyPerformanceStatus"] == "60"
    assert reasons(record)["Observation/kps"] == "it is dated in the future"
    assert "it is not used: it is dated in the future" in warnings(record)


def test_B043_the_newest_score_stands(take: Take) -> None:
    record = take(kps(90, "2026-01-10", "january"), kps(40, "2026-03-10", "march"))
    assert facts(record)["karnofskyPerformanceStatus"] == "40"
    assert reasons(record)["Observation/january"] == "a newer entry tells of the fact"


def test_B044_two_scores_of_one_day_contradict_each_other(take: Take) -> None:
    record = take(kps(40, name="one"), kps(80, name="other"))
    assert "karnofskyPerformanceStatus" not in facts(record)
    assert "Observation/one: 40, Observation/other: 80" in warnings(record)
    assert not refused(record), "the rest of the record is answered"


@pytest.mark.parametrize(
    "zoned, told",
    [("2026-03-02T10:00:00+01:00", None), ("2026-03-03T20:00:00Z", "80"), ("2026-02-28T20:00:00Z", "40")],
)
def test_B046_a_time_with_a_zone_and_one_without_are_ordered_only_when_far_apart(
    take: Take, zoned: str, told: str | None
) -> None:
    record = take(kps(40, "2026-03-02", "local"), kps(80, zoned, "zoned"))
    assert facts(record).get("karnofskyPerformanceStatus") == told


def test_B047_partial_dates_are_ordered_only_where_they_do_not_overlap(take: Take) -> None:
    assert "karnofskyPerformanceStatus" not in facts(take(kps(40, "2026-03", "a"), kps(80, "2026-03-15", "b")))
    assert facts(take(kps(40, "2026-02", "a"), kps(80, "2026-03-15", "b")))["karnofskyPerformanceStatus"] == "80"


def test_B049_a_score_without_a_date_is_unknown(take: Take) -> None:
    record = take(kps(80, None))
    assert "karnofskyPerformanceStatus" not in facts(record)
    assert reasons(record)["Observation/kps"] == "it has no date"


def test_B050_of_one_day_the_later_issue_stands(take: Take) -> None:
    old, new = kps(40, name="old", issued="2026-03-02T12:00:00Z"), kps(80, name="new", issued="2026-03-04T12:00:00Z")
    assert facts(take(old, new))["karnofskyPerformanceStatus"] == "80"


def test_B052_past_craniospinal_irradiation_keeps_its_dates(take: Take) -> None:
    record = take(radiotherapy("12738006", "61853006", performedPeriod={"start": "2023-01-02", "end": "2023-02-03"}))
    stated = facts(record)
    assert (stated["treatment"], stated["courseStatus"]) == ("CraniospinalIrradiation", "Given")
    assert (stated["startDate"], stated["endDate"]) == ("2023-01-02", "2023-02-03")


@pytest.mark.parametrize("day", ["31/02/2026", "2026-13-45", "0000-00-00", "2026-02-30", "yesterday"])
def test_B053_a_day_that_no_calendar_has_is_refused(take: Take, day: str) -> None:
    record = take(kps(80, day))
    assert "karnofskyPerformanceStatus" not in facts(record)
    assert reasons(record)["Observation/kps"].endswith("is no date")


# Status and negation


@pytest.mark.parametrize("status", ["registered", "preliminary", "cancelled", "entered-in-error", "unknown"])
def test_B055_a_score_that_is_not_final_is_no_evidence(take: Take, status: str) -> None:
    record = take(kps(80, status=status))
    assert "karnofskyPerformanceStatus" not in facts(record)
    assert reasons(record)["Observation/kps"] == f"its status is {status}"


@pytest.mark.parametrize("status", ["amended", "corrected"])
def test_B056_a_corrected_score_replaces_its_earlier_version(take: Take, status: str) -> None:
    earlier = kps(40, meta={"versionId": "1", "lastUpdated": "2026-03-02T09:00:00Z"})
    later = kps(80, status=status, meta={"versionId": "2", "lastUpdated": "2026-03-03T09:00:00Z"})
    assert facts(take(earlier, later))["karnofskyPerformanceStatus"] == "80"


def test_two_versions_without_an_order_are_both_left_out(take: Take) -> None:
    record = take(kps(40), kps(80))
    assert "karnofskyPerformanceStatus" not in facts(record)
    assert "two versions" in reasons(record)["Observation/kps"]


def test_B058_a_refuted_diagnosis_excludes_the_metastasis(take: Take) -> None:
    record = take(condition("lm", LM, "refuted"))
    assert facts(record)["leptomeningealMetastasis"] == "Excluded"
    assert reasons(record)["Condition/lm"] == "its verification status is refuted"


@pytest.mark.parametrize("verification", ["provisional", "differential", "unconfirmed"])
def test_B059_an_unconfirmed_diagnosis_is_a_suspicion(take: Take, verification: str) -> None:
    assert facts(take(condition("lm", LM, verification)))["leptomeningealMetastasis"] == "Suspected"


@pytest.mark.parametrize("state", ["inactive", "remission", "resolved"])
def test_B061_a_diagnosis_that_is_not_current_states_nothing(take: Take, state: str) -> None:
    record = take(condition("lm", LM) | {"clinicalStatus": concept("", state)})
    assert "leptomeningealMetastasis" not in facts(record)
    assert reasons(record)["Condition/lm"] == "it is not active"


def test_B062_a_diagnosis_without_states_is_unconfirmed(take: Take) -> None:
    bare = {"resourceType": "Condition", "id": "lm", "code": concept(*LM)}
    record = take(bare)
    assert facts(record)["leptomeningealMetastasis"] == "Suspected"
    assert "taken as unconfirmed" in warnings(record)


def test_B064_two_negative_cytologies_exclude_nothing(take: Take) -> None:
    once = take(*cytology("a", "260385009"))
    twice = take(*cytology("a", "260385009"), *cytology("b", "260385009", "2026-03-20"))
    assert facts(once)["csfCytology"] == "CytologyNegativeOnce"
    assert facts(twice)["csfCytology"] == "CytologyNegativeRepeatedly"
    assert "leptomeningealMetastasis" not in facts(twice)


def test_one_positive_cytology_is_positive(take: Take) -> None:
    record = take(*cytology("a", "260385009"), *cytology("b", "10828004", "2026-03-20"), *cytology("c", "260385009"))
    assert facts(record)["csfCytology"] == "CytologyPositive"


def test_B065_suspicious_cells_are_neither(take: Take) -> None:
    assert "csfCytology" not in facts(take(*cytology("a", "82334004")))


def test_cytology_of_another_fluid_is_none_of_cerebrospinal_fluid(take: Take) -> None:
    _, found = cytology("a", "10828004")
    assert "csfCytology" not in facts(take(found | {"specimen": {"reference": "Specimen/pleura"}}))


@pytest.mark.parametrize("answer", [{"valueBoolean": False}, {}])
def test_B067_history_of_metastasis_is_no_diagnosis(take: Take, answer: dict[str, Any]) -> None:
    record = take(observation("history", LM, **answer))
    assert "leptomeningealMetastasis" not in facts(record)


def test_B068_an_absent_comorbidity_is_absent(take: Take) -> None:
    absent = {"url": "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-related-condition-absent"}
    record = take(observation("comorbid", (LOINC, "78923-0")) | {"extension": [absent | {"valueCodeableConcept": {}}]})
    assert set(facts(record)) == {"ageYears"}


def test_B070_a_gene_whose_code_and_display_differ_is_not_believed(take: Take) -> None:
    assert facts(take(variant(EGFR, "p.(Leu858Arg)")))["egfrStatus"] == "EgfrL858R"
    for gene in (EGFR | {"display": "BRAF"}, EGFR | {"code": "HGNC:6342"}):
        record = take(variant(gene, "p.(Leu858Arg)"))
        assert "egfrStatus" not in facts(record)
        assert "another code" in warnings(record)


@pytest.mark.parametrize("code", ["21666-3", "53844-7", "39004-7"])
def test_B071_what_was_tested_is_no_result(take: Take, code: str) -> None:
    record = take(observation("tested", (LOINC, code), valueCodeableConcept=POSITIVE))
    assert "egfrStatus" not in facts(record)
    assert "no result" in reasons(record)["Observation/tested"] or "protein" in reasons(record)["Observation/tested"]


def test_B073_kidney_function_is_no_gene(take: Take) -> None:
    value = quantity(55, "mL/min")
    record = take(observation("egfr", (LOINC, "45066-8"), valueQuantity=value) | {"code": {"text": "eGFR"}})
    assert "egfrStatus" not in facts(record)


@pytest.mark.parametrize("significance", ["LA26333-7", "LA26334-5", "LA6675-8"])
def test_B074_a_variant_of_uncertain_significance_is_not_actionable(take: Take, significance: str) -> None:
    said = part("53037-8", concept(LOINC, significance))
    assert "egfrStatus" not in facts(take(variant(EGFR, "p.(Leu858Arg)", said)))


def test_an_unknown_change_of_a_known_gene_is_unknown(take: Take) -> None:
    assert "egfrStatus" not in facts(take(variant(EGFR, "p.(Arg521Lys)")))


@pytest.mark.parametrize("code", ["42425007", "82334004"])
def test_B076_an_equivocal_result_is_unknown(take: Take, code: str) -> None:
    assert "her2Status" not in facts(take(observation("her2", HER2, valueCodeableConcept=concept(SCT, code))))


def test_B077_two_results_of_one_day_contradict_each_other(take: Take) -> None:
    one = observation("one", HER2, valueCodeableConcept=POSITIVE)
    record = take(one, observation("other", HER2, valueCodeableConcept=NEGATIVE))
    assert "her2Status" not in facts(record)
    assert "Observation/one: Her2Positive, Observation/other: Her2Negative" in warnings(record)


def test_B079_two_values_in_one_result_refuse_it(take: Take) -> None:
    record = take(observation("her2", HER2, valueCodeableConcept=POSITIVE, valueRatio={}))
    assert "her2Status" not in facts(record)
    assert reasons(record)["Observation/her2"] == "it has two values, valueCodeableConcept and valueRatio"


def test_B080_a_value_that_is_said_to_be_absent_is_not_believed(take: Take) -> None:
    record = take(observation("her2", HER2, valueCodeableConcept=POSITIVE, dataAbsentReason=concept("", "unknown")))
    assert "her2Status" not in facts(record)
    assert "says that there is none" in warnings(record)


@pytest.mark.parametrize("modifier", [{"implicitRules": "http://example.org"}, {"modifierExtension": [{"url": "x"}]}])
def test_B082_what_a_modifier_may_turn_round_is_not_used(take: Take, modifier: dict[str, Any]) -> None:
    record = take(observation("her2", HER2, valueCodeableConcept=POSITIVE) | modifier)
    assert "her2Status" not in facts(record)


def test_B037_a_dose_by_body_surface_changes_nothing_of_the_order(take: Take) -> None:
    """Doses are not checked: the order is read as what it is."""
    dose = {"route": INTRATHECAL, "doseAndRate": [{"doseQuantity": quantity(12, "mg/m2")}]}
    assert facts(take(methotrexate(dosageInstruction=[dose])))["treatment"] == "IntrathecalMethotrexate"


def test_B083_do_not_perform_is_no_order(take: Take) -> None:
    assert facts(take(methotrexate()))["treatment"] == "IntrathecalMethotrexate"
    record = take(methotrexate(doNotPerform=True))
    assert "treatment" not in facts(record)
    assert reasons(record)["MedicationRequest/mtx"] == "it says what is not to be given"


def test_B085_a_shunt_that_was_not_placed_is_none(take: Take) -> None:
    assert facts(take(shunt("completed")))["csfDevice"] == "UnspecifiedVentricularDevice"
    assert set(facts(take(shunt("not-done")))) == {"ageYears"}


@pytest.mark.parametrize("status", ["inactive", "entered-in-error"])
def test_B086_a_device_that_was_removed_is_none(take: Take, status: str) -> None:
    assert "csfDevice" not in facts(take(device("d", "258593008", status)))


# Contradiction and identity


def test_B088_flow_that_is_not_recorded_is_unknown(take: Take) -> None:
    record = take(kps(80))
    assert record.intake is not None
    assert "csfFlow" in record.intake.missing


def test_B089_flow_after_radiotherapy_is_the_newest(take: Take) -> None:
    record = take(own("february", "ObstructedCsfFlow", "2026-02-02"), own("april", "UnobstructedCsfFlow", "2026-04-02"))
    assert facts(record)["csfFlow"] == "UnobstructedCsfFlow"
    assert reasons(record)["Observation/february"] == "a newer entry tells of the fact"


def test_B091_two_devices_leave_it_open(take: Take) -> None:
    record = take(shunt("completed"), device("omm", "118425005"))
    assert "csfDevice" not in facts(record)
    assert "csfDevice is left open" in warnings(record)


@pytest.mark.parametrize("linked, told", [(False, None), (True, "NonSmallCellLungCarcinoma")])
def test_B094_the_primary_to_which_the_metastasis_links_goes_before_others(
    take: Take, linked: bool, told: str | None
) -> None:
    link = {"url": "http://hl7.org/fhir/StructureDefinition/condition-related"}
    extension = [link | {"valueReference": {"reference": "Condition/lung"}}] if linked else []
    record = take(
        condition("lm", LM) | {"extension": extension},
        condition("lung", (SCT, "254637007")),
        condition("breast", (SCT, "254837009")),
    )
    assert facts(record).get("originTumour") == told


def test_B095_a_primary_of_another_patient_is_not_taken(take: Take) -> None:
    other = condition("lung", (SCT, "254637007")) | {"subject": {"reference": "Patient/p2"}}
    record = take(condition("lm", LM), other)
    assert "originTumour" not in facts(record)
    assert reasons(record)["Condition/lung"] == "it is about another patient (Patient/p2)"


def test_B097_two_patients_in_one_bundle_are_never_merged(documents: Documents) -> None:
    second = {"resourceType": "Patient", "id": "p2"}
    mine, yours = kps(80), kps(40, name="other") | {"subject": {"reference": "Patient/p2"}}
    first, other = documents(bundle_of(PATIENT, second, mine, yours))
    assert facts(first)["karnofskyPerformanceStatus"] == "80"
    assert facts(other)["karnofskyPerformanceStatus"] == "40"


def test_B098_one_identifier_for_two_patients_refuses_both(documents: Documents) -> None:
    same = {"identifier": [{"system": "urn:oid:1.2", "value": "7"}]}
    found = documents(bundle_of(PATIENT | same, {"resourceType": "Patient", "id": "p2"} | same))
    assert [refused(record) for record in found] == [True, True]
    assert "Patient/p2 has the same identifier" in warnings(found[0])


def test_B100_a_resource_given_twice_is_one(take: Take) -> None:
    assert take(kps(80), kps(80)) == take(kps(80))


@pytest.mark.parametrize("death", [{"deceasedBoolean": True}, {"deceasedDateTime": "2026-05-01"}])
def test_B101_nobody_is_advised_about_the_dead(take: Take, death: dict[str, Any]) -> None:
    record = take(kps(80), patient=PATIENT | death)
    assert refused(record)
    assert facts(record) == {}


@pytest.mark.parametrize("code, told", [("118600007", "Lymphoma"), ("93143009", "Leukaemia")])
def test_B103_a_tumour_outside_the_guideline_is_named(take: Take, code: str, told: str) -> None:
    assert facts(take(condition("origin", (SCT, code))))["originTumour"] == told


def test_B104_a_pregnancy_is_told(take: Take) -> None:
    assert "pregnancy is recorded" in warnings(take(condition("pregnant", (SCT, "77386006"))))


# Codes


@pytest.mark.parametrize("system", ["http://hl7.org/fhir/sid/icd-10", ICD])
def test_B106_a_code_that_joins_brain_and_meninges_is_unknown(take: Take, system: str) -> None:
    record = take(condition("lm", (system, "C79.3")))
    assert "leptomeningealMetastasis" not in facts(record)
    assert "does not tell the meninges" in reasons(record)["Condition/lm"]


@pytest.mark.parametrize("code", ["C70.0", "C70.1", "C70.9"])
def test_B107_a_primary_tumour_of_the_meninges_is_another_disease(take: Take, code: str) -> None:
    assert set(facts(take(condition("lm", (ICD, code))))) == {"ageYears"}


def test_B109_a_metastasis_without_a_site_is_unknown(take: Take) -> None:
    record = take(condition("lm", (SCT, "128462008")))
    assert "leptomeningealMetastasis" not in facts(record)
    assert "does not say where" in reasons(record)["Condition/lm"]


@pytest.mark.parametrize("code", ["BRA", "OTH"])
def test_B110_a_register_without_a_code_for_meninges_says_nothing(take: Take, code: str) -> None:
    site = ("http://dktk.dkfz.de/fhir/onco/core/CodeSystem/FMLokalisationCS", code)
    assert set(facts(take(condition("lm", site)))) == {"ageYears"}


def test_B112_a_code_of_another_system_is_no_match(take: Take) -> None:
    assert "karnofskyPerformanceStatus" not in facts(take(observation("kps", (SCT, "89243-0"), valueInteger=80)))


@pytest.mark.parametrize("system", ["https://loinc.org/", "http://loinc.org/", "https://loinc.org", "loinc.org"])
def test_B113_a_system_that_is_nearly_right_is_told(take: Take, system: str) -> None:
    record = take(observation("kps", (system, "89243-0"), valueInteger=80))
    assert "karnofskyPerformanceStatus" not in facts(record)
    assert "http://loinc.org is meant, perhaps" in warnings(record)


def test_B115_text_alone_is_no_fact(take: Take) -> None:
    text = {"code": {"text": "leptomeningeal carcinomatosis"}}
    record = take(condition("lm", (SCT, "0")) | text)
    assert "leptomeningealMetastasis" not in facts(record)
    assert reasons(record)["Condition/lm"] == "it is text only, and text is not read"


@pytest.mark.parametrize(
    "answer",
    [
        {"valueCodeableConcept": POSITIVE},
        {"valueCodeableConcept": concept(SCT, "10828004")},
        {"interpretation": [concept("http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "POS")]},
    ],
)
def test_B116_positive_in_three_code_systems(take: Take, answer: dict[str, Any]) -> None:
    assert facts(take(observation("her2", HER2, **answer)))["her2Status"] == "Her2Positive"


@pytest.mark.parametrize("code, told", [("1790099", "SystemicChemotherapy"), ("349472", None), ("1", None)])
def test_B118_a_product_is_known_by_its_ingredient_or_not_at_all(take: Take, code: str, told: str | None) -> None:
    """An unknown order is listed as ignored, so that nobody reads the list of courses as complete."""
    record = take(methotrexate(medicationCodeableConcept=concept(RXNORM, code), dosageInstruction=[]))
    assert facts(record).get("treatment") == told
    assert told or "states no fact" in reasons(record)["MedicationRequest/mtx"]


@pytest.mark.parametrize(
    "code, told", [("2267582", "TrastuzumabDeruxtecan"), ("224905", None), ("702836004", "SystemicChemotherapy")]
)
def test_B119_three_drugs_with_one_name_in_them_are_three(take: Take, code: str, told: str | None) -> None:
    system = SCT if len(code) == 9 else RXNORM
    record = take(methotrexate(medicationCodeableConcept=concept(system, code), dosageInstruction=[]))
    assert facts(record).get("treatment") == told


# The shape of FHIR


def test_B121_a_type_that_is_none_costs_its_entry(take: Take) -> None:
    record = take({"resourceType": "Banana", "id": "b"}, kps(80))
    assert facts(record)["karnofskyPerformanceStatus"] == "80"
    assert reasons(record)["Banana (1)"] == "this type of resource is not read"


def test_B122_every_packaging_is_accepted(documents: Documents) -> None:
    resources = [PATIENT, kps(80) | {"subject": {"reference": "Patient/p1"}}]
    lines = "\n".join(json.dumps(one) for one in resources).encode()
    for document in (resources, bundle_of(*resources), lines):
        (record,) = documents(document)
        assert facts(record)["karnofskyPerformanceStatus"] == "80"
    (alone,) = documents(resources[1])
    assert (alone.patient, facts(alone)["karnofskyPerformanceStatus"]) == ("p1", "80")


def test_B122_an_export_of_several_files_is_one_record(knowledge: Knowledge, tmp_path: Path) -> None:
    """A bulk export has a file for each type."""
    (tmp_path / "Patient.ndjson").write_text(json.dumps(PATIENT) + "\n")
    (tmp_path / "Observation.ndjson").write_text(json.dumps(kps(80) | {"subject": {"reference": "Patient/p1"}}) + "\n")
    files = [tmp_path / "Patient.ndjson", tmp_path / "Observation.ndjson"]
    (record,) = read(files, knowledge.facts, Intaking(knowledge, ON))
    assert facts(record) == {"ageYears": "60", "karnofskyPerformanceStatus": "80"}


def test_B124_an_outcome_in_place_of_data_is_said(take: Take) -> None:
    record = take({"resourceType": "OperationOutcome", "issue": []}, kps(80))
    assert any("they were not available" in reason for reason in reasons(record).values())


@pytest.mark.parametrize(
    "resource, told",
    [
        ({"resourceType": "MedicationOrder", "id": "x"}, None),
        (methotrexate(medication={"concept": concept(RXNORM, "6851")}), "it has an element of FHIR R5"),
        (condition("lm", LM) | {"clinicalStatus": "active"}, "as before FHIR R4"),
    ],
)
def test_B125_another_release_is_named_and_not_read(take: Take, resource: dict[str, Any], told: str | None) -> None:
    record = take(resource)
    assert set(facts(record)) == {"ageYears"}
    assert any((told or "not read") in reason for reason in reasons(record).values())


def test_B125_a_medication_statement_of_r4_is_read(take: Take) -> None:
    stated = methotrexate(resourceType="MedicationStatement", effectiveDateTime="2026-02-01")
    stated["dosage"] = stated.pop("dosageInstruction")
    assert facts(take(stated))["courseStatus"] == "Ongoing"


def test_B127_a_loop_of_references_ends(take: Take) -> None:
    loop = {"hasMember": [{"reference": "Observation/kps"}], "partOf": [{"reference": "Observation/kps"}]}
    assert facts(take(kps(80) | loop))["karnofskyPerformanceStatus"] == "80"


def test_B128_three_kinds_of_silence_are_three(documents: Documents) -> None:
    searched = {"resourceType": "Bundle", "type": "searchset"}
    hook = {"hook": "patient-view", "prefetch": {"patient": PATIENT, "kps": None, "csf": searched}}
    (record,) = documents(hook)
    assert reasons(record)["record.json prefetch kps"] == "this was not fetched"
    assert reasons(record)["record.json prefetch csf"] == "this was searched for, and nothing was found"


@pytest.mark.parametrize("name", ["../../etc/passwd", "x" * 200, "a b", ""])
def test_B130_an_id_that_is_none_is_refused(take: Take, name: str) -> None:
    record = take(kps(80) | {"id": name})
    assert "karnofskyPerformanceStatus" not in facts(record)
    assert refused(take(patient=PATIENT | {"id": name}))


# What the contract on patient data says of facts, wherever they come from


def test_B022_a_score_between_the_steps_is_told(take: Take, recommender: Recommender) -> None:
    (report,) = recommender.answer([take(kps(85))], ON)
    assert ("karnofskyPerformanceStatus", "warning") in {(one.property, one.severity) for one in report.findings}
    assert not report.refused


def test_B023_a_score_of_death_beside_an_order_is_refused(take: Take, recommender: Recommender) -> None:
    (report,) = recommender.answer([take(kps(0), methotrexate())], ON)
    assert report.refused
    assert report.verdicts == ()


def test_B028_two_scales_that_cannot_both_hold_are_told(take: Take, recommender: Recommender) -> None:
    ecog = observation("ecog", (LOINC, "89247-1"), valueInteger=0)
    (report,) = recommender.answer([take(kps(40), ecog)], ON)
    assert any("ECOG" in one.message for one in report.findings)


def test_B092_symptomatic_hydrocephalus_offers_a_shunt_and_bars_intrathecal_chemotherapy(
    take: Take, recommender: Recommender
) -> None:
    record = take(
        condition("lm", LM),
        condition("origin", (SCT, "254837009")),
        kps(80),
        own("hydrocephalus", "SymptomaticHydrocephalus", "2026-03-02", "hydrocephalus"),
        own("device", "NoCsfDevice", "2026-03-02", "csfDevice"),
    )
    (report,) = recommender.answer([record], ON)
    verdicts = {one.action: one.verdict for one in report.verdicts}
    assert verdicts["VentriculoperitonealShunt"] == "recommended"
    assert verdicts["IntrathecalMethotrexate"] == "against"


def test_the_volumes_of_a_course_summary_tell_what_was_irradiated(take: Take) -> None:
    """As mCODE has it: the volumes are resources of their own, named with the dose that each received, in cGy."""
    dose = "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-radiotherapy-dose-delivered-to-volume"

    def volume(name: str, site: str) -> dict[str, Any]:
        return {"resourceType": "BodyStructure", "id": name, "location": concept(SCT, site)} | {
            "patient": {"reference": "Patient/p1"}
        }

    def delivered(name: str) -> dict[str, Any]:
        parts = [
            {"url": "volume", "valueReference": {"reference": f"BodyStructure/{name}"}},
            {"url": "totalDoseDelivered", "valueQuantity": quantity(3000, "cGy")},
        ]
        return {"url": dose, "extension": parts}

    both = radiotherapy(extension=[delivered("brain"), delivered("canal")])
    record = take(both, volume("brain", "12738006"), volume("canal", "61853006"))
    assert facts(record)["treatment"] == "CraniospinalIrradiation"
    lost = take(both, volume("brain", "12738006"))
    assert facts(lost)["treatment"] == "UnspecifiedRadiotherapy", "half of the volumes would tell another treatment"
    assert "BodyStructure/canal, which is not in the input" in warnings(lost)


def test_an_order_that_is_being_carried_out_is_under_way(take: Take) -> None:
    """An administration that names its order makes one course of the two."""
    record = take(methotrexate(), given(METHOTREXATE, VENTRICULAR, request={"reference": "MedicationRequest/mtx"}))
    assert (facts(record)["courseStatus"], facts(record)["startDate"]) == ("Ongoing", "2026-11-02")
