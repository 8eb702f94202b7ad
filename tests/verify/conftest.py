"""What the tests of verification share."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lepto.knowledge import folder
from lepto.verify.evaluate import Evaluator
from lepto.verify.grounds import Grounds

Spoil = Callable[..., Grounds]


@pytest.fixture(scope="package")
def grounds() -> Iterator[Grounds]:
    """The grounds of the guideline as it is, asked by this process alone."""
    with Evaluator(folder(), processes=1) as evaluator:
        yield Grounds(evaluator)


@pytest.fixture
def spoilt(tmp_path: Path) -> Spoil:
    """Return the grounds of a copy in which, file by file, what stands there once is replaced by something else."""

    def make(*changes: tuple[str, str, str]) -> Grounds:
        for part in ("ontology", "shapes", "queries"):
            shutil.copytree(folder() / part, tmp_path / part)
        for file, old, new in changes:
            path = tmp_path / file
            text = path.read_text(encoding="utf-8")
            assert text.count(old) == 1, f"{file} has {text.count(old)} of what is to be replaced"
            path.write_text(text.replace(old, new), encoding="utf-8")
        return Grounds(Evaluator(tmp_path, processes=1))

    return make
