"""The tables say what SPARQL says: of every criterion, of every rule, and of whole patients."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from benchmarks import registry
from benchmarks.charts import chart
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Quad, QuerySolutions, QueryTriples, RdfFormat, Store, Triple, parse

from lepto.cohort.answering import Answered, Answering
from lepto.cohort.aside import part_of_records
from lepto.cohort.columns import part_of_columns
from lepto.cohort.lines import part_of_lines
from lepto.cohort.part import Part
from lepto.cohort.resolution import MET, NOT_MET, OPEN, Resolution, Standings
from lepto.cohort.texts import Texts
from lepto.cohort.views import as_shapes_see
from lepto.derive import CRITERIA, RULES, derived
from lepto.knowledge import Knowledge, folder
from lepto.read import Intaking, read_bytes
from lepto.read.record import Shared, shared_ids
from lepto.verify.evaluate import Evaluator
from lepto.verify.grounds import Grounds
from lepto.vocabulary import LEPTO, PATIENT, RDF_TYPE, SH, local_name
from tests.accept_cases import folders
from tests.patients import ON, Facts, established_patients, patients
from tests.states import abstract_states

BATCH = 40
STANDINGS = {"doesNotMeet": NOT_MET, "leavesOpen": OPEN, "meets": MET}


def lines(people: Sequence[Mapping[str, Any]]) -> bytes:
    """Patients as NDJSON, each under an id of its own."""
    return b"".join(json.dumps({**one, "id": f"P{number}"}).encode() + b"\n" for number, one in enumerate(people))


@pytest.fixture(scope="module")
def by_tables(knowledge: Knowledge) -> Answering:
    """The fast road."""
    return Answering(knowledge, ON)


@pytest.fixture(scope="module")
def by_sparql(knowledge: Knowledge) -> Answering:
    """The road of every single patient."""
    return Answering(knowledge, ON, by_sparql=True)


def both(by_tables: Answering, by_sparql: Answering, data: bytes) -> Answered:
    """Answer lines on both roads, hold every row against the other, and return what is said."""
    return same(*(road.answer(read(road, data)) for road in (by_tables, by_sparql)))


def same(ours: Answered, other: Answered) -> Answered:
    """Hold every row against another one, and return what is said."""
    for name in ("verdicts", "findings", "patients"):
        found, wanted = getattr(ours, name), getattr(other, name)
        assert found.rows() == wanted.rows(), name
    return ours


def read(road: Answering, data: bytes) -> Part:
    """Read lines; who shares an id is refused, as a run does."""
    part = part_of_lines(road, data, "cohort.ndjson", 1)
    return part.with_shared_ids_refused(shared_ids(zip(part.names, part.origins, strict=True)))


@pytest.mark.parametrize(
    "text, is_plain",
    [("0.03285420944558521", True), ("33.333333333333336", True), ("0.123456789012345678", False), ("0.1", True)],
)
def test_a_number_is_plain_as_far_as_it_is_held_exactly(text: str, is_plain: bool, by_tables: Answering) -> None:
    """Months that were worked out from days have 17 digits; what has more than 18 is looked at by itself."""
    part = read(by_tables, f'{{"id":"A","lifeExpectancyMonths":{text}}}'.encode())
    assert len(part.plain) == is_plain


def test_health_records_in_which_something_is_doubtful_go_by_the_tables(
    by_tables: Answering, by_sparql: Answering
) -> None:
    """Beside lines that cannot be read, of which every patient is warned, of ten one by one.
    Who is given twice does not, and is warned as well.
    """
    knowledge = by_tables.knowledge
    people = ({**one, "id": f"P{number}"} for number, one in enumerate(registry.patients(40)))
    charts = [chart(one, knowledge.facts, {"csfProtein": "mg/dL", "lifeExpectancyMonths": "mo"}) for one in people]
    data = b"".join(json.dumps(one).encode() + b"\n" for one in charts) + b"{not JSON\n" * 300
    records = read_bytes(data, "charts.ndjson", knowledge.facts, Intaking(knowledge, ON))
    parts = [part_of_records(road, records) for road in (by_tables, by_sparql)]
    assert [len(part.plain) for part in parts] == [len(charts), 0]
    assert {len(part.warnings) for part in parts} == {11 * len(charts), 0}
    for shared in ({}, {"P7": Shared("here", "there", 2)}):
        answers = [part.with_shared_ids_refused(shared) for part in parts]
        said = same(*(road.answer(part) for road, part in zip((by_tables, by_sparql), answers, strict=True)))
        assert said.patients["answered"].sum() == len(charts) - len(shared)
        assert said.findings["message"].str.starts_with("290 places more: it cannot be read").sum() == len(charts)


# Criteria


@pytest.mark.slow
def test_every_criterion_has_the_standing_and_awaits_the_facts_that_sparql_says_in_every_abstract_state(
    by_tables: Answering,
) -> None:
    """Over all values of the facts that decide a criterion, silence included; of courses every single one."""
    with Evaluator(folder()) as evaluator:
        people, asked, whole = abstract_states(Grounds(evaluator), sys.maxsize)
    compared = compare_criteria(by_tables, people, asked)
    print(f"\ncriteria: {compared} standings in {len(people)} states of {whole} agree with SPARQL")
    criteria = {local_name(iri) for iri in by_tables.knowledge.compiled.criteria}
    assert {name for names in asked.values() for name in names} == criteria
    assert len(people) == whole


@pytest.mark.slow
def test_every_criterion_has_the_standing_that_sparql_says_of_two_courses(by_tables: Answering) -> None:
    """What criteria see of a list is put together from its courses: every pair of kinds of courses that a record may
    hold, a sample of the pairs.
    """
    with Evaluator(folder()) as evaluator:
        grounds = Grounds(evaluator)
        pairs = [{grounds.courses: list(pair)} for pair in product(grounds.space.courses, repeat=2)]
        reads = [name for name, facts in grounds.reads.items() if grounds.courses in facts]
    some = pairs[:: max(1, len(pairs) // 500)]
    people: list[Facts] = [{"id": f"pair-{number}", **one} for number, one in enumerate(some)]
    assert compare_criteria(by_tables, people, {str(one["id"]): reads for one in people}) > len(people)


def compare_criteria(road: Answering, people: Sequence[Facts], asked: Mapping[str, Sequence[str]]) -> int:
    """Hold standings and awaited facts of criteria against SPARQL; return how many there are."""
    data = b"".join(json.dumps(one).encode() + b"\n" for one in people)
    part = part_of_lines(road, data, "states", 1)
    refused, _ = road._looked_at(part, part.rows, part.plain)
    rows, names = part.rows[~refused], [part.names[place] for place in part.plain[~refused].tolist()]
    road.tables.standings(rows)
    codes, awaits = road.tables.criteria.standings(rows, {name for found in asked.values() for name in found})
    stated = {one["id"]: one for one in people}
    compared = 0
    for row, (said, awaited) in enumerate(criteria_by_sparql(road.knowledge, [stated[name] for name in names])):
        for name in asked[names[row]]:
            assert codes[name][row] == said[name], (stated[names[row]], name)
            bits = {fact for fact, bit in road.tables.criteria.bit.items() if awaits[name][row] & bit}
            assert bits == (awaited[name] if said[name] == OPEN else set()), (stated[names[row]], name)
            compared += 1
    return compared


def criteria_by_sparql(
    knowledge: Knowledge, people: Sequence[Facts]
) -> Iterator[tuple[dict[str, int], dict[str, set[str]]]]:
    """Yield for each patient the standings of criteria, and the facts at the ends of the ways that decide each."""
    for start in range(0, len(people), BATCH):
        records = read_bytes(json.dumps(people[start : start + BATCH]).encode(), "states.json", knowledge.facts)
        said: dict[str, dict[str, int]] = defaultdict(dict)
        ends: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        steps = (*CRITERIA, "8-paths-of-open")
        with derived(knowledge, (t for record in records for t in record.triples), steps) as store:
            for name, code in STANDINGS.items():
                for quad in store.quads_for_pattern(None, NamedNode(LEPTO + name), None, None):
                    assert isinstance(quad.subject, NamedNode)
                    assert isinstance(quad.object, NamedNode)
                    said[quad.subject.value][local_name(quad.object.value)] = int(code)
            answer = store.query(knowledge.query_text("explain/decisive"))
            assert isinstance(answer, QuerySolutions)
            for row in answer:
                ends[row["patient"].value][local_name(row["criterion"].value)].add(local_name(row["fact"].value))
        yield from ((said[record.iri], ends[record.iri]) for record in records)


# Rules


@pytest.mark.slow
def test_every_rule_has_the_standing_that_sparql_derives_from_every_combination_of_its_criteria(
    knowledge: Knowledge,
) -> None:
    """All standings of all criteria of each rule, with and without what would settle a question."""
    rules = Resolution(knowledge)
    told = 0
    for rule in rules.rules:
        criteria = sorted({*rules.needs[rule], *rules.yields_to[rule]})
        settled = [(), *((fact,) for fact in sorted(rules.settled_by[rule]))]
        combinations = list(product(product(STANDINGS, repeat=len(criteria)), settled))
        codes = {name: np.full(len(combinations), OPEN) for name in rules.criteria}
        stated = {fact: np.zeros(len(combinations), dtype=np.bool_) for fact in rules.facts}
        triples = []
        for number, (standings, facts) in enumerate(combinations):
            patient = NamedNode(f"urn:lepto:patient:{number}")
            triples.append(Triple(patient, NamedNode(RDF_TYPE), NamedNode(PATIENT)))
            for name, standing in zip(criteria, standings, strict=True):
                codes[name][number] = STANDINGS[standing]
                triples.append(Triple(patient, NamedNode(LEPTO + standing), NamedNode(LEPTO + name)))
            for fact in facts:
                stated[fact][number] = True
                triples.append(Triple(patient, NamedNode(LEPTO + fact), Literal("stated")))
        nothing: Mapping[str, Any] = {}
        found = rules.standings(Standings(len(combinations), codes, nothing, stated, nothing, nothing))[rule]
        assert found.tolist() == rules_by_sparql(knowledge, rule, triples, len(combinations)), rule
        told += len(combinations)
    print(f"\nrules: {told} standings of {len(rules.rules)} rules agree with SPARQL")
    assert told > 3 * len(rules.rules)


def rules_by_sparql(knowledge: Knowledge, rule: str, triples: Sequence[Triple], many: int) -> list[int]:
    """The standing of a rule for patients of whom the standings of criteria are given."""
    store, found = Store(), [-1] * many
    store.extend(knowledge.store)
    store.extend(Quad(*triple) for triple in triples)
    for step in RULES[len(CRITERIA) :]:
        answer = store.query(knowledge.query_text(f"derive/{step}"))
        assert isinstance(answer, QueryTriples)
        store.extend([Quad(*triple) for triple in answer])
    for name, code in STANDINGS.items():
        for quad in store.quads_for_pattern(None, NamedNode(LEPTO + name), NamedNode(LEPTO + rule), None):
            assert isinstance(quad.subject, NamedNode)
            found[int(quad.subject.value.rpartition(":")[2])] = int(code)
    return found


# Patients


def test_whole_patients_have_the_same_rows_on_both_roads(by_tables: Answering, by_sparql: Answering) -> None:
    """Patients of a registry, as it may hold them."""
    answered = both(by_tables, by_sparql, lines([*registry.patients(100)]))
    assert answered.verdicts.height > 500


def test_the_patients_of_all_cases_have_the_same_rows_on_both_roads(by_tables: Answering, by_sparql: Answering) -> None:
    """The refused ones among them."""
    found = [json.loads((path / "patient.json").read_bytes()) for path in folders()]
    people = [one for stated in found for one in (stated if isinstance(stated, list) else [stated])]
    answered = both(by_tables, by_sparql, lines([one for one in people if isinstance(one, dict)]))
    assert answered.patients.height > 200
    assert answered.findings.height > 0


@pytest.mark.slow
def test_two_thousand_patients_have_the_same_rows_on_both_roads(
    knowledge: Knowledge, by_tables: Answering, by_sparql: Answering
) -> None:
    """Half of them as a registry may hold them, half as the ontology lets them be."""
    drawn: list[Facts] = []

    @seed(20261125)
    @settings(max_examples=1000, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(st.one_of(patients(knowledge), established_patients(knowledge)))
    def draw(facts: Facts) -> None:
        drawn.append(facts)

    draw()
    people = [*registry.patients(1000, seed=7), *drawn[:1000]]
    assert len(people) == 2000
    answered = both(by_tables, by_sparql, lines(people))
    print(f"\npatients: {answered.verdicts.height} rows and {answered.findings.height} findings of 2,000 agree")


@pytest.mark.parametrize(
    "counts, told_apart",
    [
        ("sh:class :Treatment", 1),
        ("sh:qualifiedMinCount 1", 1),
        ("sh:qualifiedMaxCount 0", 1),
        ("sh:qualifiedMinCount 3", 3),
        ("sh:maxCount 2", 3),
    ],
)
def test_shapes_see_of_alike_courses_as_many_as_they_count(
    counts: str, told_apart: int, knowledge: Knowledge, by_tables: Answering
) -> None:
    """Whatever is counted of other facts; where SPARQL may count, all of them."""
    courses = by_tables.coding.courses
    text = f"""PREFIX sh: <{SH}> PREFIX : <{LEPTO}>
        [ sh:path :{courses} ; {counts} ] a sh:PropertyShape .
        [ sh:path :csfFlow ; sh:maxCount 7 ] a sh:PropertyShape ."""
    course = {"treatment": "Osimertinib", "courseStatus": "Given"}
    for more, most in (("", told_apart), ("[] sh:sparql [] .", 9)):
        shapes = [quad.triple for quad in parse(text + more, format=RdfFormat.TURTLE)]
        seen = as_shapes_see(knowledge, shapes, frozenset({"courseStatus"}))
        assert len({seen([course] * many) for many in range(1, 10)}) == most


def test_texts_that_grew_too_many_are_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a text says does not depend on what was met before."""
    monkeypatch.setattr("lepto.cohort.texts.KEPT", 5)
    asked: list[str] = []

    def read(text: str) -> int:
        asked.append(text)
        return int(text)

    texts = Texts(read, {"": -1})
    for start in (0, 0, 4, 100, 0):
        given = [str(number) for number in range(start, start + 4)]
        numbers = texts.numbers(pl.Series([*given, "", None, given[0]]))
        assert texts.said[numbers].tolist() == [*map(int, given), -1, -1, start]
    assert len(asked) == 16


def test_tables_that_grew_too_large_are_begun_anew(knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded whatever the cohort holds; the answers are the same."""
    road, data = Answering(knowledge, ON), lines([*registry.patients(40)])
    before = road.answer(read(road, data))
    road.make_room()
    kept = road.coding
    monkeypatch.setattr("lepto.cohort.coding.KEPT", 3)
    road.make_room()
    assert road.coding is not kept
    assert road.answer(read(road, data)).verdicts.equals(before.verdicts)


# What is odd


ODD = [
    b'{"id":"X","csfFlow":"UnobstructedCsfFlow","csfFlow":"ObstructedCsfFlow"}',
    b'{"id":"X","csfFlow":"ObstructedCsfFlow","csfFlow":"ObstructedCsfFlow"}',
    b'{"id":"X","id":"Y"}',
    b'{"id":"X","csfFlow":"Obstructed\\u0043sfFlow"}',
    b'{"id":"X" , "csfFlow" : "ObstructedCsfFlow"}',
    b'{"id": "X", "csfFlow": "ObstructedCsfFlow"}\r',
    b' {"id":"X","ageYears":60}',
    b'{"id":"X","ageYears":60.0}',
    b'{"id":"X","ageYears":1e2}',
    b'{"id":"X","ageYears":060}',
    b'{"id":"X","ageYears":"60"}',
    b'{"id":"X","ageYears":-1}',
    b'{"id":"X","ageYears":true}',
    b'{"id":"X","wholeBrainBenefitOutweighsHarm":1}',
    b'{"id":"X","wholeBrainBenefitOutweighsHarm":"true"}',
    b'{"id":"X","lifeExpectancyMonths":1.0}',
    b'{"id":"X","lifeExpectancyMonths":0.99999999999999999999}',
    b'{"id":"X","lifeExpectancyMonths":0.999999999999}',
    b'{"id":"X","lifeExpectancyMonths":1}',
    b'{"id":"X","lifeExpectancyMonths":0}',
    b'{"id":"X","lifeExpectancyMonths":NaN}',
    b'{"id":"X","csfProtein":100.0}',
    b'{"id":"X","csfProtein":1e2}',
    b'{"id":"X","csfFlow":null}',
    b'{"id":"X","csfFlow":""}',
    b'{"id":"X","csfFlow":["ObstructedCsfFlow"]}',
    b'{"id":"X","csfFlow":{"a":"b"}}',
    b'{"id":"X","CsfFlow":"ObstructedCsfFlow"}',
    b'{"id":"X","favouriteColour":"blue"}',
    b'{"id":"X","declinedTreatment":[]}',
    b'{"id":"X","declinedTreatment":["IntrathecalTherapy","IntrathecalTherapy"]}',
    b'{"id":"X","declinedTreatment":"IntrathecalTherapy"}',
    b'{"id":"X","declinedTreatment":[["IntrathecalTherapy"]]}',
    b'{"id":"X","treatmentCourse":[]}',
    b'{"id":"X","treatmentCourse":{"treatment":"Osimertinib","courseStatus":"Given"}}',
    b'{"id":"X","treatmentCourse":[{"treatment":"Osimertinib","courseStatus":"Given","endDate":"2026-02-30"}]}',
    b'{"id":"X","treatmentCourse":[{"treatment":"Osimertinib","treatment":"Osimertinib"}]}',
    b'{"id":"X","treatmentCourse":[{"treatment":"Osimertinib","courseStatus":"Given","endDate":"2027-02-03"}]}',
    b'{"id":"X","treatmentCourse":[{"treatment":"Osimertinib","courseStatus":"Ongoing","endDate":"2026-02-03"}]}',
    b'{"id":"X","treatmentCourse":[{"courseStatus":"Planned","treatment":"CraniospinalIrradiation"},7]}',
    b'{"id":"a],[b","csfFlow":"ObstructedCsfFlow"}',
    b'{"id":"a\\",\\"csfFlow\\":\\"x","csfFlow":"ObstructedCsfFlow"}',
    b'{"id":"a,\\"b"}',
    b'{"id":""}',
    b'{"id":" "}',
    b'{"id":7}',
    b'{"id":"\xc3\xa4"}',
    b'{"id":"\xff"}',
    b'{"csfFlow":"ObstructedCsfFlow"}',
    b'{"id":"X"}garbage',
    b'{"id":"X","treatmentCourse":[]5}',
    b'{"id":"X","treatmentCourse":[]1}',
    b'{"id":"X","declinedTreatment":[}',
    b'{"id":"X","declinedTreatment":[["IntrathecalTherapy"}',
    b'{"id":"X","declinedTreatment":[]]}',
    b'{"id":"X","treatmentCourse":[{"treatment":"Osimertinib","courseStatus":"Ongoing"}}',
    b'{"id":"X","treatmentCourse":[{"treatment":"Osimertinib"},{"courseStatus":"Ongoing"}]}',
    b'{"id":"X","treatmentCourse":[{"treatment":"Osimertinib"}, {"treatment":"Osimertinib"},{}]}',
    b'{"id":"X","treatmentCourse":[{"treatment":"Osimertinib"},"\1courseStatus":"Ongoing"}]}',
    b'{"id":"X","treatmentCourse":[{"treatment":"Osimertinib"},"{courseStatus":"Ongoing"}]}',
    b'{"treatmentCourse":[{"treatment":"Osimertinib","courseStatus":"Ongoing","id":"X"}]}',
    b'{"id":"X","treatmentCourse":[{"treatment":"Osimertinib","courseStatus":"Ongoing","csfFlow":"ObstructedCsfFlow"}]}',
    b'{"id":"X","treatmentCourse":[{"treatment":"Osimertinib","courseStatus":"Ongoing"}],"courseStatus":"Given"}',
    b'{"id":"X","treatmentCourse":[%s]}' % b",".join([b'{"treatment":"Osimertinib","courseStatus":"Given"}'] * 40),
    b'{"id":"X","declinedTreatment":["IntrathecalTherapy","CraniospinalIrradiation","IntrathecalTherapy"]}',
    b'{"id":"X","declinedTreatment":["IntrathecalTherapy","Aspirin"]}',
    b'{"id":"X","declinedTreatment":["IntrathecalTherapy"],"declinedTreatment":["IntrathecalTherapy"]}',
    b'{"id":"X","declinedTreatment":["IntrathecalTherapy","csfFlow":"ObstructedCsfFlow"]}',
    b'{"id":"X","originTumour":"%s"}' % (b"Melanoma" * 100),
    b'{"id":"%s"}' % (b"X" * 101),
    b'{"id":"X","csfFlow":"ObstructedCsfFlow"',
    b'{"id":"X",}',
    b"{}",
    b"[]",
    b'"id"',
    b'{"id":"X","treatmentCourse":[{"treatment":"Osimertinib"}],"csfFlow":"ObstructedCsfFlow","treatmentCourse":[]}',
]


@pytest.mark.parametrize("line", ODD, ids=lambda line: line.decode(errors="replace"))
def test_an_odd_line_is_read_as_it_stands(by_tables: Answering, by_sparql: Answering, line: bytes) -> None:
    """What a line says is the same on both roads, or is refused on both with the same words."""
    assert both(by_tables, by_sparql, line).patients.height == 1


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")], ids=["compact", "spaced"])
def test_an_odd_line_does_not_touch_the_lines_around_it(
    by_tables: Answering, by_sparql: Answering, separators: tuple[str, str]
) -> None:
    """All odd lines among plain ones, in one slice."""
    plain = [json.dumps(one, separators=separators).encode() for one in registry.patients(len(ODD), seed=3)]
    both(by_tables, by_sparql, b"\n".join(line for pair in zip(plain, ODD, strict=True) for line in pair))


COURSE = {"treatment": "Osimertinib", "courseStatus": "Given"}
COURSES = pl.List(pl.Struct(dict.fromkeys(COURSE, pl.String)))
COLUMNS = [
    pl.Series("lifeExpectancyMonths", [0.7, 0.051, 2.9], dtype=pl.Float32),
    pl.Series("csfProtein", [0.051, None, float("nan")], dtype=pl.Float32),
    pl.Series("lifeExpectancyMonths", [0.7, 0.051, None], dtype=pl.Float16),
    pl.Series("lifeExpectancyMonths", [1 / 30.4375, 100 / 3, 0.1 + 0.2]),
    pl.Series("csfFlow", [["ObstructedCsfFlow"], None, []]),
    pl.Series("csfFlow", [b"ObstructedCsfFlow", None, b"\xff"]),
    pl.Series("csfFlow", [timedelta(days=1), None, timedelta(0)]),
    pl.Series("csfFlow", [{"a": "ObstructedCsfFlow"}, None, {"a": None}]),
    pl.Series("csfFlow", [None, None, None]),
    pl.Series("csfFlow", ["ObstructedCsfFlow", None, "ObstructedCsfFlow"], dtype=pl.Categorical),
    pl.Series("csfFlow", ["ObstructedCsfFlow", "", "obstructed"]),
    pl.Series("ageYears", [60.0, None, float("nan")]),
    pl.Series("ageYears", [60, -1, 2**40]),
    pl.Series("ageYears", [time(1), None, time(2)]),
    pl.Series("csfProtein", [Decimal("100.00"), None, Decimal("99.99")]),
    pl.Series("csfProtein", [float("inf"), 1e-7, 100.0]),
    pl.Series("wholeBrainBenefitOutweighsHarm", [1, 0, None]),
    pl.Series("favouriteColour", ["blue", None, None]),
    pl.Series("declinedTreatment", [["IntrathecalTherapy", None], None, []]),
    pl.Series("declinedTreatment", [["IntrathecalTherapy", "CraniospinalIrradiation"], ["Aspirin"], None]),
    pl.Series("declinedTreatment", ['["IntrathecalTherapy"]', "IntrathecalTherapy", "[]"]),
    pl.Series("declinedTreatment", [[1], [2], None]),
    pl.Series("treatmentCourse", [[COURSE, None], [None], []], dtype=COURSES),
    pl.Series("treatmentCourse", [[COURSE], [{"treatment": None, "courseStatus": None}], None]),
    pl.Series("treatmentCourse", [[COURSE | {"endDate": date(year, 2, 3)}] for year in (2026, 2027, 1800)]),
    pl.Series("treatmentCourse", [[COURSE | {"endDate": datetime(2026, 2, 3)}], None, [COURSE]]),
    pl.Series("treatmentCourse", [[COURSE | {"dose": 3}], [COURSE | {"dose": None}], None]),
    pl.Series("treatmentCourse", [[COURSE | {"treatment": ["Osimertinib"]}], None, None]),
    pl.Series("treatmentCourse", [COURSE, None, COURSE]),
    pl.Series("treatmentCourse", [[json.dumps(COURSE)], None, []]),
    pl.Series("treatmentCourse", [json.dumps([COURSE]), None, "[]"]),
    pl.Series("id", [1, 2, 3]),
    pl.Series("id", ["A", None, ""]),
    pl.Series("id", [b"A", None, b"B"]),
    pl.Series("id", ["A", "B", "C"], dtype=pl.Categorical),
]


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: f"{column.name} {column.dtype} {column.to_list()}"[:120])
def test_a_column_of_any_type_is_read_as_it_stands(
    by_tables: Answering, by_sparql: Answering, tmp_path: Path, column: pl.Series
) -> None:
    """Whatever a Parquet file holds under the name of a fact: the same on both roads, or refused in the same words."""
    path = tmp_path / "cohort.parquet"
    ids = [] if column.name == "id" else [pl.Series("id", ["A", "B", "C"])]
    pl.DataFrame([*ids, column]).write_parquet(path)
    ours, other = (road.answer(part_of_columns(road, path, 0, 3)) for road in (by_tables, by_sparql))
    for name in ("verdicts", "findings", "patients"):
        assert getattr(ours, name).rows() == getattr(other, name).rows(), name


FRAGMENTS = [
    *(bytes([one]) for one in b'",:[]{} \\0a1.-e\xc3\n\r\x00\x01#'),
    *(
        b"",
        b',"',
        b', "',
        b'"}',
        b'"}]',
        b'":[{"',
        b'},{"',
        b'},"\1',
        b'},"{',
        b'":["',
        b'"]',
        b"{}",
        b"[]",
        b'"id":"Z",',
    ),
]


@settings(suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_line_that_was_spoiled_anywhere_is_read_as_it_stands(
    by_tables: Answering, by_sparql: Answering, data: st.DataObject
) -> None:
    """Some text taken out, put in, or put in the place of other text, once or twice."""
    people = [*registry.patients(3, seed=data.draw(st.integers(0, 50)))]
    separators = data.draw(st.sampled_from([(",", ":"), (", ", ": ")]))
    text = b"".join(json.dumps(one, separators=separators).encode() + b"\n" for one in people)
    for _ in range(data.draw(st.integers(1, 2))):
        place = data.draw(st.integers(0, len(text) - 1))
        new = data.draw(st.sampled_from(FRAGMENTS))
        text = text[:place] + new + text[place + data.draw(st.integers(0, 3)) :]
    both(by_tables, by_sparql, text)
