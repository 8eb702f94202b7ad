"""What is packed: the wheel answers far from the repository, and the source archive is enough to make the wheel."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from tests.copies import ROOT, copy_of_repository, environment, lend_packages, run, run_module

pytestmark = pytest.mark.slow

KNOWLEDGE = ("ontology", "shapes", "queries")
LICENCES = ("LICENSE", "LICENSE-CC-BY-4.0", "NOTICE")
EXAMPLE = ROOT / "examples" / "full-answer.json"
ASKED = ("recommend", EXAMPLE, "--format", "json", "--on", "2026-11-22")


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source archive of the repository, and the wheel that is made from nothing but the archive."""
    place = tmp_path_factory.mktemp("packed")
    copy = copy_of_repository(place / "copy")
    run_module("build", "--no-isolation", "--outdir", place / "dist", copy, cwd=place)
    return place / "dist"


@pytest.fixture(scope="module")
def wheel(packed: Path) -> Path:
    """The wheel."""
    (path,) = packed.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of an environment into which the wheel was installed."""
    python = environment(tmp_path_factory.mktemp("installed") / "environment")
    run_module("pip", "--python", python, "install", "--quiet", "--no-index", "--no-deps", wheel, cwd=wheel.parent)
    lend_packages(python)
    return python.parent


def files(folder: Path) -> set[str]:
    """The files below a folder, as paths from its parent, less what Python leaves behind."""
    return {
        path.relative_to(folder.parent).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def knowledge() -> set[str]:
    """The files of the ontology, the shapes and the queries."""
    found = {name for folder in KNOWLEDGE for name in files(ROOT / folder)}
    assert all(any(name.startswith(f"{folder}/") for name in found) for folder in KNOWLEDGE)
    return found


def test_the_wheel_holds_all_knowledge_and_every_module(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"lepto/data/{name}" for name in knowledge()} <= names
    assert files(ROOT / "src" / "lepto") <= names


def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == {f"lepto/data/{name}" for name in knowledge()} | files(ROOT / "src" / "lepto")


def test_the_wheel_brings_the_licences(wheel: Path) -> None:
    names = {PurePosixPath(name).name for name in zipfile.ZipFile(wheel).namelist() if "/licenses/" in name}
    assert names == set(LICENCES)


def test_the_installed_command_answers_elsewhere_as_the_repository_does(installed: Path, tmp_path: Path) -> None:
    answer = run(installed / "lepto", *ASKED, cwd=tmp_path)
    assert '"verdict": "recommended"' in answer
    assert answer == run_module("lepto.cli", *ASKED, cwd=ROOT)


def test_the_installed_command_uses_its_own_knowledge(installed: Path, tmp_path: Path) -> None:
    program = "import lepto.knowledge; print(lepto.knowledge.folder())"
    folder = Path(run(installed / "python", "-c", program, cwd=tmp_path).strip())
    assert folder.is_relative_to(installed.parent)
    assert {name for part in KNOWLEDGE for name in files(folder / part)} == knowledge()


def test_the_installed_command_makes_the_document(installed: Path, tmp_path: Path) -> None:
    """Templates are in the wheel; without cases the pages of the pathways are those of the repository."""
    run(installed / "lepto", "document", "--out", "guideline", cwd=tmp_path)
    committed = ROOT / "docs" / "guideline"
    assert files(tmp_path / "guideline") == files(committed)
    for name in files(committed / "pathways"):
        assert (tmp_path / "guideline" / name).read_bytes() == (committed / name).read_bytes()


def test_the_source_archive_holds_what_the_readme_speaks_of(packed: Path) -> None:
    (path,) = packed.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    single = {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "pyproject.toml", *LICENCES}
    assert single | knowledge() | files(ROOT / "docs") <= names
    assert {f"src/{name}" for name in files(ROOT / "src" / "lepto")} | files(ROOT / "tests") <= names
    assert not {name for name in names if name.startswith((".venv", ".git/", "shared"))}
