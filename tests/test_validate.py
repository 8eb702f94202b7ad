"""The contract on patient data: every property shape refuses what it must, and says so in the owner's words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, parse
from pyshacl import validate as pyshacl_validate
from rdflib import Graph
from rdflib.namespace import RDF, SH

from lepto.finding import Finding
from lepto.knowledge import Knowledge, load
from lepto.read import Record, read_bytes
from lepto.validate import CANARY, Validator
from lepto.vocabulary import LEPTO, RDF_TYPE, local_name
from lepto.vocabulary import SH as SHACL
from tests.patients import ON, patients, record_of, values_of

KNOWLEDGE = load()
VALIDATOR = Validator(KNOWLEDGE)
SHAPES = KNOWLEDGE.root / "shapes" / "patient.ttl"
COURSE = {"treatment": "IntrathecalMethotrexate", "courseStatus": "Planned"}

NUMBER = "is one whole number"
INVALID: list[tuple[str, Any, str]] = [
    ("ageYears", -1, "Age is one whole number of years from 0 to 130."),
    ("ageYears", 131, "Age is one whole number of years from 0 to 130."),
    ("ageYears", "54", "Age is one whole number of years from 0 to 130."),
    ("ageYears", 54.5, "Age is one whole number of years from 0 to 130."),
    ("ageYears", True, "Age is one whole number of years from 0 to 130."),
    ("ageYears", None, "Age is one whole number of years from 0 to 130."),
    ("ageYears", [54, 55], "Age is one whole number of years from 0 to 130."),
    ("karnofskyPerformanceStatus", 105, NUMBER),
    ("karnofskyPerformanceStatus", -10, NUMBER),
    ("karnofskyPerformanceStatus", 69.9999999, NUMBER),
    ("karnofskyPerformanceStatus", 80.0, NUMBER),
    ("karnofskyPerformanceStatus", "80", NUMBER),
    ("karnofskyPerformanceStatus", "80%", NUMBER),
    ("karnofskyPerformanceStatus", True, NUMBER),
    ("karnofskyPerformanceStatus", [40, 80], NUMBER),
    ("ecogPerformanceStatus", 6, NUMBER),
    ("ecogPerformanceStatus", -1, NUMBER),
    ("lifeExpectancyMonths", -0.5, "Life expectancy is one number of months, 0 or more."),
    ("lifeExpectancyMonths", "6 months", "Life expectancy is one number of months, 0 or more."),
    ("csfProtein", -4, "Cerebrospinal fluid protein is one number in mg/dL, 0 or more."),
    ("csfProtein", "142 mg/dl H", "Cerebrospinal fluid protein is one number in mg/dL, 0 or more."),
    ("csfProtein", {"value": 1.2, "unit": "g/L"}, "Cerebrospinal fluid protein is one number in mg/dL, 0 or more."),
    ("wholeBrainBenefitOutweighsHarm", "yes", "The judgement on whole-brain radiotherapy is either true or false."),
    ("wholeBrainBenefitOutweighsHarm", 1, "The judgement on whole-brain radiotherapy is either true or false."),
    ("treatmentCourse", ["IntrathecalMethotrexate"], "A treatment course is an object with a treatment and a status."),
    ("treatmentCourse", [{"treatment": "IntrathecalMethotrexate"}], "exactly one of Given, Ongoing or Planned"),
    ("treatmentCourse", [{"courseStatus": "Given"}], "A course names exactly one known treatment."),
    ("treatmentCourse", [{**COURSE, "treatment": "Chamomile"}], "A course names exactly one known treatment."),
    ("treatmentCourse", [{**COURSE, "courseStatus": "Maybe"}], "exactly one of Given, Ongoing or Planned"),
    ("treatmentCourse", [{**COURSE, "targetSite": "Elbow"}], "The target site is CsfBlockSite or OtherSite."),
    ("treatmentCourse", [{**COURSE, "startDate": "31/02/2026"}], "A start date is one full date"),
    ("treatmentCourse", [{**COURSE, "endDate": "2026-13-45"}], "An end date is one full date"),
    ("treatmentCourse", [{**COURSE, "endDate": "2026-02"}], "An end date is one full date"),
    (
        "treatmentCourse",
        [{**COURSE, "startDate": "2026-03-02", "endDate": "2026-03-01"}],
        "A course does not end before it starts.",
    ),
    (
        "treatmentCourse",
        [{**COURSE, "courseStatus": "Given", "startDate": "2999-01-01"}],
        "did not start after the day for which the answer is asked",
    ),
    (
        "treatmentCourse",
        [{**COURSE, "courseStatus": "Given", "endDate": "2999-01-01"}],
        "did not end after the day for which the answer is asked",
    ),
    ("treatmentCourse", [{**COURSE, "dose": 15}], "dose is no fact that LEPTO knows"),
    ("declinedTreatment", ["Chamomile"], "A declined treatment is a known treatment."),
    ("kps", 80, "kps is no fact that LEPTO knows"),
    ("treatment", "FocalRadiotherapy", "state it of the course"),
    ("treatmentCourse", [{**COURSE, "ageYears": 60}], "state it of the patient"),
    ("karnofskyPerformanceState", 80, "did you mean karnofskyPerformanceStatus"),
]
CONTRADICTIONS: list[tuple[dict[str, Any], str, str]] = [
    (
        {"leptomeningealMetastasis": "Excluded", "csfCytology": "CytologyPositive"},
        "violation",
        "cannot be excluded while cytology is positive",
    ),
    *(
        ({"leptomeningealMetastasis": "Excluded", "depositPattern": p}, "violation", "while leptomeningeal deposits")
        for p in ("LinearDeposits", "NodularDeposits", "LinearAndNodularDeposits")
    ),
    *(
        (
            {"karnofskyPerformanceStatus": 0, "treatmentCourse": [{**COURSE, "courseStatus": s}]},
            "violation",
            "means death",
        )
        for s in ("Planned", "Ongoing")
    ),
    ({"karnofskyPerformanceStatus": 0}, "warning", "A Karnofsky status of 0 means death: check the record."),
    ({"ecogPerformanceStatus": 5}, "warning", "An ECOG status of 5 means death: check the record."),
    ({"karnofskyPerformanceStatus": 85}, "warning", "The Karnofsky scale has steps of ten."),
    ({"karnofskyPerformanceStatus": 40, "ecogPerformanceStatus": 0}, "warning", "do not fit together"),
    ({"karnofskyPerformanceStatus": 90, "ecogPerformanceStatus": 3}, "warning", "do not fit together"),
    ({"karnofskyPerformanceStatus": 60, "ecogPerformanceStatus": 4}, "warning", "do not fit together"),
    ({"karnofskyPerformanceStatus": 30, "ecogPerformanceStatus": 2}, "warning", "do not fit together"),
    (
        {"raisedIntracranialPressure": "Present", "hydrocephalus": "AsymptomaticHydrocephalus"},
        "warning",
        "check whether the hydrocephalus is symptomatic",
    ),
    ({"csfFlow": "CsfFlowRestoredByRadiotherapy"}, "warning", "but none that was given at the site of the block"),
    *(
        (
            {
                "csfFlow": "CsfFlowRestoredByRadiotherapy",
                "treatmentCourse": [{"treatment": "FocalRadiotherapy", "courseStatus": status, "targetSite": site}],
            },
            "violation",
            "Flow cannot have been restored by radiotherapy while none that was given",
        )
        for status, site in (("Given", "OtherSite"), ("Planned", "CsfBlockSite"), ("Ongoing", "CsfBlockSite"))
    ),
    (
        {
            "csfFlow": "CsfFlowRestoredByRadiotherapy",
            "treatmentCourse": [{"treatment": "RadiotherapyToRestoreCsfFlow", "courseStatus": "Planned"}],
        },
        "violation",
        "Flow cannot have been restored by radiotherapy while none that was given",
    ),
    (
        {
            "csfDevice": "NoCsfDevice",
            "treatmentCourse": [{"treatment": "VentriculoperitonealShunt", "courseStatus": "Given"}],
        },
        "warning",
        "but no device is recorded",
    ),
]
NAMED_VALUES = [
    name for name, fact in KNOWLEDGE.facts.items() if fact.datatype is None and not fact.of_course and not fact.many
]


def findings(facts: dict[str, Any]) -> tuple[Finding, ...]:
    """The findings on one patient."""
    return VALIDATOR.validate([record_of(KNOWLEDGE, facts)], ON)[0]


@pytest.mark.parametrize(("name", "value", "message"), INVALID, ids=lambda value: str(value)[:40])
def test_an_impossible_value_is_a_violation(name: str, value: object, message: str) -> None:
    """A value of the wrong type, out of range, unknown or impossible costs the patient the answer, in the owner's
    words.
    """
    found = findings({name: value})
    assert any(finding.severity == "violation" and message in finding.message for finding in found)


@pytest.mark.parametrize("name", NAMED_VALUES)
@pytest.mark.parametrize("value", ["Blue", 1, True, ["Present", "Absent"]], ids=str)
def test_an_unknown_value_is_a_violation_that_lists_the_known_ones(name: str, value: object) -> None:
    """A fact with named values takes these and no others, one at a time."""
    found = findings({name: value})
    assert found
    assert {(finding.severity, finding.property) for finding in found} == {("violation", name)}
    if value == "Blue":
        assert values_of(KNOWLEDGE, name)[0] in found[0].message
        assert found[0].value == "Blue"


@pytest.mark.parametrize("name", sorted(set(KNOWLEDGE.facts) - {"treatment", "courseStatus", "targetSite"}))
def test_every_value_that_the_ontology_knows_is_accepted(name: str) -> None:
    """The shapes refuse no value that the ontology declares."""
    if KNOWLEDGE.facts[name].of_course or KNOWLEDGE.facts[name].nested:
        course = {**COURSE, **({name: "2026-12-01"} if name != "treatmentCourse" else {})}
        assert findings({"treatmentCourse": [course]}) == ()
        return
    for value in values_of(KNOWLEDGE, name):
        many = KNOWLEDGE.facts[name].many
        found = findings({name: [value] if many else value})
        assert all(finding.severity == "warning" for finding in found)


@pytest.mark.parametrize(("facts", "severity", "message"), CONTRADICTIONS, ids=lambda value: str(value)[:60])
def test_facts_that_contradict_each_other_are_found(facts: dict[str, Any], severity: str, message: str) -> None:
    """A contradiction is a violation, a doubt a warning, and each is said once."""
    found = [finding for finding in findings(facts) if finding.severity == severity]
    assert len([finding for finding in found if message in finding.message]) == 1


@pytest.mark.parametrize(("facts", "severity", "message"), CONTRADICTIONS, ids=lambda value: str(value)[:60])
def test_one_side_of_a_contradiction_alone_is_no_fault(facts: dict[str, Any], severity: str, message: str) -> None:
    """Each fact of a contradiction is accepted without the other."""
    for name in facts if len(facts) > 1 else ():
        assert not any(message in f.message and f.severity == severity for f in findings({name: facts[name]}))


def test_every_shape_with_a_message_is_seen_to_refuse() -> None:
    """No property shape of the contract is there for nothing: each one's message appears for some record above."""
    said = {
        finding.message
        for facts in [
            *({n: v} for n, v, _ in INVALID),
            *(f for f, _, _ in CONTRADICTIONS),
            *({n: "Blue"} for n in NAMED_VALUES),
        ]
        for finding in findings(facts)
    }
    shapes = parse(SHAPES.read_bytes(), format=RdfFormat.TURTLE)
    found = [quad.object for quad in shapes if quad.predicate == NamedNode(SHACL + "message")]
    messages = {text.value for text in found if isinstance(text, Literal)}
    closed = {"A record holds only facts that LEPTO knows.", "A course holds only facts that LEPTO knows."}
    identity = {"A patient has exactly one identifier."} | {text for text in messages if "derived, not stated" in text}
    unseen = {text for text in messages - closed - identity if not any(said_one.startswith(text) for said_one in said)}
    assert messages
    assert not unseen


@pytest.mark.parametrize("node", ["", ":course:1"])
def test_a_derived_class_cannot_be_stated(node: str) -> None:
    """A record says what was recorded; that a patient belongs to a criterion is derived, and stating it is refused."""
    record = record_of(KNOWLEDGE, {"treatmentCourse": [COURSE]})
    types = Triple(NamedNode(record.iri + node), NamedNode(RDF_TYPE), NamedNode(LEPTO + "KarnofskyAtLeast70"))
    (found,) = VALIDATOR.validate([Record(record.patient, record.origin, (*record.triples, types), ())], ON)
    assert any("nothing else" in finding.message and finding.severity == "violation" for finding in found)


def test_a_record_without_identifier_is_refused() -> None:
    """The reader never makes such a record; the shape refuses it all the same."""
    record = record_of(KNOWLEDGE, {"ageYears": 54})
    nameless = Record(
        record.patient, record.origin, tuple(t for t in record.triples if "identifier" not in t.predicate.value), ()
    )
    (found,) = VALIDATOR.validate([nameless], ON)
    assert [finding.message for finding in found] == ["A patient has exactly one identifier."]


def test_the_whole_report_on_a_refused_patient(recommender: Any) -> None:
    """A patient with a violation gets findings, caveats and nothing derived; the others are answered."""
    people = [{"id": "A", "ageYears": "old"}, {"id": "B", "ageYears": 54}]
    refused, answered = recommender.answer(read_bytes(json.dumps(people).encode(), "two.json", KNOWLEDGE.facts), ON)
    assert refused.findings == (
        Finding("violation", "ageYears", "old", "Age is one whole number of years from 0 to 130."),
    )
    assert (refused.verdicts, refused.requests, refused.prognosis, refused.assumptions) == ((), (), (), ())
    assert refused.caveats
    assert answered.verdicts


def test_shapes_that_look_at_nothing_are_refused(tmp_path: Path) -> None:
    """Shapes with a misspelt target would accept everything; the canary record makes that an error."""
    from shutil import copytree

    for name in ("ontology", "queries", "shapes"):
        copytree(KNOWLEDGE.root / name, tmp_path / name)
    shapes = tmp_path / "shapes" / "patient.ttl"
    shapes.write_text(shapes.read_text().replace("sh:targetClass lepto:Patient ;", "sh:targetClass lepto:Patiend ;"))
    from lepto.errors import KnowledgeError

    with pytest.raises(KnowledgeError, match="look at nothing"):
        Validator(Knowledge(tmp_path)).validate([record_of(KNOWLEDGE, {"ageYears": 54})], ON)


def test_records_of_an_earlier_run_are_forgotten() -> None:
    """The same patient asked twice with other facts has one value of each fact."""
    assert findings({"ageYears": 54}) == ()
    assert findings({"ageYears": 55}) == ()


# rudof against the reference implementation


# Compared are nodes and shapes. Left out are booleans in the place of numbers, for to pySHACL, as to Python, true is a
# number, and numbers in the place of courses, which both engines refuse and whose parts they then count differently.


def results_of_rudof(record: Record) -> set[tuple[str, str]]:
    """Focus node and broken shape of every result of the engine in use."""
    VALIDATOR._load(VALIDATOR._data(record.triples, ON))
    entries = VALIDATOR.engine.validate_shacl().violations
    return {(entry.focus_node, local_name(entry.source_shape or "")) for entry in entries if entry.focus_node != CANARY}


def results_of_pyshacl(record: Record) -> set[tuple[str, str]]:
    """The same of pySHACL, the reference implementation."""
    data = Graph().parse(data=VALIDATOR._data(record.triples, ON), format="nt")
    _, report, _ = pyshacl_validate(data, shacl_graph=Graph().parse(SHAPES))
    assert isinstance(report, Graph)
    found = set()
    for result in report.subjects(RDF.type, SH.ValidationResult):
        focus, shape = (str(report.value(result, name)) for name in (SH.focusNode, SH.sourceShape))
        if focus != CANARY:
            found.add((focus, local_name(shape)))
    return found


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "facts",
    [*({n: v} for n, v, _ in INVALID if v is not True), *(f for f, _, _ in CONTRADICTIONS)],
    ids=lambda facts: json.dumps(facts)[:60],
)
def test_rudof_and_pyshacl_agree_on_every_faulty_record(facts: dict[str, Any]) -> None:
    """Both engines find the same shapes broken at the same nodes."""
    record = record_of(KNOWLEDGE, facts)
    assert results_of_rudof(record) == results_of_pyshacl(record) != set()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    facts=patients(KNOWLEDGE),
    junk=st.dictionaries(
        st.sampled_from(sorted(name for name, fact in KNOWLEDGE.facts.items() if not fact.nested)),
        st.sampled_from([1, "x", 2.5]),
    ),
)
def test_rudof_and_pyshacl_agree_on_random_records(facts: dict[str, Any], junk: dict[str, Any]) -> None:
    """Both engines agree on sound and on spoilt records alike."""
    record = record_of(KNOWLEDGE, {**facts, **junk})
    assert results_of_rudof(record) == results_of_pyshacl(record)
