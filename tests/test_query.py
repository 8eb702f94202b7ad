"""The catalogue of queries, and queries from outside."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from pyoxigraph import RdfFormat, parse

from lepto import query as module
from lepto.cli import main
from lepto.knowledge import Knowledge
from lepto.query import FOLDERS, MAX_BYTES, QueryError, catalogue, header, query
from lepto.vocabulary import LEPTO

ROOT = Path(__file__).parents[1]
ON = date(2026, 11, 22)
QUERIES = sorted(
    path.relative_to(ROOT / "queries").with_suffix("").as_posix() for path in (ROOT / "queries").rglob("*.rq")
)
PATIENT = {
    "id": "V15",
    "ageYears": 50,
    "originTumour": "BreastCarcinoma",
    "her2Status": "Her2Positive",
    "karnofskyPerformanceStatus": 80,
    "lifeExpectancyMonths": 6,
    "depositPattern": "LinearDeposits",
    "csfFlow": "UnobstructedCsfFlow",
    "hydrocephalus": "NoHydrocephalus",
    "csfDevice": "NoCsfDevice",
    "csfCytology": "CytologyPositive",
    "treatmentCourse": [{"treatment": "CraniospinalIrradiation", "courseStatus": "Planned"}],
}


@pytest.fixture
def ask(knowledge: Knowledge) -> Callable[..., str]:
    """Run a query, with patient files where some are given."""
    return lambda name, *files: query(knowledge, str(name), files, ON).text


@pytest.fixture
def patient(tmp_path: Path) -> Path:
    """A patient to whom much is offered and from whom much is barred."""
    path = tmp_path / "patient.json"
    path.write_text(json.dumps(PATIENT), encoding="utf-8")
    return path


@pytest.fixture
def outside(tmp_path: Path) -> Callable[[str], Path]:
    """Write a query into a file."""

    def _outside(text: str) -> Path:
        path = tmp_path / "own.rq"
        path.write_text(text, encoding="utf-8")
        return path

    return _outside


def table(text: str) -> list[tuple[str, ...]]:
    """The rows of an answer, with terms of LEPTO by their local names."""
    return [
        tuple(re.sub(rf"<{LEPTO}([^>]*)>", r"\1", cell) for cell in row.split("\t")) for row in text.splitlines()[1:]
    ]


# The catalogue


def test_every_query_is_in_the_catalogue(knowledge: Knowledge) -> None:
    """Add a file, and it is catalogued; in another folder it would be forgotten."""
    assert sorted(entry.name for entry in catalogue(knowledge)) == QUERIES
    assert {name.split("/")[0] for name in QUERIES} == set(FOLDERS)


@pytest.mark.parametrize("name", QUERIES)
def test_every_query_says_what_it_is_for(knowledge: Knowledge, name: str) -> None:
    """The header has a summary, a question and what comes back; a competency query says what it expects."""
    said = header(knowledge.query_text(name))
    assert said["summary"]
    assert said["question"].endswith("?")
    assert said["returns"]
    assert not name.startswith("competency/") or said["expects"]


@pytest.mark.parametrize("name", QUERIES)
def test_every_query_runs_without_and_with_a_patient(ask: Callable[..., str], patient: Path, name: str) -> None:
    """Whatever is catalogued can be asked, and a table has the columns that its header promises."""
    for answer in (ask(name), ask(name, patient)):
        promised = header((ROOT / "queries" / f"{name}.rq").read_text(encoding="utf-8"))["returns"]
        if promised.startswith("CONSTRUCT"):
            list(parse(answer, format=RdfFormat.TURTLE))
        else:
            columns = [column.removeprefix("?") for column in answer.splitlines()[0].split("\t")]
            assert all(re.search(rf"\b{column}\b", promised, re.IGNORECASE) for column in columns), (columns, promised)


def test_a_query_is_found_without_its_folder(ask: Callable[..., str]) -> None:
    """A name that only one folder has is enough."""
    assert ask("dangling-citations") == ask("competency/dangling-citations")


def test_a_name_that_nothing_bears_is_refused(ask: Callable[..., str]) -> None:
    """One line says where the names are."""
    with pytest.raises(QueryError, match="no such query and no such file; lepto query --list"):
        ask("dangling-citation")


def test_a_name_that_two_folders_have_wants_its_folder(
    ask: Callable[..., str], knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folders are named, and none is chosen."""
    entries = catalogue(knowledge)
    twins = [*entries, module.CatalogueEntry("lint/dangling-citations", "", "", "")]
    monkeypatch.setattr(module, "catalogue", lambda _: twins)
    with pytest.raises(QueryError, match="competency/dangling-citations and lint/dangling-citations"):
        ask("dangling-citations")


# With patients


def test_verdicts_of_patients_can_be_asked_for(ask: Callable[..., str], patient: Path) -> None:
    """What was derived of a patient is in the graph while the query runs, and gone afterwards."""
    rows = table(ask("explain/verdicts", patient))
    assert ("Against", "Contraindicated") in {row[3:] for row in rows}
    assert ("Offered", "Recommended") in {row[3:] for row in rows}
    assert table(ask("recommended-and-barred", patient)) == []
    assert table(ask("explain/verdicts")) == []


def test_nothing_is_recommended_and_barred_in_any_case(ask: Callable[..., str]) -> None:
    """Q08 over every patient of `tests/cases/`."""
    files = sorted(path for path in (ROOT / "tests" / "cases").glob("*/patient.json"))
    assert len(files) > 100
    assert len(table(ask("explain/verdicts", *files))) > 1000
    assert table(ask("recommended-and-barred", *files)) == []


def test_a_patient_with_a_violation_is_left_out(
    knowledge: Knowledge, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others are asked about, a line on standard error says who is not, and the status is 1."""
    path = tmp_path / "batch.json"
    path.write_text(json.dumps([PATIENT, {"id": "B1", "csfProtein": -4}]), encoding="utf-8")
    answer = query(knowledge, "explain/verdicts", [path], ON)
    assert {row[0] for row in table(answer.text)} == {"<urn:lepto:patient:V15>"}
    assert answer.left_out == ("B1",)
    assert main(["query", "explain/verdicts", str(path)]) == 1
    assert capsys.readouterr().err == "lepto: B1 is left out: the record has a violation; lepto validate tells which\n"


# Queries from outside


def test_a_select_gives_a_table(ask: Callable[..., str], outside: Callable[[str], Path]) -> None:
    """SPARQL TSV, in the order of the query, or sorted where it asks for none."""
    text = "SELECT ?x WHERE { VALUES ?x { 'b' 'a' 'c' } }"
    assert ask(outside(text)) == '?x\n"a"\n"b"\n"c"\n'
    assert ask(outside(text + " ORDER BY DESC(?x)")) == '?x\n"c"\n"b"\n"a"\n'


def test_an_ask_gives_true_or_false(ask: Callable[..., str], outside: Callable[[str], Path]) -> None:
    """One word."""
    assert ask(outside(f"ASK {{ <{LEPTO}C07> a <{LEPTO}Claim> }}")) == "true\n"
    assert ask(outside(f"ASK {{ <{LEPTO}C07> a <{LEPTO}Offer> }}")) == "false\n"


@pytest.mark.parametrize("form", ["CONSTRUCT WHERE {{ {term} oa:hasTarget ?o . ?o ?p ?v }}", "DESCRIBE {term}"])
def test_a_graph_comes_as_turtle(ask: Callable[..., str], outside: Callable[[str], Path], form: str) -> None:
    """The same bytes every time, unnamed nodes included."""
    text = "PREFIX oa: <http://www.w3.org/ns/oa#> " + form.format(term=f"<{LEPTO}C07>")
    answer = ask(outside(text))
    assert "lepto:C07" in answer
    assert answer == ask(outside(text))
    assert list(parse(answer, format=RdfFormat.TURTLE))


def test_unnamed_nodes_are_numbered(ask: Callable[..., str], outside: Callable[[str], Path]) -> None:
    """Their names are of this load only; a text that looks like one is left alone."""
    answer = ask(outside("SELECT ?x ?y WHERE { ?c <http://www.w3.org/ns/oa#hasTarget> ?x BIND('_:x' AS ?y) }"))
    assert table(answer)[:2] == [("_:b0", '"_:x"'), ("_:b1", '"_:x"')]


@pytest.mark.parametrize(
    "text, told",
    [
        ("SELECT * WHERE {\n ?s ?p }", "line 2, column 9: "),
        ("SELECT", "line 1, column 7: "),
        ("INSERT DATA { <urn:a> <urn:b> <urn:c> }", "line 1, column "),
        ("LOAD <file:///etc/hostname>", "line 1, column "),
        ("DROP ALL", "line 1, column "),
    ],
)
def test_what_is_no_query_is_refused_on_one_line(
    ask: Callable[..., str], outside: Callable[[str], Path], knowledge: Knowledge, text: str, told: str
) -> None:
    """File, place and mend; SPARQL Update is no query, and changes nothing."""
    size = len(knowledge.store)
    with pytest.raises(QueryError) as caught:
        ask(outside(text))
    message = str(caught.value)
    assert f"own.rq: {told}" in message
    assert message.endswith("; mend the query (SPARQL 1.1, read only)")
    assert len(message.splitlines()) == 1
    assert len(knowledge.store) == size


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * WHERE { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }",
        "SELECT * WHERE { service silent <http://127.0.0.1:1/> { ?s ?p ?o } }",
        "SELECT * WHERE { VALUES ?e { <http://127.0.0.1:1/> } SERVICE ?e { ?s ?p ?o } }",
        "PREFIX e: <http://127.0.0.1:1/> SELECT * WHERE { SERVICE e:x{ ?s ?p ?o } }",
        "PREFIX : <http://127.0.0.1:1/> SELECT * WHERE { ?s ?p trueSERVICE:x { ?a ?b ?c } }",
        "SELECT * WHERE { ?s ?p 1SERVICE <http://127.0.0.1:1/> { ?a ?b ?c } }",
        "SELECT * WHERE { SERVICE # a remark\n <http://127.0.0.1:1/> # {\n { ?s ?p ?o } }",
        "PREFIX x: <urn:x:> SELECT * WHERE { ?s ?p x:a\\' . SERVICE <http://127.0.0.1:1/> { ?s ?p x:b\\' } }",
        "SELECT * WHERE { # '''\n SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } # '''\n}",
        "SELECT * WHERE { ?s <urn:a#b> ?o . SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }",
        "SELECT * WHERE { \\u0053ERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }",
        "ASK { FILTER EXISTS { SERVICE SILENT <http://127.0.0.1:1/> { ?s ?p ?o } } }",
    ],
)
def test_another_computer_is_never_asked(ask: Callable[..., str], outside: Callable[[str], Path], text: str) -> None:
    """However SERVICE is written, it is refused before the engine sees it."""
    with pytest.raises(QueryError, match=r"line [12], column [0-9]+: SERVICE would ask another computer"):
        ask(outside(text))


@pytest.mark.parametrize(
    "text",
    [
        "SELECT ?service WHERE { BIND('SERVICE' AS ?service) }",
        "PREFIX fhir: <urn:f:> SELECT * WHERE { ?s a fhir:HealthcareService . { ?s ?p ?o } }",
        "SELECT * WHERE { ?s ?p ?o . FILTER(?o = 'a service') } # no service at all",
    ],
)
def test_a_word_is_no_request(ask: Callable[..., str], outside: Callable[[str], Path], text: str) -> None:
    """A variable, a name or a text may hold the word."""
    assert ask(outside(text)).startswith("?")


def test_from_reads_no_file(ask: Callable[..., str], outside: Callable[[str], Path], tmp_path: Path) -> None:
    """FROM and GRAPH name graphs of the store, and there are none."""
    secret = tmp_path / "secret.ttl"
    secret.write_text("<urn:a> <urn:b> <urn:c> .", encoding="utf-8")
    for text in (
        f"SELECT ?s FROM <{secret.as_uri()}> {{ ?s ?p ?o }}",
        f"SELECT ?s {{ GRAPH <{secret.as_uri()}> {{ ?s ?p ?o }} }}",
    ):
        assert ask(outside(text)) == "?s\n"


@pytest.mark.parametrize("opening, closing", ["{}", "()", "[]"])
def test_deep_nesting_is_refused(
    ask: Callable[..., str], outside: Callable[[str], Path], opening: str, closing: str
) -> None:
    """The engine's own guard would be the end of the process."""
    with pytest.raises(QueryError, match=r"column [0-9]+: brackets nest 100 deep at most"):
        ask(outside(f"SELECT * WHERE {opening * 101} ?s ?p ?o {closing * 101}"))


def test_brackets_in_texts_do_not_nest(ask: Callable[..., str], outside: Callable[[str], Path]) -> None:
    """Nor do they in remarks."""
    text = f"SELECT ?x WHERE {{ # {'{' * 200}\n BIND('{'(' * 200}' AS ?x) }}"
    assert "((((" in ask(outside(text))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("SELECT * WHERE { ?s ?p ?o FILTER(" + "!" * 50_000 + "true) }", id="not"),
        pytest.param("SELECT * WHERE { FILTER(true" + " && true" * 20_000 + ") }", id="and"),
        pytest.param(
            "SELECT * WHERE { " + " UNION ".join(["{ ?s a <urn:none> }"] * 10_000) + " }",
            id="union",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_long_query_does_not_end_the_process(outside: Callable[[str], Path], text: str) -> None:
    """What recurses without brackets has a stack deep enough for the longest query that is read."""
    path = outside(text)
    assert path.stat().st_size <= MAX_BYTES
    code = "import sys; from lepto.cli import main; sys.exit(main(['query', sys.argv[1]]))"
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, timeout=300, check=False)
    assert done.returncode in (0, 2), done.stderr


def test_a_query_that_is_too_long_is_refused(ask: Callable[..., str], outside: Callable[[str], Path]) -> None:
    """The limit is in bytes."""
    with pytest.raises(QueryError, match="500000 bytes at most"):
        ask(outside("SELECT * WHERE { } #" + "x" * MAX_BYTES))


def test_a_query_that_is_no_text_is_refused(ask: Callable[..., str], tmp_path: Path) -> None:
    """The place is a byte."""
    path = tmp_path / "own.rq"
    path.write_bytes(b"SELECT \xff")
    with pytest.raises(QueryError, match="byte 7 is not UTF-8"):
        ask(path)


def test_a_query_that_takes_too_long_is_ended(
    ask: Callable[..., str], outside: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is given up, and the line says so."""
    monkeypatch.setattr(module, "SECONDS", 0.2)
    with pytest.raises(QueryError, match=r"no answer within 0\.2 seconds; ask for less"):
        ask(outside("SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER(?a = ?i && ?d = ?c) }"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_query_that_cannot_be_read_is_refused(ask: Callable[..., str], outside: Callable[[str], Path]) -> None:
    """The system says why."""
    path = outside("SELECT * WHERE { }")
    path.chmod(0)
    with pytest.raises(QueryError, match="Permission denied; give a file that can be read"):
        ask(path)
