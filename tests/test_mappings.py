"""The mapping sets: what is refused when they are read, what they may not say, and what follows from them."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyoxigraph import NamedNode, QuerySolutions

from lepto.check_digits import mod10, verhoeff
from lepto.cli import main
from lepto.errors import KnowledgeError
from lepto.knowledge import Knowledge
from lepto.mappings import COLUMNS, NO_TERM, REQUIRED, SLOTS, read_mapping_sets
from lepto.query import QueryError, query_by_code
from lepto.read.fhir.declared import Declared, declared
from lepto.reason import examine, java
from lepto.vocabulary import LEPTO, OWL, SKOS, local_name
from tests.questions import rows, text_of

ROOT = Path(__file__).parents[1]
MAPPINGS = ROOT / "ontology" / "mappings"
TERMINOLOGY = ROOT.parent / "shared" / "spec" / "terminology.tsv"
SETS = sorted(path.name for path in MAPPINGS.glob("*.sssom.tsv"))


@dataclass(frozen=True)
class Row:
    """A mapping by local names: the prefix and code are those of the file, the relation without "Match"."""

    subject: str
    relation: str
    prefix: str
    code: str
    label: str


def found_rows(knowledge: Knowledge) -> Iterator[Row]:
    """Every mapping that found a code, of every set."""
    answer = knowledge.store.query(f"""PREFIX lepto: <{LEPTO}>
        SELECT ?terminology ?short ?iri {{ ?terminology lepto:curiePrefix ?short ; lepto:codeIriPrefix ?iri }}""")
    assert isinstance(answer, QuerySolutions)
    prefixes = {getattr(row[0], "value", ""): (text_of(row[1]), text_of(row[2])) for row in answer}
    assert len(prefixes) == len(SETS)
    for mapping_set in knowledge.mapping_sets:
        name, iri = prefixes[mapping_set.terminology]
        for mapping in mapping_set.mappings:
            if mapping.found:
                relation = local_name(mapping.relation).removesuffix("Match")
                code = mapping.code.removeprefix(iri)
                yield Row(local_name(mapping.subject), relation, name, code, mapping.code_label)


# What is refused when it is read, by file and line


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A mapping set in a folder of its own."""
    shutil.copy(MAPPINGS / "loinc.sssom.tsv", tmp_path)
    return tmp_path / "loinc.sssom.tsv"


def changed(path: Path, change: Callable[[str], str]) -> None:
    """Change the text of a file, once it is sure that this changes it."""
    before = path.read_text(encoding="utf-8")
    after = change(before)
    assert after != before
    path.write_text(after, encoding="utf-8")


def without_cell(column: str) -> Callable[[str], str]:
    """Empty one cell of the last row."""

    def emptied(text: str) -> str:
        *lines, last = text.removesuffix("\n").split("\n")
        cells = last.split("\t")
        cells[COLUMNS.index(column)] = ""
        return "\n".join([*lines, "\t".join(cells)]) + "\n"

    return emptied


@pytest.mark.parametrize("name", SETS)
def test_every_row_of_a_file_is_read(name: str, tmp_path: Path) -> None:
    """None is dropped on the way: there are as many mappings as lines below the columns."""
    shutil.copy(MAPPINGS / name, tmp_path)
    (mapping_set,) = read_mapping_sets(tmp_path)
    lines = [line for line in (MAPPINGS / name).read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert len(mapping_set.mappings) == len(lines) - 1 > 0


@pytest.mark.parametrize("column", REQUIRED)
def test_a_required_cell_is_not_empty(copied: Path, column: str) -> None:
    """A justification that is empty passes elsewhere with a warning."""
    changed(copied, without_cell(column))
    with pytest.raises(KnowledgeError, match=rf"loinc\.sssom\.tsv: line \d+: {column} is empty; fill it in"):
        read_mapping_sets(copied.parent)


@pytest.mark.parametrize("slot", SLOTS)
def test_the_header_says_what_a_set_is(copied: Path, slot: str) -> None:
    """Licence, identity, day, what maps to what, and whose terms the codes keep."""
    changed(copied, lambda text: re.sub(rf"(?m)^#{slot}:.*\n", "", text))
    with pytest.raises(KnowledgeError, match=f"the header has no {slot}"):
        read_mapping_sets(copied.parent)


FAULTS = {
    "an invented relation": (
        "skos:exactMatch\tLOINC:89247-1",
        "skos:madeUp\tLOINC:89247-1",
        "skos:madeUp is not allowed",
    ),
    "an unknown justification": (
        "89247-1\tECOG Performance Status score\tsemapv:Manual",
        "89247-1\tECOG Performance Status score\tsemapv:Guessed",
        "semapv:GuessedMappingCuration is not allowed here; use one of ManualMappingCuration, MappingReview",
    ),
    "an undeclared prefix": ("LOINC:89247-1", "LNC:89247-1", "LNC:89247-1 has no prefix of the curie_map"),
    "a prefix without a code": ("LOINC:89247-1", "LOINC:", "LOINC: has no prefix of the curie_map"),
    "a malformed day": ("\t2026-11-24\tThe study", "\t24.11.2026\tThe study", "24.11.2026 is no day; write YYYY-MM-DD"),
    "a cell too many": ("LOINC:89247-1\t", "LOINC:89247-1\t\t", "11 cells instead of 10"),
    "a search without its cardinality": (
        "\t1:0\t2026-11-24\tSearched: EGFR gene",
        "\t\t2026-11-24\tSearched: EGFR gene",
        "1:0",
    ),
    "a cardinality beside a code": (
        "\t\t2026-11-24\tThe study whose",
        "\t1:1\t2026-11-24\tThe study whose",
        "leave it empty",
    ),
    "a line of no header": ("#license: ", "#license ", "this is no line of a header"),
    "other columns": ("subject_id\t", "subject\t", "these are not the columns; write subject_id subject_label"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_refused_by_its_line(copied: Path, name: str) -> None:
    """What `sssom validate` lets pass, or drops without a word, costs the whole set here."""
    old, new, told = FAULTS[name]
    assert copied.read_text(encoding="utf-8").count(old) == 1
    changed(copied, lambda text: text.replace(old, new))
    with pytest.raises(KnowledgeError, match=re.escape(told)) as caught:
        read_mapping_sets(copied.parent)
    assert re.search(r"loinc\.sssom\.tsv: line \d+: ", str(caught.value))
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("change", [lambda lines: [*lines, lines[-1]], lambda lines: [*lines[:-2], *lines[:-3:-1]]])
def test_rows_are_sorted_and_there_once(copied: Path, change: Callable[[list[str]], list[str]]) -> None:
    """Two rows that say the same differ in nothing a reader could choose by."""
    changed(copied, lambda text: "\n".join(change(text.splitlines())) + "\n")
    with pytest.raises(KnowledgeError, match="out of order or twice there; sort the rows"):
        read_mapping_sets(copied.parent)


def test_a_set_without_rows_is_refused(copied: Path) -> None:
    """It would be counted as a target to which nothing is mapped."""
    changed(copied, lambda text: text[: text.index("comment\n") + len("comment\n")])
    with pytest.raises(KnowledgeError, match="no row follows"):
        read_mapping_sets(copied.parent)


def test_a_code_has_the_prefix_of_its_terminology(tmp_path: Path) -> None:
    """The curie_map of a set and the declaration of its terminology say the same."""
    for part in ("ontology", "shapes", "queries"):
        shutil.copytree(ROOT / part, tmp_path / part)
    path = tmp_path / "ontology" / "mappings" / "loinc.sssom.tsv"
    changed(path, lambda text: text.replace("#  LOINC: https://loinc.org/", "#  LOINC: http://loinc.org/"))
    with pytest.raises(KnowledgeError, match=r"loinc\.sssom\.tsv: line \d+: http://loinc.org/.*; mend the curie_map"):
        Knowledge(tmp_path)


def test_searches_without_result_are_no_statements(knowledge: Knowledge) -> None:
    """Exact matches are transitive: whatever has no term would be one and the same thing."""
    searched = [m for mapping_set in knowledge.mapping_sets for m in mapping_set.mappings if not m.found]
    assert len(searched) > 100
    assert not list(knowledge.store.quads_for_pattern(None, NamedNode(SKOS + "exactMatch"), NamedNode(NO_TERM), None))
    assert all(mapping.comment.startswith("Searched: ") for mapping in searched)


def test_sssom_reads_as_many_rows(tmp_path: Path) -> None:
    """The standard's own tool parses and validates every set, and drops no row."""
    sssom = pytest.importorskip("sssom", reason="sssom is not installed: it brings a hundred packages, 390 MB")
    for mapping_set in read_mapping_sets(MAPPINGS):
        parsed = sssom.parse_sssom_table(str(mapping_set.path))
        assert len(parsed.df) == len(mapping_set.mappings)
        sssom.validators.validate(parsed, fail_on_error=True)


# Check digits


@pytest.mark.parametrize("code", ["1155991005", "387381009", "22811006", "47020004", "2667000"])
def test_a_slip_in_a_snomed_code_is_found(code: str) -> None:
    """Every other last digit, and every change of two neighbours, is refused."""
    assert verhoeff(code)
    assert not any(verhoeff(code[:-1] + str(digit)) for digit in range(10) if str(digit) != code[-1])
    swapped = [code[:i] + code[i + 1] + code[i] + code[i + 2 :] for i in range(len(code) - 1) if code[i] != code[i + 1]]
    assert swapped
    assert not any(map(verhoeff, swapped))


@pytest.mark.parametrize("code", ["89243-0", "89247-1", "2880-3", "48676-1", "30525-0"])
def test_a_slip_in_a_loinc_code_is_found(code: str) -> None:
    """Every other last digit is refused; an answer has a digit by another rule, and passes."""
    assert mod10(code)
    assert not any(mod10(code[:-1] + str(digit)) for digit in range(10) if str(digit) != code[-1])
    assert mod10("LA9633-4")


# What may not be said

# Codes that are easily taken for the right ones; the relations in which they may stand all the same.
TRAPS: dict[tuple[str, str], set[str]] = {
    **{("ICD10CM", code): set() for code in ("C70.9", "C70.0", "C70.1", "C71.9", "C79.3", "C79.31", "G93.2")},
    **{("SNOMEDCT", code): set() for code in ("363497007", "363474009", "363476006", "277530005", "722795004")},
    **{("SNOMEDCT", code): set() for code in ("94225005", "94243009", "94442001", "128462008", "94266005")},
    **{("SNOMEDCT", code): set() for code in ("420287000", "108290001", "68267002", "230808006", "406458000")},
    **{("MONDO", code): set() for code in ("0003761", "0006244", "0000618")},
    ("MONDO", "0003762"): {"broad"},
    ("DOID", "6086"): {"broad"},
    ("NCIT", "C27383"): {"narrow"},
    ("NCIT", "C38277"): {"broad"},
    **{("NCIT", code): set() for code in ("C55401", "C143648", "C94396", "C53556", "C155322", "C163760")},
    **{("LOINC", code): set() for code in ("39004-7", "53041-0", "48000-4", "81700-8", "21665-5")},
    **{("LOINC", code): set() for code in ("LL4986-7", "LL529-9")},
    **{("LOINC", code): set() for code in ("48807-2", "2345-7", "47524-4", "32190-1", "47526-9")},
    **{("ATC", code): set() for code in ("L04AX03", "L01XY01", "L01XC03", "L01XE")},
    **{("CHEBI", code): set() for code in ("133021", "175851", "175074", "9560", "9570")},
    ("MAXO", "0000950"): set(),
}  # fmt: skip


def test_no_trap_is_walked_into(knowledge: Knowledge) -> None:
    """Codes that circulate as something else: the heart's ventricle, primary tumours, protein for mutation."""
    found = [row for row in found_rows(knowledge) if (row.prefix, row.code) in TRAPS]
    assert found
    assert [row for row in found if row.relation not in TRAPS[row.prefix, row.code]] == []


@pytest.mark.parametrize(
    "subject, code, relation",
    [
        ("LeptomeningealMetastasis", "C79.32", "close"),
        ("LeptomeningealMetastasis", "C79.49", "broad"),
        ("Her2Positive", "427685000", "related"),
        ("ThirdGenerationEgfrInhibitor", "L01EB", "broad"),
        ("LungTumour", "C7377", "broad"),
        ("WholeBrain", "12738006", "broad"),
    ],
)
def test_what_is_not_the_same_is_not_called_exact(knowledge: Knowledge, subject: str, code: str, relation: str) -> None:
    """A neighbour that is wider, narrower or of another kind is mapped as such."""
    assert [row.relation for row in found_rows(knowledge) if (row.subject, row.code) == (subject, code)] == [relation]


def test_the_status_of_a_disease_is_not_the_disease(knowledge: Knowledge) -> None:
    """The fact and its values have no code of the disease; the condition that the fact is about has them all."""
    disease = {row.code for row in found_rows(knowledge) if row.subject == "LeptomeningealMetastasis"}
    assert len(disease) > 10
    others = ("leptomeningealMetastasis", "Confirmed", "Suspected", "Excluded")
    assert not [row for row in found_rows(knowledge) if row.subject in others and row.code in disease]


# Whether everything that can be mapped is looked for

# Values that no terminology is asked for: they say how a record or a guideline reads a thing, not what it is.
UNASKED = {"CourseStatus", "TargetSite", "TreatmentCourse"}


def test_every_kind_of_value_is_looked_for_somewhere(knowledge: Knowledge) -> None:
    """What a fact or a part of a treatment can be is of a kind that some terminology is asked for."""
    ranges = {
        name
        for (name,) in rows(
            knowledge,
            """SELECT DISTINCT ?range {
              VALUES ?domain { lepto:Patient lepto:Treatment lepto:TreatmentCourse }
              ?property a owl:ObjectProperty ; rdfs:domain ?domain ; rdfs:range ?range }""",
        )
    }
    asked = {name for (name,) in rows(knowledge, "SELECT DISTINCT ?class { ?terminology lepto:mapsMembersOf ?class }")}
    assert ranges
    assert ranges - asked == UNASKED


def test_stand_ins_are_what_is_named_as_unnamed(knowledge: Knowledge) -> None:
    """Whatever is left out of the mappings as a stand-in says so in its name, and the other way round."""
    marked = {name for name, _ in rows(knowledge, "SELECT ?standin ?class { ?standin lepto:standsFor ?class }")}
    named = {
        name
        for (name,) in rows(
            knowledge, "SELECT ?thing { ?thing a ?class VALUES ?class { lepto:Substance lepto:Route } }"
        )
        if name.startswith(("Unnamed", "Unstated"))
    }
    assert marked == named != set()


def test_every_unit_is_a_code_of_ucum(knowledge: Knowledge) -> None:
    """Units are UCUM codes already: there is nothing to map."""
    units = {name for (name,) in rows(knowledge, "SELECT DISTINCT ?unit { ?fact lepto:unit ?unit }")}
    assert units <= {"1", "%", "a", "d", "wk", "mo", "mg", "mg/dL", "mL", "Gy"}
    assert units


# Whether records that bear a mapped code are read

# Codes of treatments, and of what they are made of, by which no record is read as a course.
NOT_READ = {
    "277762005": "a lumbar puncture is an act, and no course of treatment",
    "713148004": "symptoms are managed beside every treatment",
    "788751009": "corticosteroids are given for many reasons",
    "387003001": "trastuzumab is a part of several treatments, and alone none of them",
    "224905": "trastuzumab, as above",
    "L01FD01": "trastuzumab, as above",
    "C1647": "trastuzumab, as above",
    "C155711": "antibodies against HER2, of which trastuzumab deruxtecan alone is a treatment here",
    "L01FD": "antibodies against HER2, of which trastuzumab deruxtecan alone is a treatment here",
    "L01EH": "inhibitors of HER2, of which tucatinib alone is in a treatment here",
    "L01EB": "inhibitors of EGFR of every generation",
    "6719": "memantine protects during radiotherapy, and is no treatment by itself",
    "N06DX01": "memantine, as above",
    "C73269": "memantine, as above",
    "C15327": "a lumbar puncture, as above",
}


def read_codes(known: Declared, fact: str = "") -> tuple[set[str], set[str]]:
    """The codes, and the families of codes, of which entries are that state a fact (all facts, where none is named)."""
    intakes = [intake for intake in known.intakes if fact in ("", intake.fact)]
    conditions = [one for i in intakes for one in (i.conditions, *(reading.conditions for reading in i.readings))]
    return {c for one in conditions for c in one.codes}, {c for one in conditions for c in one.families}


def test_every_code_of_a_treatment_is_read_as_a_course_or_left_out_for_a_reason(knowledge: Knowledge) -> None:
    """A course that a record bears by a mapped code, and that is not read, would be silence."""
    known = declared(knowledge.store)
    codes, families = read_codes(known, "treatmentCourse")
    treatments = {
        LEPTO + name
        for (name,) in rows(
            knowledge,
            """SELECT DISTINCT ?thing {
              VALUES ?kind { lepto:Substance lepto:Treatment }
              { ?thing a/rdfs:subClassOf* ?kind } UNION { ?thing rdfs:subClassOf+ ?kind } }""",
        )
    }
    mapped = {
        mapping.code: mapping.code.removeprefix(known.systems[mapping_set.terminology].prefix)
        for mapping_set in knowledge.mapping_sets
        if mapping_set.terminology in known.systems
        for mapping in mapping_set.mappings
        if mapping.found and mapping.subject in treatments and mapping.relation != SKOS + "relatedMatch"
    }
    assert len(mapped) > 30
    left_out = {bare for code, bare in mapped.items() if code not in codes and not code.startswith(tuple(families))}
    assert left_out == NOT_READ.keys()


# The list of codes that were read

PREFIXES = {
    "SNOMED CT": "SNOMEDCT", "NCIt": "NCIT", "MONDO": "MONDO", "DOID": "DOID", "HP": "HP", "UBERON": "UBERON",
    "ChEBI": "CHEBI", "RxNorm": "RXNORM", "ATC": "ATC", "LOINC": "LOINC", "LOINC answer": "LOINC",
    "ICD-10-CM": "ICD10CM", "ICD-10-PCS": "ICD10PCS", "HGNC": "HGNC", "MAxO": "MAXO", "OncoTree": "ONCOTREE",
    "ECO": "ECO", "SEPIO": "SEPIO", "IAO": "IAO", "OGMS": "OGMS",
}  # fmt: skip
# Codes that are not in the list, and were read elsewhere.
ELSEWHERE = {
    "SNOMEDCT": {"118600007", "93143009", "52101004", "2667000"},
    "NCIT": {"C3161", "C3208", "C4878", "C4911"},
    "MONDO": {"0004950", "0005059", "0005062"},
    "LOINC": {"30525-0"},
    "THO_CERTAINTY": {"high", "moderate", "low", "very-low"},
    "THO_STRENGTH": {"strong", "weak"},
    "THO_STATUS": {"confirmed", "provisional", "refuted", "unconfirmed"},
}
# Where the list is about the very concept of the ontology.
SAME = {
    "LeptomeningealMetastasis": "leptomeningeal metastasis (leptomeningeal carcinomatosis, LM)",
    "BreastCarcinoma": "breast carcinoma",
    "NonSmallCellLungCarcinoma": "non-small cell lung cancer (NSCLC)",
    "SmallCellLungCarcinoma": "small cell lung cancer (SCLC)",
    "Melanoma": "melanoma",
    "CranialNeuropathy": "cranial neuropathy",
    "SpinalCordCompression": "spinal cord compression",
    "CaudaEquinaSyndrome": "cauda equina syndrome",
    "Hydrocephalus": "hydrocephalus",
    "RaisedIntracranialPressure": "raised intracranial pressure",
    "Headache": "headache",
    "IntrathecalChemotherapy": "intrathecal chemotherapy",
    "BestSupportiveCare": "best supportive / palliative care",
    "VentriculoperitonealShunt": "ventriculoperitoneal shunt placement",
    "TrastuzumabDeruxtecan": "trastuzumab deruxtecan",
    "AumolertinibSubstance": "aumolertinib (almonertinib, HS-10296)",
    "OralRoute": "oral route",
    "IntravenousRoute": "intravenous route",
    "csfProtein": "CSF protein",
    "csfCytology": "CSF cytology",
    **{
        f"{name.title()}Substance": name
        for name in ("methotrexate", "capecitabine", "trastuzumab", "tucatinib", "osimertinib", "memantine")
    },
}
# Where the mapping claims less than the list.
WEAKER = {
    ("BreastCarcinoma", "BRCA"): "narrow",  # invasive carcinoma only
    ("CranialNeuropathy", "73013002"): "close",  # its name was not read
    ("SpinalCordCompression", "G95.20"): "close",  # two exact matches in one terminology cannot be
    ("SpinalCordCompression", "G95.29"): "narrow",
    ("VentriculoperitonealShunt", "00160J6"): "narrow",  # one approach, one material
}


@dataclass(frozen=True)
class Listed:
    """A code of the list."""

    concept: str
    label: str
    verified: bool
    relation: str


@pytest.fixture(scope="module")
def listed() -> dict[tuple[str, str], list[Listed]]:
    """The list, by prefix and code; an entry with several codes is taken apart."""
    if not TERMINOLOGY.exists():
        pytest.skip(f"there is no {TERMINOLOGY.name} beside this repository")
    found: dict[tuple[str, str], list[Listed]] = {}
    with TERMINOLOGY.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            codes = row["code"].split("; ")
            labels = row["label"].split("; ") if len(codes) > 1 else [row["label"]]
            for code, label in zip(codes, labels, strict=False):
                shown = label if row["may_ship"] == "label" else ""
                entry = Listed(row["concept"], shown, row["verified"] == "yes", row["match"])
                key = PREFIXES.get(row["system"], row["system"]), code.rsplit(":", 1)[-1]
                found.setdefault(key, []).append(entry)
    assert len(found) > 500
    return found


def test_every_code_was_read(knowledge: Knowledge, listed: dict[tuple[str, str], list[Listed]]) -> None:
    """It is in the list as verified, or in the short list of those that were read elsewhere, and not in both."""
    assert [
        row
        for row in found_rows(knowledge)
        if any(entry.verified for entry in listed.get((row.prefix, row.code), []))
        == (row.code in ELSEWHERE.get(row.prefix, ()))
    ] == []


def test_every_label_is_the_one_that_was_read_and_may_be_shipped(
    knowledge: Knowledge, listed: dict[tuple[str, str], list[Listed]]
) -> None:
    """Where a code has a label that may be passed on it is given, unaltered; where it has none, none is."""
    compared = [row for row in found_rows(knowledge) if (row.prefix, row.code) in listed]
    assert len(compared) > 200
    assert [row for row in compared if row.label not in {entry.label for entry in listed[row.prefix, row.code]}] == []


def test_a_relation_is_the_one_of_the_list_or_claims_less(
    knowledge: Knowledge, listed: dict[tuple[str, str], list[Listed]]
) -> None:
    """For the concepts that the list is about; what claims less is named, with the reason."""
    compared, less = 0, {}
    for row in found_rows(knowledge):
        for entry in listed.get((row.prefix, row.code), []):
            if SAME.get(row.subject) == entry.concept:
                compared += 1
                if row.relation != entry.relation:
                    less[row.subject, row.code] = row.relation
    assert compared > 80
    assert less == WEAKER


# What follows from the mappings

# A line of the mappings to NCIt and what is put in its place; then the words of what is found impossible.
WRONG = {
    "whatever has spread to the lung is no tumour of the lung": (
        "lepto:LungTumour\tlung tumour type\tskos:broadMatch",
        "exactMatch",
        ("NCIT_C36300", "NCIT_C45652"),
    ),
    "breast carcinoma is no small cell carcinoma of the lung": (
        "skos:exactMatch\tNCIT:C4872",
        "NCIT:C4917",
        ("BreastCarcinoma Type BreastTumour", "NCIT_C4917 SubClassOf NCIT_C4878"),
    ),
}


@pytest.mark.java
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_mapping_makes_something_impossible(name: str, tmp_path: Path) -> None:
    """The reasoner names the classes that can have no member, or the axioms that cannot hold together."""
    if java() is None:
        pytest.skip("there is no Java here")
    old, instead, told = WRONG[name]
    for part in ("ontology", "queries"):
        shutil.copytree(ROOT / part, tmp_path / part)
    path = tmp_path / "ontology" / "mappings" / "ncit.sssom.tsv"
    assert path.read_text(encoding="utf-8").count(old) == 1
    new = re.sub(r"NCIT:C4872|broadMatch", instead, old)
    changed(path, lambda text: text.replace(old, new))
    knowledge = Knowledge(tmp_path)
    found = examine([*(t for module in knowledge.modules for t in module.triples), *knowledge.bridges])
    impossible = [*map(local_name, found.unsatisfiable), *found.culprits]
    assert set(told) <= set(impossible), impossible


def test_a_bridge_says_no_more_than_the_mapping(knowledge: Knowledge) -> None:
    """Close and related matches bridge nothing, and a fact is no class."""
    assert len(knowledge.bridges) > 500
    bridged = {triple.subject for triple in knowledge.bridges}
    assert NamedNode(LEPTO + "karnofskyPerformanceStatus") not in bridged
    assert NamedNode(LEPTO + "Headache") in bridged
    equal = {triple.object for triple in knowledge.bridges if triple.predicate.value == OWL + "equivalentClass"}
    assert NamedNode("http://snomed.info/id/171765004") in equal
    assert NamedNode("http://snomed.info/id/230156002") not in equal


# Asking by code


@pytest.mark.parametrize(
    "asked, concept, relation",
    [
        ("http://snomed.info/sct|1155991005", "LeptomeningealMetastasis", "exactMatch"),
        ("SNOMEDCT:1155991005", "LeptomeningealMetastasis", "exactMatch"),
        ("http://snomed.info/id/1155991005", "LeptomeningealMetastasis", "exactMatch"),
        ("http://hl7.org/fhir/sid/icd-10-cm|C79.32", "LeptomeningealMetastasis", "closeMatch"),
        ("http://loinc.org|2880-3", "csfProtein", "exactMatch"),
        ("http://www.genenames.org|HGNC:3236", "egfrStatus", "relatedMatch"),
        ("http://www.genenames.org|3236", "egfrStatus", "relatedMatch"),
        ("HGNC:3236", "egfrStatus", "relatedMatch"),
    ],
)
def test_a_concept_is_found_by_a_code_of_others(knowledge: Knowledge, asked: str, concept: str, relation: str) -> None:
    """As a FHIR token, as a CURIE or as an IRI; the relation says how close the code comes."""
    _, *found = query_by_code(knowledge, asked).text.splitlines()
    assert [row.split("\t")[0] for row in found] == [f"<{LEPTO}{concept}>"]
    assert f"<{SKOS}{relation}>" in found[0]


@pytest.mark.parametrize(
    "asked, told",
    [
        ("http://snomed.info/sc|1155991005", "did you mean http://snomed.info/sct|1155991005?"),
        ("C79.32", "write SYSTEM|CODE, such as http://loinc.org|89243-0"),
        ("http://loinc.org|", "write SYSTEM|CODE"),
    ],
)
def test_a_code_of_no_terminology_is_refused(knowledge: Knowledge, asked: str, told: str) -> None:
    """One line names the mend; a code without its terminology could be anything."""
    with pytest.raises(QueryError, match=re.escape(told)) as caught:
        query_by_code(knowledge, asked)
    assert len(str(caught.value).splitlines()) == 1


def test_the_command_says_when_nothing_is_mapped(capsys: pytest.CaptureFixture[str]) -> None:
    """The table is empty, and standard error says so; a query beside the code is refused."""
    assert main(["query", "--code", "http://loinc.org|718-7"]) == 0
    answer = capsys.readouterr()
    assert answer.out == "?concept\t?label\t?relation\t?terminology\t?code\t?name\n"
    assert answer.err == "lepto: no concept is mapped to http://loinc.org|718-7\n"
    assert main(["query", "--code", "http://loinc.org|2880-3", "CQ1"]) == 2
    assert "leave out the name" in capsys.readouterr().err
