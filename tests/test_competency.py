"""The competency questions: each is answered by a query with a tested answer, or says what it waits for.

Every folder in `tests/competency/` is a test by existing: its query gives exactly the answer that it expects, for its
patients where it needs some. `python tests/accept_answers.py [NAME...]` rewrites expectations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

import pytest
from pyoxigraph import DefaultGraph, RdfFormat, Store, parse
from rdflib import Graph
from rdflib.compare import isomorphic
from rdflib.query import ResultRow
from rdflib.term import Literal as RdflibLiteral

from lepto.cli import main
from lepto.derive import derived
from lepto.knowledge import Knowledge
from lepto.query import QueryError, Question, header, query, questions
from lepto.read import read
from lepto.vocabulary import LEPTO
from tests.accept_answers import ON, answered, expectation_of, folders, patients_of

FOLDERS = folders()
NAMES = [folder.name for folder in FOLDERS]
ANSWERED = (52, 4)  # by queries, and by commands that search

# What the article decides: in some row of the answer to the question, all of these stand.
ARTICLE = [
    ("CQ2", ["ThirdGenerationEgfrTki", "Recommended"]),
    ("CQ2", ["Osimertinib"]),
    ("CQ2", ["Aumolertinib"]),
    ("CQ3", ["TrastuzumabDeruxtecan"]),
    ("CQ3", ["TucatinibCombination"]),
    ("CQ4", ["BrafMekInhibitorTherapy", "Recommended", "C20"]),
    ("CQ5", ["Melanoma", "BrafWildType"]),
    ("CQ6", ["MethotrexateInduction", "15 mg 2 wk 4"]),
    ("CQ6", ["MethotrexateConsolidation", "15 mg 1 wk 4"]),
    ("CQ6", ["MethotrexateMaintenance", "15 mg 1 mo", "true"]),
    ("CQ7", ["VentricularRoute LumbarRoute C28", "OmmayaReservoir"]),
    ("CQ7", ["VentricularRoute LumbarRoute C29", "longer survival"]),
    ("CQ8", ["CranialNeuropathyPresent Recommended 30 10 Gy 3"]),
    ("CQ8", ["SpinalCordCompressionPresent Recommended 36 12 Gy 3"]),
    ("CQ8", ["NodularDepositsPresent", "30 10 Gy 3"]),
    ("CQ9", ["IntrathecalMethotrexate disease-directed MayConsider Avoid karnofskyPerformanceStatus 70"]),
    ("CQ10", ["Recommended BestSupportiveCare"]),
    ("CQ10", ["MayConsider WholeBrainRadiotherapyWithMemantine WholeBrainBenefitJudgedToOutweighHarm"]),
    ("CQ10", ["Recommended CorticosteroidSymptomManagement"]),
    ("CQ10", ["Recommended VentriculoperitonealShunt SymptomaticHydrocephalusPresent"]),
    ("CQ11", ["SymptomaticHydrocephalusPresent VentriculoperitonealShunt Surgery Recommended"]),
    ("CQ11", ["RaisedIntracranialPressurePresent VentriculoperitonealShunt"]),
    ("CQ12", ["WholeBrainRadiotherapyWithMemantine", "hasComponent", "MemantineSubstance"]),
    ("CQ13", ["RepeatLumbarPuncture Recommended"]),
    ("CQ16", ["E20 NSCLC BRAIN metastases"]),
    ("CQ24", ["PrognosisUntreated", "untreated C59 E110 6 8 wk"]),
    ("CQ24", ["PrognosisTreated", "treated C60 E110 2 6 mo"]),
    ("CQ24", ["PrognosisBreast", "treated C61 E110 6 7 mo"]),
    ("CQ40", ["short-but-fit 70 0.9 PoorPrognosis"]),
    ("CQ46", ["CraniospinalIrradiation Given IntrathecalMethotrexate Planned", "leukoencephalopathy"]),
    *(("SQ1", [f"5 C{number}"]) for number in range(66, 71)),
    *(("SQ2", [f"Reference4 TopicLeptomeningealInfection C{number}"]) for number in range(62, 66)),
    *(("SQ3", [claim]) for claim in ("C01", "C06", "C10", "C11", "C36", "C77", "C82")),
    ("SQ4", ["InitialTreatment E110 ReviewPending C03"]),
    *(("SQ6", [item]) for item in ("E20", "E21", "E42", "E49", "E50", "E51", "E53")),
    ("SQ7", ["C59 3 E111 D27"]),
    *(("SQ9", ["Aumolertinib", place]) for place in (" EU ", " US ")),
]

# A change of the graph that must change an answer; an answer that is empty is worth something only where one fills it.
VERDICT = "<urn:v> a lepto:Verdict ; lepto:ofPatient <urn:p> ; lepto:onAction lepto:TucatinibCombination"
BARRED = "<urn:p> lepto:meets lepto:BarSystemicChemotherapyWithCraniospinalIrradiation"
CHANGES = [
    ("advice-without-caveat", "INSERT DATA { lepto:C02 lepto:claimKind lepto:UseLimit }"),
    ("classes-without-possible-member", "INSERT DATA { lepto:Offer rdfs:subClassOf lepto:Bar }"),
    (
        "classes-without-possible-member",
        "INSERT DATA { lepto:KinaseInhibitor rdfs:subClassOf lepto:CytotoxicSubstance }",
    ),
    (
        "code-on-disjoint-classes",
        "INSERT DATA { lepto:OsimertinibSubstance skos:exactMatch _:c . lepto:DeruxtecanPayload skos:exactMatch _:c }",
    ),
    (
        "code-on-disjoint-classes",
        "INSERT DATA { lepto:Bar skos:exactMatch _:c . _:d skos:exactMatch _:c . lepto:Offer skos:exactMatch _:d }",
    ),
    ("deprecated-terms", "INSERT DATA { lepto:Aumolertinib owl:deprecated true }"),
    (
        "incomplete-terms",
        "DELETE WHERE { lepto:offers rdfs:label ?label }",
    ),
    ("offers-without-primary-evidence", "INSERT DATA { lepto:Reference1 lepto:refersTo lepto:E60 }"),
    ("prognosis-in-rules", "INSERT DATA { lepto:OfferBestSupportiveCare lepto:basedOnClaim lepto:C59 }"),
    ("prognosis-in-rules", "INSERT DATA { lepto:OfferBestSupportiveCare lepto:needs lepto:CsfProteinBelow100 }"),
    ("quartz-without-indirect", "DELETE DATA { lepto:E20 lepto:directness lepto:IndirectEvidence }"),
    ("quartz-without-indirect", "DELETE WHERE { lepto:AppraisalOfC50 lepto:directnessNote ?note }"),
    ("recommended-and-barred", f"INSERT DATA {{ {VERDICT} ; lepto:outcome lepto:Offered , lepto:Against }}"),
    ("recommended-and-barred", f"INSERT DATA {{ {VERDICT} ; lepto:outcome lepto:Offered . {BARRED} }}"),
    ("recommended-and-barred", f"INSERT DATA {{ {VERDICT} . {VERDICT.replace('urn:v', 'urn:w')} }}"),
    ("synonyms", 'INSERT DATA { lepto:Osimertinib rdfs:label "Osimertinib"@de }'),
    (
        "uncited-references",
        "INSERT DATA { lepto:Reference6 a lepto:Reference ; lepto:printedNumber 6 ; prov:wasDerivedFrom lepto:E110 }",
    ),
    ("undeclared-external-terms", "INSERT DATA { lepto:C01 <urn:stale> lepto:C02 }"),
]


def shown(text: str) -> list[str]:
    """The lines of an answer as plain words: local names, and literals without their marks."""
    bare = re.sub(rf"<{LEPTO}([^>]*)>|<urn:lepto:patient:([^>]*)>", r"\1\2", text)
    bare = re.sub(r'"([^"]*)"(?:\^\^<[^>]*>|@[a-z]+)?', r"\1", bare)
    return [re.sub(r"\s+", " ", line) for line in bare.splitlines()]


def is_empty(answer: str) -> bool:
    """Whether an answer says that nothing was found."""
    return answer == "false\n" or len(answer.splitlines()) == 1


@pytest.fixture(scope="module")
def listed(knowledge: Knowledge) -> list[Question]:
    """The competency questions of the ontology."""
    return questions(knowledge)


# Every answer


def test_every_competency_query_has_a_tested_answer(knowledge: Knowledge) -> None:
    """A query without a folder, or a folder without a query, is forgotten."""
    assert sorted(path.stem for path in (knowledge.root / "queries" / "competency").glob("*.rq")) == NAMES


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_a_query_gives_the_answer_that_it_expects(knowledge: Knowledge, folder: Path) -> None:
    """The whole answer is, character for character, the expected one."""
    expected, came = expectation_of(knowledge, folder).read_text(encoding="utf-8"), answered(knowledge, folder)
    if came != expected:
        lines = unified_diff(expected.splitlines(), came.splitlines(), "expected", "came", lineterm="", n=2)
        pytest.fail("\n".join(lines), pytrace=False)


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_a_query_that_needs_patients_says_so_and_has_some(knowledge: Knowledge, folder: Path) -> None:
    """A folder holds the expectation, and patients where the summary asks for them; without them little comes back."""
    needs = "It needs patients." in header(knowledge.query_text(f"competency/{folder.name}"))["summary"]
    assert {path.name for path in folder.iterdir()} == {
        expectation_of(knowledge, folder).name,
        *(["patients.json"] if needs else []),
    }
    if needs and folder.name != "recommended-and-barred":
        without = query(knowledge, f"competency/{folder.name}", [], ON).text
        assert len(without.splitlines()) < len(answered(knowledge, folder).splitlines())


@pytest.mark.parametrize("code, words", ARTICLE)
def test_where_the_article_decides_the_answer_is_the_articles(
    knowledge: Knowledge, code: str, words: list[str]
) -> None:
    """An accepted expectation may be wrong: what the article says is held here once more."""
    folder = next(folder for folder in FOLDERS if f"competency/{folder.name}" in named(knowledge, code))
    rows = shown(answered(knowledge, folder))
    assert [row for row in rows if all(word in row for word in words)], rows


def named(knowledge: Knowledge, code: str) -> tuple[str, ...]:
    """The queries that answer a question."""
    return next(question.queries for question in questions(knowledge) if question.code == code)


# Answers that find nothing


def test_every_empty_answer_can_be_filled(knowledge: Knowledge) -> None:
    """A query that finds nothing has a change below by which it finds something."""
    empty = {
        folder.name for folder in FOLDERS if is_empty(expectation_of(knowledge, folder).read_text(encoding="utf-8"))
    }
    assert len(empty) > 5
    assert empty <= {name for name, _ in CHANGES}


@pytest.mark.parametrize("name, change", CHANGES)
def test_a_change_of_the_graph_changes_the_answer(knowledge: Knowledge, name: str, change: str) -> None:
    """What an answer says depends on the graph."""
    prefixes = "".join(
        f"PREFIX {prefix}: <{space}> "
        for prefix, space in {
            "lepto": LEPTO,
            "owl": "http://www.w3.org/2002/07/owl#",
            "prov": "http://www.w3.org/ns/prov#",
            "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
            "skos": "http://www.w3.org/2004/02/skos/core#",
        }.items()
    )
    store, text = Store(), knowledge.query_text(f"competency/{name}")
    store.extend(knowledge.whole)
    before = rows_of(store, text)
    store.update(prefixes + change)
    assert rows_of(store, text) != before


def rows_of(store: Store, text: str) -> object:
    """The answer of an engine as something that can be compared."""
    answer = store.query(text)
    return sorted(map(str, answer)) if isinstance(answer, Iterator) else bool(answer)


# The list


def test_the_sixty_and_the_twelve_are_listed(listed: list[Question]) -> None:
    """By number, without a gap."""
    assert [question.code for question in listed] == [
        *(f"CQ{number}" for number in range(1, 61)),
        *(f"SQ{number}" for number in range(1, 13)),
    ]


def test_each_question_is_answered_or_says_why_not(listed: list[Question]) -> None:
    """Exactly one of the three: by queries, by a command, or not yet."""
    ways = {question.code: (question.queries, question.command, question.reason) for question in listed}
    assert [code for code, way in ways.items() if sum(map(bool, way)) != 1] == []


def test_how_many_of_the_sixty_are_answered(listed: list[Question]) -> None:
    """The figure that is reported, which only grows."""
    answered = [(bool(question.queries), bool(question.command)) for question in listed[:60]]
    assert (sum(query for query, _ in answered), sum(command for _, command in answered)) == ANSWERED


def test_a_question_names_queries_of_the_catalogue_and_every_query_is_named(listed: list[Question]) -> None:
    """No question points at nothing, and no competency query answers nothing that was asked."""
    assert {name for question in listed for name in question.queries} == {f"competency/{name}" for name in NAMES}


def test_a_query_is_found_by_the_number_of_its_question(knowledge: Knowledge) -> None:
    """In upper or lower case."""
    assert query(knowledge, "CQ6", [], ON) == query(knowledge, "competency/methotrexate-schedule", [], ON)
    assert query(knowledge, "sq1", [], ON) == query(knowledge, "dangling-citations", [], ON)


@pytest.mark.parametrize(
    "code, told",
    [
        ("CQ22", "CQ22 has no answer yet: There is one release"),
        ("CQ38", "CQ38 takes a search, not a query: lepto explain --help"),
        ("CQ58", "name one: competency/dangling-citations or competency/uncited-references"),
        ("CQ61", "no such query"),
    ],
)
def test_a_number_without_one_answer_is_refused(knowledge: Knowledge, code: str, told: str) -> None:
    """One line says why, or between what to choose."""
    with pytest.raises(QueryError, match=re.escape(told)) as caught:
        query(knowledge, code, [], ON)
    assert len(str(caught.value).splitlines()) == 1


def test_the_list_shows_every_question_with_its_number(
    knowledge: Knowledge, listed: list[Question], capsys: pytest.CaptureFixture[str]
) -> None:
    """What is answered with its queries, what is not with the reason."""
    assert main(["query", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for question in listed:
        (line,) = [line for line in lines if line.startswith(f"{question.code}: ")]
        assert question.text in line
        assert all(name in line for name in question.queries or (question.reason,))


# Another engine


@pytest.mark.slow
@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_another_engine_gives_the_same_answer(knowledge: Knowledge, folder: Path) -> None:
    """The queries are plain SPARQL 1.1: rdflib finds over the same graph what pyoxigraph finds."""
    records = read(patients_of(folder), knowledge.facts) if patients_of(folder) else []
    assert knowledge.whole
    with derived(knowledge, (triple for record in records for triple in record.triples)) as store:
        graph = Graph().parse(data=store.dump(format=RdfFormat.N_TRIPLES, from_graph=DefaultGraph()), format="nt")
    answer = graph.query(knowledge.query_text(f"competency/{folder.name}"))
    expected = answered(knowledge, folder)
    if answer.type == "CONSTRUCT":
        assert answer.graph is not None
        assert isomorphic(answer.graph, Graph().parse(data=expected, format="turtle"))
    elif answer.type == "ASK":
        assert expected == f"{str(bool(answer.askAnswer)).lower()}\n"
    else:
        rows = [[plain(term) for term in row] for row in answer if isinstance(row, ResultRow)]
        assert sorted(rows) == sorted(table(expected))


def plain(term: object) -> str:
    """A term of rdflib as one text, a number by its value."""
    if term is None:
        return ""
    if isinstance(term, RdflibLiteral) and isinstance(term.value, bool):
        return str(term.value).lower()
    return number(str(term))


def number(text: str) -> str:
    """A number by its value, anything else as it is."""
    return f"{float(text):g}" if re.fullmatch(r"-?\d+(\.\d+)?", text) else text


def table(text: str) -> Iterator[list[str]]:
    """The rows of a table as SPARQL TSV has them, each cell as one text."""
    for line in text.splitlines()[1:]:
        yield [cell_of(cell) for cell in line.split("\t")]


def cell_of(cell: str) -> str:
    """The text of a term as Turtle writes it."""
    if not cell:
        return ""
    (quad,) = parse(f"<urn:s> <urn:p> {cell} .", format=RdfFormat.TURTLE)
    return number(getattr(quad.object, "value", str(quad.object)))
