"""The answer can be followed home, as a page, as JSON and as a graph."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pyoxigraph import QueryBoolean, QuerySolutions, RdfFormat, Store

from lepto.derive import derived
from lepto.knowledge import Knowledge, folder
from lepto.recommend import Recommender
from lepto.render import render
from lepto.report import Report
from lepto.vocabulary import LEPTO
from tests.patients import ON, record_of, report_of

FIT: dict[str, Any] = {
    "ageYears": 54,
    "originTumour": "BreastCarcinoma",
    "her2Status": "Her2Positive",
    "karnofskyPerformanceStatus": 80,
    "lifeExpectancyMonths": 6,
    "depositPattern": "LinearDeposits",
    "csfFlow": "UnobstructedCsfFlow",
    "hydrocephalus": "NoHydrocephalus",
    "csfDevice": "NoCsfDevice",
    "csfCytology": "CytologyPositive",
    "cranialNeuropathy": "Absent",
    "spinalCordCompression": "Absent",
    "caudaEquinaSyndrome": "Absent",
    "raisedIntracranialPressure": "Absent",
    "headache": "Present",
    "csfProtein": 85,
}


def the(report: dict[str, Any], action: str) -> dict[str, Any]:
    """The verdict on one action."""
    (entry,) = [entry for entry in report["verdicts"] if entry["action"] == action]
    return dict(entry)


def one_report(recommender: Recommender, facts: dict[str, Any]) -> Report:
    """The report as a value."""
    return recommender.answer([record_of(recommender.knowledge, facts)], ON)[0]


def test_a_verdict_leads_to_rule_criteria_facts_claims_and_evidence(recommender: Recommender) -> None:
    """Every step home is there: rule, criterion with its standing and fact, claim, resolution, evidence with its
    quality.
    """
    reason = the(report_of(recommender, FIT), "TrastuzumabDeruxtecan")["because"][0]
    assert reason["rule"] == "OfferTrastuzumabDeruxtecan"
    assert reason["claims"] == ["C14"]
    assert "R13" in reason["resolutions"]
    her2 = next(c for c in reason["criteria"] if c["criterion"] == "Her2PositiveTumour")
    assert her2["standing"] == "met"
    (fact,) = her2["facts"]
    assert [fact[key] for key in ("property", "value", "source")] == ["her2Status", "Her2Positive", None]
    assert {"system": "http://loinc.org", "code": "48676-1"} in fact["codes"]
    assert {"id": "E47", "directness": "direct", "certainty": "very low", "verification": "V"} in reason["evidence"]


def test_unverified_evidence_is_never_shown_as_verified(recommender: Recommender) -> None:
    """An item known from memory keeps its state in the answer."""
    facts = {**FIT, "originTumour": "LungCarcinoma", "egfrStatus": "EgfrL858R"}
    evidence = the(report_of(recommender, facts), "ThirdGenerationEgfrTki")["because"][0]["evidence"]
    assert {item["id"]: item["verification"] for item in evidence}["E40"] == "M"


def test_a_class_is_recommended_and_its_members_are_options(recommender: Recommender) -> None:
    """R13: the class is recommended, each drug is an alternative to consider and none is recommended."""
    report = report_of(recommender, FIT)
    assert the(report, "Her2DirectedCnsActiveTherapy")["options"] == ["TrastuzumabDeruxtecan", "TucatinibCombination"]
    assert (
        the(report, "TrastuzumabDeruxtecan")["verdict"] == the(report, "TucatinibCombination")["verdict"] == "consider"
    )


def test_the_methotrexate_regimen_is_whole(recommender: Recommender) -> None:
    """C22-C25, R27: 15 mg, twice weekly for 4 weeks, weekly for 4 weeks, monthly without end; preservative-free."""
    verdict = the(report_of(recommender, FIT), "IntrathecalMethotrexate")
    regimen = verdict["regimen"]
    assert (float(regimen["dose"]), regimen["unit"], regimen["formulation"]) == (15, "mg", "preservative-free")
    phases = [(p["doses"], p["period"], p["duration"], p["openEnded"]) for p in regimen["phases"]]
    assert phases == [(2, "wk", 4, False), (1, "wk", 4, False), (1, "mo", None, True)]
    assert any("stop or review" in caution for caution in verdict["cautions"])


def test_focal_radiotherapy_is_dosed_in_pairs(recommender: Recommender) -> None:
    """C31, R26: 30 in 10, 33 in 11, 36 in 12, and nothing in between."""
    regimen = the(report_of(recommender, {**FIT, "cranialNeuropathy": "Present"}), "FocalRadiotherapy")["regimen"]
    assert [(float(f["dose"]), f["fractions"]) for f in regimen["fractionations"]] == [(30, 10), (33, 11), (36, 12)]


def test_prognosis_changes_an_annotation_only(recommender: Recommender) -> None:
    """R30: protein 99 or 100 mg/dL changes the outlook shown and no verdict."""
    below, at = (report_of(recommender, {**FIT, "csfProtein": value}) for value in (99, 100))
    assert {"C64"} == {c for p in below["prognosis"] for c in p["claims"]} - {
        c for p in at["prognosis"] for c in p["claims"]
    }
    assert below["verdicts"] == at["verdicts"]


def test_what_is_assumed_is_said_and_marked(recommender: Recommender) -> None:
    """R05: life expectancy that is not recorded is assumed, shown, marked on the criterion, and asked for without
    blocking.
    """
    report = report_of(recommender, {k: v for k, v in FIT.items() if k != "lifeExpectancyMonths"})
    assert any("Life expectancy is not recorded" in text for text in report["assumptions"])
    (request,) = [r for r in report["requests"] if r["property"] == "lifeExpectancyMonths"]
    assert not request["blocking"]
    assert "CnsActiveSystemicTherapy" in request["decides"]
    criteria = the(report, "CnsActiveSystemicTherapy")["because"][0]["criteria"]
    assert next(c for c in criteria if c["criterion"] == "FavourablePrognosis")["assumed"]


def test_nothing_is_assumed_without_being_said(recommender: Recommender) -> None:
    """The course list of a patient with nothing on it is read as empty, and the answer says so where it leans on it."""
    assert any("not listed" in text for text in report_of(recommender, FIT)["assumptions"])


def test_a_refusal_withdraws_the_offer_and_is_told(recommender: Recommender) -> None:
    """R38: a declined class takes its members along, and a finding says why they are gone."""
    report = report_of(recommender, {**FIT, "declinedTreatment": ["IntrathecalChemotherapy"]})
    assert not any(entry["action"] == "IntrathecalMethotrexate" for entry in report["verdicts"])
    assert any(f["severity"] == "info" and "declines" in f["message"] for f in report["findings"])


def test_nobody_outside_the_scope_is_advised(recommender: Recommender) -> None:
    """R33: a lymphoma or a minor gets no verdict and no request, and is told why."""
    for facts in ({**FIT, "originTumour": "Lymphoma"}, {**FIT, "ageYears": 17}):
        report = report_of(recommender, facts)
        assert (report["verdicts"], report["requests"]) == ([], [])
        assert any("guideline scope" in finding["message"] for finding in report["findings"])


def test_every_answer_names_the_knowledge(knowledge: Knowledge, recommender: Recommender) -> None:
    """The ontology, its version and the guideline stand in each report."""
    used = report_of(recommender, FIT)["knowledge"]
    assert used["ontology"] == LEPTO + "ontology"
    assert used["version"] == knowledge.version
    assert used["guideline"] == "lepto:InitialTreatment"


def test_the_page_holds_what_a_clinician_looks_for(recommender: Recommender) -> None:
    """Recommended, to consider, against and why, what to find out, and the limits of use, in this order."""
    facts = {**FIT, "csfFlow": "ObstructedCsfFlow", "her2Status": "Her2Negative"}
    page = render([one_report(recommender, {k: v for k, v in facts.items() if k != "hydrocephalus"})], "text")
    headings = [
        "RECOMMENDED",
        "MAY BE CONSIDERED",
        "AGAINST",
        "CANNOT BE DECIDED YET",
        "FIND OUT FIRST",
        "ASSUMED",
        "MIND",
    ]
    places = [page.index(f"\n{heading}\n") for heading in headings]
    assert places == sorted(places)
    assert "Intrathecal therapy: contraindicated" in page
    assert "csfFlow = ObstructedCsfFlow" in page
    assert "not a medical device" in page
    assert max(map(len, page.splitlines())) <= 100


@pytest.fixture(scope="module")
def graph(recommender: Recommender, knowledge: Knowledge) -> Store:
    """An answer as a graph, beside the ontology."""
    store = Store()
    store.extend(knowledge.store)
    answer = render(
        [one_report(recommender, FIT), one_report(recommender, {**FIT, "id": "Y", "csfFlow": "ObstructedCsfFlow"})],
        "ttl",
    )
    store.load(answer.encode(), format=RdfFormat.TURTLE)
    return store


def test_the_graph_leads_from_a_verdict_to_a_place_in_the_source(graph: Store) -> None:
    """One SPARQL path goes from patient through verdict, rule and claim to offsets in the article."""
    rows = graph.query(
        """PREFIX lepto: <https://w3id.org/lepto/>
        PREFIX oa: <http://www.w3.org/ns/oa#>
        PREFIX prov: <http://www.w3.org/ns/prov#>
        SELECT ?verdict ?start ?end WHERE {
          ?report a lepto:Report ; lepto:hasVerdict ?verdict ; prov:wasGeneratedBy/prov:used ?patient .
          ?verdict lepto:ofPatient ?patient ; lepto:onAction lepto:TrastuzumabDeruxtecan ; prov:wasDerivedFrom ?rule .
          ?rule a lepto:Offer ; lepto:basedOnClaim/oa:hasTarget/oa:hasSelector ?place .
          ?place oa:start ?start ; oa:end ?end .
        }"""
    )
    assert isinstance(rows, QuerySolutions)
    assert len(list(rows)) == 2


def test_the_graph_says_why_an_action_is_barred(graph: Store) -> None:
    """The bar, its strength, the criterion and the fact are in the graph."""
    found = graph.query(
        """PREFIX lepto: <https://w3id.org/lepto/>
        ASK {
          ?verdict lepto:onAction lepto:IntrathecalTherapy ; lepto:outcome lepto:Against ;
                   lepto:verdictStrength lepto:Contraindicated ; lepto:because ?reason .
          ?reason lepto:ofRule lepto:BarIntrathecalTherapyWhileCsfFlowIsObstructed ; lepto:restsOn ?standing .
          ?standing lepto:ofCriterion lepto:CsfFlowObstructed ; lepto:standing lepto:Met ; lepto:restsOn ?fact .
          ?fact lepto:ofFact lepto:csfFlow ; lepto:hasValue "ObstructedCsfFlow" .
        }"""
    )
    assert isinstance(found, QueryBoolean)
    assert bool(found)


def test_json_is_the_contract(recommender: Recommender) -> None:
    """A report has the contract's keys in the contract's order."""
    report = json.loads(render([one_report(recommender, FIT)], "json"))[0]
    keys = ["patient", "on", "knowledge", "findings", "verdicts", "requests", "prognosis", "assumptions", "caveats"]
    assert list(report) == keys
    entry = ["action", "label", "verdict", "bar", "because", "options", "regimen", "cautions", "codes", "missing"]
    assert list(report["verdicts"][0]) == entry


def test_codes_come_from_the_mappings(recommender: Recommender) -> None:
    """A drug is known to other systems by the codes of its substances."""
    facts = {**FIT, "originTumour": "LungCarcinoma", "egfrStatus": "EgfrL858R"}
    codes = the(report_of(recommender, facts), "Osimertinib")["codes"]
    assert {"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "1721560"} in codes


def test_a_drug_that_is_known_as_a_whole_is_not_told_by_its_parts(recommender: Recommender) -> None:
    """Trastuzumab deruxtecan is not trastuzumab: the code of the antibody alone would order another drug."""
    codes = the(report_of(recommender, FIT), "TrastuzumabDeruxtecan")["codes"]
    rxnorm = [code["code"] for code in codes if code["system"] == "http://www.nlm.nih.gov/research/umls/rxnorm"]
    assert rxnorm == ["2267582"]
    combination = the(report_of(recommender, FIT), "TucatinibCombination")["codes"]
    assert {code["code"] for code in combination} >= {"2361285", "224905", "194000"}


def test_a_request_carries_the_codes_of_its_fact_and_of_the_condition(recommender: Recommender) -> None:
    """So that an order or a question can be written for it; a status is told by the code of the disease."""
    report = report_of(recommender, {key: value for key, value in FIT.items() if key != "hydrocephalus"})
    (request,) = [request for request in report["requests"] if request["property"] == "hydrocephalus"]
    assert {"system": "http://snomed.info/sct", "code": "230745008"} in request["codes"]
    assert request["codes"] == sorted(request["codes"], key=lambda code: (code["system"], code["code"]))


def test_only_codes_that_records_cite_are_told(recommender: Recommender, knowledge: Knowledge) -> None:
    """A terminology without a URI in health records has its mappings, and no place in an answer."""
    systems = {code["system"] for verdict in report_of(recommender, FIT)["verdicts"] for code in verdict["codes"]}
    assert "http://www.whocc.no/atc" in systems
    assert "http://purl.obolibrary.org/obo/chebi.owl" in {one.terminology for one in knowledge.mapping_sets} - systems


def test_the_graph_carries_codes_of_facts(graph: Store) -> None:
    """A fact in the graph leads to the code under which a record would hold it."""
    found = graph.query(
        """PREFIX lepto: <https://w3id.org/lepto/>
        PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
        ASK {
          ?standing lepto:restsOn ?fact .
          ?fact lepto:ofFact lepto:karnofskyPerformanceStatus ; lepto:hasCode ?code .
          ?code lepto:codeSystem <http://loinc.org> ; skos:notation "89243-0" .
        }"""
    )
    assert isinstance(found, QueryBoolean)
    assert bool(found)


def test_many_patients_are_derived_beside_a_copy_of_the_knowledge(
    knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is derived is the same in the store of the knowledge and in a copy; neither leaves anything behind."""
    triples = [t for name in "ab" for t in record_of(knowledge, {**FIT, "id": name}).triples]
    known = set(knowledge.store)
    with derived(knowledge, triples) as store:
        assert store is knowledge.store
        in_place = set(store)
    monkeypatch.setattr("lepto.derive.MANY", 0)
    with derived(knowledge, triples) as store:
        assert store is not knowledge.store
        assert set(store) == in_place > known
        assert set(knowledge.store) == known


def test_a_long_run_ends_with_the_knowledge_that_it_began_with(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that much was removed from is copied into a fresh one, for it grows slow; never under a patient."""
    monkeypatch.setattr("lepto.prepared.WORN", 100)
    knowledge = Knowledge(folder())
    first, known = knowledge.store, set(knowledge.store)
    course = {"treatment": "CraniospinalIrradiation", "courseStatus": "Planned"}
    for number in range(2):
        outer = record_of(knowledge, {**FIT, "treatmentCourse": [course], "id": f"outer-{number}"})
        with derived(knowledge, outer.triples) as store:
            patients = set(store)
            with derived(knowledge, record_of(knowledge, {**FIT, "id": "inner"}).triples) as inner:
                assert inner is store is knowledge.store
            assert set(store) == patients > known
        assert knowledge.store is not store
        assert set(knowledge.store) == known
    assert set(first) == known
