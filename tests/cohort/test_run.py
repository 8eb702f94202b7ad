"""`lepto cohort` as a user runs it: what is finished is kept, whatever happens, and the end is always the same."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from benchmarks import registry
from pyoxigraph import Quad, QuerySolutions, RdfFormat, Store, serialize

from lepto.cohort.sources import slices, source
from lepto.knowledge import Knowledge
from lepto.read import read_bytes
from lepto.read.limits import MIB
from lepto.recommend import Recommender
from lepto.render.as_json import as_object

ON = registry.ON
DAY = ["--on", ON.isoformat()]
PATIENTS = 360
SMALL = ["--slice", "12000"]
BLOW = Path(__file__).parent / "blow"
"""What kills a process at a certain step."""


@pytest.fixture(scope="module")
def people() -> list[dict[str, Any]]:
    """An invented registry."""
    return [*registry.patients(PATIENTS)]


@pytest.fixture(scope="module")
def registry_file(people: Sequence[Mapping[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The registry as NDJSON."""
    path = tmp_path_factory.mktemp("registry") / "registry.ndjson"
    path.write_text("".join(json.dumps(one) + "\n" for one in people))
    return path


@pytest.fixture(scope="module")
def whole(registry_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The answers of a run that nothing disturbed, in small slices."""
    out = tmp_path_factory.mktemp("whole") / "answers"
    ran(registry_file, "--out", out, *SMALL)
    return out


@pytest.fixture(scope="module")
def by_sparql(registry_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same by SPARQL, which takes its time."""
    out = tmp_path_factory.mktemp("by-sparql") / "answers"
    ran(registry_file, "--out", out, *SMALL, "--by-sparql")
    return out


def lepto(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the command `lepto cohort`."""
    command = [sys.executable, "-m", "lepto.cli", "cohort", *map(str, arguments), *DAY]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, **options)


def ran(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    done = lepto(*arguments, **options)
    assert done.returncode in (0, 1), done.stderr
    return done


def failed(status: int, *arguments: object, **options: Any) -> str:
    """Run it into an error, which is one line; return the line."""
    done = lepto(*arguments, **options)
    assert (done.returncode, done.stdout) == (status, ""), done
    assert done.stderr.startswith("lepto: ")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def killed_at(step: int, *arguments: object, out: Path) -> bool:
    """Run it, and have it killed as it is about to do so many steps in the folder; tell whether it did so many."""
    path = os.pathsep.join([str(BLOW), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    blow = {"BLOW_IN": str(out), "BLOW_AT": str(step), "PYTHONPATH": path}
    done = lepto(*arguments, "--out", out, "--jobs", "1", env=os.environ | blow)
    assert done.returncode in (0, 1, -signal.SIGKILL), done.stderr
    return done.returncode == -signal.SIGKILL


@contextmanager
def running(*arguments: object, out: Path, until: Path) -> Iterator[subprocess.Popen[str]]:
    """Lend a run that is at work since it has written a file."""
    command = [sys.executable, "-m", "lepto.cli", "cohort", *map(str, arguments), "--out", str(out), *DAY]
    begun = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        wait_for(until.exists)
        yield begun
    finally:
        with suppress(ProcessLookupError):
            os.killpg(begun.pid, signal.SIGKILL)
        begun.communicate()


def wait_for(what: Callable[[], bool], seconds: float = 120) -> None:
    """Wait until something is so."""
    waiting_until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < waiting_until, "it took too long"
        time.sleep(0.01)


def processes(column: int, number: int) -> set[int]:
    """The processes that are alive of which a column (0: its own number, 1: its parent's) is such a number."""
    told = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=True).stdout
    table = [line.split() for line in told.splitlines()]
    assert str(os.getpid()) in {row[0] for row in table}
    return {int(row[0]) for row in table if int(row[column]) == number and not row[2].startswith("Z")}


def files(folder: Path) -> dict[str, bytes]:
    """All files of a folder, by their names."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rows(out: Path, table: str = "verdicts") -> list[tuple[Any, ...]]:
    """The rows of a table of the answers, in their order."""
    paths = sorted((out / table).iterdir())
    read: Callable[[Path], pl.DataFrame] = {
        ".parquet": pl.read_parquet,
        ".ndjson": lambda path: pl.read_ndjson(path, infer_schema_length=None),
        ".csv": lambda path: pl.read_csv(path, infer_schema=False),
    }[paths[0].suffix]
    return [row for path in paths for row in read(path).rows()]


# What comes out


def test_a_row_says_what_the_report_on_the_patient_says(
    knowledge: Knowledge, recommender: Recommender, people: Sequence[Mapping[str, Any]], whole: Path
) -> None:
    """Verdict, bar, missing facts and rules; no row too many and none too few."""
    some = people[::5]
    records = read_bytes(json.dumps(some).encode(), "some.json", knowledge.facts)
    said = {
        (
            report.patient,
            verdict["action"],
            verdict["verdict"],
            verdict["bar"],
            " ".join(sorted(verdict["missing"])),
            " ".join(sorted(reason["rule"] for reason in verdict["because"])),
        )
        for report in recommender.answer(records, ON)
        for verdict in as_object(report)["verdicts"]
    }
    names = {one["id"] for one in some}
    assert {row for row in rows(whole) if row[0] in names} == said
    assert said


def test_the_summary_counts_what_the_tables_hold(whole: Path) -> None:
    """Verdicts by action, what is missing, findings; and who is refused."""
    told = json.loads((whole / "summary.json").read_text())
    answered = [row[1] for row in rows(whole, "patients")]
    assert (told["patients"], told["answered"]) == (PATIENTS, sum(answered))
    assert sum(row["count"] for row in told["verdicts"]) == len(rows(whole))
    waiting = [(row[0], fact) for row in rows(whole) if row[2] == "undetermined" for fact in row[4].split()]
    assert {row["fact"]: row["count"] for row in told["awaited"]} == counted(fact for _, fact in waiting)
    assert {row["fact"]: row["count"] for row in told["patients awaiting"]} == counted(fact for _, fact in {*waiting})
    assert sum(row["count"] for row in told["findings"]) == len(rows(whole, "findings"))
    assert waiting


def counted(found: Any) -> dict[str, int]:
    """How often each thing is there."""
    counts: dict[str, int] = {}
    for one in found:
        counts[one] = counts.get(one, 0) + 1
    return counts


def test_pictures_show_where_patients_fall_and_what_is_missing(whole: Path) -> None:
    """Every action that somebody has a verdict on, every fact that somebody waits for."""
    told = json.loads((whole / "summary.json").read_text())
    for name, words in (
        ("verdicts.svg", {row["action"] for row in told["verdicts"]}),
        ("missing.svg", {row["fact"] for row in told["awaited"]}),
    ):
        picture = (whole / name).read_text()
        assert picture.count("<svg") == 1
        assert all(word in picture for word in words)


def test_the_run_says_what_was_asked_of_which_guideline(whole: Path, knowledge: Knowledge) -> None:
    """So that an answer can be followed home, and no older guideline's answers are mixed with a newer one's."""
    told = json.loads((whole / "run.json").read_text())
    assert told["guideline"] == {"version": knowledge.version, "digest": knowledge.digest}
    assert told["on"] == ON.isoformat()
    assert "not a medical device" in told["notice"]


def test_nothing_of_the_work_is_left_behind(whole: Path) -> None:
    """Only tables, the summary with its pictures, what was asked, and the hashes of them all."""
    assert sorted(path.name for path in whole.iterdir()) == [
        "SHA256SUMS",
        "findings",
        "missing.svg",
        "patients",
        "run.json",
        "summary.json",
        "verdicts",
        "verdicts.svg",
    ]


def test_the_hashes_are_those_of_all_files(whole: Path) -> None:
    """As `sha256sum --check` reads them."""
    held = files(whole)
    lines = held.pop("SHA256SUMS").decode().splitlines()
    assert sorted(lines) == sorted(f"{hashlib.sha256(data).hexdigest()}  {name}" for name, data in held.items())
    assert len(lines) > len(list((whole / "verdicts").iterdir())) * 3 > 3


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_every_format_says_the_same(form: str, registry_file: Path, whole: Path, tmp_path: Path) -> None:
    """Row by row, in the same order; in CSV nothing and an empty text look alike."""
    ran(registry_file, "--out", tmp_path / "answers", "--format", form)
    for table in ("verdicts", "findings", "patients"):
        said, wanted = (
            [tuple("" if one is None else str(one).lower() for one in row) for row in rows(out, table)]
            for out in (tmp_path / "answers", whole)
        )
        assert said == wanted


def test_quads_hold_each_verdict_in_the_report_of_its_patient(registry_file: Path, whole: Path, tmp_path: Path) -> None:
    """With the nodes and properties of `lepto recommend --format ttl`."""
    ran(registry_file, "--out", tmp_path / "answers", "--format", "nq")
    store = Store()
    for path in (tmp_path / "answers").rglob("*.nq"):
        store.load(path.read_bytes(), format=RdfFormat.N_QUADS)
    found = store.query(
        """PREFIX lepto: <https://w3id.org/lepto/> PREFIX dcterms: <http://purl.org/dc/terms/>
        SELECT ?id ?action WHERE { GRAPH ?report {
          ?report a lepto:Report ; lepto:hasVerdict ?verdict . ?patient dcterms:identifier ?id .
          ?verdict a lepto:Verdict ; lepto:ofPatient ?patient ; lepto:onAction ?action .
        } }"""
    )
    assert isinstance(found, QuerySolutions)
    said = {(row["id"].value, row["action"].value.rpartition("/")[2]) for row in found}
    assert said == {row[:2] for row in rows(whole)}


# What goes in


def test_every_format_that_goes_in_gives_the_same_answers(
    knowledge: Knowledge, people: Sequence[Mapping[str, Any]], whole: Path, tmp_path: Path
) -> None:
    """CSV, Parquet, JSON, N-Triples and Turtle beside NDJSON."""
    for path in other_formats(knowledge, people, tmp_path):
        out = tmp_path / f"{path.name}-answers"
        ran(path, "--out", out)
        assert sorted(rows(out)) == sorted(rows(whole)), path.name
        assert sorted(map(str, rows(out, "findings"))) == sorted(map(str, rows(whole, "findings"))), path.name


def other_formats(knowledge: Knowledge, people: Sequence[Mapping[str, Any]], folder: Path) -> list[Path]:
    """The same patients in the other formats."""
    names = ["id", *(name for name, fact in knowledge.facts.items() if not fact.of_course)]
    with (folder / "people.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(names)
        table.writerows([cell(one.get(name)) for name in names] for one in people)
    pl.DataFrame(list(people), infer_schema_length=None).write_parquet(folder / "people.parquet")
    (folder / "people.json").write_text(json.dumps(list(people)))
    records = read_bytes((folder / "people.json").read_bytes(), "people.json", knowledge.facts)
    triples = [Quad(*triple).triple for record in records for triple in record.triples]
    for name, form in (("people.nt", RdfFormat.N_TRIPLES), ("people.ttl", RdfFormat.TURTLE)):
        (folder / name).write_bytes(serialize(triples, format=form) or b"")
    return [folder / f"people.{ending}" for ending in ("csv", "parquet", "json", "nt", "ttl")]


def cell(value: Any) -> str:
    """A value as a cell of a table."""
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def test_a_parquet_file_is_named_by_its_name_and_decimals_are_numbers(tmp_path: Path) -> None:
    """A name is no pattern; a decimal is read alike on both roads, beside an odd cell too."""
    for name, who in (("r[1].parquet", ["A", "\u00c41"]), ("r1.parquet", ["other", "another"])):
        protein = pl.Series(["100.00", "50.50"]).cast(pl.Decimal(10, 2))
        pl.DataFrame({"id": who, "csfProtein": protein}).write_parquet(tmp_path / name)
    for road in ([], ["--by-sparql"]):
        ran(tmp_path / "r[1].parquet", "--out", tmp_path / "answers", "--force", *road)
        assert rows(tmp_path / "answers", "patients") == [("A", True), ("\u00c41", True)]


def test_force_takes_away_nothing_but_a_runs_own_answers(registry_file: Path, tmp_path: Path) -> None:
    """Not every run.json is one of ours."""
    for content in ('{"tool": "other"}', "[]"):
        (tmp_path / "run.json").write_text(content)
        before = files(tmp_path)
        for option in ("--force", "--resume"):
            assert "something else" in failed(2, registry_file, "--out", tmp_path, option)
        assert files(tmp_path) == before


def test_several_files_are_one_cohort(people: Sequence[Mapping[str, Any]], whole: Path, tmp_path: Path) -> None:
    """In the order in which they are named."""
    for number, half in enumerate((people[:50], people[50:])):
        (tmp_path / f"{number}.ndjson").write_text("".join(json.dumps(one) + "\n" for one in half))
    ran(tmp_path / "0.ndjson", tmp_path / "1.ndjson", "--out", tmp_path / "answers")
    assert rows(tmp_path / "answers") == rows(whole)


@pytest.mark.slow
def test_a_bulk_export_of_health_records_is_answered_as_recommend_answers_it(tmp_path: Path) -> None:
    """FHIR resources, one a line, spread over two files."""
    patients: list[dict[str, Any]] = []
    conditions: list[dict[str, Any]] = []
    for number in range(5):
        subject = {"reference": f"Patient/p{number}"}
        patients.append({"resourceType": "Patient", "id": f"p{number}", "birthDate": "1960-01-01"})
        conditions.append(
            {
                "resourceType": "Condition",
                "id": f"c{number}",
                "subject": subject,
                "recordedDate": "2026-11-01",
                "code": {"coding": [{"system": "http://snomed.info/sct", "code": "1155991005"}]},
                "clinicalStatus": coding("condition-clinical", "active"),
                "verificationStatus": coding("condition-ver-status", "confirmed"),
            }
        )
    paths = [tmp_path / "Patient.ndjson", tmp_path / "Condition.ndjson"]
    for path, resources in zip(paths, (patients, conditions), strict=True):
        path.write_text("".join(json.dumps(one) + "\n" for one in resources))
    ran(*paths, "--out", tmp_path / "answers")
    command = [sys.executable, "-m", "lepto.cli", "recommend", *map(str, paths), "--format", "json", *DAY]
    reports = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
    said = [(one["patient"], verdict["action"], verdict["verdict"]) for one in reports for verdict in one["verdicts"]]
    assert sorted(row[:3] for row in rows(tmp_path / "answers")) == sorted(said)
    assert len(reports) == 5


def coding(system: str, code: str) -> dict[str, Any]:
    """A code of HL7's own."""
    return {"coding": [{"system": f"http://terminology.hl7.org/CodeSystem/{system}", "code": code}]}


# What goes wrong


def test_a_bad_patient_in_the_middle_costs_himself_alone(
    people: Sequence[Mapping[str, Any]], whole: Path, tmp_path: Path
) -> None:
    """A line that is no JSON, one that is no UTF-8, one with a fact that nobody knows."""
    bad = [b"{not JSON", b'{"id":"\xff"}', b'{"id":"odd","favouriteColour":"blue"}']
    lines = [json.dumps(one).encode() for one in people]
    (tmp_path / "registry.ndjson").write_bytes(b"\n".join([*lines[:60], *bad, *lines[60:]]))
    done = lepto(tmp_path / "registry.ndjson", "--out", tmp_path / "answers", *SMALL)
    assert done.returncode == 1
    assert rows(tmp_path / "answers") == rows(whole)
    refused = {row[0] for row in rows(tmp_path / "answers", "patients") if not row[1]}
    before = {row[0] for row in rows(whole, "patients") if not row[1]}
    name = str(tmp_path / "registry.ndjson")
    assert refused - before == {f"{name} line 61", f"{name} line 62", "odd"}


def test_a_line_that_is_too_long_costs_itself_alone(tmp_path: Path) -> None:
    """Of a line of 64 MiB no more is held than shows that it is too long; what follows keeps its number."""
    with (tmp_path / "registry.ndjson").open("wb") as file:
        file.write(b'{"id":"A","ageYears":60}\n{"id":"B","note":"')
        file.truncate(64 * MIB)
        file.seek(0, os.SEEK_END)
        file.write(b'"}\n{"id":"C","ageYears":-1}\n')
    done = lepto(tmp_path / "registry.ndjson", "--out", tmp_path / "answers")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("3 patients, 2 refused")
    found = rows(tmp_path / "answers", "findings")
    assert [row[0].removeprefix(f"{tmp_path}/") for row in found] == ["registry.ndjson line 2", "C"]
    assert "line 2: the line is too long to be read" in found[0][-1]
    assert [task.first for task in slices(source(tmp_path / "registry.ndjson", {}))] == [1, 3]


def test_an_id_that_two_patients_share_refuses_both_wherever_they_stand(
    people: Sequence[Mapping[str, Any]], whole: Path, tmp_path: Path
) -> None:
    """Slices apart from each other: side by side they would become one patient."""
    path = tmp_path / "registry.ndjson"
    path.write_text("".join(json.dumps(one) + "\n" for one in [*people, people[3]]))
    ran(path, "--out", tmp_path / "answers", *SMALL)
    shared = people[3]["id"]
    assert rows(tmp_path / "answers") == [row for row in rows(whole) if row[0] != shared]
    told = [row[4] for row in rows(tmp_path / "answers", "findings") if row[0] == shared]
    assert len(told) == 2
    assert all(f"the same id is given at {path} line 4 and at {path} line {PATIENTS + 1}" in one for one in told)


def test_existing_answers_are_never_overwritten(registry_file: Path, whole: Path, tmp_path: Path) -> None:
    """Nor is a folder with anything else in it."""
    before = files(whole)
    assert "--force" in failed(2, registry_file, "--out", whole)
    assert "begun with something else (format)" in failed(
        2, registry_file, "--out", whole, *SMALL, "--format", "csv", "--resume"
    )
    ran(registry_file, "--out", whole, *SMALL, "--resume")
    assert files(whole) == before
    (tmp_path / "thesis.doc").write_text("ten years")
    for option in ([], ["--resume"], ["--force"]):
        assert "something else" in failed(2, registry_file, "--out", tmp_path, *option)
    assert files(tmp_path) == {"thesis.doc": b"ten years"}


def test_force_throws_the_old_answers_away(registry_file: Path, whole: Path, tmp_path: Path) -> None:
    """And leaves nothing of them."""
    ran(registry_file, "--out", tmp_path / "answers", "--format", "csv")
    ran(registry_file, "--out", tmp_path / "answers", *SMALL, "--force")
    assert files(tmp_path / "answers") == files(whole)


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """Nothing is written then."""
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    (tmp_path / "open.csv").write_text('id,csfFlow\nA,"ObstructedCsfFlow\n')
    (tmp_path / "text.txt").write_text("Dear colleague,\n")
    for name in ("absent.ndjson", "broken.parquet", "open.csv", "text.txt"):
        assert name in failed(2, tmp_path / name, "--out", tmp_path / "answers", "--force")


def test_an_empty_cohort_has_an_empty_answer(tmp_path: Path) -> None:
    """No patients, no rows, no fault."""
    (tmp_path / "empty.ndjson").write_text("")
    ran(tmp_path / "empty.ndjson", "--out", tmp_path / "answers")
    assert json.loads((tmp_path / "answers" / "summary.json").read_text())["patients"] == 0


def test_several_processes_give_the_files_that_one_gives(registry_file: Path, whole: Path, tmp_path: Path) -> None:
    """Whichever of them is the first to be done."""
    ran(registry_file, "--out", tmp_path / "answers", *SMALL, "--jobs", "1")
    assert files(tmp_path / "answers") == files(whole)
    ran(registry_file, "--out", tmp_path / "answers", *SMALL, "--jobs", "3", "--force")
    assert files(tmp_path / "answers") == files(whole)


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ids=["kill -9", "Ctrl-C", "kill"])
def test_a_run_that_was_broken_off_goes_on_and_ends_as_if_nothing_had_been(
    blow: signal.Signals, jobs: str, registry_file: Path, by_sparql: Path, tmp_path: Path
) -> None:
    """Byte for byte; what was finished is not done again."""
    out, slow = tmp_path / "answers", [*SMALL, "--by-sparql", "--jobs", jobs]
    with running(registry_file, *slow, out=out, until=out / ".work" / "part-00000.sha256") as begun:
        (os.kill if blow == signal.SIGTERM else os.killpg)(begun.pid, blow)
        _, told = begun.communicate(timeout=60)
    if blow != signal.SIGKILL:
        assert begun.returncode == 130
        assert told == "lepto: interrupted; what is finished is kept, and --resume goes on from there\n"
    else:
        assert begun.returncode == -signal.SIGKILL
    assert not (out / "SHA256SUMS").exists()
    finished = {path.stem: path.stat().st_mtime_ns for path in (out / ".work").glob("part-*.sha256")}
    kept = {name: (out / "verdicts" / f"{name}.parquet").stat().st_mtime_ns for name in finished}
    assert finished
    assert "--resume" in failed(2, registry_file, "--out", out, *slow)
    ran(registry_file, "--out", out, *slow, "--resume")
    assert {name: (out / "verdicts" / f"{name}.parquet").stat().st_mtime_ns for name in finished} == kept
    assert files(out) == files(by_sparql)


def test_a_finished_run_is_believed_only_as_far_as_its_files_go(
    registry_file: Path, whole: Path, tmp_path: Path
) -> None:
    """What is gone, cut off, added or spoilt is named; nothing is changed, and --force answers anew."""
    out = tmp_path / "answers"
    one = "verdicts/part-00001.parquet"
    for name, data in {
        one: None,
        "patients/part-00000.parquet": files(whole)["patients/part-00000.parquet"][:-1],
        "findings/part-00099.parquet": b"PAR1",
        "summary.json": b'{"patients": 1',
        "missing.svg": None,
        "SHA256SUMS": b"",
    }.items():
        shutil.copytree(whole, out)
        (out / name).unlink() if data is None else (out / name).write_bytes(data)
        before = files(out)
        line = failed(2, registry_file, "--out", out, *SMALL, "--resume")
        assert f": {name}: it is not as the run left it; " in line
        assert files(out) == before
        if name != one:
            shutil.rmtree(out)
            continue
        ran(registry_file, "--out", out, *SMALL, "--force")
        assert files(out) == files(whole)
        shutil.rmtree(out)
    shutil.copytree(whole, out)
    (out / "run.json").write_text('{"on": ')
    assert "run.json cannot be read" in failed(2, registry_file, "--out", out, *SMALL, "--resume")


def test_a_part_of_an_unfinished_run_that_is_not_as_it_was_written_is_answered_anew(
    registry_file: Path, whole: Path, tmp_path: Path
) -> None:
    """Tables and journal alike; the others stay."""
    out = tmp_path / "answers"
    assert killed_at(120, registry_file, *SMALL, out=out)
    seals = {path.name for path in (out / ".work").glob("part-*.sha256")}
    assert seals > {f"part-0000{number}.sha256" for number in range(3)}
    (out / "verdicts" / "part-00000.parquet").write_bytes(b"PAR1")
    (out / ".work" / "part-00001.json").write_text('{"patients": ')
    (out / ".work" / "part-00001.npy").write_text("")
    (out / ".work" / "part-00002.sha256").write_bytes(b"\xff")
    kept = (out / "verdicts" / "part-00003.parquet").stat().st_mtime_ns
    ran(registry_file, "--out", out, *SMALL, "--resume")
    assert (out / "verdicts" / "part-00003.parquet").stat().st_mtime_ns == kept
    assert files(out) == files(whole)


@pytest.fixture(scope="module")
def few(people: Sequence[Mapping[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A registry of two slices, each with a patient whose id is in the other too; and how it is cut."""
    lines = [json.dumps(one) + "\n" for one in (people[0], people[1], people[2], people[0])]
    path = tmp_path_factory.mktemp("few") / "few.ndjson"
    path.write_text("".join(lines))
    return [str(path), "--slice", str(len(lines[0]) + 1)]


@pytest.fixture(scope="module")
def undisturbed(few: Sequence[str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a run over these that nothing disturbed."""
    out = tmp_path_factory.mktemp("undisturbed") / "answers"
    ran(*few, "--out", out)
    return files(out)


SCENES = ["into a new folder", "over answers of another plan", "over answers of the same plan", "over half a run"]


def before_the_run(scene: str, few: Sequence[str], out: Path) -> list[str]:
    """Prepare what is in the folder, and tell with what option a run begins there."""
    if scene == "into a new folder":
        return []
    if scene == "over half a run":
        assert killed_at(70, *few, "--format", "csv", out=out)
    else:
        ran(*few, "--out", out, *(["--format", "csv", "--slice", "300"] if "another" in scene else []))
    return ["--force"]


def broken_off(scene: str, few: Sequence[str], wanted: Mapping[str, bytes], folder: Path, steps: range) -> int:
    """Kill a run at each of some steps, and go on with it each time; return the first that it did not come to."""
    option = before_the_run(scene, few, folder / "before")
    old = files(folder / "before")
    for number in steps:
        out = folder / str(number)
        if option:
            shutil.copytree(folder / "before", out)
        if not killed_at(number, *few, *option, out=out):
            return number
        done = lepto(*few, "--out", out, "--resume")
        if done.returncode == 2:  # It was killed before it did anything to the old answers.
            assert "begun with something else (format" in done.stderr
            assert {name: data for name, data in files(out).items() if name in old} == old
            ran(*few, "--out", out, "--force")
        assert files(out) == wanted, number
        shutil.rmtree(out)
    return steps.stop


@pytest.mark.parametrize("scene, at", [(SCENES[0], 40), (SCENES[1], 12)])
def test_a_run_that_is_killed_at_a_step_goes_on(
    scene: str, at: int, few: Sequence[str], undisturbed: Mapping[str, bytes], tmp_path: Path
) -> None:
    """As it writes a table, or throws old answers away: it ends in the bytes of a run that nothing disturbed."""
    assert broken_off(scene, few, undisturbed, tmp_path, range(at, at + 1)) == at + 1


@pytest.mark.slow
@pytest.mark.parametrize("scene", SCENES)
def test_at_whatever_step_a_run_is_killed_it_goes_on(
    scene: str, few: Sequence[str], undisturbed: Mapping[str, bytes], tmp_path: Path
) -> None:
    """Each file that is opened, reaches the disk, gets its name or is removed is a step; of so many one is tried."""
    steps = range(1, 1000, int(os.environ.get("EVERY", "37")))
    assert 100 < broken_off(scene, few, undisturbed, tmp_path, steps) < 1000


def test_processes_end_with_a_run_that_is_killed(registry_file: Path, tmp_path: Path) -> None:
    """And the next run waits until they have written their last: no part is one of theirs."""
    out = tmp_path / "answers"
    slow = [registry_file, *SMALL, "--by-sparql", "--jobs", "2"]
    with running(*slow, out=out, until=out / ".work" / "part-00000.json") as begun:
        children = processes(1, begun.pid)
        assert len(children) >= 2
        begun.kill()
        ran(registry_file, "--out", out, "--format", "csv", "--force")
        wait_for(lambda: not any(processes(0, child) for child in children), seconds=10)
    assert {path.name for path in out.rglob("part-*")} == {"part-00000.csv"}


@pytest.mark.parametrize("beside", [(), ("notes.txt",)])
def test_a_run_that_fails_at_once_leaves_the_folder_as_one_that_may_be_used(
    beside: Sequence[str], registry_file: Path, tmp_path: Path
) -> None:
    """Empty, or, where others have put something into it, still that of a cohort's answers."""
    out, broken = tmp_path / "answers", tmp_path / "broken.nt"
    broken.write_text("<urn:a> <urn:b> oops .\n")
    ran(registry_file, "--out", out, *SMALL)
    for name in beside:
        (out / name).write_text("mine")
    failed(2, broken, "--out", out, "--force")
    assert {*files(out)} - {"run.json", ".work/run.json", ".work/lock", ".work/workers"} == {*beside}
    assert bool([*out.iterdir()]) == bool(beside)
    ran(registry_file, "--out", out, *SMALL, "--force")
    assert {*beside} < {*files(out)}


@pytest.mark.parametrize("is_late", [False, True])
def test_a_disk_that_is_full_loses_nothing(is_late: bool, registry_file: Path, whole: Path, tmp_path: Path) -> None:
    """The system takes no more bytes: one line says so, and the run goes on once there is room."""
    limit = max(len(data) for name, data in files(whole).items() if name.startswith("verdicts/")) if is_late else 2500

    def allow_no_more() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    out = tmp_path / "answers"
    line = failed(3, registry_file, "--out", out, *SMALL, "--jobs", "1", preexec_fn=allow_no_more)
    assert "cannot be written" in line
    tables = {name for name in files(whole) if name.startswith("verdicts/")}
    assert {name for name in files(out) if name.startswith("verdicts/")} == (tables if is_late else set())
    if is_late:
        (out / "verdicts" / ".part-00000.parquet.123").write_text("what a killed run was writing")
    ran(registry_file, "--out", out, *SMALL, "--resume")
    assert files(out) == files(whole)


def test_a_place_that_cannot_be_written_to_is_named(registry_file: Path, tmp_path: Path) -> None:
    """A file where a folder is needed, and a file system that only the system writes to."""
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file" / "answers", Path("/proc/answers")):
        assert str(out) in failed(3, registry_file, "--out", out)


def test_a_process_that_is_ended_from_outside_ends_the_run(
    registry_file: Path, by_sparql: Path, tmp_path: Path
) -> None:
    """As the system does where memory runs out: one line, a status of its own, and what is finished is kept."""
    out = tmp_path / "answers"
    slow = [registry_file, *SMALL, "--by-sparql", "--jobs", "2"]
    with running(*slow, out=out, until=out / ".work" / "part-00000.json") as begun:
        os.kill(max(processes(1, begun.pid)), signal.SIGKILL)
        _, told = begun.communicate(timeout=60)
    assert (begun.returncode, told.count("\n")) == (4, 1), told
    assert "--jobs takes fewer processes, --resume goes on" in told
    ran(*slow, "--out", out, "--resume")
    assert files(out) == files(by_sparql)


def test_two_runs_at_once_do_not_mix(registry_file: Path, by_sparql: Path, tmp_path: Path) -> None:
    """The second is told that the first is at work, which goes on untouched, whatever the second was to do."""
    out = tmp_path / "answers"
    slow = [registry_file, *SMALL, "--by-sparql", "--jobs", "1"]
    with running(*slow, out=out, until=out / ".work" / "part-00000.json") as first:
        first.send_signal(signal.SIGSTOP)
        before = files(out)
        for second in (["--resume"], ["--force"], ["--force", "--format", "csv"]):
            assert "another run is at work there" in failed(2, *slow, "--out", out, *second)
        assert files(out) == before
        first.send_signal(signal.SIGCONT)
        _, told = first.communicate(timeout=120)
        assert (first.returncode, told) == (1, "")
    assert files(out) == files(by_sparql)


def test_a_folder_in_which_a_run_was_killed_before_it_had_a_plan_is_an_empty_one(
    registry_file: Path, tmp_path: Path
) -> None:
    """But not one with a hidden file of somebody else, which stays even in a folder of ours."""
    out = tmp_path / "answers"
    (out / ".work").mkdir(parents=True)
    (out / ".work" / "lock").touch()
    (out / ".run.json.4711").write_text('{"on": ')
    (out / ".thesis.2026").write_text("ten years")
    assert "something else" in failed(2, registry_file, "--out", out)
    thesis = (out / ".thesis.2026").rename(tmp_path / "thesis")
    ran(registry_file, "--out", out)
    assert not [name for name in files(out) if name.startswith(".")]
    thesis.rename(out / ".thesis.2026")
    for option in ("--resume", "--force"):
        ran(registry_file, "--out", out, option)
        assert files(out)[".thesis.2026"] == b"ten years"


@pytest.mark.parametrize("option", ["--resume", "--force"])
def test_a_table_that_leads_elsewhere_is_refused(option: str, registry_file: Path, whole: Path, tmp_path: Path) -> None:
    """Nothing is taken away or written outside the folder."""
    shutil.copytree(whole, tmp_path / "answers")
    (tmp_path / "answers" / "verdicts").rename(tmp_path / "elsewhere")
    (tmp_path / "answers" / "verdicts").symlink_to(tmp_path / "elsewhere")
    before = files(tmp_path)
    line = failed(2, registry_file, "--out", tmp_path / "answers", *SMALL, option)
    assert ": verdicts: it leads elsewhere; " in line
    assert files(tmp_path) == before
