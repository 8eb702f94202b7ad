"""Variants of EGFR and BRAF are told by their change; what is germline or of no known meaning states nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fhir.records import HGNC, HGVS, ICD, LOINC, concept, condition, observation
from tests.fhir.taken import (
    ABSENT,
    EGFR,
    NEGATIVE,
    POSITIVE,
    Take,
    facts,
    part,
    reasons,
    variant,
    warnings,
)

BRAF = {"system": HGNC, "code": "HGNC:1097", "display": "BRAF"}
ALK = {"system": HGNC, "code": "HGNC:427", "display": "ALK"}
INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
L858R, T790M = "p.Leu858Arg", "p.Thr790Met"


def interpreted(code: str) -> dict[str, Any]:
    """The interpretation of a result."""
    return {"interpretation": [concept(INTERPRETATION, code)]}


# What is present

SPELLED = {
    "EgfrL858R": [L858R, "p.L858R", "p.(Leu858Arg)", "NP_005219.2:p.(Leu858Arg)", "NM_005228.5(EGFR):p.L858R"],
    "EgfrT790M": [T790M, "p.T790M", "NP_005219.2:p.(Thr790Met)"],
    "EgfrExon19Deletion": [
        "p.Glu746_Ala750del",
        "p.(Glu746_Ala750del)",
        "p.E746_A750del",
        "p.Lys745_Ala750del",
        "p.Leu747_Thr751del",
        "p.Leu747_Pro753delinsSer",
        "p.L747_P753delinsS",
    ],
    "EgfrExon20Insertion": [
        "p.Ala763_Tyr764insPheGlnGluAla",
        "p.Val769_Asp770insAlaSerVal",
        "p.(Asp770_Asn771insSerValAsp)",
        "p.D770_N771insSVD",
        "p.His773dup",
        "p.Ser768_Asp770dup",
    ],
}


@pytest.mark.parametrize("told, change", [(told, change) for told, some in SPELLED.items() for change in some])
def test_a_change_of_egfr_is_told_however_it_is_spelled(take: Take, told: str, change: str) -> None:
    assert facts(take(variant(EGFR, change)))["egfrStatus"] == told


@pytest.mark.parametrize(
    "change, told",
    [
        ("p.Val600Glu", "BrafV600E"),
        ("NP_004324.2:p.(V600E)", "BrafV600E"),
        ("p.Val600Lys", "BrafV600K"),
        ("p.V600R", "BrafV600Unspecified"),
        ("p.Lys601Glu", "BrafNonV600"),
        ("p.Gly469Ala", "BrafNonV600"),
    ],
)
def test_a_change_of_braf_is_told_by_its_codon(take: Take, change: str, told: str) -> None:
    assert facts(take(variant(BRAF, change)))["brafStatus"] == told


@pytest.mark.parametrize(
    "gene, fact, change, told",
    [
        (EGFR, "egfrStatus", "NM_005228.5:c.2573T>G", "EgfrL858R"),
        (EGFR, "egfrStatus", "c.2369C>T", "EgfrT790M"),
        (BRAF, "brafStatus", "c.1799T>A", "BrafV600E"),
    ],
)
def test_a_change_of_the_coding_sequence_is_told(
    take: Take, gene: dict[str, Any], fact: str, change: str, told: str
) -> None:
    assert facts(take(variant(gene, None, part("48004-6", concept(HGVS, change)))))[fact] == told


@pytest.mark.parametrize("sensitising", [L858R, "p.Glu746_Ala750del"])
def test_resistance_beside_what_it_resists_is_resistance(take: Take, sensitising: str) -> None:
    """Of the same day they contradict each other in nothing."""
    record = take(variant(EGFR, sensitising, name="a"), variant(EGFR, T790M, name="b"))
    assert facts(record)["egfrStatus"] == "EgfrT790M"
    assert record.findings == ()
    assert reasons(record).keys() >= {"Observation/a"}


def test_two_sensitising_changes_of_one_day_contradict_each_other(take: Take) -> None:
    record = take(variant(EGFR, L858R, name="a"), variant(EGFR, "p.Glu746_Ala750del", name="b"))
    assert "egfrStatus" not in facts(record)
    assert "Observation/a: EgfrL858R, Observation/b: EgfrExon19Deletion" in warnings(record)


# What states nothing


@pytest.mark.parametrize(
    "change",
    [
        "p.Ser768Ile",
        "p.S768I",
        "p.Gly719Ala",
        "p.Leu858=",
        "p.Thr790=",
        "p.Gln787=",
        "p.Leu747Ser",
        "p.Asp761Tyr",
        "L858R",
    ],
)
def test_another_or_a_silent_change_of_egfr_states_nothing(take: Take, change: str) -> None:
    assert "egfrStatus" not in facts(take(variant(EGFR, change)))


@pytest.mark.parametrize("change", ["p.Val600=", "p.Gly643=", "p.Val600*", "p.Val600fs", "p.Val600_Lys601delinsGlu"])
def test_a_silent_or_a_wider_change_of_braf_states_nothing(take: Take, change: str) -> None:
    assert "brafStatus" not in facts(take(variant(BRAF, change)))


def test_a_change_is_of_its_own_gene_alone(take: Take) -> None:
    kras = {"system": HGNC, "code": "HGNC:6407", "display": "KRAS"}
    for gene, change in ((kras, L858R), (EGFR, "p.Val600Glu"), (kras, "p.Val600Glu")):
        assert set(facts(take(variant(gene, change)))) == {"ageYears"}


@pytest.mark.parametrize("origin, told", [("LA6683-2", None), ("LA18194-3", None), ("LA6684-0", "EgfrT790M")])
def test_a_germline_change_is_no_acquired_one(take: Take, origin: str, told: str | None) -> None:
    """T790M is inherited in some families; what is likely so states nothing either."""
    record = take(variant(EGFR, T790M, part("48002-0", concept(LOINC, origin))))
    assert facts(record).get("egfrStatus") == told


@pytest.mark.parametrize(
    "significance, told",
    [
        ("LA26333-7", None),
        ("LA26334-5", None),
        ("LA6675-8", None),
        ("LA6668-3", "BrafV600E"),
        ("LA26332-9", "BrafV600E"),
    ],
)
def test_a_change_of_uncertain_or_no_significance_states_nothing(
    take: Take, significance: str, told: str | None
) -> None:
    record = take(variant(BRAF, "p.Val600Glu", part("53037-8", concept(LOINC, significance))))
    assert facts(record).get("brafStatus") == told


@pytest.mark.parametrize(
    "entry",
    [
        variant(EGFR, None, answer=ABSENT, **interpreted("POS")),
        variant(EGFR, L858R, **interpreted("NEG")),
        observation("variant", (LOINC, "55766-0"), valueCodeableConcept=NEGATIVE, **interpreted("POS")),
        observation("variant", (LOINC, "55766-0"), valueCodeableConcept=POSITIVE, **interpreted("NEG")),
        observation("variant", (LOINC, "58415-1"), valueCodeableConcept=NEGATIVE, **interpreted("POS")),
    ],
)
def test_a_result_that_contradicts_its_interpretation_states_nothing(take: Take, entry: dict[str, Any]) -> None:
    assert set(facts(take(entry))) == {"ageYears"}


# What is absent


@pytest.mark.parametrize(
    "gene, fact, told", [(EGFR, "egfrStatus", "EgfrWildType"), (BRAF, "brafStatus", "BrafWildType")]
)
def test_absence_counts_for_the_whole_gene_alone(take: Take, gene: dict[str, Any], fact: str, told: str) -> None:
    """With any component that narrows what was looked for, or that is not understood, it states nothing."""
    assert facts(take(variant(gene, None, answer=ABSENT)))[fact] == told
    reference = part("51958-7", {"text": "NM_005228.5"})
    assert facts(take(variant(gene, None, reference, answer=ABSENT)))[fact] == told
    narrower = [
        part("48005-3", concept(HGVS, L858R)),
        part("47999-8", {"text": "exon 20"}),
        part("48019-4", concept("http://www.sequenceontology.org", "SO:0001742")),
        part("48002-0", concept(LOINC, "LA6683-2")),
        part("81255-2", concept("http://www.ncbi.nlm.nih.gov/snp", "rs121434568")),
        {"code": {"text": "exon"}, "valueString": "20"},
    ]
    for one in narrower:
        assert fact not in facts(take(variant(gene, None, one, answer=ABSENT))), one


@pytest.mark.parametrize("genes", [[EGFR, ALK], [ALK, EGFR], [EGFR, BRAF, ALK]])
def test_one_absence_may_be_of_several_genes(take: Take, genes: list[dict[str, Any]]) -> None:
    first, *others = genes
    more = [part("48018-6", {"coding": [gene]}) for gene in others]
    found = facts(take(variant(first, None, *more, answer=ABSENT)))
    assert found["egfrStatus"] == "EgfrWildType"
    assert ("brafStatus" in found) == (BRAF in genes)
    narrower = part("48005-3", concept(HGVS, L858R))
    assert set(facts(take(variant(first, None, *more, narrower, answer=ABSENT)))) == {"ageYears"}


@pytest.mark.parametrize("code", ["55764-5", "55766-0", "55769-4", "55770-2", "58415-1", "97025-1"])
def test_a_negative_test_for_one_change_says_nothing_of_the_others(take: Take, code: str) -> None:
    found = observation("test", (LOINC, code), valueCodeableConcept=NEGATIVE)
    assert set(facts(take(found))) == {"ageYears"}
    assert len(facts(take(found | {"valueCodeableConcept": POSITIVE}))) == 2


# Which gene


@pytest.mark.parametrize("system", [HGNC, HGNC + "/geneId"])
def test_a_gene_is_known_by_either_address_of_its_register(take: Take, system: str) -> None:
    assert facts(take(variant(EGFR | {"system": system}, L858R)))["egfrStatus"] == "EgfrL858R"


@pytest.mark.parametrize("shown", ["BRAF", "kras", "ERBB2"])
def test_a_gene_that_is_shown_as_another_is_not_believed(take: Take, shown: str) -> None:
    record = take(variant(EGFR | {"display": shown}, L858R))
    assert "egfrStatus" not in facts(record)
    assert f"HGNC:3236 is shown as {shown}, which is another code: neither is believed" in warnings(record)


def test_a_code_without_its_dot_is_told_of(take: Take) -> None:
    record = take(condition("lm", (ICD, "C7932")))
    assert set(facts(record)) == {"ageYears"}
    assert "the code C7932 is not written as codes of" in warnings(record)
    assert facts(take(condition("lm", (ICD, "C79.32"))))["leptomeningealMetastasis"] == "Confirmed"
