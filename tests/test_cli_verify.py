"""`lepto verify` and `lepto explain` as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.test_cli import PATIENT, lepto, patient_file

CARE = ("--action", "BestSupportiveCare")


def test_one_action_can_be_verified_alone() -> None:
    """What was looked at is counted, and a sound action ends with status 0."""
    run = lepto("verify", *CARE, "--processes", "1")
    assert (run.returncode, run.stderr) == (0, ""), run.stdout
    assert run.stdout.startswith("1 rules: ")
    assert "1 actions: " in run.stdout
    assert run.stdout.endswith(" classes of findings, 0 of them not accepted\n")


def test_verification_can_be_read_by_programs(tmp_path: Path) -> None:
    """JSON with every class of findings, and a loadable witness for each, also as files."""
    actions = ("--action", "Osimertinib", "--action", "WholeBrainRadiotherapyWithMemantine")
    run = lepto("verify", *actions, "--processes", "1", "--format", "json", "--witnesses", str(tmp_path / "w"))
    assert run.returncode == 0
    answer = json.loads(run.stdout)
    assert answer["failed"] is False
    assert {one["kind"] for one in answer["findings"]} == {"IdleRequest", "Overlap", "UnknownReadAsNo"}
    assert all(one["accepted"] and one["reason"] and one["states"] > 0 for one in answer["findings"])
    files = sorted((tmp_path / "w").iterdir())
    assert [path.stem for path in files] == sorted(one["witness"]["id"] for one in answer["findings"])
    answered = lepto("recommend", *map(str, files), "--format", "json")
    assert answered.returncode == 0
    assert len(json.loads(answered.stdout)) == len(files) > 0


def test_an_unknown_action_is_one_line(tmp_path: Path) -> None:
    """Both commands name the actions that there are."""
    patient = patient_file(tmp_path, PATIENT)
    for run in (lepto("verify", "--action", "Aspirin"), lepto("explain", patient, "--action", "Aspirin")):
        assert run.returncode == 2
        assert run.stderr.startswith("lepto: no rule bears on Aspirin; the actions are Aumolertinib, ")
        assert len(run.stderr.splitlines()) == 1


def test_witnesses_that_cannot_be_written_are_one_line(tmp_path: Path) -> None:
    """The folder is a file."""
    run = lepto("verify", *CARE, "--processes", "1", "--witnesses", patient_file(tmp_path, PATIENT))
    assert run.returncode == 2
    assert "the folder: it cannot be written (file exists); name a folder that can be written" in run.stderr
    assert len(run.stderr.splitlines()) == 1


def test_a_number_that_is_none_is_one_line() -> None:
    for number in ("0", "-1", "many"):
        run = lepto("verify", *CARE, "--sample", number)
        assert run.returncode == 2
        assert f"{number!r} is no whole number of 1 or more" in run.stderr
        assert len(run.stderr.splitlines()) == 1


def test_a_search_that_would_not_end_is_one_line(tmp_path: Path) -> None:
    """Each fact more that may change at once costs about four times as much; five are the most."""
    patient = patient_file(tmp_path, PATIENT)
    for number in ("0", "6", "many"):
        run = lepto("explain", patient, *CARE, "--up-to", number)
        assert (run.returncode, run.stdout) == (2, "")
        assert run.stderr.startswith("lepto explain: argument --up-to: invalid ")
        assert len(run.stderr.splitlines()) == 1


def test_a_verdict_is_explained_by_what_would_change_it(tmp_path: Path) -> None:
    """As text and as JSON; a patient whose record has a violation is left out and named."""
    people = [{**PATIENT, "id": "A"}, {"id": "B", "ageYears": "old"}]
    path = patient_file(tmp_path, people)
    text = lepto("explain", path, *CARE, "--up-to", "1")
    assert text.returncode == 1
    assert text.stdout.startswith("Patient A: BestSupportiveCare is without a verdict\n")
    assert "  - if karnofskyPerformanceStatus were below 70 (it is 80)\n" in text.stdout
    assert text.stderr == "lepto: B is left out: the record has a violation; lepto validate tells which\n"
    (told,) = json.loads(lepto("explain", path, *CARE, "--up-to", "1", "--format", "json").stdout)
    assert (told["patient"], told["verdict"], told["upToChanges"]) == ("A", "none", 1)
    change = {"property": "karnofskyPerformanceStatus", "before": 80, "after": ["below 70"]}
    assert {"verdict": "recommended", "changes": [change]} in told["counterfactuals"]
    assert told["openFacts"][0]["question"].endswith("?")
