"""`lepto cohort` as a user runs it: what is finished is kept, whatever happens, and the end is always the same."""

from __future__ import annotations

import csv
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from benchmarks import registry
from pyoxigraph import Quad, QuerySolutions, RdfFormat, Store, serialize

from lepto.knowledge import Knowledge
from lepto.read import read_bytes
from lepto.recommend import Recommender
from lepto.render.as_json import as_object

ON = registry.ON
DAY = ["--on", ON.isoformat()]
PATIENTS = 120
SMALL = ["--slice", "4000"]


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
    """Only tables, the summary with its pictures, and what was asked."""
    assert sorted(path.name for path in whole.iterdir()) == [
        "findings",
        "missing.svg",
        "patients",
        "run.json",
        "summary.json",
        "verdicts",
        "verdicts.svg",
    ]


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
@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT], ids=["kill -9", "Ctrl-C"])
def test_a_run_that_was_broken_off_goes_on_and_ends_as_if_nothing_had_been(
    blow: signal.Signals, jobs: str, registry_file: Path, tmp_path: Path
) -> None:
    """Byte for byte; what was finished is not done again."""
    out, slow = tmp_path / "answers", [*SMALL, "--by-sparql", "--jobs", jobs]
    command = [sys.executable, "-m", "lepto.cli", "cohort", str(registry_file), "--out", str(out), *DAY, *slow]
    begun = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    journal = out / ".work" / "part-00000.json"
    waiting_until = time.monotonic() + 120
    while not journal.exists() and time.monotonic() < waiting_until:
        time.sleep(0.01)
    os.killpg(begun.pid, blow)
    _, told = begun.communicate(timeout=60)
    if blow == signal.SIGINT:
        assert begun.returncode == 130
        assert told == "lepto: interrupted; what is finished is kept, and --resume goes on from there\n"
    else:
        assert begun.returncode == -signal.SIGKILL
    assert not (out / "summary.json").exists()
    kept = {path.name: path.stat().st_mtime_ns for path in (out / "verdicts").iterdir() if path.name[0] != "."}
    finished = {path.stem for path in (out / ".work").glob("part-*.json")}
    assert finished
    assert "--resume" in failed(2, registry_file, "--out", out, *slow)
    ran(registry_file, "--out", out, *slow, "--resume")
    assert {name: (out / "verdicts" / name).stat().st_mtime_ns for name in kept if Path(name).stem in finished} == {
        name: time for name, time in kept.items() if Path(name).stem in finished
    }
    ran(registry_file, "--out", tmp_path / "undisturbed", *slow)
    assert files(out) == files(tmp_path / "undisturbed")


def test_a_disk_that_is_full_loses_nothing(registry_file: Path, whole: Path, tmp_path: Path) -> None:
    """The system takes no more bytes: one line says so, and the run goes on once there is room."""
    limit = 2500
    assert any(len(data) > limit for data in files(whole).values())

    def allow_no_more() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    line = failed(3, registry_file, "--out", tmp_path / "a", *SMALL, "--jobs", "1", preexec_fn=allow_no_more)
    assert "cannot be written" in line
    assert all(len(data) <= limit for data in files(tmp_path / "a").values())
    assert not [path for path in (tmp_path / "a" / "verdicts").iterdir() if path.suffix != ".parquet"]
    (tmp_path / "a" / "verdicts" / ".part-00000.parquet.123").write_text("what a killed run was writing")
    ran(registry_file, "--out", tmp_path / "a", *SMALL, "--resume")
    assert files(tmp_path / "a") == files(whole)


def test_a_place_that_cannot_be_written_to_is_named(registry_file: Path, tmp_path: Path) -> None:
    """A file where a folder is needed, and a file system that only the system writes to."""
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file" / "answers", Path("/proc/answers")):
        assert str(out) in failed(3, registry_file, "--out", out)


def test_two_runs_at_once_do_not_mix(registry_file: Path, tmp_path: Path) -> None:
    """The second is told that the first is at work."""
    out = tmp_path / "answers"
    command = [sys.executable, "-m", "lepto.cli", "cohort", str(registry_file), "--out", str(out), *DAY, "--by-sparql"]
    first = subprocess.Popen([*command, "--jobs", "1"])
    try:
        waiting_until = time.monotonic() + 60
        while not (out / ".work" / "lock").exists() and time.monotonic() < waiting_until:
            time.sleep(0.01)
        assert "another run" in failed(2, registry_file, "--out", out, "--by-sparql", "--resume")
    finally:
        first.kill()
        first.wait()
