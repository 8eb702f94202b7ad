"""Every entry is of one patient, one server and one version, or of nobody: records are never merged."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fhir.records import RXNORM, concept
from tests.fhir.taken import (
    PATIENT,
    Documents,
    Take,
    bundle_of,
    courses,
    facts,
    kps,
    order,
    reasons,
    refused,
    warnings,
    without,
)

OURS, THEIRS = "https://a.org/fhir", "https://b.org/fhir"
NAMESAKE = PATIENT | {"birthDate": "1990-01-01"}
OSIMERTINIB, DERUXTECAN = "1721560", "2267582"


def served(server: str, *resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A bundle of resources that a server holds."""
    whole = bundle_of(*resources)
    for entry in whole["entry"]:
        entry["fullUrl"] = f"{server}/{entry['resource']['resourceType']}/{entry['resource']['id']}"
    return whole | more


def of(subject: str, resource: dict[str, Any]) -> dict[str, Any]:
    """A resource about another subject than the patient p1."""
    return resource | {"subject": {"reference": subject}}


def packaged(code: str) -> dict[str, Any]:
    """The medication 1."""
    return {"resourceType": "Medication", "id": "1", "code": concept(RXNORM, code)}


def order_of_a_package() -> dict[str, Any]:
    """An order of the medication 1."""
    return without(order({}), "medicationCodeableConcept") | {"medicationReference": {"reference": "Medication/1"}}


# Which patient


def test_patients_of_two_servers_with_one_id_are_never_merged(documents: Documents) -> None:
    """Each has the facts of its own server; and since an answer could not tell the two apart, neither gets one."""
    bundles = [served(OURS, PATIENT, kps(80)), served(THEIRS, NAMESAKE, kps(40))]
    together = {"resourceType": "Bundle", "type": "collection", "entry": [e for one in bundles for e in one["entry"]]}
    for document in (bundles, together):
        first, second = documents(document)
        assert [refused(first), refused(second)] == [True, True]
        assert [_used(first), _used(second)] == [
            {"ageYears": "60", "karnofskyPerformanceStatus": "80"},
            {"ageYears": "36", "karnofskyPerformanceStatus": "40"},
        ]


def _used(record: Any) -> dict[str, str]:
    return {one.property: one.value for one in record.intake.used}


def test_a_patient_on_another_server_is_a_stranger(documents: Documents) -> None:
    (record,) = documents(served(OURS, PATIENT, of(f"{THEIRS}/Patient/p1", kps(80))))
    assert set(facts(record)) == {"ageYears"}
    assert reasons(record)["Observation/kps"] == f"it is about another patient ({THEIRS}/Patient/p1)"


def test_a_patient_on_the_same_server_is_meant_with_or_without_its_address(documents: Documents) -> None:
    for reference in (f"{OURS}/Patient/p1", "Patient/p1", f"{OURS}/Patient/p1/_history/2"):
        (record,) = documents(served(OURS, PATIENT, of(reference, kps(80))))
        assert facts(record)["karnofskyPerformanceStatus"] == "80"


NOBODYS = {
    "of nobody": (kps(40, name="x") | {"subject": {}}, "it does not say whom it is about"),
    "of an identifier": (
        kps(40, name="x") | {"subject": {"identifier": {"system": "urn:mrn", "value": "1"}}},
        "it does not say whom it is about",
    ),
    "of another address": (
        of("http://a.org/fhir/Patient/p1", kps(40, name="x")),
        "it is about another patient (http://a.org/fhir/Patient/p1)",
    ),
}


@pytest.mark.parametrize("resource, told", NOBODYS.values(), ids=NOBODYS)
def test_what_belongs_to_no_patient_of_several_is_listed(
    documents: Documents, resource: dict[str, Any], told: str
) -> None:
    """With the patients of its bundle; where that has none, with all."""
    one, other = served(OURS, PATIENT), served(OURS, PATIENT | {"id": "p2"})
    alone, beside = served(OURS, resource), served(OURS, PATIENT | {"id": "p2"}, resource)
    assert [reasons(record).get("Observation/x") for record in documents([one, beside])] == [None, told]
    assert [reasons(record).get("Observation/x") for record in documents([one, other, alone])] == [told, told]


def test_much_that_belongs_to_no_patient_of_several_is_counted(documents: Documents) -> None:
    many = [of("Patient/p9", kps(40, name=f"x-{number:02}")) for number in range(30)]
    for record in documents(bundle_of(PATIENT, PATIENT | {"id": "p2"}, *many)):
        assert len(reasons(record)) == 11
        assert reasons(record)["Observation (20)"] == "it is about another patient (Patient/p9)"


@pytest.mark.parametrize("names", [{}, {"id": "p1"}])
def test_a_universally_unique_reference_finds_its_patient(documents: Documents, names: dict[str, str]) -> None:
    """Whether or not the patient has an id beside it."""
    people = [{"resourceType": "Patient", "birthDate": "1960-01-01"}, without(PATIENT, "id") | names]
    document = bundle_of(*people, of("urn:uuid:second", kps(80)))
    for entry, name in zip(document["entry"], ("first", "second", "score"), strict=True):
        entry["fullUrl"] = f"urn:uuid:{name}"
    first, second = documents(document)
    assert facts(first) == {"ageYears": "66"}
    assert facts(second) == {"ageYears": "60", "karnofskyPerformanceStatus": "80"}


@pytest.mark.parametrize("subject", ["Group/g", "Device/d", "#p"])
def test_a_group_a_device_and_what_is_contained_are_no_patients(documents: Documents, subject: str) -> None:
    """Whether or not they are in the input."""
    inside = {"contained": [{"resourceType": "Patient", "id": "p", "birthDate": "1950-01-01"}]}
    others = [{"resource": {"resourceType": "Group", "id": "g"}}, {"resource": {"resourceType": "Device", "id": "d"}}]
    for more in ([], others):
        alone, beside = (bundle_of(*some, of(subject, kps(80) | inside)) for some in ([], [PATIENT]))
        (nobody,) = documents(alone | {"entry": alone["entry"] + more})
        assert "no resource says whom it is about" in warnings(nobody)
        assert refused(nobody)
        (record,) = documents(beside | {"entry": beside["entry"] + more})
        assert set(facts(record)) == {"ageYears"}
        assert reasons(record)["Observation/kps"] == f"it is about another patient ({subject})"


def test_a_subject_that_is_only_an_identifier_is_nobody(documents: Documents) -> None:
    """Even where a patient has that identifier: identifiers are not looked up."""
    same = {"system": "urn:oid:1.2", "value": "7"}
    score = kps(80) | {"subject": {"identifier": same}}
    (record,) = documents(bundle_of(PATIENT | {"identifier": [same]}, score))
    assert set(facts(record)) == {"ageYears"}
    assert reasons(record)["Observation/kps"] == "it does not say whom it is about"
    assert refused(documents(bundle_of(score))[0])


def test_one_identifier_on_two_servers_refuses_both(documents: Documents) -> None:
    same = {"identifier": [{"system": "urn:oid:1.2", "value": "7"}]}
    found = documents([served(OURS, PATIENT | same), served(THEIRS, NAMESAKE | same | {"id": "p2"})])
    assert [refused(record) for record in found] == [True, True]
    assert "Patient/p1 has the same identifier" in warnings(found[1])


def test_what_is_about_something_else_than_the_patient_is_not_used(take: Take) -> None:
    """A score of the patient's wife may stand in the record of the patient, with her in focus."""
    record = take(kps(80, focus=[{"reference": "RelatedPerson/wife"}]))
    assert set(facts(record)) == {"ageYears"}
    assert "it is about something else than the patient (focus)" in warnings(record)
    assert facts(take(kps(80, focus=[{"reference": "Patient/p1"}])))["karnofskyPerformanceStatus"] == "80"


@pytest.mark.parametrize(
    "mark", [{"active": False}, {"link": [{"other": {"reference": "Patient/p2"}, "type": "replaced-by"}]}]
)
def test_a_patient_who_is_inactive_or_replaced_is_told_of(take: Take, mark: dict[str, Any]) -> None:
    told = "Patient/p1: it is marked as inactive, or replaced by another one."
    assert told in warnings(take(kps(80), patient=PATIENT | mark))
    assert told not in warnings(take(kps(80), patient=PATIENT | {"active": True}))


# Which resource


def test_a_reference_is_looked_for_in_its_own_bundle_first(documents: Documents) -> None:
    mine = bundle_of(PATIENT, order_of_a_package(), packaged(OSIMERTINIB))
    yours = bundle_of(PATIENT | {"id": "p2"}, of("Patient/p2", order_of_a_package()), packaged(DERUXTECAN))
    for document in ([mine, yours], [yours, mine]):
        told = {record.patient: courses(record) for record in documents(document)}
        assert told == {"p1": {("Osimertinib", "Planned")}, "p2": {("TrastuzumabDeruxtecan", "Planned")}}


def test_a_reference_never_leads_to_another_server(documents: Documents) -> None:
    mine, yours = served(OURS, PATIENT, order_of_a_package()), served(THEIRS, packaged(OSIMERTINIB))
    (record,) = documents([mine, yours])
    assert courses(record) == set()
    (record,) = documents([mine, served(OURS, packaged(OSIMERTINIB))])
    assert courses(record) == {("Osimertinib", "Planned")}


# Which version


def deletion(**more: Any) -> dict[str, Any]:
    """An entry that deletes a score."""
    return {"request": {"method": "DELETE", "url": "Observation/kps"}, **more}


def test_what_was_deleted_is_gone(documents: Documents) -> None:
    """In a history, where its versions stand beside the deletion, and in a transaction that carries it along."""
    (about_me,) = bundle_of(kps(80))["entry"]
    for entries in ([deletion(), about_me], [about_me, deletion()], [deletion(**about_me)]):
        (record,) = documents({"resourceType": "Bundle", "type": "history", "entry": [{"resource": PATIENT}, *entries]})
        assert set(facts(record)) == {"ageYears"}
        assert "(Observation/kps): it was deleted." in warnings(record)


def test_what_is_absent_is_told_in_the_order_of_places_and_in_short(documents: Documents) -> None:
    """Ten by ten, line 2 before line 10, whatever numbers stand in names; how many more there are is said."""
    entries = [deletion(request={"method": "DELETE", "url": f"Observation/{'1' * 5000}"})] * 14
    (record,) = documents({"resourceType": "Bundle", "type": "history", "entry": [{"resource": PATIENT}, *entries]})
    told = [one.message for one in record.findings]
    assert [f"entry {number} (" in " ".join(told) for number in range(2, 16)] == [True] * 10 + [False] * 4
    assert told.count("4 places more: it was deleted.") == 1


@pytest.mark.parametrize(
    "older, newer",
    [
        ("2026-04-01T09:00:00+09:00", "2026-04-01T05:00:00Z"),
        ("2026-04-01T05:00:00.250Z", "2026-04-01T05:00:00.5Z"),
        ("2026-04-01T05:00:00Z", "2026-04-01T05:00:00.500Z"),
        ("2026-04-01T05:00:00Z", "2026-04-02T01:00:00+14:00"),
    ],
)
def test_of_two_versions_the_newer_instant_counts(take: Take, older: str, newer: str) -> None:
    """However it is written, and in whatever order they come; the older one is listed."""
    old, new = kps(80, meta={"lastUpdated": older}), kps(40, meta={"lastUpdated": newer})
    for versions in ((old, new), (new, old)):
        record = take(*versions)
        assert facts(record)["karnofskyPerformanceStatus"] == "40"
        assert reasons(record)["Observation/kps"] == "the input has a newer version of it"


def test_a_newer_version_that_is_retracted_leaves_nothing(take: Take) -> None:
    old = kps(80, meta={"lastUpdated": "2026-04-01T05:00:00Z"})
    new = kps(80, status="entered-in-error", meta={"lastUpdated": "2026-05-01T05:00:00Z"})
    assert set(facts(take(old, new))) == {"ageYears"}


@pytest.mark.parametrize("instant", ["2026-04-01T05:00:00Z", "2026-04-01T14:00:00+09:00"])
def test_two_versions_of_one_instant_are_doubtful(take: Take, instant: str) -> None:
    old, new = kps(80, meta={"lastUpdated": "2026-04-01T05:00:00Z"}), kps(40, meta={"lastUpdated": instant})
    record = take(old, new)
    assert set(facts(record)) == {"ageYears"}
    assert "the input has two versions of it, or its deletion, and nothing tells the newer" in warnings(record)
