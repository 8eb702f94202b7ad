"""What holds for the files of the repository as such: what must be in them, and what must not."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.copies import ROOT

ARTICLE = ROOT.parent / "shared" / "source" / "article.txt"
RUN = 9
WORD = re.compile(r"[^\W_]+")
TITLE = re.compile(r'(dcterms:title|dcterms:bibliographicCitation)\s+"(?:[^"\\]|\\.)*"')
RECORD_LINES = 25
NAMED = re.compile(
    r"^lepto:(\w+)\n    a owl:NamedIndividual , lepto:(?:Offer|Bar|Ask|Assumption|Caution|Caveat) ;$", re.MULTILINE
)
RECORDS = sorted(path.name for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md"))

# Written in two parts, so that this file does not hold what it looks for.
HOSTS = [
    "pypi" + ".org",
    "python" + "hosted.org",
    "npm" + "js.",
    "crates" + ".io",
    "proxy." + "golang",
    "repo." + "maven",
]
TRACES = ["assis" + "tant", "chat" + "gpt", "language" + " model", "co-authored" + "-by"]
PROSE_TRACES = ["age" + "nt", "pro" + "mpt", "ses" + "sion"]
PLACES = re.compile(r"(?<![\w.:/*-])/(?:home|mnt|opt|private|root|tmp|Users|work|workspace)/\w")


def tracked() -> list[Path]:
    """The files that git tracks or would track."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    if not (ROOT / ".git").exists():
        pytest.skip("this is no git repository")
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


@cache
def texts() -> list[tuple[Path, str]]:
    """The tracked files that are text, with their text."""
    contents = ((path, path.read_bytes()) for path in tracked())
    found = [(path, data.decode("utf-8")) for path, data in contents if b"\0" not in data]
    assert len(found) > 50, "hardly any file was looked at"
    return found


def places(pattern: re.Pattern[str], files: Iterable[tuple[Path, str]]) -> list[str]:
    """Where a pattern occurs: file and line."""
    return [
        f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, match.start()) + 1}"
        for path, text in files
        for match in pattern.finditer(text)
    ]


def naming(words: Iterable[str], files: Iterable[tuple[Path, str]]) -> list[str]:
    """Where any of some strings occurs, in upper or lower case."""
    pattern = re.compile("|".join(map(re.escape, words)), re.IGNORECASE)
    return places(pattern, ((path, text) for path, text in files if any(word in text.lower() for word in words)))


def is_prose(path: Path) -> bool:
    """Say whether a file is written for people who are neither physicians nor compilers."""
    if "guideline" in path.parts:
        return False
    return path.suffix in {".md", ".cff"} or path.parent.name in {"scripts", ".ci"} or not path.suffix


# What must not be there


def test_no_file_names_a_host_of_a_package_registry() -> None:
    assert naming(HOSTS, texts()) == []


def test_no_file_names_a_place_on_one_machine() -> None:
    assert places(PLACES, texts()) == []


def test_no_file_tells_how_it_was_written() -> None:
    assert naming(TRACES, texts()) == []


def test_no_document_or_script_uses_words_of_its_making() -> None:
    own = [(path, text) for path, text in texts() if is_prose(path) and not path.name.startswith("LICENSE")]
    assert len(own) > len(RECORDS)
    assert places(re.compile(rf"\b({'|'.join(PROSE_TRACES)})s?\b", re.IGNORECASE), own) == []


@pytest.mark.parametrize("text", [f"see {HOSTS[0]}", f"an {TRACES[0].title()}"])
def test_what_must_not_be_there_would_be_found(text: str) -> None:
    assert naming([*HOSTS, *TRACES], [(ROOT / "x", f"one\n{text}")]) == ["x:2"]


@pytest.mark.parametrize("text", ["cd /ho" + "me/someone", "'/ro" + "ot/x'", "=/wo" + "rk/main"])
def test_a_place_on_one_machine_would_be_found(text: str) -> None:
    assert PLACES.search(text)


@pytest.fixture(scope="module")
def runs() -> set[tuple[str, ...]]:
    """Every run of nine words of the article, less its list of references."""
    if not ARTICLE.is_file():
        pytest.skip(f"the article is not beside this repository ({ARTICLE.relative_to(ROOT.parent)})")
    text = ARTICLE.read_text(encoding="utf-8")
    before, heading, after = text.partition("\nReferences\n")
    assert heading, "the article has no list of references"
    _, disclaimer, after = after.partition("\nProfessional Medical Disclaimer\n")
    assert disclaimer, "the list of references has no end"
    return {run for part in (before, after) for run in _runs(_words(part))}


def test_no_sentence_of_the_article_is_copied(runs: set[tuple[str, ...]]) -> None:
    """No nine consecutive words of the article are in any file, titles of what is cited excepted."""
    assert len(runs) > 400
    copied = [(name, " ".join(run)) for name, text in _passages() for run in _runs(_words(text)) if run in runs]
    assert copied == []


def test_a_copied_sentence_would_be_found(runs: set[tuple[str, ...]]) -> None:
    sentence = max(ARTICLE.read_text(encoding="utf-8").split("\n\n")[:20], key=len)
    assert set(_runs(_words(sentence.upper()))) & runs


def _passages() -> Iterator[tuple[str, str]]:
    """What is compared: whole files, without titles; of JSON, whose strings end with their line, each line once."""
    told: set[str] = set()
    for path, text in texts():
        name = str(path.relative_to(ROOT))
        if path.suffix == ".json":
            new = {line.strip() for line in text.splitlines()} - told
            told |= new
            yield from ((name, line) for line in sorted(new))
        else:
            yield name, TITLE.sub(" ", text) if path.suffix == ".ttl" else text


def _words(text: str) -> list[str]:
    return [word.lower() for word in WORD.findall(text)]


def _runs(words: list[str]) -> Iterator[tuple[str, ...]]:
    return (tuple(words[start : start + RUN]) for start in range(len(words) - RUN + 1))


# What must be there


@pytest.mark.parametrize(
    "path", sorted((ROOT / "src").rglob("*.py")), ids=lambda path: path.relative_to(ROOT / "src").as_posix()
)
def test_whatever_is_public_has_a_docstring(path: Path) -> None:
    module = ast.parse(path.read_text(encoding="utf-8"))
    public = [node for node in module.body if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name[0] != "_"]
    assert ast.get_docstring(module), "the module has none"
    assert [node.name for node in public if not ast.get_docstring(node)] == []


def test_the_changelog_has_a_place_for_changes_and_one_for_this_version() -> None:
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert _project()["version"] in headings[1:]


def test_the_changelog_names_whatever_decides_an_answer() -> None:
    """Every rule, assumption, caution and caveat has a line: none came in silently."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    modules = (ROOT / "ontology" / "initial-treatment").rglob("*.ttl")
    names = {name for path in modules for name in NAMED.findall(path.read_text(encoding="utf-8"))}
    assert len(names) > 50
    assert {name for name in names if f"- `{name}`" not in changelog} == set()


def test_decisions_are_numbered_without_gap() -> None:
    assert RECORDS
    assert [name[:5] for name in RECORDS] == [f"{number:04d}-" for number in range(1, len(RECORDS) + 1)]


@pytest.mark.parametrize("name", RECORDS)
def test_a_decision_is_short_complete_and_linked(name: str) -> None:
    record = (ROOT / "docs" / "decisions" / name).read_text(encoding="utf-8")
    assert f"]({name})" in (ROOT / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")
    assert record.startswith(f"# {name[:4]}. ")
    assert re.findall(r"^## (.+)$", record, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert len(record.splitlines()) <= RECORD_LINES


@pytest.mark.parametrize(
    "name", ["scripts/setup", "scripts/setup-spark", "scripts/lepto", "scripts/test", "scripts/lock", ".ci/run"]
)
def test_a_script_can_be_run(name: str) -> None:
    assert os.access(ROOT / name, os.X_OK)
    assert (ROOT / name).read_text(encoding="utf-8").startswith("#!")


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert "exec scripts/test --all\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "scripts/test --all" in (ROOT / "README.md").read_text(encoding="utf-8")


LOCKS = {"requirements.lock": ("dev",), "requirements-spark.lock": ("spark",)}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_dependency_is_pinned_with_hashes(lock: str) -> None:
    entries = (ROOT / lock).read_text(encoding="utf-8").split("\n\n")
    pinned = dict(re.findall(r"^([a-z0-9-]+)==(\S+) \\\n    --hash=sha256:", "\n".join(entries), re.MULTILINE))
    project = _project()
    wanted = [one for extra in LOCKS[lock] for one in project["optional-dependencies"][extra]]
    if "dev" in LOCKS[lock]:
        wanted += [*project["dependencies"], "hatchling"]
    assert {_name(requirement) for requirement in wanted} <= set(pinned)
    named = re.findall(r"^([a-z0-9-]+)[^a-z0-9-]", "\n".join(entries), re.MULTILINE)
    assert sorted(named) == sorted(pinned), "something is named without a pin and a hash"


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_file_names_no_place_of_download(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*-(?!-hash=)", text, re.MULTILINE)


@pytest.mark.parametrize("name", ["LICENSE", "LICENSE-CC-BY-4.0", "NOTICE", "CITATION.cff"])
def test_who_may_do_what_is_said(name: str) -> None:
    assert len((ROOT / name).read_text(encoding="utf-8")) > 500


def _project() -> dict[str, Any]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert isinstance(project, dict)
    return project


def _name(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match
    return re.sub(r"[-_.]+", "-", match[0]).lower()
