"""Every folder in `tests/cases/` is a test by existing: its patient gets exactly the report that it expects.

`python tests/accept_cases.py [NAME...]` rewrites expectations.
"""

from __future__ import annotations

import json
import re
from difflib import unified_diff
from pathlib import Path

import pytest

from lepto.knowledge import Knowledge
from lepto.recommend import Recommender
from lepto.render import render
from tests.accept_cases import ON, answered, changes, folders, records_of

FOLDERS = folders()
FILES = {"case.md", "expected.json", "patient.json"}
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MENTION = re.compile(r"\b[CR]\d{2}\b")


def test_there_are_cases() -> None:
    """There are cases to look at: an emptied or moved folder is a failure."""
    assert FOLDERS, "tests/cases/ holds no case"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_case_gets_the_report_that_it_expects(recommender: Recommender, folder: Path) -> None:
    """The whole report array on a case is, character for character, the expected one."""
    expected, came = (folder / "expected.json").read_text(encoding="utf-8"), answered(recommender, folder)
    if came != expected:
        pytest.fail(_difference(folder, expected, came), pytrace=False)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_case_is_complete_and_explains_itself(knowledge: Knowledge, folder: Path) -> None:
    """A case has a kebab-case name, its three files, and a text that names existing claims or resolutions."""
    assert NAME.fullmatch(folder.name)
    assert {path.name for path in folder.iterdir()} == FILES
    mentions = set(MENTION.findall((folder / "case.md").read_text(encoding="utf-8")))
    assert mentions, "case.md names no claim and no resolution"
    unknown = {mention for mention in mentions if knowledge.label(f"https://w3id.org/lepto/{mention}") == mention}
    assert not unknown, f"case.md names what does not exist: {sorted(unknown)}"


def test_a_batch_answers_as_each_case_alone(recommender: Recommender) -> None:
    """All patients answered together get the reports that they get alone: no patient touches another."""
    records = [record for folder in FOLDERS for record in records_of(recommender.knowledge, folder)]
    named = [record.patient for record in records if record.triples]
    assert len(named) == len(set(named)), "two cases share a patient's id"
    together = json.loads(render(recommender.answer(records, ON), "json"))
    alone = [
        report for folder in FOLDERS for report in json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    ]
    assert len(together) == len(records) > 0
    assert together == alone


def _difference(folder: Path, expected: str, came: str) -> str:
    """What changed in a sentence a point, then line by line."""
    lines = unified_diff(expected.splitlines(), came.splitlines(), "expected", "came", lineterm="", n=6)
    text = (folder / "case.md").read_text(encoding="utf-8").strip()
    return "\n".join([f"{folder.name}: {text}", *changes(expected, came), "", *lines])
