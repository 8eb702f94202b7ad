"""Patients who stay in a SPARQL endpoint get the rows that they get from a file; what goes wrong there is one line."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from benchmarks.registry import patients
from pyoxigraph import RdfFormat, Store, parse, serialize

from lepto.cli import main
from lepto.cohort import endpoint as module
from lepto.compile.portable import HERE
from lepto.knowledge import Knowledge
from lepto.read import read_bytes
from lepto.vocabulary import IDENTIFIER, LEPTO, PATIENT, RDF_TYPE, XSD
from tests.servers import Served, Status, served
from tests.test_endpoints import ENGINES, followed

SECRETS = {
    "basic": {"LEPTO_ENDPOINT_USER": "reader", "LEPTO_ENDPOINT_PASSWORD": "pass:word"},
    "digest": {"LEPTO_ENDPOINT_USER": "reader", "LEPTO_ENDPOINT_PASSWORD": "pass:word"},
    "bearer": {"LEPTO_ENDPOINT_TOKEN": "to.ken"},
}
TYPE = f"<{RDF_TYPE}> <{PATIENT}>"
COURSE = f"<{LEPTO}treatmentCourse>"
# A name of a patient that is none of ours, an unnamed course, and what is refused: an id twice, a course that two
# patients have (one of them in another slice), and a course that is a patient.
UNUSUAL = f"""
<http://example.org/p/7> {TYPE} .
<http://example.org/p/7> <{LEPTO}csfCytology> <{LEPTO}CytologyPositive> .
<http://example.org/p/7> <{LEPTO}karnofskyPerformanceStatus> "+80"^^<{XSD}integer> .
<http://example.org/p/7> {COURSE} _:course .
_:course <{LEPTO}treatment> <{LEPTO}CraniospinalIrradiation> .
_:course <{LEPTO}courseStatus> <{LEPTO}Given> .
<urn:example:a> {TYPE} .
<urn:example:a> <{IDENTIFIER}> "twice" .
<urn:example:z> {TYPE} .
<urn:example:z> <{IDENTIFIER}> "twice" .
<http://example.org/p/8> {TYPE} .
<http://example.org/p/8> {COURSE} <urn:course:shared> .
<urn:zz:9> {TYPE} .
<urn:zz:9> {COURSE} <urn:course:shared> .
<urn:course:shared> <{LEPTO}treatment> <{LEPTO}CraniospinalIrradiation> .
<urn:zz:91> {TYPE} .
<urn:zz:91> {COURSE} <urn:zz:92> .
<urn:zz:92> {TYPE} .
"""
ILL_TYPED = f"""
<urn:zz:93> {TYPE} .
<urn:zz:93> <{LEPTO}karnofskyPerformanceStatus> "40%"^^<{XSD}integer> .
<urn:zz:94> {TYPE} .
<urn:zz:94> <{LEPTO}csfFlow> <{LEPTO}UnobstructedCsfFlow> .
<urn:zz:94> <{LEPTO}csfFlow> <{LEPTO}ObstructedCsfFlow> .
"""


@dataclass(frozen=True)
class Ran:
    """How a run of the command ended."""

    status: int
    said: str
    fault: str


Run = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `lepto cohort`, which writes into the folder `out` unless it is told another; nobody waits for a server."""
    for name in {name for secrets in SECRETS.values() for name in secrets}:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(module, "sleep", lambda seconds: None)

    def command(*arguments: object, out: str = "out") -> Ran:
        given = ["cohort", *map(str, arguments), "--out", str(tmp_path / out), "--on", "2026-11-22", "--jobs", "1"]
        status = main([*given, "--format", "csv"])
        return Ran(status, *capsys.readouterr())

    return command


@pytest.fixture(scope="module")
def graph(knowledge: Knowledge) -> bytes:
    """Some patients of a registry, as N-Triples."""
    lines = "".join(json.dumps(patient) + "\n" for patient in patients(20, 20261125)).encode()
    records = read_bytes(lines, "registry.ndjson", knowledge.facts)
    return serialize((t for record in records for t in record.triples), format=RdfFormat.N_TRIPLES) or b""


@pytest.fixture
def server(graph: bytes) -> Iterator[Served]:
    """An endpoint with the registry in it."""
    with served(_store(graph)) as endpoint:
        yield endpoint


def _store(graph: bytes) -> Store:
    store = Store()
    store.load(graph, format=RdfFormat.N_TRIPLES)
    return store


def _file(graph: bytes, path: Path) -> Path:
    """A file of the same patients in the order of their IRIs."""
    triples = sorted(
        {quad.triple for quad in parse(graph, format=RdfFormat.N_TRIPLES)}, key=lambda t: str(t.subject).strip("<>")
    )
    path.write_bytes(serialize(triples, format=RdfFormat.N_TRIPLES) or b"")
    return path


def rows(out: Path, table: str) -> list[dict[str, str]]:
    """The rows of a table; a message is told without the place in the cohort, which no two kinds of source share."""
    found = []
    for path in sorted((out / table).glob("*.csv")):
        with path.open(newline="") as file:
            found += list(csv.DictReader(file))
    place = re.compile(r"(?:http://localhost\S+|\S*patients\.nt) (?:item \d+|\S+?)(?=[:;]? |[:;]?$)")
    return [{name: place.sub("PLACE", value) for name, value in row.items()} for row in found]


def same_rows(place: Path) -> None:
    """Hold the tables of an endpoint (`out`) against those of a file (`file`), and the summaries."""
    for table in ("verdicts", "findings", "patients"):
        found = rows(place / "out", table)
        assert len(found) > 3 or table == "findings"
        assert found == rows(place / "file", table)
    assert (place / "out" / "summary.json").read_bytes() == (place / "file" / "summary.json").read_bytes()


def test_the_rows_are_those_of_a_file(run: Run, graph: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In several slices and pages, by the tables and by SPARQL, and with everything in it that is refused."""
    monkeypatch.setattr(module, "LISTED", 9)
    whole = graph + (UNUSUAL + ILL_TYPED).encode()
    assert run(_file(whole, tmp_path / "patients.nt"), out="file").status == 1
    with served(_store(whole)) as server:
        ran = run("--endpoint", server.url, "--slice", 12)
        assert (ran.status, ran.fault) == (1, "")
        assert sum("SELECT DISTINCT ?patient {" in query for query in server.queries) == 5
        derived = [query for query in server.queries if "# The standings" in query]
        assert len(derived) >= 3
        assert {(HERE in query, query.count("VALUES ?patient {")) for query in derived} == {(False, 2)}
        assert run("--endpoint", server.url, "--slice", 12, "--by-sparql", out="by-sparql").status == 1
    assert len(list((tmp_path / "out" / "verdicts").iterdir())) == 3
    same_rows(tmp_path)
    for table in ("verdicts", "findings", "patients"):
        assert rows(tmp_path / "by-sparql", table) == rows(tmp_path / "out", table)
    refused = {row["patient"] for row in rows(tmp_path / "out", "patients") if row["answered"] == "false"}
    assert refused >= {"twice", "8", "9", "91", "93", "94"}
    assert "7" not in refused


def altered(rule: str, there: str) -> Callable[[str, str], str]:
    """What changes one standing in the answer to the portable query."""

    def change(query: str, answer: str) -> str:
        if not query.startswith("# The standings"):
            return answer
        head, first, *others = answer.splitlines(keepends=True)
        cells, place = first.rstrip().split(","), head.rstrip().split(",").index(rule)
        assert cells[place] in ("met", "not-met", "unknown")
        cells[place] = there if cells[place] != there else "met"
        return "".join([head, ",".join(cells) + "\n", *others])

    return change


@pytest.mark.parametrize("road", [(), ("--by-sparql",)])
@pytest.mark.parametrize("kind", ["criterion", "rule"])
@pytest.mark.parametrize("there", ["not-met", "nonsense"])
def test_a_server_that_derives_something_else_ends_the_run(
    run: Run, server: Served, knowledge: Knowledge, kind: str, there: str, road: tuple[str, ...]
) -> None:
    """The message names the endpoint, the patient and the criterion or rule."""
    name = min(knowledge.compiled.criteria if kind == "criterion" else knowledge.values.members[LEPTO + "Rule"])
    name = name.removeprefix(LEPTO)
    server.changed = altered(name, there)
    ran = run("--endpoint", server.url, *road)
    assert (ran.status, ran.said) == (2, "")
    assert re.fullmatch(rf"lepto: {server.url}: patient R\d+: {name} is .* there, and here .*\n", ran.fault)


@pytest.mark.parametrize("way", SECRETS)
def test_who_asks_is_said_as_the_server_wants_it(
    run: Run, server: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """User and password by basic or digest, or a token, from the environment; no file and no message has them."""
    server.wants = way
    nobody = run("--endpoint", server.url)
    assert nobody.fault.startswith(
        f"lepto: {server.url}: the endpoint: it answers 401 Unauthorized: who are you?; set "
    )
    assert (nobody.status, nobody.fault.count("\n"), server.requests) == (2, 1, 1)
    for name, value in SECRETS[way].items():
        monkeypatch.setenv(name, value)
    ran = run("--endpoint", server.url)
    assert ran.fault == ""
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert not any(
        secret in ran.said or secret.encode() in kept for secret in SECRETS[way].values() if secret != "reader"
    )


def test_a_wrong_password_is_said_once(run: Run, server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said again and again it might lock the user out."""
    server.wants = "digest"
    monkeypatch.setenv("LEPTO_ENDPOINT_USER", "reader")
    monkeypatch.setenv("LEPTO_ENDPOINT_PASSWORD", "hunter2")
    ran = run("--endpoint", server.url)
    assert ran.status == 2
    assert "401" in ran.fault
    assert "hunter2" not in ran.fault
    assert server.requests == 2


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_server_is_asked_again(run: Run, server: Served, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    """As long as it says, or longer each time; after six times it is given up in one line."""
    waited: list[float] = []
    monkeypatch.setattr(module, "sleep", waited.append)
    server.first = [(status, {"Retry-After": "3"}, ""), (status, {}, ""), (status, {"Retry-After": "99999"}, "")]
    assert run("--endpoint", server.url).fault == ""
    assert waited == [3, 2, 60]
    server.first = [(status, {}, "too much\nto do")] * 6
    ran = run("--endpoint", server.url, out="again")
    assert (ran.status, ran.fault.count("\n"), server.first) == (2, 1, [])
    assert re.search(rf": it answers {status} [\w -]+: too much; ", ran.fault)


ELSEWHERE = "http://localhost:1/elsewhere"
FAULTS: dict[str, tuple[Status, str]] = {
    "a fault of its own": (
        (500, {}, "Virtuoso 42000 Error\n\nSPARQL query:"),
        "500 Internal Server Error: Virtuoso 42000",
    ),
    "a page for people": ((404, {}, "<html>\n<body>"), "404 Not Found; "),
    "nothing to read": ((403, {}, ""), "403 Forbidden; "),
    "another address": ((302, {"Location": ELSEWHERE}, ""), rf"302 Found; .*\({ELSEWHERE}\)"),
    "something else": ((200, {}, "<html>"), "no table of SPARQL results"),
    "another table": ((200, {}, '{"results": {"bindings": [{"n": {}}]}}'), "no table of SPARQL results"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_a_server_says_is_one_line(run: Run, server: Served, fault: str) -> None:
    """Status and first line; nobody is led elsewhere, for password and query are for the address that was named."""
    answer, expected = FAULTS[fault]
    server.first = [answer]
    ran = run("--endpoint", server.url)
    assert (ran.status, ran.said, ran.fault.count("\n")) == (2, "", 1)
    assert re.search(expected, ran.fault), ran.fault
    assert server.requests == 1


@pytest.mark.parametrize("answer", ["", "<html>", 'patient,"a\nb', "patient,A\nx\n"])
@pytest.mark.parametrize(
    "query, expected", [("CONSTRUCT", "graph in N-Triples|patient is gone"), ("# The st", "CSV|not told")]
)
def test_an_answer_that_is_none_is_one_line(run: Run, server: Served, query: str, answer: str, expected: str) -> None:
    server.changed = lambda asked, told: answer if query in asked else told
    ran = run("--endpoint", server.url)
    assert (ran.status, ran.said, ran.fault.count("\n")) == (2, "", 1)
    assert re.search(expected, ran.fault), ran.fault


def test_nobody_there_is_one_line(run: Run) -> None:
    ran = run("--endpoint", "http://localhost:1/sparql")
    assert (ran.status, ran.fault.count("\n")) == (2, 1)
    assert "Connection refused" in ran.fault


def broken_off(run: Run, server: Served) -> None:
    """Have the server fail as the last of three slices is asked about; from then on it tells unnamed courses anew."""
    constructs = count()

    def breaks_down(query: str, answer: str) -> str | Status:
        if "CONSTRUCT" not in query:
            return answer
        number = next(constructs)
        return (500, {}, "out of memory") if number == 2 else re.sub(r"(?<=_:)", f"n{number}", answer)

    server.changed = breaks_down
    assert "500" in run("--endpoint", server.url, "--slice", 8).fault
    assert "it holds a cohort's answers already" in run("--endpoint", server.url).fault
    server.queries.clear()


def asked(server: Served) -> list[str]:
    """What a server was asked, in order: how many there are, who they are, what is stated, what it derives."""
    kinds = {"COUNT": "many", "SELECT DISTINCT ?patient {": "who", "CONSTRUCT": "facts", "# The standings": "derived"}
    return [next(kind for word, kind in kinds.items() if word in query) for query in server.queries]


FIRST = ["many", "many", "who", "who"]


def test_what_is_finished_is_kept(run: Run, graph: bytes, tmp_path: Path) -> None:
    """A run that a server breaks off is resumed: of finished slices it is asked only whether it states the same."""
    whole = graph + UNUSUAL[: UNUSUAL.index("<urn:example:a>")].encode()
    run(_file(whole, tmp_path / "patients.nt"), out="file")
    with served(_store(whole)) as server:
        broken_off(run, server)
        assert run("--endpoint", server.url, "--slice", 8, "--resume").fault == ""
        assert asked(server) == [*FIRST, "facts", "facts", "facts", "derived"]
        server.queries.clear()
        assert run("--endpoint", server.url, "--slice", 8, "--resume").fault == ""
        assert asked(server) == ["many", "many"]
    same_rows(tmp_path)


@pytest.mark.parametrize("one", [0, 1], ids=["what is stated", "who is there"])
def test_what_has_changed_since_is_answered_anew(run: Run, server: Served, tmp_path: Path, one: int) -> None:
    """As many patients as before, of whom one is another, or of whom something else is stated."""
    age = f"<{LEPTO}ageYears>"
    changes = [
        f"DELETE {{ ?p {age} ?age }} INSERT {{ ?p {age} 17 }} WHERE {{ ?p <{IDENTIFIER}> 'R00000002' ; {age} ?age }}",
        (
            f"DELETE {{ ?p ?q ?o }} WHERE {{ ?p <{IDENTIFIER}> 'R00000002' ; ?q ?o }} ;"
            f"INSERT DATA {{ <http://example.org/p/0> {TYPE} }}"
        ),
    ]
    broken_off(run, server)
    server.store.update(changes[one])
    assert run("--endpoint", server.url, "--slice", 8, "--resume").fault == ""
    again = asked(server)
    assert again.count("derived") == 2, "the slice that was left and the one that has changed"
    run("--endpoint", server.url, "--slice", 8, out="file")
    assert len(rows(tmp_path / "out", "patients")) == 20
    same_rows(tmp_path)


def test_a_run_is_not_resumed_on_other_patients(run: Run, server: Served) -> None:
    server.changed = lambda query, answer: (500, {}, "") if "CONSTRUCT" in query else answer
    assert "500" in run("--endpoint", server.url).fault
    server.store.update(f"INSERT DATA {{ <urn:one:more> {TYPE} }}")
    assert "something else (input)" in run("--endpoint", server.url, "--resume").fault
    server.store.update(f"DELETE DATA {{ <urn:one:more> {TYPE} }}")
    assert "something else (slice)" in run("--endpoint", server.url, "--resume", "--slice", 9).fault


def test_nobody_is_left_out_in_silence(run: Run, server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither whom no IRI names, nor whom a server counts and does not list, lists and does not know, or lists anew."""
    listing = "SELECT DISTINCT ?patient {"
    monkeypatch.setattr(module, "LISTED", 6)
    server.changed = lambda query, answer: answer.replace("R00000003", "R00000004") if listing in query else answer
    assert "a patient is gone from it" in run("--endpoint", server.url, out="again").fault
    server.changed = lambda query, answer: _emptied(answer) if listing in query and '> ""' not in query else answer
    assert "it counts 20 patients and lists 6" in run("--endpoint", server.url).fault
    pages: list[str] = []
    server.changed = lambda query, answer: _first(pages, answer) if listing in query else answer
    assert "it counts 20 patients and lists more" in run("--endpoint", server.url, "--force").fault
    server.changed = lambda query, answer: "" if "CONSTRUCT" in query else answer
    assert "a patient is gone from it" in run("--endpoint", server.url, "--force").fault
    server.store.update(f"INSERT DATA {{ _:nameless {TYPE} }}")
    assert "1 of 21 patients have no IRI" in run("--endpoint", server.url, "--force").fault


def _first(pages: list[str], answer: str) -> str:
    pages.append(answer)
    return pages[0]


def _emptied(answer: str) -> str:
    told = json.loads(answer)
    told["results"]["bindings"] = []
    return json.dumps(told)


ADDRESSES = {
    "file:///etc/passwd": "none of an endpoint",
    "ftp://localhost/sparql": "none of an endpoint",
    "reader:hunter2@localhost/sparql": "none of an endpoint",
    "http://": "none of an endpoint",
    "http://[::1/sparql": "it cannot be asked",
    "http://reader:hunter2@localhost/sparql": "it holds a user or a password",
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_is_none_is_refused(run: Run, address: str) -> None:
    ran = run("--endpoint", address)
    assert (ran.status, ran.fault.count("\n")) == (2, 1)
    assert ADDRESSES[address] in ran.fault
    assert "hunter2" not in ran.fault


def test_half_a_user_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEPTO_ENDPOINT_USER", "reader")
    assert "it is not clear who asks" in run("--endpoint", "http://localhost:1/sparql").fault


@pytest.mark.parametrize("given", [(), ("patients.nt", "--endpoint", "http://localhost:1/sparql")])
def test_patients_are_in_files_or_in_an_endpoint(run: Run, given: tuple[str, ...]) -> None:
    ran = run(*given)
    assert (ran.status, ran.fault.count("\n")) == (2, 1)
    assert "in files or in an endpoint" in ran.fault


@pytest.mark.slow
def test_virtuoso_gives_the_rows_of_a_file(
    run: Run,
    knowledge: Knowledge,
    graph: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    """A server as `docs/endpoints.md` starts it, without a password and with one, which it wants by digest."""
    (engine,) = (section for section in ENGINES if section.heading == "Virtuoso")
    whole = graph + re.sub(r"_:course", "<urn:course:7>", UNUSUAL).strip().encode() + b"\n"
    (tmp_path / "guideline.rq").write_text(knowledge.compiled.portable)
    run(_file(whole, tmp_path / "patients.nt"), out="file")
    with followed(engine, tmp_path, request.config.cache.mkdir("debian")):
        (address,) = re.findall(r"http://localhost:\d+/sparql-auth", (tmp_path / "load.sh").read_text())
        ran = run("--endpoint", address.removesuffix("-auth"), "--slice", 12)
        assert (ran.status, ran.fault) == (1, "")
        same_rows(tmp_path)
        monkeypatch.setenv("LEPTO_ENDPOINT_USER", "dba")
        monkeypatch.setenv("LEPTO_ENDPOINT_PASSWORD", "wrong")
        assert "401" in run("--endpoint", address, "--force").fault
        monkeypatch.setenv("LEPTO_ENDPOINT_PASSWORD", "dba")
        assert run("--endpoint", address, "--force").fault == ""
        same_rows(tmp_path)
