"""What is kept of the knowledge between commands answers as the knowledge itself does, and is never stale."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lepto.errors import KnowledgeError
from lepto.explain import ASKED, KNOWN
from lepto.knowledge import Knowledge, folder
from lepto.prepared import Prepared
from lepto.recall import Recalled, cache_folder, recalled
from lepto.recommend import Recommender
from lepto.render import render
from tests.accept_cases import ON, folders, records_of
from tests.patients import record_of

FACTS = json.loads((folder() / "examples" / "unknown.json").read_text(encoding="utf-8"))


@pytest.fixture
def kept(knowledge: Knowledge, tmp_path: Path) -> Recalled:
    """The knowledge as it comes back from the folder where it is kept."""
    assert isinstance(recalled(knowledge.root, tmp_path), Knowledge)
    (file,) = tmp_path.iterdir()
    assert file.stat().st_size > 100_000
    found = recalled(knowledge.root, tmp_path)
    assert isinstance(found, Recalled)
    return found


def test_every_case_gets_the_same_answer(recommender: Recommender, kept: Recalled) -> None:
    """To the byte, one patient after another and all together."""
    other, looked_at = Recommender(kept), 0
    for case in folders():
        records = records_of(recommender.knowledge, case)
        assert render(other.answer(records, ON), "json") == render(recommender.answer(records, ON), "json"), case.name
        looked_at += len(records)
    assert looked_at > 50


def test_what_is_kept_is_what_is_known(knowledge: Knowledge, kept: Recalled) -> None:
    """The facts, the labels and every answer about the knowledge alone come back as they were."""
    assert kept.facts == knowledge.facts
    assert kept.steps == knowledge.steps
    for name in ("prepare/facts", "prepare/labels", *KNOWN):
        rows = [sorted(str(tuple(row)) for row in one.known(name)) for one in (knowledge, kept)]
        assert rows[0] == rows[1] != [], name


def test_a_query_for_which_nothing_was_prepared_is_refused(kept: Recalled) -> None:
    """A part of the graph would answer it wrongly."""
    assert all(kept.query_text(f"explain/{name}") for name in ASKED)
    with pytest.raises(KnowledgeError, match="not among those"):
        kept.query_text("lint/unused-claims")


# Never stale


def copy_of(root: Path, place: Path) -> Path:
    """A copy of what the knowledge is made of."""
    for part in ("ontology", "queries", "shapes"):
        shutil.copytree(root / part, place / part)
    return place


def answer(knowledge: Prepared) -> str:
    """The whole report on one patient."""
    return render(Recommender(knowledge).answer([record_of(knowledge, FACTS)], ON), "json")


def changed(path: Path, old: str, new: str) -> None:
    """Change a file without a trace in its size or its time."""
    text, times = path.read_text(encoding="utf-8"), path.stat()
    assert old in text
    assert len(old) == len(new)
    path.write_text(text.replace(old, new), encoding="utf-8")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.mark.parametrize(
    ("source", "old", "new"),
    [
        ("ontology/regimens.ttl", "doseValue 30.0", "doseValue 31.0"),
        ("ontology/initial-treatment/guideline.ttl", "please confirm", "please CONFIRM"),
        ("queries/derive/10-awaited.rq", "lepto:hangsOn", "lepto:hangsOm"),
    ],
)
def test_a_changed_source_changes_the_answer(tmp_path: Path, source: str, old: str, new: str) -> None:
    """Even where the size and the time of the file stay."""
    root, cache = copy_of(folder(), tmp_path / "root"), tmp_path / "cache"
    before = answer(recalled(root, cache))
    assert isinstance(recalled(root, cache), Recalled)
    assert answer(recalled(root, cache)) == before
    changed(root / source, old, new)
    after = recalled(root, cache)
    assert isinstance(after, Knowledge)
    assert answer(after) == answer(recalled(root, cache)) != before
    changed(root / source, new, old)
    assert answer(recalled(root, cache)) == before


def test_another_program_or_engine_prepares_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The version of pyoxigraph and every module of the program count as sources."""
    recalled(folder(), tmp_path)
    monkeypatch.setattr("pyoxigraph.__version__", "0")
    assert isinstance(recalled(folder(), tmp_path), Knowledge)
    package = tmp_path / "lepto"
    shutil.copytree(folder() / "src" / "lepto", package)
    monkeypatch.setattr("lepto.recall.__file__", str(package / "recall.py"))
    assert isinstance(recalled(folder(), tmp_path), Recalled)
    (package / "compile" / "nodes.py").write_text("")
    assert isinstance(recalled(folder(), tmp_path), Knowledge)


def test_old_files_do_not_pile_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few are kept, the newest, and nothing else in the folder is touched."""
    (tmp_path / "lepto-mine.json").write_text("{}")
    for version in range(7):
        monkeypatch.setattr("pyoxigraph.__version__", str(version))
        recalled(folder(), tmp_path)
    assert isinstance(recalled(folder(), tmp_path), Recalled)
    assert len(list(tmp_path.glob("lepto-*.prepared"))) == 4
    assert (tmp_path / "lepto-mine.json").exists()


# Never needed


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def one_letter_changed(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"Undetermined", b"Undetermine_", 1))


def replaced_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def writable_by_others(path: Path) -> None:
    content = json.dumps({"steps": [], "queries": {}, "answers": {}, "graph": ""}).encode()
    path.write_bytes(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
    path.chmod(0o666)


@pytest.mark.parametrize("harm", [cut, emptied, one_letter_changed, replaced_by_a_folder, writable_by_others])
def test_what_cannot_be_trusted_is_ignored(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    """A file that is damaged, or that somebody else may write, is as good as none."""
    before = answer(recalled(folder(), tmp_path))
    (file,) = tmp_path.iterdir()
    harm(file)
    found = recalled(folder(), tmp_path)
    assert isinstance(found, Knowledge)
    assert answer(found) == before


def test_somebody_elses_file_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it says would be run as queries."""
    recalled(folder(), tmp_path)
    owner = os.geteuid()
    monkeypatch.setattr("os.geteuid", lambda: owner + 1)
    assert isinstance(recalled(folder(), tmp_path), Knowledge)


def test_a_folder_that_cannot_be_written_does_no_harm(tmp_path: Path) -> None:
    """Read-only, or no folder at all: the answer comes, and nothing is left behind."""
    place = tmp_path / "closed"
    place.mkdir(mode=0o500)
    (tmp_path / "file").write_text("")
    outcomes = [recalled(folder(), place), recalled(folder(), tmp_path / "file"), recalled(folder(), None)]
    assert all(isinstance(found, Knowledge) for found in outcomes)
    assert os.geteuid() == 0 or list(place.iterdir()) == []


def test_the_folder_is_that_of_the_platform_unless_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """XDG on Linux, LEPTO_CACHE before all, "off" for none."""
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable, value, place in (
        ("XDG_CACHE_HOME", "relative", tmp_path / ".cache" / "lepto"),
        ("XDG_CACHE_HOME", str(tmp_path / "xdg"), tmp_path / "xdg" / "lepto"),
        ("LEPTO_CACHE", str(tmp_path / "own"), tmp_path / "own"),
        ("LEPTO_CACHE", "off", None),
        ("LEPTO_CACHE", "", None),
    ):
        if variable == "XDG_CACHE_HOME":
            monkeypatch.delenv("LEPTO_CACHE", raising=False)
        monkeypatch.setenv(variable, value)
        assert cache_folder() == place
