"""The cases cover the guideline, counted from the ontology: a rule, criterion, value or source without a case is found.

A rule *stands* in a case where every criterion holds. It *falls by* a criterion where that one alone speaks against it,
and *waits for* a criterion where that one alone is unknown: strike the criterion out of the rule, and its standing in
that case changes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import pytest
from pyoxigraph import NamedNode

from lepto.derive import derived
from lepto.knowledge import Knowledge
from lepto.read import Record, read_bytes
from lepto.recommend import Recommender
from lepto.vocabulary import LEPTO, RDF_TYPE, local_name
from tests.accept_cases import folders, records_of, sound_ones
from tests.patients import values_of
from tests.questions import rows, text_of

STANDINGS = {"meets": "met", "doesNotMeet": "refuted", "leavesOpen": "open"}
FALLS, WAITS = "falls by", "waits for"


class Never(NamedTuple):
    """A way that no rule can go by a criterion: at all, or where the rule also rests on the criterion `beside` it."""

    how: str
    criterion: str
    beside: str | None
    because: str


ESTABLISHED = "EstablishedLeptomeningealMetastasis"
NEVER = (
    # Declared assumptions: silence is read, and said to be read, so that the criterion is never unknown.
    Never(WAITS, "TumourWithinScope", None, "an unstated tumour is assumed to be within the scope (R32)"),
    Never(WAITS, "LifeExpectancyUnderOneMonth", None, "an unstated estimate is assumed to be a month or more (R05)"),
    Never(WAITS, "WholeBrainBenefitJudgedToOutweighHarm", None, "an unrecorded judgement is taken as not made (R25)"),
    Never(
        WAITS, "DiagnosisNotExcluded", None, "an unstated conclusion is taken as none that excludes the disease (R24)"
    ),
    # One negative cytology leaves open what the repeat shows: it holds intrathecal therapy back, no result refuses it.
    Never(FALLS, "NoRepeatCytologyAwaited", None, "every other state of cytology awaits no repeat (R23)"),
    # One tumour only: what is outside the scope is no breast or lung carcinoma and no melanoma; the rule falls by both.
    Never(FALLS, "TumourWithinScope", "BreastCarcinomaOrigin", "a breast carcinoma is within the scope (R33)"),
    Never(FALLS, "TumourWithinScope", "LungCarcinomaOrigin", "a lung carcinoma is within the scope (R33)"),
    Never(FALLS, "TumourWithinScope", "MelanomaOrigin", "a melanoma is within the scope (R33)"),
    # Deposits establish the disease (R24): where the disease is open, so are the deposits that the rule needs as well.
    Never(WAITS, ESTABLISHED, "LinearDepositsPresent", "linear deposits establish the disease (R24)"),
    Never(WAITS, ESTABLISHED, "NodularDepositsPresent", "nodular deposits establish the disease (R24)"),
    # One fact decides both: where nothing is said of the ventricles, a rule that yields to both states waits for both.
    Never(WAITS, "AsymptomaticHydrocephalusPresent", "SymptomaticHydrocephalusPresent", "one finding tells both (R21)"),
    Never(WAITS, "SymptomaticHydrocephalusPresent", "AsymptomaticHydrocephalusPresent", "one finding tells both (R21)"),
    # A course names one treatment and its status, or is refused: its own name leaves nothing open, its site may.
    Never(WAITS, "RadiotherapyToRestoreFlowOnRecord", None, "a listed course is that radiotherapy or is not (R10)"),
)

ELSEWHERE = {
    # Claims and resolutions on which no rule, regimen, caution or statement rests: the term that carries each, and why.
    "C10": ("FavourablePathway", "divides the patients: the pathways carry it"),
    "C11": ("FavourablePrognosis", "defines the favourable stratum: a criterion carries it"),
    "C36": ("PoorPrognosis", "defines the poor stratum: a criterion carries it"),
    "R03": ("KarnofskyAtLeast70", "fixes boundaries: the criteria carry them"),
    "R04": ("ecogPerformanceStatus", "forbids a conversion: the fact on which no rule rests carries it"),
    "R33": ("GuidelineScope", "says whom the guideline covers: the outermost pathway carries it"),
    "R38": ("declinedTreatment", "lets a refusal withdraw any offer: the fact and the derivation carry it"),
}

CARRIERS = "lepto:Rule lepto:Regimen lepto:Caution lepto:PrognosticStatement lepto:Assumption lepto:Caveat"


@dataclass(frozen=True)
class Rule:
    """A rule, the criteria that must hold (True) or must not (False), and the facts that make it fall when stated."""

    name: str
    criteria: Mapping[str, bool]
    settled_by: frozenset[str]


@dataclass(frozen=True)
class Patient:
    """A patient's id, the standing of every rule and criterion, and the facts that are stated."""

    name: str
    standing: Mapping[str, str]
    stated: frozenset[str]

    def against(self, rule: Rule) -> list[str]:
        """Return the criteria that speak against a rule."""
        return [
            name for name, needed in rule.criteria.items() if self.standing[name] == ("refuted" if needed else "met")
        ]

    def awaited(self, rule: Rule) -> list[str]:
        """Return the criteria of a rule that are unknown."""
        return [name for name in rule.criteria if self.standing[name] == "open"]


Reached = Mapping[tuple[str, str, str], list[str]]


def patients_of(knowledge: Knowledge, records: Iterable[Record]) -> list[Patient]:
    """Derive the standings of all patients together."""
    found = list(records)
    with derived(knowledge, (triple for record in found for triple in record.triples)) as store:
        return [
            Patient(
                name=record.patient,
                standing={
                    local_name(quad.object.value): standing
                    for predicate, standing in STANDINGS.items()
                    for quad in store.quads_for_pattern(NamedNode(record.iri), NamedNode(LEPTO + predicate), None, None)
                    if isinstance(quad.object, NamedNode)
                },
                stated=frozenset(local_name(triple.predicate.value) for triple in record.triples),
            )
            for record in found
        ]


@pytest.fixture(scope="module")
def rules(knowledge: Knowledge) -> list[Rule]:
    """Every rule of the ontology, as it is prepared for the derivation."""
    criteria: dict[str, dict[str, bool]] = {}
    needs = "{ ?rule lepto:needs ?criterion BIND(true AS ?needed) }"
    yields = "{ ?rule lepto:yieldsTo ?criterion BIND(false AS ?needed) }"
    for rule, criterion, needed in rows(
        knowledge, f"SELECT ?rule ?criterion ?needed WHERE {{ ?rule a lepto:Rule . {needs} UNION {yields} }}"
    ):
        criteria.setdefault(rule, {})[criterion] = needed == "true"
    settled: dict[str, set[str]] = {}
    asked = "?rule a lepto:Ask ; lepto:asksFor ?fact . FILTER NOT EXISTS { ?rule lepto:asksEvenIfStated true }"
    for rule, fact in rows(knowledge, f"SELECT ?rule ?fact WHERE {{ {asked} }}"):
        settled.setdefault(rule, set()).add(fact)
    declared = {rule for (rule,) in rows(knowledge, "SELECT ?rule WHERE { ?rule a lepto:Rule }")}
    assert declared == set(criteria), "a rule rests on no criterion at all"
    assert declared, "the ontology holds no rule"
    return [Rule(name, criteria[name], frozenset(settled.get(name, ()))) for name in sorted(criteria)]


@pytest.fixture(scope="module")
def sound(recommender: Recommender) -> list[Record]:
    """The records of all cases that validation lets through."""
    records = [record for folder in folders() for record in records_of(recommender.knowledge, folder)]
    accepted = sound_ones(recommender.validator, records)
    assert accepted, "no case is accepted by validation"
    return accepted


@pytest.fixture(scope="module")
def patients(knowledge: Knowledge, sound: list[Record]) -> list[Patient]:
    """The patients of all accepted cases with their standings."""
    return patients_of(knowledge, sound)


@pytest.fixture(scope="module")
def reached(rules: list[Rule], patients: list[Patient]) -> Reached:
    """For every rule, way (falls by, or waits for) and criterion, the patients in whom that criterion alone decides."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for rule, patient in product(rules, patients):
        against, awaited = patient.against(rule), patient.awaited(rule)
        if rule.settled_by & patient.stated:
            continue
        if len(against) == 1:
            found.setdefault((rule.name, FALLS, against[0]), []).append(patient.name)
        if not against and len(awaited) == 1:
            found.setdefault((rule.name, WAITS, awaited[0]), []).append(patient.name)
    return found


@pytest.fixture(scope="module")
def reports() -> list[dict[str, Any]]:
    """All reports that the cases expect."""
    texts = ((folder / "expected.json").read_text(encoding="utf-8") for folder in folders())
    return [report for text in texts for report in json.loads(text)]


def excepted(rules: list[Rule]) -> dict[tuple[str, str, str], Never]:
    """Return every rule, way and criterion that NEVER excepts, with its entry."""
    return {(rule.name, never.how, never.criterion): never for never in NEVER for rule in concerned(rules, never)}


def concerned(rules: list[Rule], never: Never) -> list[Rule]:
    """Return the rules that an entry of NEVER excepts."""
    return [rule for rule in rules if {never.criterion, never.beside or never.criterion} <= rule.criteria.keys()]


# Rules and criteria


def test_every_rule_stands_in_a_case(rules: list[Rule], patients: list[Patient]) -> None:
    """For every rule there is a patient to whom it applies."""
    standing = {name for patient in patients for name, standing in patient.standing.items() if standing == "met"}
    missing = [rule.name for rule in rules if rule.name not in standing]
    assert not missing, "stands in no case:\n" + "\n".join(missing)


def test_every_rule_falls_by_and_waits_for_each_criterion(
    rules: list[Rule], patients: list[Patient], reached: Reached, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every rule falls by, and waits for, each of its criteria alone in some case, save what NEVER lists."""
    wanted = {(rule.name, how, criterion) for rule in rules for criterion in rule.criteria for how in (FALLS, WAITS)}
    allowed = excepted(rules)
    missing = sorted(wanted - set(reached) - set(allowed))
    with capsys.disabled():
        criteria = {criterion for rule in rules for criterion in rule.criteria}
        print(
            f"\n{len(folders())} cases, {len(patients)} patients answered: "
            f"{len(rules)} rules on {len(criteria)} criteria in {len(wanted) // 2} pairs; "
            f"{len(set(reached) & wanted)} of {len(wanted)} ways to fall or wait reached, "
            f"{len(allowed)} excepted by {len(NEVER)} entries"
        )
    assert not missing, "in no case:\n" + "\n".join(" ".join(way) for way in missing)


def test_no_exception_is_stale(rules: list[Rule], reached: Reached) -> None:
    """What NEVER lists is reached by no case, and each entry excepts something."""
    allowed = excepted(rules)
    stale = [f"{' '.join(way)}, yet see {', '.join(reached[way])}" for way in sorted(allowed) if way in reached]
    assert not stale, "no longer impossible:\n" + "\n".join(stale)
    idle = [never for never in NEVER if never not in allowed.values()]
    assert not idle, f"excepts nothing: {idle}"


@pytest.mark.parametrize("never", NEVER, ids=lambda never: f"{never.how} {never.criterion} beside {never.beside}")
def test_exception_is_impossible(recommender: Recommender, rules: list[Rule], never: Never) -> None:
    """Over all sound combinations of values, silence included, of the facts concerned, the excepted way is not gone."""
    named = [name for name in (never.criterion, never.beside) if name]
    everyone = combinations(recommender, named)
    excepted_rules = concerned(rules, never)
    assert excepted_rules, f"{never} excepts nothing"
    for rule in excepted_rules:
        whole = Rule(rule.name, {name: rule.criteria[name] for name in named}, frozenset())
        gone = [patient.name for patient in everyone if goes(whole, patient, never)]
        assert not gone, f"{rule.name}: {gone[0]}"
        if never.beside is not None:
            alone = Rule(rule.name, {never.criterion: rule.criteria[never.criterion]}, frozenset())
            assert any(goes(alone, patient, never) for patient in everyone), (
                f"no rule {never.how} {never.criterion} at all: leave the criterion beside it out"
            )


def goes(rule: Rule, patient: Patient, never: Never) -> bool:
    """Return whether in a patient a rule falls by, or waits for, the criterion of an entry alone."""
    against, awaited = patient.against(rule), patient.awaited(rule)
    return against == [never.criterion] if never.how == FALLS else not against and awaited == [never.criterion]


def combinations(recommender: Recommender, criteria: list[str]) -> list[Patient]:
    """Return a patient for every combination of values, silence included, of the facts on which the criteria rest.

    Of a course its named values are combined, in one course or none. Combinations that validation refuses are left out:
    no rule sees them.
    """
    knowledge = recommender.knowledge
    assert isinstance(knowledge, Knowledge)
    paths = "?path lepto:pathOf ?criterion ; lepto:endsAt ?fact ."
    ends = set(rows(knowledge, f"SELECT DISTINCT ?criterion ?fact WHERE {{ {paths} }}"))
    decisive = {fact for criterion, fact in ends if criterion in criteria}
    assert decisive, f"no fact decides {criteria}"
    if any(knowledge.facts[fact].nested for fact in decisive):
        decisive |= {name for name, fact in knowledge.facts.items() if fact.of_course and fact.datatype is None}
    facts = sorted(fact for fact in decisive if not knowledge.facts[fact].nested)
    everyone = []
    for combination in product(*([None, *values_of(knowledge, fact)] for fact in facts)):
        stated = {fact: value for fact, value in zip(facts, combination, strict=True) if value is not None}
        course = {fact: stated.pop(fact) for fact in list(stated) if knowledge.facts[fact].of_course}
        everyone.append({"id": str(combination), **stated} | ({"treatmentCourse": [course]} if course else {}))
    records = read_bytes(json.dumps(everyone).encode(), "combinations.json", knowledge.facts)
    accepted = sound_ones(recommender.validator, records)
    assert accepted, f"validation refuses every combination of {facts}"
    return patients_of(knowledge, accepted)


def test_every_ask_falls_where_the_answer_is_stated(rules: list[Rule], patients: list[Patient]) -> None:
    """An ask that a stated fact settles has a case in which nothing else speaks against it."""
    settled = [rule for rule in rules if rule.settled_by]
    assert settled, "no ask is settled by a stated fact"
    for rule in settled:
        assert any(
            rule.settled_by & patient.stated and not patient.against(rule) and not patient.awaited(rule)
            for patient in patients
        ), f"{rule.name} never falls by its answer alone"


# Facts and their values


def test_every_value_of_every_fact_occurs(
    knowledge: Knowledge, sound: list[Record], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every named value of every fact, both booleans, and each number and date is stated in an accepted case."""
    stated: dict[str, set[str]] = {}
    for record in sound:
        for triple in record.triples:
            stated.setdefault(local_name(triple.predicate.value), set()).add(text_of(triple.object))
    wanted = {
        name: {json.dumps(value).strip('"') for value in values_of(knowledge, name)}
        for name, fact in knowledge.facts.items()
        if not fact.nested and (fact.datatype is None or fact.datatype.endswith("boolean"))
    }
    assert wanted, "no fact has named values"
    missing = {
        name: sorted(values - stated.get(name, set()))
        for name, values in wanted.items()
        if values - stated.get(name, set())
    }
    never_stated = sorted(set(knowledge.facts) - set(stated))
    with capsys.disabled():
        print(
            f"\n{len(knowledge.facts)} facts with {sum(map(len, wanted.values()))} named values, "
            f"{len(missing)} facts with a gap"
        )
    assert not missing, f"in no accepted case: {missing}"
    assert not never_stated, f"stated in no accepted case: {never_stated}"


def test_every_fact_is_unstated_somewhere(knowledge: Knowledge, patients: list[Patient]) -> None:
    """Every fact of a patient is missing from the record of an accepted case."""
    facts = [name for name, fact in knowledge.facts.items() if not fact.of_course]
    assert facts
    always = [name for name in facts if all(name in patient.stated for patient in patients)]
    assert not always, f"stated in every case: {always}"


@pytest.mark.parametrize(
    "name, values",
    [
        ("ageYears", {"17", "18"}),
        ("karnofskyPerformanceStatus", {"60", "70"}),
        ("lifeExpectancyMonths", {"0.9", "1.0"}),
        ("csfProtein", {"99", "100"}),
    ],
)
def test_boundaries_occur(sound: list[Record], name: str, values: set[str]) -> None:
    """The numbers on both sides of each threshold are stated in accepted cases (R03)."""
    stated = {
        text_of(triple.object)
        for record in sound
        for triple in record.triples
        if local_name(triple.predicate.value) == name
    }
    assert {float(value) for value in values} <= {float(value) for value in stated}


# Claims, resolutions and what is said


@pytest.mark.parametrize("kind, first, last", [("C", 7, 70), ("R", 1, 38)], ids=["claims", "resolutions"])
def test_every_claim_and_resolution_is_used(
    knowledge: Knowledge, kind: str, first: int, last: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every clinical claim and resolution carries a rule, regimen, caution or statement, or the term in ELSEWHERE."""
    relation = {"C": "basedOnClaim", "R": "basedOnResolution"}[kind]
    carried = f"?carrier lepto:{relation} ?source ; a ?kind . VALUES ?kind {{ {CARRIERS} }}"
    used = {source for (source,) in rows(knowledge, f"SELECT DISTINCT ?source WHERE {{ {carried} }}")}
    every = {f"{kind}{number:02}" for number in range(first, last + 1)}
    listed = {name for name in ELSEWHERE if name.startswith(kind)}
    with capsys.disabled():
        print(
            f"\n{len(every & used)} of {len(every)} {relation[7:].lower()}s carry a rule or remark, "
            f"{len(listed)} are carried elsewhere"
        )
    assert every - used == listed, f"unused: {sorted(every - used - listed)}; listed, yet used: {sorted(listed & used)}"


def test_what_is_carried_elsewhere_is_carried(knowledge: Knowledge) -> None:
    """Each term that ELSEWHERE names gives the claim or resolution as its source."""
    sourced = set(rows(knowledge, "SELECT ?source ?term WHERE { ?term dcterms:source ?source }"))
    wrong = {source: term for source, (term, _) in ELSEWHERE.items() if (source, term) not in sourced}
    assert ELSEWHERE
    assert not wrong


def test_every_resolution_has_a_case_that_names_it() -> None:
    """Every resolution is named by the text of a case that shows it."""
    texts = [(folder / "case.md").read_text(encoding="utf-8") for folder in folders()]
    named = {name for text in texts for name in re.findall(r"\bR\d{2}\b", text)}
    missing = sorted({f"R{number:02}" for number in range(1, 39)} - named)
    assert not missing, f"named by no case: {missing}"


def test_every_reason_shows_its_own_evidence(knowledge: Knowledge, reports: list[dict[str, Any]]) -> None:
    """Behind every reason and prognostic statement stands all evidence of its claims and its own, and no other."""
    appraised = (
        "{ ?carrier lepto:basedOnClaim ?claim . ?appraisal lepto:appraises ?claim ; lepto:basedOnEvidence ?item }"
    )
    own = "{ ?carrier lepto:basedOnEvidence ?item }"
    behind: dict[str, set[str]] = {}
    for carrier, item in rows(knowledge, f"SELECT ?carrier ?item WHERE {{ {appraised} UNION {own} }}"):
        behind.setdefault(carrier, set()).add(item)
    texts = rows(
        knowledge, "SELECT ?text ?remark WHERE { ?remark a lepto:PrognosticStatement ; lepto:statement ?text }"
    )
    remarks = {row[0]: row[1] for row in texts}
    shown = [
        *(
            (why["rule"], why["evidence"])
            for report in reports
            for told in report["verdicts"]
            for why in told["because"]
        ),
        *((remarks[told["statement"]], told["evidence"]) for report in reports for told in report["prognosis"]),
    ]
    assert shown, "no report gives a reason"
    wrong = {carrier for carrier, items in shown if {item["id"] for item in items} != behind.get(carrier, set())}
    assert not wrong, (
        f"{len(wrong)} of {len({carrier for carrier, _ in shown})} show other evidence: {sorted(wrong)[:3]} ..."
    )


@pytest.mark.parametrize("kind", ["Caution", "Assumption", "PrognosticStatement", "Caveat"])
def test_every_remark_is_made(knowledge: Knowledge, reports: list[dict[str, Any]], kind: str) -> None:
    """Every caution, assumption, prognostic statement and caveat is said in the report on some case."""
    query = f"SELECT ?remark ?text WHERE {{ ?remark a lepto:{kind} ; lepto:statement ?text }}"
    statements = {row[0]: row[1] for row in rows(knowledge, query)}
    said = {text for report in reports for text in (*report["assumptions"], *report["caveats"])}
    said |= {text for report in reports for verdict in report["verdicts"] for text in verdict["cautions"]}
    said |= {entry["statement"] for report in reports for entry in report["prognosis"]}
    assert statements, f"the ontology holds no {kind}"
    missing = sorted(name for name, text in statements.items() if text not in said)
    assert not missing, f"said in no case: {missing}"


def test_every_action_gets_every_kind_of_verdict_that_its_rules_allow(
    knowledge: Knowledge, reports: list[dict[str, Any]]
) -> None:
    """Every offered action is offered with each strength and held back, every barred one barred, in some case."""
    strengths = "?rule lepto:offers|lepto:bars ?action ; lepto:strength/skos:notation ?strength ."
    wanted = set(rows(knowledge, f"SELECT DISTINCT ?action ?strength WHERE {{ {strengths} }}"))
    offered = set(
        rows(
            knowledge,
            "SELECT DISTINCT ?action ?outcome WHERE { ?rule lepto:offers ?action BIND('undetermined' AS ?outcome) }",
        )
    )
    given = {(entry["action"], entry["bar"] or entry["verdict"]) for report in reports for entry in report["verdicts"]}
    assert wanted
    missing = sorted((wanted | offered) - given)
    assert not missing, f"in no case: {missing}"


def test_every_term_of_a_type_is_counted(knowledge: Knowledge, rules: list[Rule]) -> None:
    """The rules looked at here are the ontology's offers, bars and asks, each once."""
    counted = [
        local_name(quad.subject.value)
        for kind in ("Offer", "Bar", "Ask")
        for quad in knowledge.store.quads_for_pattern(None, NamedNode(RDF_TYPE), NamedNode(LEPTO + kind), None)
        if isinstance(quad.subject, NamedNode)
    ]
    assert sorted(counted) == [rule.name for rule in rules]
