"""The documents cannot lie: every command that they show is run as written, and prints what they show.

In a `console` block a line that begins with `$ ` is a command, and what follows is what it prints; a line `...`
stands for any lines. A command with nothing below it only has to succeed. A block whose first line names a file after
its language, such as `turtle ontology/criteria.ttl`, is appended to that file first, as its reader would do. All of a
section runs in one fresh copy of the repository, in order.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lepto.reason import java
from tests.copies import ROOT, copy_of_repository, run, set_up

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "docs/cohorts.md", "docs/fhir.md", "docs/quality.md")
NOT_RUN = {"scripts/test": "it would run this test, which would run it"}
SLOW = ("lepto check", "lepto reason", "accept_cases")
NEEDS_JAVA = ("lepto reason",)
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[\w-]+)?\)")


@dataclass
class Addition:
    """A block that is to be appended to a file."""

    path: str
    text: str


@dataclass
class Command:
    """A command, where it stands, and the lines that it is said to print."""

    line: int
    text: str
    shown: list[str] = field(default_factory=list)


@dataclass
class Section:
    """What a reader does under one heading of a document."""

    document: str
    heading: str
    steps: list[Addition | Command] = field(default_factory=list)

    @property
    def commands(self) -> list[str]:
        """The commands of the section that are run."""
        return [step.text for step in self.steps if isinstance(step, Command) and step.text not in NOT_RUN]


def sections(document: str) -> Iterator[Section]:
    """Yield the sections of a document in which there is something to do."""
    section, fence = Section(document, ""), ""
    for number, line in enumerate((ROOT / document).read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("```"):
            fence = "" if fence else line.removeprefix("```") or "plain"
            if " " in fence:
                section.steps.append(Addition(fence.split()[1], ""))
        elif fence:
            _inside(section, fence, number, line)
        elif line.startswith("## "):
            if section.steps:
                yield section
            section = Section(document, line.removeprefix("## "))
    assert not fence, f"{document}: the last block is not closed"
    if section.steps:
        yield section


def _inside(section: Section, fence: str, number: int, line: str) -> None:
    last = section.steps[-1] if section.steps else None
    if fence == "console" and line.startswith("$ "):
        section.steps.append(Command(number, line.removeprefix("$ ")))
    elif fence == "console" and isinstance(last, Command):
        last.shown.append(line)
    elif " " in fence and isinstance(last, Addition):
        last.text += line + "\n"


SECTIONS = [section for document in DOCUMENTS for section in sections(document)]


def _case(section: Section) -> object:
    text = "\n".join(section.commands)
    marks = [pytest.mark.slow] if any(part in text for part in SLOW) else []
    if any(part in text for part in NEEDS_JAVA):
        marks += [pytest.mark.java, pytest.mark.skipif(java() is None, reason="there is no Java here")]
    return pytest.param(section, id=f"{section.document}: {section.heading or 'the beginning'}", marks=marks)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the repository, set up."""
    place = copy_of_repository(tmp_path / "lepto")
    set_up(place)
    return place


@pytest.mark.parametrize("section", [_case(section) for section in SECTIONS if section.commands])
def test_every_command_prints_what_the_document_shows(section: Section, copy: Path) -> None:
    follow(section, copy)


@pytest.mark.slow
def test_the_rule_that_is_added_as_shown_leaves_nothing_to_mend(copy: Path) -> None:
    """After the four steps the cases agree, every way of the rule is gone by some case, and the checks pass."""
    (section,) = [section for section in SECTIONS if section.heading == "Add a rule"]
    follow(section, copy)
    run(".venv/bin/python", "-m", "pytest", "-q", "tests/test_cases.py", "tests/test_coverage.py", cwd=copy)
    run("scripts/lepto", "check", cwd=copy)


def follow(section: Section, copy: Path) -> None:
    """Do in a copy what a section says, and hold what is printed against what is shown."""
    for step in section.steps:
        if isinstance(step, Addition):
            append(copy / step.path, step.text)
        elif step.text not in NOT_RUN:
            printed = run("bash", "-c", step.text, cwd=copy)
            where = f"{section.document} line {step.line}: {step.text}"
            assert matches(step.shown, printed), f"{where}\nis shown to print\n{step.shown}\nand prints\n{printed}"


def append(path: Path, text: str) -> None:
    """Append a block to a file, which is made where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def matches(shown: list[str], printed: str) -> bool:
    """Say whether a command printed the lines shown, of which `...` stands for any number."""
    if not shown:
        return True
    pattern = "".join(r"(?:.*\n)*?" if line == "..." else re.escape(line) + r"\n" for line in shown)
    return re.fullmatch(pattern, printed) is not None


@pytest.mark.parametrize("command", NOT_RUN)
def test_a_command_that_is_not_run_is_at_least_there(command: str) -> None:
    shown = [step.text for section in SECTIONS for step in section.steps if isinstance(step, Command)]
    assert command in shown, f"no document shows {command} any more"
    assert os.access(ROOT / command, os.X_OK)
    run("sh", "-n", command, cwd=ROOT)
    pytest.skip(f"{command} is not run: {NOT_RUN[command]}")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_has_commands(document: str) -> None:
    assert any(section.document == document and section.steps for section in SECTIONS)


@pytest.mark.parametrize(
    ("shown", "printed", "expected"),
    [
        (["a", "...", "d"], "a\nb\nc\nd\n", True),
        (["a", "...", "d"], "a\nd\n", True),
        (["a", "...", "d"], "a\nb\nd\ne\n", False),
        (["a"], "a\nb\n", False),
        (["a"], "A\n", False),
        ([], "anything\n", True),
    ],
)
def test_dots_stand_for_any_lines_and_nothing_else_does(shown: list[str], printed: str, expected: bool) -> None:
    assert matches(shown, printed) is expected


@pytest.mark.parametrize("document", [*DOCUMENTS, "docs/decisions/README.md"])
def test_every_link_leads_somewhere(document: str) -> None:
    links = LINK.findall((ROOT / document).read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (ROOT / document).parent.joinpath(link).exists()] == []


def test_the_command_works_from_any_directory(copy: Path, tmp_path: Path) -> None:
    printed = run(copy / "scripts" / "lepto", "recommend", copy / "examples" / "full-answer.json", cwd=tmp_path)
    assert printed.startswith("Patient full-answer, ")


def test_a_set_up_that_is_done_is_not_done_again(copy: Path) -> None:
    assert run(copy / "scripts" / "setup", cwd=copy) == ""


def test_a_changed_lock_file_is_a_reason_to_set_up_again(copy: Path) -> None:
    before = run(copy / "scripts" / "setup", "--stamp", cwd=copy)
    append(copy / "requirements.lock", "# changed\n")
    assert run(copy / "scripts" / "setup", "--stamp", cwd=copy) != before
