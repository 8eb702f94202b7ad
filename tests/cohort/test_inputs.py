"""What `lepto cohort` takes in is what `lepto recommend` reads, wherever files are cut, and in bounded memory."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest
from benchmarks import registry
from benchmarks.charts import chart
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, serialize

from lepto.cohort.inputs import pieces_of
from lepto.cohort.job import JOURNAL, Job
from lepto.cohort.outputs import Format
from lepto.cohort.sources import Kind, source
from lepto.cohort.work import Work
from lepto.errors import InputError
from lepto.knowledge import Knowledge
from lepto.read import Intaking, Record, read
from lepto.read.limits import MIB
from lepto.read.rdf import Node
from lepto.read.record import with_shared_ids_refused
from lepto.vocabulary import IDENTIFIER, LEPTO, PATIENT, RDF_TYPE, TREATMENT_COURSE, XSD_INTEGER
from tests.accept_cases import folders
from tests.cohort.test_run import ON, failed, files, ran, rows

SIZES = (1, 2, 7, None)
"""Bytes, rows or patients of a slice."""
UNITS = {"csfProtein": "mg/dL", "lifeExpectancyMonths": "mo"}


class Inputs:
    """Files, as both commands take them in."""

    def __init__(self, work: Work, folder: Path) -> None:
        self.work, self.knowledge = work, work.answering.knowledge
        self.folder, self.numbers = folder, count()

    def file(self, name: str, content: str | bytes) -> Path:
        """Write a file."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def whole(self, paths: Sequence[Path]) -> list[Record] | str:
        """What `lepto recommend` reads; what was made of health records is left out, as no row tells it."""
        try:
            return [bare(one) for one in read(paths, self.knowledge.facts, Intaking(self.knowledge, ON))]
        except InputError as error:
            return str(error)

    def cut(self, paths: Sequence[Path], size: int | None) -> list[Record] | str:
        """What `lepto cohort` reads, slice by slice."""
        job = replace(self.work.job, out=self.folder / f"answers-{next(self.numbers)}")
        (job.out / JOURNAL).mkdir(parents=True)
        try:
            sources = [source(path, self.knowledge.facts) for path in paths]
            pieces = [*pieces_of(sources, job, self.knowledge, size)]
            records = [record for piece in pieces for _, record in self.work.part(piece).others]
        except InputError as error:
            return str(error)
        return [bare(one) for one in with_shared_ids_refused(records)]

    def compare(self, *paths: Path, sizes: Sequence[int | None] = SIZES) -> list[Record] | str:
        """Hold both against each other, record by record; return what is read."""
        wanted = self.whole(paths)
        for size in sizes:
            assert self.cut(paths, size) == wanted, size
        return wanted


def bare(record: Record) -> Record:
    """A record without what was made of the entries of a health record."""
    return Record(record.patient, record.origin, record.triples, record.findings)


@pytest.fixture(scope="module")
def work(knowledge: Knowledge) -> Work:
    """What reads slices, every patient as a record."""
    return Work(Job(Path(), Format.NDJSON, ON, by_sparql=True), knowledge)


@pytest.fixture
def inputs(work: Work, tmp_path: Path) -> Inputs:
    """Both ways in."""
    return Inputs(work, tmp_path)


@pytest.fixture(scope="module")
def people() -> list[dict[str, Any]]:
    """The patients of all cases, and some of an invented registry, each under an id of its own."""
    cases = [json.loads((folder / "patient.json").read_text()) for folder in folders()]
    stated = [one for case in cases for one in (case if isinstance(case, list) else [case])]
    return [{**one, "id": f"P{number}"} for number, one in enumerate([*stated, *registry.patients(40)])]


def ndjson(some: Sequence[Any]) -> str:
    """One a line."""
    return "".join(json.dumps(one) + "\n" for one in some)


# Equal to what is read whole


@pytest.mark.parametrize("form", [RdfFormat.N_TRIPLES, RdfFormat.TURTLE], ids=["N-Triples", "Turtle"])
def test_triples_are_read_as_recommend_reads_them_in_whatever_order_they_stand(
    form: RdfFormat, inputs: Inputs, people: Sequence[dict[str, Any]]
) -> None:
    """All cases; the statements of a patient, and of a course, all over the file."""
    records = read([inputs.file("people.json", json.dumps(people))], inputs.knowledge.facts)
    triples = [triple for record in records for triple in record.triples]
    for number, order in enumerate((triples, Random(3).sample(triples, len(triples)))):
        path = inputs.file(f"people-{number}", serialize(order, format=form) or b"")
        found = inputs.compare(path, sizes=(1, 50, None))
        assert len(found) == sum(bool(record.triples) for record in records) > 200


def test_odd_graphs_are_read_as_recommend_reads_them(inputs: Inputs) -> None:
    """Courses that are shared, that are patients, that nobody leads to; ids that are shared; blank nodes; copies."""
    read_, refused = 0, 0
    for seed in range(150):
        chance = Random(seed)
        triples = [*odd_triples(chance)]
        path = inputs.file(f"odd-{seed}.nt", serialize(triples, format=RdfFormat.N_TRIPLES) or b"")
        found = inputs.compare(path, sizes=(chance.choice(SIZES),))
        read_ += not isinstance(found, str) and len(found) > 1
        refused += isinstance(found, str)
    assert read_ > 40
    assert refused > 10


def odd_triples(chance: Random) -> Iterator[Triple]:
    """Some statements on a few nodes, of which the most are patients and courses."""
    nodes: list[NamedNode] = [
        NamedNode("http://example.org/a/1"),
        NamedNode("http://example.org/b/1"),
        NamedNode("urn:x:2"),
    ]
    courses: list[Node] = [BlankNode("c0"), BlankNode("c1"), NamedNode("http://example.org/course")]
    kind = NamedNode(RDF_TYPE), NamedNode(PATIENT)
    yield from (Triple(node, *kind) for node in chance.sample(nodes, chance.choice([2, 3, 3])))
    for _ in range(chance.randrange(12)):
        node, course = chance.choice(nodes), chance.choice(courses)
        yield Triple(node, NamedNode(LEPTO + "treatmentCourse"), chance.choice([*([course] * 6), nodes[0]]))
        yield chance.choice(
            [
                Triple(node, NamedNode(LEPTO + "ageYears"), Literal("60", datatype=NamedNode(XSD_INTEGER))),
                Triple(node, NamedNode(IDENTIFIER), Literal(f"A{chance.randrange(4)}")),
                Triple(node, NamedNode(LEPTO + "headache"), chance.choice([NamedNode(LEPTO + "Present"), course])),
                Triple(course, NamedNode(LEPTO + "treatment"), NamedNode(LEPTO + "Osimertinib")),
                Triple(course, NamedNode(RDF_TYPE), NamedNode(TREATMENT_COURSE)),
                Triple(node, *kind),
            ]
        )


def test_turtle_that_cannot_be_used_is_told_as_recommend_tells_it(inputs: Inputs) -> None:
    """The place of a fault of syntax, of a byte that is no UTF-8; quoted triples; abbreviations; a byte order mark."""
    good = "@prefix l: <https://w3id.org/lepto/> .\n<#A> a l:Patient ; l:headache l:Present ; l:treatmentCourse [ ] .\n"
    whole = ["\ufeff" + good, good + "# only a remark\n", good.replace("l:Present", '"a"@en')]
    wrong = [good + "<#B> a l:Patient ; oops .\n", good + "<#B> a m:Patient .\n", good + '<#B> a "', good + "<< " * 70]
    bad = [good.encode() + b'<#B> l:x "\xff" .\n', good.encode() + b"# \xc3", good.encode() + b"x" * MIB + b"\xff"]
    contents: list[str | bytes] = [*whole, *wrong, *bad]
    for number, content in enumerate(contents):
        found = inputs.compare(inputs.file(f"{number}.ttl", content), sizes=(None,))
        assert isinstance(found, str) == (number >= len(whole)), content


def test_bulk_exports_are_read_as_recommend_reads_them(inputs: Inputs, people: Sequence[dict[str, Any]]) -> None:
    """Resources by type, in several files, in whatever order; and each patient's in a bundle on a line of its own."""
    facts = inputs.knowledge.facts
    known = [one for one in people if all(key == "id" or key in facts for key in one)][-60:]
    charts = [chart(one, facts, UNITS) for one in known]
    resources = [entry["resource"] for one in charts for entry in one["entry"]]
    Random(5).shuffle(resources)
    types = sorted({one["resourceType"] for one in resources})
    paths = [
        inputs.file(f"{name}.ndjson", ndjson([r for r in resources if r["resourceType"] == name])) for name in types
    ]
    assert [source(path, facts).kind for path in paths] == [Kind.CHARTS] * len(paths)
    assert len(inputs.compare(*paths, sizes=(1, None))) == len(known)
    assert len(inputs.compare(inputs.file("bundles.ndjson", ndjson(charts)), sizes=(7,))) == len(known)


def test_odd_health_records_are_read_as_recommend_reads_them(inputs: Inputs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shared identifiers, two servers, versions, deletions, references of every kind, requests and broken lines, beside
    patients who are stated as such, in several files.
    """
    several = 0
    for seed in range(80):
        chance = Random(seed)
        monkeypatch.setattr("lepto.read.fhir.charts.SHORTLY", 1 + seed % 3)
        paths = [
            inputs.file(
                f"odd-{seed}-{number}.ndjson", "".join(odd_line(chance) + "\n" for _ in range(chance.randrange(2, 14)))
            )
            for number in range(chance.choice([1, 1, 2, 3]))
        ]
        found = inputs.compare(*paths, sizes=(chance.choice([1, 2, None]),))
        several += not isinstance(found, str) and len(found) > 1
    assert several > 50


def test_a_request_is_about_whom_its_data_are_about_even_where_they_are_not_read(inputs: Inputs) -> None:
    """Of two copies, one of which came with a request about another patient, the last one counts."""
    visit = {"resourceType": "Encounter", "id": "e", "subject": {"reference": "Patient/1"}}
    hook = {"hook": "patient-view", "context": {"patientId": "2"}, "prefetch": {"visit": visit}}
    patient = {"resourceType": "Patient", "id": "1", "birthDate": "1960-01-01"}
    refused = []
    for number, some in enumerate(([patient, hook], [patient, hook, visit])):
        found = inputs.compare(inputs.file(f"{number}.ndjson", ndjson(some)), sizes=(1,))
        refused += [not one.triples for one in found if isinstance(one, Record)]
    assert refused == [True, False]


def odd_line(chance: Random) -> str:
    """A resource, most often; else a bundle, a list or a request of some, a patient as such, or no JSON."""
    some = [odd_resource(chance) for _ in range(chance.randrange(1, 4))]
    entries = [
        {
            "resource": one,
            **chance.choice([{}, {"fullUrl": f"http://{chance.choice('ab')}/{one['resourceType']}/{one['id']}"}, {}]),
        }
        for one in some
    ]
    deletion = {
        "request": {"method": "DELETE", "url": f"{chance.choice(['Patient', 'Observation'])}/{chance.randrange(3)}"}
    }
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries + [deletion] * (chance.random() < 0.1)}
    hook = {"hook": "patient-view", "context": {"patientId": str(chance.randrange(3))}, "prefetch": {"all": bundle}}
    plain = {"id": chance.choice(["0", "1", "plain"]), "ageYears": 60}
    chosen = chance.choices([some[0], bundle, some, hook, plain, "{not JSON"], [60, 20, 3, 2, 10, 3])[0]
    return chosen if isinstance(chosen, str) else json.dumps(chosen)


def odd_resource(chance: Random) -> dict[str, Any]:
    """A resource on one of three patients of one of two servers, or on nobody."""
    name, whose = str(chance.randrange(3)), chance.randrange(3)
    references = [f"Patient/{whose}"] * 4 + [
        f"http://{chance.choice('ab')}/Patient/{whose}",
        f"Patient/{whose}/_history/1",
    ]
    references += [f"urn:uuid:{whose}", "Group/1", "#inside"]
    meta = {"meta": {"versionId": str(chance.randrange(3))}} if chance.random() < 0.3 else {}
    about = {"subject": {"reference": chance.choice(references)}} if chance.random() < 0.95 else {}
    coded = {"coding": [{"system": "https://w3id.org/lepto/FactCodes", "code": "headache"}]}
    answer = {"coding": [{"system": "https://w3id.org/lepto/FactCodes", "code": chance.choice(["Present", "Absent"])}]}
    observed = {"status": "final", "effectiveDateTime": f"2026-10-0{chance.randrange(1, 4)}", "code": coded}
    drug = {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "1721560"}]}
    identifier = (
        {"identifier": [{"system": "http://h", "value": str(chance.randrange(8))}]} if chance.random() < 0.4 else {}
    )
    kinds: list[dict[str, Any]] = [
        {"resourceType": "Patient", "birthDate": f"196{chance.randrange(2)}-01-01", **identifier},
        {"resourceType": "Observation", **observed, "valueCodeableConcept": answer, **about},
        {"resourceType": "DiagnosticReport", **observed, "result": [{"reference": f"Observation/{whose}"}], **about},
        {"resourceType": "MedicationStatement", "status": "active", "effectiveDateTime": "2026-10-01", **about}
        | {"medicationReference": {"reference": f"Medication/{whose}"}},
        {"resourceType": "Medication", "code": drug if chance.random() < 0.7 else {}},
        {"resourceType": "Encounter", **about},
        {"resourceType": "OperationOutcome"},
    ]
    return {"id": name, **meta, **chance.choices(kinds, [30, 40, 6, 12, 8, 4, 1])[0]}


# CSV


def test_odd_tables_are_read_as_recommend_reads_them(inputs: Inputs) -> None:
    """Quotes and line ends of every kind, wherever they stand; the line of a fault."""
    texts = ["A", "B", "Present", '"Present"', '"', '""', '"a""b"', '"x\ny"', '"x\r\ny"', '"\r"', ' "', "\u00e4", ""]
    told = 0
    for seed in range(400):
        chance = Random(seed)
        end = chance.choice(["\n", "\r\n", "\r"])
        header = chance.choice(["id,headache,note", '"id","headache","a\nb"', '\ufeff"id",headache,"no""te"'])
        rows_ = [f"P{number}," + ",".join(chance.choices(texts, k=2)) for number in range(chance.randrange(8))]
        blank = end * chance.choice([0, 0, 1, 3])
        content = (
            (blank if header[0] != "\ufeff" else "") + header + end + end.join([*rows_, *([""] * chance.randrange(3))])
        )
        path = inputs.file(f"{seed}.csv", content)
        found = inputs.compare(path, sizes=(1, chance.choice(SIZES)))
        told += isinstance(found, str)
    assert 40 < told < 360


def test_a_table_that_ends_its_lines_by_cr_is_cut(inputs: Inputs) -> None:
    """So that memory does not grow with it."""
    path = inputs.file("people.csv", "id,headache\r" + "".join(f"P{number},Present\r" for number in range(100)))
    found = source(path, inputs.knowledge.facts)
    job = Job(inputs.folder / "answers", Format.NDJSON, ON)
    assert len([*pieces_of([found], job, inputs.knowledge, 100)]) > 10


def test_a_quote_within_a_cell_is_a_character_for_the_command_too(tmp_path: Path) -> None:
    """The file is not refused for it; nor for a line break in the header."""
    (tmp_path / "people.csv").write_text('\n\nid,headache,"a\nb"\nA,Present,\nB"x,Present,\nC,Present,5" tall\n')
    ran(tmp_path / "people.csv", "--out", tmp_path / "answers", "--slice", "1")
    assert rows(tmp_path / "answers", "patients") == [("A", True), ('B"x', True), ("C", False)]


def test_a_quote_that_is_never_closed_is_told_at_once(tmp_path: Path) -> None:
    """In a table that would take hours if each line were looked at from the quote on."""
    row = "P,Present,note\n"
    (tmp_path / "people.csv").write_text('id,headache,note\nA,Present,"open\n' + row * (40 * MIB // len(row)))
    line = failed(2, tmp_path / "people.csv", "--out", tmp_path / "answers")
    assert line.startswith(f"lepto: {tmp_path / 'people.csv'}: line 2: the row is not CSV; ")


# Several files


def test_files_keep_their_order_and_a_shared_id_is_told_once(inputs: Inputs) -> None:
    """Whether they are cut or not; in the words of `lepto recommend`."""
    one = {"id": "A", "headache": "Present"}
    array = inputs.file("array.json", json.dumps([{**one, "id": "J"}, one, one]))
    cut = inputs.file("lines.ndjson", ndjson([one, {**one, "id": "L"}]))
    table = inputs.file("table.csv", "id,headache\nT,Present\nL,Absent\n")
    single = inputs.file("single.ndjson", ndjson([{**one, "id": "S"}]))
    graph = inputs.file("graph.ttl", "@prefix l: <https://w3id.org/lepto/> .\n<#A> a l:Patient . <#G> a l:Patient .\n")
    linked = inputs.file("linked.json", json.dumps({"@id": "http://example.org/K", "@type": "Patient"}))
    found = inputs.compare(table, array, cut, single, graph, linked)
    assert [record.patient for record in found if isinstance(record, Record)] == [*"TLJAAALSAGK"]
    ran(table, array, cut, single, graph, linked, "--out", inputs.folder / "answers", "--slice", "1")
    assert [row[0] for row in rows(inputs.folder / "answers", "patients")] == [*"TLJAAALSAGK"]
    told = [row[4] for row in rows(inputs.folder / "answers", "findings") if row[0] == "A"]
    assert len(told) == 4
    assert all(f"the same id is given at {array} item 2 and at {array} item 3 (and 2 more)" in text for text in told)


def test_what_cannot_be_read_may_be_about_anyone_of_whom_there_are_health_records(inputs: Inputs) -> None:
    """From whatever file it is; and patients who are stated as such keep their place among resources."""
    patient = {"resourceType": "Patient", "id": "F", "birthDate": "1960-01-01"}
    mixed = inputs.file("mixed.ndjson", ndjson([{"id": "A"}, patient, {"id": "B"}]))
    broken = inputs.file("broken.ndjson", ndjson([{"id": "C"}]) + "{broken\n")
    table = inputs.file("table.csv", "id,headache\nT\n")
    bundle = inputs.file(
        "bundle.json", json.dumps({"resourceType": "Bundle", "entry": [{"resource": {**patient, "id": "G"}}]})
    )
    found = inputs.compare(broken, mixed, bundle, table)
    names = [record.patient for record in found if isinstance(record, Record)]
    assert names == ["C", f"{broken} line 2", "A", "F", "G", "B", f"{table} line 2"]
    ran(broken, mixed, bundle, table, "--out", inputs.folder / "answers", "--slice", "1")
    assert [row[0] for row in rows(inputs.folder / "answers", "patients")] == names
    told = [row[4] for row in rows(inputs.folder / "answers", "findings") if row[0] in ("F", "G")]
    assert sum("may be about this patient" in text for text in told) == 4


@pytest.mark.parametrize(
    "content",
    [
        '{"ageYears":5}\n{"id":"A"}\n',
        '{broken\n{"id":"A"}\n',
        '{"@id":"x"}\n{"id":"A"}\n',
        '{"id":"A"}\n',
        '{"id":"A","note":"resourceType"}\n{"id":"B","x":{"resourceType":"y"}}\n',
        '{\n"id":\n"A"}\n',
        '{"@id":"http://example.org/A","@type":"Patient"}\n',
        "",
        " \n",
        "[]",
    ],
)
def test_what_begins_with_an_object_is_told_apart_as_recommend_does(content: str, inputs: Inputs) -> None:
    """Lines, one document, JSON-LD, and lines of which the first is odd."""
    inputs.compare(inputs.file("people.ndjson", content))


@pytest.mark.parametrize("end", ["\n", "\r\n", " \r\r\n", ""])
@pytest.mark.parametrize(
    "broken", ['{"id":"B","ageYears":60', '{"id":"B","csfFlow":"Obst', "{", '{"id":"B"}}', '{"id":']
)
def test_a_line_that_breaks_off_is_told_as_recommend_tells_it(broken: str, end: str, inputs: Inputs) -> None:
    """The fault, and the column at which it is."""
    told = inputs.compare(inputs.file("broken.ndjson", f'{{"id":"A","ageYears":60}}\n{{"id":"C"}}\n{broken}{end}'))
    assert isinstance(told, list)
    assert [one.patient for one in told[:2]] == ["A", "C"]
    assert "line 3 column" in told[2].findings[0].message


def test_lines_of_which_the_first_has_no_id_are_cut(inputs: Inputs) -> None:
    """Lines are cut whatever is on them."""
    for first in ('{"ageYears":5}', "{broken"):
        path = inputs.file("people.ndjson", first + '\n{"id":"A"}\n')
        assert source(path, inputs.knowledge.facts).kind is Kind.LINES


def test_standard_input_is_refused_in_one_line(tmp_path: Path) -> None:
    """A cohort is looked at more than once."""
    for name in ("-", "/dev/stdin"):
        line = failed(2, name, "--out", tmp_path / "answers", input='{"id":"A"}\n')
        assert "save it as a file first" in line
    assert not (tmp_path / "answers").exists()


# Memory, and what is on disk


@pytest.mark.parametrize("name", ["people.nt", "bundles.ndjson"])
def test_a_run_that_was_broken_off_goes_on_from_what_is_on_disk(
    name: str, inputs: Inputs, people: Sequence[dict[str, Any]]
) -> None:
    """A full disk is told in one line, and what was being put there is gone; then the run begins as if none were."""
    some, facts = people[-40:], inputs.knowledge.facts
    records = read([inputs.file("some.json", json.dumps(some))], facts)
    contents = {
        "people.nt": serialize([t for one in records for t in one.triples], format=RdfFormat.N_TRIPLES) or b"",
        "bundles.ndjson": ndjson([chart(one, facts, UNITS) for one in some]).encode(),
    }
    path, small = inputs.file(name, contents[name]), ["--slice", "9", "--jobs", "1"]

    def allow_no_more() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    line = failed(3, path, "--out", inputs.folder / "a", *small, preexec_fn=allow_no_more)
    assert "cannot be written" in line
    assert not [*(inputs.folder / "a").iterdir()]
    ran(path, "--out", inputs.folder / "a", *small, "--resume")
    ran(path, "--out", inputs.folder / "b", *small)
    assert files(inputs.folder / "a") == files(inputs.folder / "b")
