"""The command: exit status, one-line errors, help that teaches, bytes that do not change."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = (
    "recommend",
    "validate",
    "check",
    "reason",
    "query",
    "compile",
    "verify",
    "explain",
    "document",
)
PATIENT = {"id": "A", "ageYears": 54, "csfCytology": "CytologyPositive", "karnofskyPerformanceStatus": 80}


def lepto(*arguments: str, stdin: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command as a user would."""
    command = [sys.executable, "-m", "lepto.cli", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, cwd=cwd)


def patient_file(folder: Path, content: object, name: str = "patient.json") -> str:
    """Write a patient file and return its path."""
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_teaches(command: str) -> None:
    """`--help` of each command shows an example, the exit status and the disclaimer."""
    run = lepto(command, "--help")
    assert run.returncode == 0
    assert f"lepto {command}" in run.stdout.split("example:")[1]
    assert "exit status" in run.stdout
    assert "not a medical device" in run.stdout


def test_without_a_command_the_help_is_shown() -> None:
    """A bare `lepto` is a usage error that shows the commands."""
    run = lepto()
    assert run.returncode == 2
    assert all(command in run.stderr for command in COMMANDS)


def test_the_version_names_program_ontology_and_knowledge() -> None:
    """`--version` says which knowledge an answer comes from."""
    run = lepto("--version")
    assert run.returncode == 0
    assert "ontology 0.1.0" in run.stdout


def test_an_answer_is_status_zero(tmp_path: Path) -> None:
    """A patient without a violation is answered with status 0."""
    run = lepto("recommend", patient_file(tmp_path, PATIENT), "--format", "json")
    assert (run.returncode, run.stderr) == (0, "")
    assert [report["patient"] for report in json.loads(run.stdout)] == ["A"]


def test_one_bad_patient_among_many_costs_that_patient_alone(tmp_path: Path) -> None:
    """Status 1: the bad patient gets findings and no verdicts, the others are answered, in input order."""
    people = [{**PATIENT, "id": "A"}, {"id": "B", "ageYears": "old"}, {**PATIENT, "id": "C"}]
    run = lepto("recommend", patient_file(tmp_path, people), "--format", "json")
    assert run.returncode == 1
    reports = json.loads(run.stdout)
    assert [report["patient"] for report in reports] == ["A", "B", "C"]
    assert [bool(report["verdicts"]) for report in reports] == [True, False, True]
    assert [bool(report["findings"]) for report in reports] == [False, True, False]


FAULTS = {
    "a file that is not there": (None, "no such file"),
    "broken JSON": ('{"id": "A", ', ""),
    "half a Turtle file": ("@prefix l: <https://w3id.org/lepto/> . <#a> a l:Patient ; l:ageYears ", ""),
    "Latin-1": (b'{"id": "Ren\xe9"}', "UTF-8"),
    "semicolons": ("id;karnofskyPerformanceStatus\nA;80\n", "comma"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("command", ["recommend", "validate", "reason"])
def test_a_file_that_cannot_be_used_is_one_line_and_status_two(tmp_path: Path, fault: str, command: str) -> None:
    """The line names the file, what is wrong and the mend; there is no traceback and no answer."""
    content, word = FAULTS[fault]
    path = tmp_path / "patient.json"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    run = lepto(command, str(path))
    assert run.returncode == 2
    assert run.stdout == ""
    (line,) = [line for line in run.stderr.splitlines() if not line.startswith("reasoning over")]
    assert str(path) in line
    assert word.lower() in line.lower()
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("option", [["--on", "tomorrow"], ["--format", "pdf"], ["--colour"]])
def test_a_bad_option_is_status_two(tmp_path: Path, option: list[str]) -> None:
    """An unknown option or value is named on standard error."""
    run = lepto("recommend", patient_file(tmp_path, PATIENT), *option)
    assert run.returncode == 2
    assert option[-1] in run.stderr


def test_no_patients_is_said(tmp_path: Path) -> None:
    """B014: an empty file is no clean bill: the command says that it answered for 0 patients."""
    run = lepto("recommend", patient_file(tmp_path, ""))
    assert run.returncode == 0
    assert "0 patients" in run.stdout + run.stderr


def test_standard_input_is_a_file_like_any_other() -> None:
    """`-` reads standard input."""
    run = lepto("recommend", "-", "--format", "json", stdin=json.dumps(PATIENT))
    assert json.loads(run.stdout)[0]["patient"] == "A"


@pytest.mark.parametrize("form", ["json", "text", "ttl"])
def test_the_same_question_gives_the_same_bytes(tmp_path: Path, form: str) -> None:
    """Output depends on input, knowledge and date alone, not on the hash seed of the process."""
    path = patient_file(tmp_path, {**PATIENT, "karnofskyPerformanceStatus": 85})
    command = [sys.executable, "-m", "lepto.cli", "recommend", path, "--format", form, "--on", "2026-11-22"]
    runs = {
        subprocess.run(command, capture_output=True, check=True, env={**os.environ, "PYTHONHASHSEED": seed}).stdout
        for seed in ("0", "1", "2")
    }
    assert len(runs) == 1


def test_the_date_enters_by_the_option(tmp_path: Path) -> None:
    """`--on` is the day of the answer."""
    run = lepto("recommend", patient_file(tmp_path, PATIENT), "--format", "json", "--on", "2030-01-02")
    assert json.loads(run.stdout)[0]["on"] == "2030-01-02"


def test_validate_counts_what_it_looked_at(tmp_path: Path) -> None:
    """The findings come one a line, and the last line says how many patients were looked at."""
    run = lepto("validate", patient_file(tmp_path, [PATIENT, {"id": "B", "csfProtein": -4}]))
    assert run.returncode == 1
    assert "B: violation: csfProtein = -4" in run.stdout
    assert "2 patients looked at, 1 refused, 1 findings" in run.stdout


def test_a_closed_pipe_is_no_traceback(tmp_path: Path) -> None:
    """A reader that stops early, such as head, is no error."""
    path = patient_file(tmp_path, [{**PATIENT, "id": f"P{number}"} for number in range(60)])
    run = subprocess.run(
        f"{sys.executable} -m lepto.cli recommend {path} | head -1",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in run.stderr


def test_check_tells_programs_what_it_tells_people() -> None:
    """The JSON of `check` is one array with every check, its count and its problems; what is left out says so."""
    run = lepto("check", "--format", "json", "--without", "reasoner", "--without", "lint/circles")
    told = {one["name"]: one for one in json.loads(run.stdout)}
    assert run.returncode == 0
    assert {
        one["name"]: one["skipped"] for one in told.values() if one["skipped"] and "--without" in one["skipped"]
    } == {
        "lint/circles": "left out by --without",
        "reasoner": "left out by --without",
    }
    del told["source positions"], told["reasoner"], told["lint/circles"]
    assert all((one["problems"], one["skipped"], one["failed"]) == ([], None, False) for one in told.values())
    assert all(one["looked_at"] > 0 and one["things"] for one in told.values())


def test_a_check_that_is_not_there_is_status_two() -> None:
    """A misspelt name after `--without` is one line on standard error."""
    run = lepto("check", "--without", "lint/circle")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == "lepto: there is no check 'lint/circle'; did you mean 'lint/circles'?\n"
